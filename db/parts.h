/*
 * parts.h - a run's JSON, taken apart for storing and put together again (private to db/)
 *
 * The machine, the workload and the findings change rarely from run to run and are stored once for
 * each distinct content. What is put together again is the JSON that was taken apart, key for key.
 * Ownership: parts_clear() frees; the texts are owned.
 */
#ifndef DB_PARTS_H
#define DB_PARTS_H

#include <jansson.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/run.h"

struct parts {
	char *document; /* what remains */
	char *machine, *workload;
	json_t *facts; /* an array, in the order of run->facts */
};

struct error *parts_of(const struct run *run, struct parts *ret) ERROR_MUST_CHECK;
/* Any of them may be damaged: an error, then. */
struct error *parts_join(const struct parts *parts, struct run *ret) ERROR_MUST_CHECK;
void parts_clear(struct parts *parts);

/* Compact JSON, owned by the caller. */
char *parts_text(const json_t *json);

#endif
