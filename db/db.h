/*
 * db.h - the history: the only place that knows SQLite
 *
 * Opened defensively: a database may come from elsewhere. A run is stored in one transaction: kill
 * -9 at any moment leaves the finished runs, whole, and nothing of the one in progress. Two writers
 * at once both succeed (busy timeout). Ownership: db_close(); results are the caller's. Main thread
 * only.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdint.h>

#include "base/error.h"
#include "model/history.h"
#include "model/run.h"

struct db;

enum db_mode {
	DB_READ,  /* it must exist; nothing is changed */
	DB_WRITE, /* made, or migrated, when needed */
};

/* Foreign, newer, corrupt, unwritable files: one clear line each. */
struct error *db_open(const char *path, enum db_mode mode, struct db **ret) ERROR_MUST_CHECK;
void db_close(struct db *db);
/* For CLEANUP. */
void db_clear(struct db **db);

/* CONCUR_DB, else .concur/history.db in the nearest directory upward that has .concur or .git, else
 * in dir. Owned by the caller. */
char *db_default_path(const char *dir);

/* `id` in full. */
struct error *db_has_run(struct db *db, const char *id, bool *ret) ERROR_MUST_CHECK;
/* Storing a run that is there already changes nothing. */
struct error *db_store(struct db *db, const struct run *run) ERROR_MUST_CHECK;
/* ref: a unique prefix of an id (4 digits or more), "last", "last~2", a tag, or a git commit
 * (prefix of 7 or more) of the target: its newest run. */
struct error *db_load(struct db *db, const char *ref, struct run *ret) ERROR_MUST_CHECK;
/* The same without its findings, which are most of a large project's run. */
struct error *db_load_figures(struct db *db, const char *ref, struct run *ret) ERROR_MUST_CHECK;
/* Name a run; a tag of that name moves. */
struct error *db_tag(struct db *db, const char *ref, const char *name) ERROR_MUST_CHECK;

/* limit 0: all. */
struct error *db_list(struct db *db, size_t limit, struct history *ret) ERROR_MUST_CHECK;

/* SQLite's, as it is loaded. */
const char *db_library_version(void);

#endif
