#include "db/db.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/finding.h"
#include "db/identifier.h"
#include "db/parts.h"
#include "db/query.h"

/* A row stored once for each distinct content. `insert` is prepared with its hash bound. */
struct shared {
	struct query insert;
	int64_t no;
	bool is_new;
};

static void shared_clear(struct shared *shared)
{
	query_clear(&shared->insert);
}

static void hash_of(const char *text, uint8_t ret[BLOB_SIZE])
{
	digest_blob(digest_bytes(text, strlen(text)), ret);
}

/* Find it, or begin to insert it. */
static struct error *shared_open(const struct db *db, const char *select, const char *insert,
				 const uint8_t hash[BLOB_SIZE], struct shared *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = query_open(db, select, &q);
	bool row = false;

	if (err)
		return err;
	query_blob(&q, hash);
	err = query_step(&q, &row);
	if (err)
		return err;
	ret->is_new = !row;
	if (row) {
		ret->no = sqlite3_column_int64(q.stmt, 0);
		return NULL;
	}
	err = query_open(db, insert, &ret->insert);
	if (!err)
		query_blob(&ret->insert, hash);
	return err;
}

static struct error *shared_insert(const struct db *db, struct shared *shared)
{
	struct error *err = query_run(&shared->insert);

	if (!err)
		shared->no = sqlite3_last_insert_rowid(db->sqlite);
	return err;
}

static struct error *store_machine(const struct db *db, const struct machine *m,
				   const char *document, int64_t *ret)
{
	CLEANUP(shared_clear) struct shared shared = { 0 };
	uint8_t hash[BLOB_SIZE];
	struct error *err;

	hash_of(document, hash);
	err = shared_open(db, "SELECT machine_no FROM machine WHERE hash = ?",
			  "INSERT INTO machine (hash, id, hostname, cpu, cores, document)"
			  " VALUES (?, ?, ?, ?, ?, ?)",
			  hash, &shared);
	if (!err && shared.is_new) {
		query_text(&shared.insert, m->id);
		query_text(&shared.insert, m->hostname);
		query_text(&shared.insert, m->cpu);
		query_int(&shared.insert, m->cores);
		query_text(&shared.insert, document);
		err = shared_insert(db, &shared);
	}
	if (!err)
		*ret = shared.no;
	return err;
}

static struct error *store_workload(const struct db *db, const struct workload *w,
				    const char *document, int64_t *ret)
{
	CLEANUP(shared_clear) struct shared shared = { 0 };
	uint8_t hash[BLOB_SIZE];
	struct error *err;

	hash_of(document, hash);
	err = shared_open(db, "SELECT workload_no FROM workload WHERE hash = ?",
			  "INSERT INTO workload (hash, id, document) VALUES (?, ?, ?)", hash,
			  &shared);
	if (!err && shared.is_new) {
		query_text(&shared.insert, w->id);
		query_text(&shared.insert, document);
		err = shared_insert(db, &shared);
	}
	if (!err)
		*ret = shared.no;
	return err;
}

static void bind_estimate(struct query *q, const struct estimate *e)
{
	query_real(q, e->n ? e->value : NAN);
	query_real(q, e->n ? e->low : NAN);
	query_real(q, e->n ? e->high : NAN);
	query_int(q, (int64_t)e->n);
}

static void bind_verdict(struct query *q, const struct verdict *v)
{
	bool names_model = v->kind != VERDICT_NONE && v->kind != VERDICT_CANNOT_TELL;

	query_text(q, verdict_kind_key(v->kind));
	query_text(q, names_model ? model_key(v->model) : NULL);
	if (names_model)
		query_int(q, v->workers);
	else
		query_null(q);
	bind_estimate(q, &v->speedup);
	query_text(q, v->has_row ? row_key(v->row) : NULL);
}

