/*
 * shards.h - an analysis in parts: each stored by a process of its own, and put together later
 *
 * A shard is a run with facts.shard set; db_store() keeps its records beside it. Merging refuses
 * what would give a wrong whole: shards of different analyses or of different source, the same
 * shard twice, a missing one.
 *
 * Ownership: db_shards_clear() frees; paths are borrowed.
 */
#ifndef DB_SHARDS_H
#define DB_SHARDS_H

#include <stddef.h>

#include "base/error.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "db/db.h"

struct db_shard {
	const char *path;   /* where it lies; borrowed */
	char id[UUID_TEXT]; /* of the run */
	int64_t started_ns;
	char *campaign, *root;
	char *state; /* tool version, git commit and whether it was changed, as text */
	int number, of;
};

struct db_shards {
	VEC_FIELDS(struct db_shard);
};

void db_shards_clear(struct db_shards *shards);
/* Those of a history are added; one that is known already (a copy) is not. */
struct error *db_shards_find(struct db *db, const char *path,
			     struct db_shards *ret) ERROR_MUST_CHECK;
/* Are they one whole analysis? They are put in order. */
struct error *db_shards_check(struct db_shards *shards) ERROR_MUST_CHECK;
/* The id of the run they make: always the same, so that merging twice changes nothing. */
void db_shards_id(const struct db_shards *shards, char ret[UUID_TEXT]);

/* Each record of a shard, in the order of places. `bytes` live until the next. */
typedef struct error *db_record_fn(void *data, size_t place, const void *bytes, size_t n);
struct error *db_shard_records(struct db *db, const struct db_shard *shard, db_record_fn *each,
			       void *data) ERROR_MUST_CHECK;

#endif
