#include "db/maintain.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "db/identifier.h"
#include "db/parts.h"
#include "db/query.h"

/* --- check, backup ---------------------------------------------------------------------------- */

/* PRAGMA is not for rows: the authorizer is set aside for this one. */
static struct error *check_file(struct db *db)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err;

	db_restrict(db, false);
	err = query_open(db, "PRAGMA integrity_check(1)", &q);
	if (!err)
		err = query_step(&q, &row);
	db_restrict(db, true);
	if (!err && row && strcmp(query_column_text(&q, 0), "ok"))
		err = error_hint(error_new(ERROR_INPUT, "%s is damaged (%s)", db->path,
					   query_column_text(&q, 0)),
				 "'sqlite3 %s .recover' shows what can be saved", db->path);
	return err;
}

struct error *db_check(struct db *db, size_t *runs)
{
	CLEANUP(history_clear) struct history all = { 0 };
	struct error *err = check_file(db);

	err = err ? err : db_list(db, 0, &all);
	for (size_t i = 0; !err && i < all.n; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		err = db_load(db, all.items[i].id, &run);
	}
	if (!err)
		*runs = all.n;
	return err;
}

static struct error *copy_pages(struct db *db, const char *path)
{
	struct db copy = { .path = (char *)path };
	sqlite3_backup *backup = NULL;
	struct error *err = NULL;
	int rc = sqlite3_open_v2(path, &copy.sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				 NULL);

	if (rc == SQLITE_OK)
		backup = sqlite3_backup_init(copy.sqlite, "main", db->sqlite, "main");
	if (backup) {
		rc = sqlite3_backup_step(backup, -1);
		sqlite3_backup_finish(backup);
	}
	if (!backup || rc != SQLITE_DONE)
		err = query_error(&copy, backup ? rc : sqlite3_errcode(copy.sqlite));
	sqlite3_close(copy.sqlite);
	return err;
}

/* Under its name only when it is whole. */
struct error *db_backup(struct db *db, const char *path)
{
	CLEANUP(cleanup_free) char *partial = xasprintf("%s.partial", path);
	struct error *err;

	if (file_exists(path))
		return error_hint(error_new(ERROR_USAGE, "%s is there already", path),
				  "choose another name, or move it away");
	unlink(partial);
	err = copy_pages(db, partial);
	if (!err && rename(partial, path) < 0)
		err = error_errno("cannot rename %s", partial);
	if (err)
		unlink(partial);
	return err;
}

/* --- merge ------------------------------------------------------------------------------------ */

/* A shard alone is no run of a history: see shards.h. */
static struct error *is_shard(const struct db *db, const char *id, bool *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	struct error *err =
		query_open(db, "SELECT 1 FROM shard JOIN run USING (run_no) WHERE id = ?", &q);

	if (err)
		return err;
	identifier_range(id, low, high);
	query_blob(&q, low);
	return query_step(&q, ret);
}

struct error *db_merge(struct db *db, struct db *from, size_t *added, size_t *known)
{
	CLEANUP(history_clear) struct history all = { 0 };
	struct error *err = db_list(from, 0, &all);

	for (size_t i = all.n; !err && i-- > 0;) {
		CLEANUP(run_clear) struct run run = { 0 };
		const char *id = all.items[i].id;
		bool there = false, shard = false;

		err = is_shard(from, id, &shard);
		if (err || shard)
			continue;
		err = db_has_run(db, id, &there);
		if (!err && !there)
			err = db_load(from, id, &run);
		if (!err && !there)
			err = db_store(db, &run);
		if (!err)
			*(there ? known : added) += 1;
	}
	return err;
}

/* --- prune ------------------------------------------------------------------------------------ */

static bool drop_samples(struct run *run)
{
	bool any = run->profile.stacks.n > 0;

	vec_each (&run->race, e) {
		any |= e->walls.n || e->ratios.n;
		e->wall = race_entry_wall(e);
		vec_clear(&e->walls);
		vec_clear(&e->ratios);
		vec_clear(&e->timeline);
	}
	stacks_clear(&run->profile.stacks);
	return any;
}

static struct error *prune_samples(struct db *db, const char *id, size_t *pruned)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(parts_clear) struct parts parts = { 0 };
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	struct error *err = db_load(db, id, &run);

	if (err || !drop_samples(&run))
		return err;
	identifier_range(id, low, high);
	err = parts_of(&run, &parts);
	if (!err)
		err = query_open(db, "UPDATE run SET document = ? WHERE id = ?", &q);
	if (err)
		return err;
	query_text(&q, parts.document);
	query_blob(&q, low);
	*pruned += 1;
	return query_run(&q);
}

static struct error *delete_run(struct db *db, const char *id)
{
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	struct error *err = query_open(db, "DELETE FROM run WHERE id = ?", &q);

	if (err)
		return err;
	identifier_range(id, low, high);
	query_blob(&q, low);
	return query_run(&q);
}

static struct error *is_tagged(struct db *db, const char *id, bool *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	struct error *err =
		query_open(db, "SELECT 1 FROM tag JOIN run USING (run_no) WHERE id = ?", &q);

	if (err)
		return err;
	identifier_range(id, low, high);
	query_blob(&q, low);
	return query_step(&q, ret);
}

struct error *db_prune(struct db *db, int64_t samples_ns, int64_t runs_ns, struct db_pruned *ret)
{
	CLEANUP(history_clear) struct history all = { 0 };
	struct error *err = db_list(db, 0, &all);

	vec_each (&all, row) {
		bool tagged = false;

		err = err ? err : is_tagged(db, row->id, &tagged);
		if (err)
			return err;
		if (tagged)
			continue;
		if (row->started_ns < runs_ns) {
			err = delete_run(db, row->id);
			ret->runs += !err;
		} else if (row->started_ns < samples_ns) {
			err = prune_samples(db, row->id, &ret->samples);
		}
	}
	if (!err && ret->runs)
		err = query_exec(db, "DELETE FROM source WHERE source_no NOT IN"
				     " (SELECT source_no FROM run_source)");
	return err;
}