static void bind_profile(struct query *q, const struct profile *p)
{
	bool known = p->measured;

	query_text(q, known ? tier_key(p->tier) : NULL);
	query_real(q, known ? wait_profile_cpu_share(&p->waits) : NAN);
	query_real(q, known ? wait_profile_overlappable_share(&p->waits) : NAN);
	query_real(q, known ? wait_profile_unknown_share(&p->waits) : NAN);
}

static void bind_target(struct query *q, const struct target *t)
{
	query_text(q, t->program);
	query_text(q, t->digest);
	query_text(q, t->git_commit);
	query_text(q, t->git_branch);
	if (t->git_dirty < 0)
		query_null(q);
	else
		query_int(q, t->git_dirty);
}

static void bind_count(struct query *q, bool known, uint64_t count)
{
	if (known)
		query_uint(q, count);
	else
		query_null(q);
}

static struct error *store_row(const struct db *db, const struct run *run,
			       const uint8_t id[BLOB_SIZE], const struct parts *parts, int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	int64_t machine_no = 0, workload_no = 0;
	struct error *err = store_machine(db, &run->machine, parts->machine, &machine_no);

	if (!err)
		err = store_workload(db, &run->workload, parts->workload, &workload_no);
	if (!err)
		err = query_open(db,
				 "INSERT INTO run (id, started_ns, took_ns, command, tool_version,"
				 " machine_no, workload_no, program, program_digest, git_commit,"
				 " git_branch, git_dirty, verdict, model, workers, speedup, low,"
				 " high, n, table_row, tier, cpu_share, overlappable_share,"
				 " unknown_share, race_tasks, profile_tasks, document)"
				 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
				 " ?, ?, ?, ?, ?, ?, ?, ?)",
				 &q);
	if (err)
		return err;
	query_blob(&q, id);
	query_int(&q, run->started_ns);
	query_uint(&q, run->took_ns);
	query_text(&q, run->command);
	query_text(&q, run->tool_version);
	query_int(&q, machine_no);
	query_int(&q, workload_no);
	bind_target(&q, &run->target);
	bind_verdict(&q, &run->verdict);
	bind_profile(&q, &run->profile);
	bind_count(&q, run->race.measured, run->race.conditions.tasks);
	bind_count(&q, run->profile.measured, run->profile.tasks);
	query_text(&q, parts->document);
	err = query_run(&q);
	if (!err)
		*ret = sqlite3_last_insert_rowid(db->sqlite);
	return err;
}

static void bind_race_entry(struct query *q, const struct race_entry *e)
{
	bool ok = e->outcome == OUTCOME_OK;
	struct estimate wall = race_entry_wall(e);

	query_text(q, model_key(e->model));
	query_int(q, e->workers);
	query_text(q, outcome_key(e->outcome));
	query_text(q, e->why);
	query_text(q, e->isolation);
	if (!ok) {
		for (int i = 0; i < 11; i++)
			query_null(q);
		return;
	}
	bind_estimate(q, &e->speedup);
	query_real(q, wall.n ? wall.value : NAN);
	query_real(q, wall.n ? wall.low : NAN);
	query_real(q, wall.n ? wall.high : NAN);
	query_real(q, e->cpu_ns_per_task);
	query_uint(q, e->pss_bytes);
	query_uint(q, e->p50_ns);
	query_uint(q, e->p99_ns);
}

static struct error *store_race(const struct db *db, int64_t run_no, const struct race *race)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err =
		query_open(db,
			   "INSERT INTO race (run_no, position, model, workers, outcome, why,"
			   " isolation, speedup, low, high, n, wall_ns, wall_low, wall_high,"
			   " cpu_ns_per_task, pss_bytes, p50_ns, p99_ns)"
			   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			   &q);

	for (size_t i = 0; !err && i < race->n; i++) {
		query_int(&q, run_no);
		query_int(&q, (int64_t)i);
		bind_race_entry(&q, &race->items[i]);
		err = query_run(&q);
	}
	return err;
}

