/*
 * query.h - statements on an open history, and SQLite's failures as errors (private to db/)
 *
 *	CLEANUP(query_clear) struct query q = { 0 };
 *	struct error *err = query_open(db, "SELECT n FROM t WHERE name = ?", &q);
 *	if (err)
 *		return err;
 *	query_text(&q, name);
 *	bool row;
 *	err = query_step(&q, &row);
 *
 * Parameters are bound from left to right; a value that cannot be bound fails the next step.
 * Ownership: a query borrows its database; texts read from a row live until the next step.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

#define BLOB_SIZE 16 /* of ids and hashes */

struct db {
	sqlite3 *sqlite;
	char *path;
};

struct query {
	const struct db *db;
	sqlite3_stmt *stmt;
	int bound; /* parameters so far */
	int rc;    /* the first failure of binding */
};

struct error *query_open(const struct db *db, const char *sql, struct query *ret) ERROR_MUST_CHECK;
void query_clear(struct query *q);

void query_text(struct query *q, const char *text); /* NULL is NULL */
void query_int(struct query *q, int64_t value);
void query_uint(struct query *q, uint64_t value); /* what SQLite cannot hold becomes its maximum */
void query_real(struct query *q, double value);   /* not finite: NULL */
void query_blob(struct query *q, const uint8_t blob[BLOB_SIZE]);
void query_bytes(struct query *q, const void *bytes, size_t n); /* must live until the step */
void query_null(struct query *q);

/* *ret: is there a row? */
struct error *query_step(struct query *q, bool *ret) ERROR_MUST_CHECK;
/* For a statement without rows; it can be bound and run again. */
struct error *query_run(struct query *q) ERROR_MUST_CHECK;
/* Back to before the first step, nothing bound. */
void query_reset(struct query *q);

/* Borrowed, or NULL. */
const char *query_column_text(const struct query *q, int column);

/* Statements without parameters. */
struct error *query_exec(const struct db *db, const char *sql) ERROR_MUST_CHECK;
/* The first column of the first row, 0 without one. */
struct error *query_exec_int(const struct db *db, const char *sql, int64_t *ret) ERROR_MUST_CHECK;

/* Whether the connection may do nothing but read and write rows, as after db_open(). */
void db_restrict(struct db *db, bool rows_only);

/* What just failed on the connection, as one line with a hint. */
struct error *query_error(const struct db *db, int rc) ERROR_MUST_CHECK;

void digest_blob(struct digest d, uint8_t ret[BLOB_SIZE]);

#endif
