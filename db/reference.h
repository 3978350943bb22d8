/*
 * reference.h - which run is meant? (private to db/)
 *
 * "last", "last~2", a tag, a prefix of an id, a git commit of the target: tried in this order.
 */
#ifndef DB_REFERENCE_H
#define DB_REFERENCE_H

#include "db/query.h"

struct error *reference_resolve(const struct db *db, const char *ref,
				int64_t *ret_run_no) ERROR_MUST_CHECK;
/* Of a commit: its first run. */
struct error *reference_resolve_oldest(const struct db *db, const char *ref,
				       int64_t *ret_run_no) ERROR_MUST_CHECK;

#endif