struct wait_writer {
	struct query q;
	int64_t run_no;
	int position;
	uint64_t wall_ns;
	struct error *err;
};

static void store_wait(struct wait_writer *w, const char *kind, uint64_t ns)
{
	if (w->err)
		return;
	query_int(&w->q, w->run_no);
	query_int(&w->q, w->position++);
	query_text(&w->q, kind);
	query_uint(&w->q, ns);
	query_real(&w->q, w->wall_ns ? (double)ns / (double)w->wall_ns : 0);
	w->err = query_run(&w->q);
}

/* CPU, run queue and unknown always; of the waits only what was seen. */
static struct error *store_waits(const struct db *db, int64_t run_no, const struct profile *p)
{
	struct wait_writer w = { .run_no = run_no, .wall_ns = p->waits.wall_ns };

	if (!p->measured)
		return NULL;
	w.err = query_open(db,
			   "INSERT INTO wait (run_no, position, kind, ns, share)"
			   " VALUES (?, ?, ?, ?, ?)",
			   &w.q);
	store_wait(&w, "cpu", wait_profile_cpu_ns(&p->waits));
	store_wait(&w, "run-queue", p->waits.runqueue_ns);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		if (p->waits.wait_ns[kind])
			store_wait(&w, wait_kind_key((enum wait_kind)kind), p->waits.wait_ns[kind]);
	store_wait(&w, "unknown", p->waits.unknown_ns);
	query_clear(&w.q);
	return w.err;
}

/* The findings first..first + n of a run, which are of one file. */
struct file_findings {
	const struct fact *facts;
	json_t *json; /* the same in JSON */
	size_t first, n;
};

static struct error *store_findings(const struct db *db, int64_t source_no,
				    const struct file_findings *file)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err =
		query_open(db,
			   "INSERT INTO finding (source_no, identity, " FINDING_COLUMNS ")"
			   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			   &q);

	for (size_t i = file->first; !err && i < file->first + file->n; i++) {
		uint8_t identity[BLOB_SIZE];

		digest_blob(finding_identity(&file->facts[i]), identity);
		query_int(&q, source_no);
		query_blob(&q, identity);
		finding_bind(&q, json_array_get(file->json, i));
		err = query_run(&q);
	}
	return err;
}

static void hash_of_findings(const struct file_findings *file, uint8_t ret[BLOB_SIZE])
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };

	for (size_t i = file->first; i < file->first + file->n; i++) {
		CLEANUP(cleanup_free) char *text = parts_text(json_array_get(file->json, i));

		strbuf_add(&all, text);
		strbuf_addch(&all, '\n');
	}
	hash_of(strbuf_str(&all), ret);
}

/* As the JSON has it, which may differ from the run's own where that is not UTF-8. */
static const char *first_file(const struct file_findings *file)
{
	return json_string_value(json_object_get(json_array_get(file->json, file->first), "file"));
}

static struct error *store_source(const struct db *db, int64_t run_no, size_t position,
				  const struct file_findings *file)
{
	CLEANUP(shared_clear) struct shared source = { 0 };
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t hash[BLOB_SIZE];
	struct error *err;

	hash_of_findings(file, hash);
	err = shared_open(db, "SELECT source_no FROM source WHERE hash = ?",
			  "INSERT INTO source (hash, file) VALUES (?, ?)", hash, &source);
	if (!err && source.is_new) {
		query_text(&source.insert, first_file(file));
		err = shared_insert(db, &source);
	}
	if (!err && source.is_new)
		err = store_findings(db, source.no, file);
	if (!err)
		err = query_open(
			db, "INSERT INTO run_source (run_no, position, source_no) VALUES (?, ?, ?)",
			&q);
	if (err)
		return err;
	query_int(&q, run_no);
	query_int(&q, (int64_t)position);
	query_int(&q, source.no);
	return query_run(&q);
}

