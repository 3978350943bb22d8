/*
 * migrate.h - the schema's versions (private to db/)
 *
 * PRAGMA user_version counts the steps that were applied; step i leads from version i to i + 1.
 * All that are missing run in one transaction, so a killed migration never happened. Steps are
 * never edited once released: a change of the schema is a further step.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include <stddef.h>

#include "db/query.h"

#define APPLICATION_ID 0x636e6372 /* "cncr" */

struct schema {
	const char *const *steps;
	size_t n;
	const char *views; /* run after the last step */
};

/* The product's own. */
extern const struct schema schema_current;

enum schema_state {
	SCHEMA_EMPTY, /* a fresh database */
	SCHEMA_OLD,   /* ours, steps missing */
	SCHEMA_READY,
};

/* Another program's or a newer concur's database is an error. */
struct error *schema_state(const struct db *db, const struct schema *schema,
			   enum schema_state *ret) ERROR_MUST_CHECK;
/* Bring an empty or old database up to date; of an old one, a copy is kept beside it
 * (PATH.v1.bak). */
struct error *schema_migrate(const struct db *db, const struct schema *schema) ERROR_MUST_CHECK;
/* Are the tables what the steps make of them? A table that was turned into a view or a virtual
 * table, or got other columns, is refused. Further indexes, views and tables are the user's. `schema` is
 * static: what it makes is kept for the next call. */
struct error *schema_verify(const struct db *db, const struct schema *schema) ERROR_MUST_CHECK;

#endif
