#include "db/shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "db/identifier.h"
#include "db/query.h"

#define NAMED_MOST 8 /* missing shards in an error */

void db_shards_clear(struct db_shards *shards)
{
	vec_each (shards, s) {
		free(s->campaign);
		free(s->root);
		free(s->state);
	}
	vec_clear(shards);
}

static bool is_known(const struct db_shards *shards, const char *id)
{
	vec_each (shards, s)
		if (!strcmp(s->id, id))
			return true;
	return false;
}

static void add_row(const struct query *q, const char *path, struct db_shards *ret)
{
	char id[UUID_TEXT];
	struct db_shard *s;

	if (sqlite3_column_bytes(q->stmt, 0) != BLOB_SIZE)
		return;
	identifier_text(sqlite3_column_blob(q->stmt, 0), id);
	if (is_known(ret, id))
		return;
	s = vec_add(ret);
	*s = (struct db_shard){ .path = path,
				.started_ns = sqlite3_column_int64(q->stmt, 1),
				.campaign = xstrdup(query_column_text(q, 2)),
				.number = sqlite3_column_int(q->stmt, 3),
				.of = sqlite3_column_int(q->stmt, 4),
				.root = xstrdup(query_column_text(q, 5)),
				.state = xstrdup(query_column_text(q, 6)) };
	memcpy(s->id, id, sizeof(id));
}

struct error *db_shards_find(struct db *db, const char *path, struct db_shards *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(
		db,
		"SELECT r.id, r.started_ns, s.campaign, s.number, s.shards, s.root,"
		" 'concur ' || ifnull(r.tool_version, '?') || ', commit ' ||"
		" ifnull(r.git_commit, 'unknown') || CASE r.git_dirty WHEN 1 THEN ' with changes'"
		" ELSE '' END FROM shard AS s JOIN run AS r USING (run_no) ORDER BY s.run_no",
		&q);

	if (err)
		return err;
	while (!(err = query_step(&q, &row)) && row)
		add_row(&q, path, ret);
	return err;
}

static int by_number(const void *pa, const void *pb)
{
	const struct db_shard *a = pa, *b = pb;

	return (a->number > b->number) - (a->number < b->number);
}

static struct error *check_same(const struct db_shard *a, const struct db_shard *b)
{
	struct error *err = NULL;

	if (a->of != b->of)
		err = error_new(ERROR_INPUT, "%s is one of %d shards, and %s one of %d", a->path,
				a->of, b->path, b->of);
	else if (strcmp(a->campaign, b->campaign) || strcmp(a->root, b->root))
		err = error_new(ERROR_INPUT, "%s and %s are shards of different analyses", a->path,
				b->path);
	else if (strcmp(a->state, b->state))
		err = error_new(ERROR_INPUT, "%s and %s are shards of different source (%s; %s)",
				a->path, b->path, a->state, b->state);
	return err ? error_hint(err, "take old files out of the list, or make all shards anew")
		   : NULL;
}

static struct error *check_once(const struct db_shard *a, const struct db_shard *b)
{
	if (a->number != b->number)
		return NULL;
	return error_hint(error_new(ERROR_INPUT, "shard %d/%d is there twice, in %s and %s",
				    a->number, a->of, a->path, b->path),
			  "take one of the two out of the list");
}

/* Sorted, without doubles: what is not there is missing. */
static struct error *check_complete(const struct db_shards *shards)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };
	int of = shards->items[0].of, missing = 0, first = 0;
	size_t next = 0;

	for (int number = 1; number <= of; number++) {
		if (next < shards->n && shards->items[next].number == number) {
			next++;
			continue;
		}
		first = first ? first : number;
		if (missing++ < NAMED_MOST)
			strbuf_addf(&names, "%s%d", missing > 1 ? ", " : "", number);
	}
	if (!missing)
		return NULL;
	return error_hint(error_new(ERROR_INPUT, "%d of %d shards %s missing: %s%s", missing, of,
				    missing == 1 ? "is" : "are", strbuf_str(&names),
				    missing > NAMED_MOST ? ", ..." : ""),
			  "concur analyze --store --shard %d/%d --db FILE, then merge all of them",
			  first, of);
}

struct error *db_shards_check(struct db_shards *shards)
{
	struct error *err = NULL;

	if (!shards->n)
		return NULL;
	qsort(shards->items, shards->n, sizeof(*shards->items), by_number);
	for (size_t i = 1; !err && i < shards->n; i++)
		err = check_same(&shards->items[0], &shards->items[i]);
	for (size_t i = 1; !err && i < shards->n; i++)
		err = check_once(&shards->items[i - 1], &shards->items[i]);
	return err ? err : check_complete(shards);
}

/* A UUIDv7 of the first shard's time whose other bits are a digest of all ids. */
void db_shards_id(const struct db_shards *shards, char ret[UUID_TEXT])
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	int64_t first_ns = INT64_MAX;
	uint8_t id[BLOB_SIZE];

	vec_each (shards, s) {
		strbuf_add(&all, s->id);
		first_ns = s->started_ns < first_ns ? s->started_ns : first_ns;
	}
	digest_blob(digest_bytes(strbuf_str(&all), all.len), id);
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)((uint64_t)first_ns / 1000000 >> (40 - 8 * i));
	id[6] = 0x70 | (id[6] & 0x0f);
	id[8] = 0x80 | (id[8] & 0x3f);
	identifier_text(id, ret);
}

struct error *db_shard_records(struct db *db, const struct db_shard *shard, db_record_fn *each,
			       void *data)
{
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	bool row = false;
	struct error *err =
		query_open(db,
			   "SELECT place, record FROM shard_unit JOIN run USING (run_no)"
			   " WHERE id = ? ORDER BY place",
			   &q);

	if (err)
		return err;
	identifier_range(shard->id, low, high);
	query_blob(&q, low);
	while (!(err = query_step(&q, &row)) && row) {
		int64_t place = sqlite3_column_int64(q.stmt, 0);
		const void *bytes = sqlite3_column_blob(q.stmt, 1);

		err = place < 0 ? error_new(ERROR_INPUT, "unit %lld", (long long)place)
				: each(data, (size_t)place, bytes,
				       (size_t)sqlite3_column_bytes(q.stmt, 1));
		if (err)
			return err;
	}
	return err;
}