static bool same_file(const struct fact *a, const struct fact *b)
{
	return a->file && b->file && !strcmp(a->file, b->file);
}

/* Neighbours of one file go together: the order of the run's findings is kept whatever it is. */
static struct error *store_facts(const struct db *db, int64_t run_no, const struct facts *facts,
				 json_t *json)
{
	struct error *err = NULL;
	size_t position = 0;

	for (size_t i = 0, end; !err && i < facts->n; i = end) {
		for (end = i + 1; end < facts->n; end++)
			if (!same_file(&facts->items[i], &facts->items[end]))
				break;
		err = store_source(db, run_no, position++,
				   &(struct file_findings){ facts->items, json, i, end - i });
	}
	return err;
}

/* One shard of an analysis, with what will be needed to put the whole together. */
static struct error *store_shard(const struct db *db, int64_t run_no, const struct facts *facts)
{
	CLEANUP(query_clear) struct query q = { 0 };
	CLEANUP(query_clear) struct query unit = { 0 };
	struct error *err;

	if (!facts->shard || !facts->campaign || !facts->root)
		return NULL;
	err = query_open(db,
			 "INSERT INTO shard (run_no, campaign, number, shards, root)"
			 " VALUES (?, ?, ?, ?, ?)",
			 &q);
	if (err)
		return err;
	query_int(&q, run_no);
	query_text(&q, facts->campaign);
	query_int(&q, facts->shard);
	query_int(&q, facts->shards);
	query_text(&q, facts->root);
	err = query_run(&q);
	if (!err)
		err = query_open(db,
				 "INSERT INTO shard_unit (run_no, place, record) VALUES (?, ?, ?)",
				 &unit);
	vec_each (&facts->records, record) {
		if (err)
			break;
		query_int(&unit, run_no);
		query_int(&unit, (int64_t)record->place);
		query_bytes(&unit, record->bytes, record->n);
		err = query_run(&unit);
	}
	return err;
}

static struct error *is_stored(const struct db *db, const uint8_t id[BLOB_SIZE], bool *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = query_open(db, "SELECT 1 FROM run WHERE id = ?", &q);

	if (err)
		return err;
	query_blob(&q, id);
	return query_step(&q, ret);
}

static struct error *store_all(const struct db *db, const struct run *run,
			       const uint8_t id[BLOB_SIZE], const struct parts *parts)
{
	bool there;
	int64_t run_no = 0;
	struct error *err = is_stored(db, id, &there);

	if (err || there)
		return err;
	err = store_row(db, run, id, parts, &run_no);
	if (!err)
		err = store_race(db, run_no, &run->race);
	if (!err)
		err = store_waits(db, run_no, &run->profile);
	if (!err)
		err = store_facts(db, run_no, &run->facts, parts->facts);
	if (!err)
		err = store_shard(db, run_no, &run->facts);
	return err;
}

struct error *db_has_run(struct db *db, const char *id, bool *ret)
{
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];

	identifier_range(id, low, high);
	return is_stored(db, low, ret);
}

struct error *db_store(struct db *db, const struct run *run)
{
	CLEANUP(parts_clear) struct parts parts = { 0 };
	uint8_t id[BLOB_SIZE], high[BLOB_SIZE];
	struct error *err = parts_of(run, &parts);

	if (!err && identifier_range(run->id, id, high) != 2 * BLOB_SIZE)
		err = error_new(ERROR_INPUT, "\"%s\" is not an id", run->id);
	if (!err)
		err = query_exec(db, "BEGIN IMMEDIATE");
	if (err)
		return error_wrap(err, "cannot store the run");
	err = store_all(db, run, id, &parts);
	if (!err)
		err = query_exec(db, "COMMIT");
	if (!err)
		return NULL;
	/* SQLite may have rolled back already, on a full disk for one. */
	if (!sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return error_wrap(err, "cannot store the run");
}
