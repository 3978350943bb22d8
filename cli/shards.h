/*
 * shards.h - shards of an analysis become one stored run
 */
#ifndef CLI_SHARDS_H
#define CLI_SHARDS_H

#include "db/shards.h"

/* `shards` are a whole analysis (db_shards_check()). *made: false if the run was there already. */
struct error *shards_join(struct db *db, const struct db_shards *shards,
			  bool *made) ERROR_MUST_CHECK;

#endif
