/*
 * maintain.h - what keeps a history in order
 */
#ifndef DB_MAINTAIN_H
#define DB_MAINTAIN_H

#include <stddef.h>

#include "db/db.h"

/* The whole file, and every run: the first thing wrong is the error. *runs: that are sound. */
struct error *db_check(struct db *db, size_t *runs) ERROR_MUST_CHECK;
/* A copy of one moment, whatever is written meanwhile. A file of that name is an error. */
struct error *db_backup(struct db *db, const char *path) ERROR_MUST_CHECK;
/* The runs of another history that this one does not have, shards left out. Each is stored on its own: what was
 * merged before an error stays, and merging again goes on. */
struct error *db_merge(struct db *db, struct db *from, size_t *added,
		       size_t *known) ERROR_MUST_CHECK;

struct db_pruned {
	size_t samples, runs; /* runs that lost their samples; that were removed */
};

/* Raw samples and stacks of runs that started before samples_ns, medians and intervals stay; all of
 * runs that started before runs_ns. 0: none. Runs with a tag are kept whole. */
struct error *db_prune(struct db *db, int64_t samples_ns, int64_t runs_ns,
		       struct db_pruned *ret) ERROR_MUST_CHECK;

#endif
