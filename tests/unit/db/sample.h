/*
 * sample.h - runs and places to store them, for the tests of db/
 *
 * Ownership: runs are the caller's (run_clear). A place is a fresh directory under TMPDIR or
 * in memory; sample_place_clear() removes it with all it holds.
 */
#ifndef TESTS_UNIT_DB_SAMPLE_H
#define TESTS_UNIT_DB_SAMPLE_H

#include <sqlite3.h>

#include "base/error.h"
#include "db/db.h"
#include "model/run.h"

/* A run with something in every field. Number i has an id and a time of its own that ascend. */
void sample_run(int i, struct run *ret);
/* The id of sample_run(i). */
void sample_id(int i, char ret[UUID_TEXT]);
/* n findings, spread over `files` files, in a place that shows `version`. */
void sample_add_findings(struct run *run, size_t n, size_t files, int version);
void sample_add_finding(struct run *run, const char *check, const char *file, int line,
			const char *function, const char *symbol);
/* n wall times around `wall_ns`, spread by a fixed pattern of +-0.5 %. */
void sample_add_race(struct run *run, enum model model, int workers, size_t n, double wall_ns);

struct sample_place {
	char dir[64];
	char db[96];
};

void sample_place_init(struct sample_place *ret);
void sample_place_clear(struct sample_place *place);

/* The error must be this one; it is freed. hint NULL: not looked at. "@" stands for `path`, "..." at the
 * end for any rest. */
void sample_assert_error(struct error *err, enum error_class class, const char *path,
			 const char *message, const char *hint);
void sample_assert_ok(struct error *err);
/* The first column of the first row, by a plain SQLite connection. Owned by the caller. */
char *sample_sql(const char *path, const char *sql);
long long sample_sql_int(const char *path, const char *sql);

#endif
