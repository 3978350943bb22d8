#include "cli/shards.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/analyzer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"

static void join_clear(struct analyzer_join **join)
{
	analyzer_join_free(*join);
}

static struct error *add_record(void *data, size_t place, const void *bytes, size_t n)
{
	return analyzer_join_add(data, place, bytes, n);
}

static struct error *add_shard(const struct db_shard *shard, struct analyzer_join *join,
			       struct run *whole)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	struct error *err = db_open(shard->path, DB_READ, &db);

	err = err ? err : db_load(db, shard->id, &run);
	err = err ? err : db_shard_records(db, shard, add_record, join);
	if (err)
		return error_wrap(err, "%s", shard->path);
	whole->took_ns += run.took_ns;
	whole->facts.units += run.facts.units;
	vec_each (&run.facts.failures, f)
		vec_push(&whole->facts.failures,
			 ((struct unit_failure){ xstrdup(f->file), xstrdup(f->why), f->left_out }));
	return NULL;
}

static int by_file(const void *pa, const void *pb)
{
	const struct unit_failure *a = pa, *b = pb;
	int order = strcmp(a->file, b->file);

	return order ? order : strcmp(a->why, b->why);
}

/* What they found takes the place of the counts, which are the shards'. */
static struct error *link_all(struct analyzer_join *join, const char *root, struct facts *whole)
{
	struct facts found = { 0 };
	struct error *err = analyzer_join_finish(join, root, whole->failures.n, &found);

	if (err)
		return err;
	if (whole->failures.n)
		qsort(whole->failures.items, whole->failures.n, sizeof(*whole->failures.items),
		      by_file);
	found.units = whole->units;
	found.failures = whole->failures;
	whole->failures = (struct unit_failures){ 0 };
	facts_clear(whole);
	*whole = found;
	return NULL;
}

/* Machine, commit and version are those of any shard: they are equal, or of no account. */
static struct error *begin(const struct db_shards *shards, struct run *ret)
{
	const struct db_shard *first = &shards->items[0];
	CLEANUP(db_clear) struct db *db = NULL;
	struct error *err = db_open(first->path, DB_READ, &db);

	err = err ? err : db_load(db, first->id, ret);
	if (err)
		return err;
	facts_clear(&ret->facts);
	ret->took_ns = 0;
	db_shards_id(shards, ret->id);
	vec_each (shards, s)
		if (s->started_ns < ret->started_ns)
			ret->started_ns = s->started_ns;
	return NULL;
}

struct error *shards_join(struct db *db, const struct db_shards *shards, bool *made)
{
	CLEANUP(join_clear) struct analyzer_join *join = analyzer_join_new();
	CLEANUP(run_clear) struct run whole = { 0 };
	const struct db_shard *first = &shards->items[0];
	bool there = false;
	struct error *err = begin(shards, &whole);

	err = err ? err : db_has_run(db, whole.id, &there);
	*made = !there;
	if (err || there)
		return err;
	if (!file_exists(first->root))
		return error_hint(
			error_new(ERROR_USAGE, "no %s here, where the shards found the source",
				  first->root),
			"merge where the source lies: comments in it, and .concur.yaml, are "
			"read once more");
	progress_start("joining shards", shards->n);
	for (size_t i = 0; !err && i < shards->n; i++) {
		err = add_shard(&shards->items[i], join, &whole);
		progress_step(i + 1, NULL);
	}
	progress_end();
	err = err ? err : link_all(join, first->root, &whole.facts);
	if (err)
		return err;
	whole.facts.campaign = xstrdup(first->campaign);
	whole.facts.shards = first->of;
	err = db_store(db, &whole);
	if (!err)
		log_note("%d shards are run %.13s: %zu units, %zu findings", first->of, whole.id,
			 whole.facts.units, whole.facts.n);
	return err;
}
