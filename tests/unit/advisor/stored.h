/*
 * stored.h - the runs in tests/rules/, each with what the advisor must say of it
 *
 * A file is a run as JSON (see model/run_json.h) with one more key, "expect", which the reader of
 * runs ignores. Keys of "expect": kind, model, workers, row, agreement, policy; and lists: rules
 * and not_rules (ids), ties (models, in order), hurdles ("file:line symbol places", in order),
 * reasons, missing and witnesses (parts of sentences), first_missing.
 */
#ifndef TESTS_STORED_H
#define TESTS_STORED_H

#include <jansson.h>

#include "advisor/advisor.h"
#include "model/run.h"

struct stored {
	char *name; /* of the file, without directory */
	struct run run;
	json_t *expect;
};

struct stored_runs {
	VEC_FIELDS(struct stored);
};

/* All of them, sorted by name. Ends the test program when one cannot be read. */
struct stored_runs stored_load(void);
void stored_clear(struct stored_runs *list);

/* Advise on the run with the policy its "expect" asks for. */
struct verdict stored_advise(const struct stored *s);

#endif
