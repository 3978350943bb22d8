/*
 * sandbox.h - a project of a few files in a temporary directory, analysed for real
 */
#ifndef TEST_ANALYZER_SANDBOX_H
#define TEST_ANALYZER_SANDBOX_H

#include "analyzer/analyzer.h"
#include "base/strbuf.h"

struct sandbox {
	char dir[64];
	struct strbuf entries; /* of the database, so far */
	unsigned unit_timeout_s;
	char *cache_dir;   /* or NULL; freed by sandbox_clear() */
	const char *glibc; /* or NULL */
	struct facts facts;
	struct error *err;
};

void sandbox_init(struct sandbox *s);
void sandbox_clear(struct sandbox *s);
/* Text of a file; directories in `name` are made. */
void sandbox_file(struct sandbox *s, const char *name, const char *text);
/* A C file with its entry in the database; `flags` may be "". */
void sandbox_unit(struct sandbox *s, const char *name, const char *flags, const char *text);
/* An entry alone: the members of one JSON object. */
void sandbox_entry(struct sandbox *s, const char *json);
void sandbox_run(struct sandbox *s);
/* The first fact of the check about the symbol (NULL: any), or NULL. */
const struct fact *sandbox_fact(const struct sandbox *s, const char *check, const char *symbol);
/* Why this unit failed, or NULL. */
const char *sandbox_failure(const struct sandbox *s, const char *file);

#endif
