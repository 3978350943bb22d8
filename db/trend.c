#include "db/trend.h"

#include <math.h>
#include <string.h>

#include "base/change_points.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/identifier.h"
#include "db/query.h"
#include "db/reference.h"
#include "model/concurrency.h"

#define PREFIX_LEAST 4
#define CONFIDENCE   0.95
#define SMALL_SHARE  0.01 /* of the wall time: a wait that moved by less is none that moved */
#define SEED         1
#define NEAR         50 /* runs on both sides of a change that say by how much */

/* --- which workload --------------------------------------------------------------------------- */

static struct error *error_several(const char *which, const struct strings *ids)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };

	for (size_t i = 0; i < ids->n && i < 4; i++)
		strbuf_addf(&names, "%s%.12s", i ? ", " : "", ids->items[i]);
	return error_hint(error_new(ERROR_USAGE, "\"%s\" has several workloads: %s%s", which,
				    strbuf_str(&names), ids->n > 4 ? ", ..." : ""),
			  "name one: concur history %.12s", ids->items[0]);
}

/* The one id that a query with one parameter gives; NULL: none. Owned by the caller. */
static struct error *only_id(const struct db *db, const char *sql, const char *which, char **ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	CLEANUP(strings_clear) struct strings ids = { 0 };
	struct error *err = query_open(db, sql, &q);
	bool row = false;

	if (err)
		return err;
	query_text(&q, which);
	while (!(err = query_step(&q, &row)) && row)
		strings_add(&ids, query_column_text(&q, 0));
	if (!err && ids.n > 1)
		err = error_several(which, &ids);
	if (!err)
		*ret = ids.n ? xstrdup(ids.items[0]) : NULL;
	return err;
}

static struct error *id_of_run(const struct db *db, const char *which, char **ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	int64_t run_no;
	bool row = false;
	struct error *err = reference_resolve(db, which, &run_no);

	if (!err)
		err = query_open(db,
				 "SELECT w.id FROM run JOIN workload AS w USING (workload_no)"
				 " WHERE run_no = ?",
				 &q);
	if (err)
		return err;
	query_int(&q, run_no);
	err = query_step(&q, &row);
	if (!err && row)
		*ret = xstrdup(query_column_text(&q, 0));
	if (!err && !*ret)
		err = error_hint(
			error_new(ERROR_USAGE, "run %s ran no tasks: it has no workload", which),
			"'concur runs' lists the runs");
	return err;
}

static bool is_prefix(const char *which)
{
	size_t n = strlen(which);

	return n >= PREFIX_LEAST && n <= 32 && strspn(which, "0123456789abcdef") == n;
}

static struct error *find_newest(const struct db *db, char **ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db,
				       "SELECT w.id FROM run JOIN workload AS w USING (workload_no)"
				       " WHERE w.id IS NOT NULL"
				       " ORDER BY started_ns DESC, run.id DESC LIMIT 1",
				       &q);

	if (!err)
		err = query_step(&q, &row);
	if (err)
		return err;
	if (!row)
		return error_hint(error_new(ERROR_USAGE, "no run with tasks in %s yet", db->path),
				  "run 'concur advise' first");
	*ret = xstrdup(query_column_text(&q, 0));
	return NULL;
}

static struct error *find_workload(const struct db *db, const char *which, char **ret)
{
	CLEANUP(error_clear) struct error *no_run = NULL;
	struct error *err = NULL;

	if (!which)
		return find_newest(db, ret);
	if (is_prefix(which))
		err = only_id(db,
			      "SELECT DISTINCT id FROM workload WHERE id >= ?1 AND id < ?1 || 'g'",
			      which, ret);
	if (!err && !*ret)
		err = only_id(db,
			      "SELECT DISTINCT w.id FROM workload AS w"
			      " JOIN run AS r USING (workload_no) WHERE w.id IS NOT NULL AND"
			      " (r.program = ?1 OR substr(r.program, -length(?1) - 1) = '/' || ?1)",
			      which, ret);
	if (err || *ret)
		return err;
	no_run = id_of_run(db, which, ret);
	if (!no_run)
		return NULL;
	return error_hint(error_new(ERROR_USAGE, "no workload \"%s\" in %s", which, db->path),
			  "name the program, the beginning of a workload's id (4 digits or more; "
			  "'concur show RUN --json' has it), or one of its runs");
}

/* --- its runs --------------------------------------------------------------------------------- */

struct gathered { /* a run, while the series are made */
	int64_t run_no, race_tasks, profile_tasks;
};

struct gathering {
	const struct db *db;
	struct trend *trend;
	struct gathered *runs; /* as trend->runs */
};

static void gathering_clear(struct gathering *g)
{
	free(g->runs);
}

#define OF_WORKLOAD                                                                                \
	" FROM workload AS w JOIN run AS r USING (workload_no) JOIN machine AS m"                  \
	" USING (machine_no) WHERE w.id = ?1"

static struct error *find_machine(const struct db *db, struct trend *t)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db,
				       "SELECT m.id, m.hostname, r.program" OF_WORKLOAD
				       " ORDER BY r.started_ns DESC, r.id DESC LIMIT 1",
				       &q);

	if (err)
		return err;
	query_text(&q, t->workload);
	err = query_step(&q, &row);
	if (err)
		return err;
	if (!row)
		return error_new(ERROR_USAGE, "no run of workload %s", t->workload);
	t->machine = xstrdup(query_column_text(&q, 0));
	t->hostname = xstrdup(query_column_text(&q, 1));
	t->program = xstrdup(query_column_text(&q, 2));
	return NULL;
}

static struct error *count_runs(const struct db *db, const struct trend *t, const char *sql,
				size_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db, sql, &q);

	if (err)
		return err;
	query_text(&q, t->workload);
	query_text(&q, t->machine);
	err = query_step(&q, &row);
	if (!err && row)
		*ret = (size_t)sqlite3_column_int64(q.stmt, 0);
	return err;
}

static struct trend_run read_run(const struct query *q)
{
	struct trend_run run = { .started_ns = sqlite3_column_int64(q->stmt, 2),
				 .git_commit = xstrdup(query_column_text(q, 3)),
				 .tool_version = xstrdup(query_column_text(q, 4)),
				 .verdict = xstrdup(query_column_text(q, 5)),
				 .model = xstrdup(query_column_text(q, 6)),
				 .workers = sqlite3_column_int(q->stmt, 7) };

	if (sqlite3_column_bytes(q->stmt, 1) == BLOB_SIZE)
		identifier_text(sqlite3_column_blob(q->stmt, 1), run.id);
	return run;
}

/* The newest, in the order of time. The index has the numbers of tasks, which lie behind the document in
 * the row: reading them there is reading all of it. */
static struct error *read_runs(struct gathering *g, size_t limit)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct trend *t = g->trend;
	bool row = false;
	struct error *err =
		query_open(g->db,
			   "SELECT k.run_no, k.id, k.started_ns, r.git_commit, r.tool_version,"
			   " r.verdict, r.model, r.workers, k.race_tasks, k.profile_tasks"
			   " FROM (SELECT r.run_no, r.id, r.started_ns, r.race_tasks,"
			   " r.profile_tasks" OF_WORKLOAD " AND m.id IS ?2"
			   " ORDER BY r.started_ns DESC, r.id DESC LIMIT ?3) AS k"
			   " JOIN run AS r USING (run_no) ORDER BY k.started_ns, k.id",
			   &q);

	if (err)
		return err;
	query_text(&q, t->workload);
	query_text(&q, t->machine);
	query_int(&q, limit && limit < INT64_MAX ? (int64_t)limit : -1);
	while (!(err = query_step(&q, &row)) && row) {
		vec_push(&t->runs, read_run(&q));
		g->runs = xreallocarray(g->runs, t->runs.n, sizeof(*g->runs));
		g->runs[t->runs.n - 1] = (struct gathered){
			.run_no = sqlite3_column_int64(q.stmt, 0),
			.race_tasks = sqlite3_column_int64(q.stmt, 8),
			.profile_tasks = sqlite3_column_int64(q.stmt, 9),
		};
	}
	return err;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void mark_verdicts(struct trend_runs *runs)
{
	const struct trend_run *last = NULL;

	vec_each (runs, run) {
		if (!run->verdict || !strcmp(run->verdict, "none"))
			continue;
		run->verdict_changed = last && (!same_text(last->verdict, run->verdict) ||
						!same_text(last->model, run->model));
		last = run;
	}
}

/* --- their series ----------------------------------------------------------------------------- */

static struct trend_series *series_of(struct trend *t, bool is_wait, const char *name, int workers)
{
	struct trend_series *series;

	vec_each (&t->series, s)
		if (s->is_wait == is_wait && s->workers == workers && !strcmp(s->name, name))
			return s;
	series = vec_add(&t->series);
	*series = (struct trend_series){ .is_wait = is_wait,
					 .name = xstrdup(name),
					 .workers = workers };
	return series;
}

static double per_task(const struct query *q, int column, int64_t tasks)
{
	if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
		return NAN;
	return sqlite3_column_double(q->stmt, column) / (double)(tasks > 0 ? tasks : 1);
}

static void add_value(struct trend_series *s, size_t run, struct estimate ns)
{
	/* A damaged file may hold one twice. */
	if (isfinite(ns.value) && (!s->values.n || s->values.items[s->values.n - 1].run < run))
		vec_push(&s->values, ((struct trend_value){ run, ns }));
}

static struct error *read_races(struct gathering *g)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(g->db,
				       "SELECT model, workers, wall_ns, wall_low, wall_high, n"
				       " FROM race WHERE run_no = ? AND outcome = 'ok'",
				       &q);

	for (size_t i = 0; !err && i < g->trend->runs.n; i++) {
		int64_t tasks = g->runs[i].race_tasks;

		query_int(&q, g->runs[i].run_no);
		while (!(err = query_step(&q, &row)) && row) {
			const char *model = query_column_text(&q, 0);
			int64_t n = sqlite3_column_int64(q.stmt, 5);

			add_value(series_of(g->trend, false, model ? model : "?",
					    sqlite3_column_int(q.stmt, 1)),
				  i,
				  (struct estimate){ per_task(&q, 2, tasks), per_task(&q, 3, tasks),
						     per_task(&q, 4, tasks),
						     (size_t)(n > 0 ? n : 1) });
		}
		query_reset(&q);
	}
	return err;
}

/* A kind that was not seen in a profiled run is 0 there: it is stored only where it was seen. */
static void fill_zeros(struct trend_series *s, const struct gathering *g)
{
	struct trend_values all = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < g->trend->runs.n; i++) {
		if (next < s->values.n && s->values.items[next].run == i)
			vec_push(&all, s->values.items[next++]);
		else if (g->runs[i].profile_tasks > 0)
			vec_push(&all, ((struct trend_value){ i, { 0, NAN, NAN, 1 } }));
	}
	vec_clear(&s->values);
	s->values = all;
}

static struct error *read_waits(struct gathering *g)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(
		g->db, "SELECT kind, ns FROM wait WHERE run_no = ? ORDER BY position", &q);

	for (size_t i = 0; !err && i < g->trend->runs.n; i++) {
		int64_t tasks = g->runs[i].profile_tasks;

		query_int(&q, g->runs[i].run_no);
		while (tasks > 0 && !(err = query_step(&q, &row)) && row) {
			const char *kind = query_column_text(&q, 0);

			add_value(series_of(g->trend, true, kind ? kind : "?", 0), i,
				  (struct estimate){ per_task(&q, 1, tasks), NAN, NAN, 1 });
		}
		query_reset(&q);
	}
	vec_each (&g->trend->series, s)
		if (s->is_wait)
			fill_zeros(s, g);
	return err;
}

/* --- where they change ------------------------------------------------------------------------ */

/* Of all profiled time per task, which the waits are shares of. */
static double typical_wall_ns(const struct trend *t)
{
	double sum = 0;

	vec_each (&t->series, s)
		if (s->is_wait)
			sum += s->level.value;
	return sum;
}

static struct trend_change change_at(const double *x, size_t first, size_t at, size_t end)
{
	struct rng rng = { SEED };
	size_t from = at - first > NEAR ? at - NEAR : first;
	size_t until = end - at > NEAR ? at + NEAR : end;

	return (struct trend_change){
		.ratio = stats_bootstrap_ratio(x + at, until - at, x + from, at - from, CONFIDENCE,
					       &rng),
		.before = at - first,
		.after = end - at,
		.p = stats_mann_whitney(x + from, at - from, x + at, until - at),
	};
}

/* Owned by the caller. */
static double *values_of(const struct trend_series *s)
{
	double *x = xcalloc(s->values.n + 1, sizeof(*x));

	for (size_t i = 0; i < s->values.n; i++)
		x[i] = s->values.items[i].ns.value;
	return x;
}

static void find_points(struct trend_series *s, struct change_points *points)
{
	CLEANUP(cleanup_free) double *x = values_of(s);
	size_t last;

	change_points_find(x, s->values.n, points);
	last = points->n ? points->items[points->n - 1] : 0;
	s->level = stats_order_median(x + last, s->values.n - last, CONFIDENCE);
}

static void judge_points(struct trend_series *s, const struct change_points *points,
			 double least_ns)
{
	CLEANUP(cleanup_free) double *x = values_of(s);
	size_t first = 0;

	for (size_t i = 0; i < points->n; i++) {
		size_t at = points->items[i];
		size_t end = i + 1 < points->n ? points->items[i + 1] : s->values.n;
		double moved = stats_median(x + at, end - at) - stats_median(x + first, at - first);
		struct trend_change change;

		if (fabs(moved) < least_ns)
			continue;
		change = change_at(x, first, at, end);
		change.run = s->values.items[at].run;
		vec_push(&s->changes, change);
		first = at;
	}
	s->level = stats_order_median(x + first, s->values.n - first, CONFIDENCE);
}

/* Models in their usual order; waits as they come. */
static int rank(const struct trend_series *s)
{
	enum model model = MODEL_COUNT;

	return s->is_wait || !model_from_key(s->name, &model) ? MODEL_COUNT : (int)model;
}

static int by_kind(const void *pa, const void *pb)
{
	const struct trend_series *a = pa, *b = pb;
	int order = rank(a) - rank(b);

	order = order ? order : a->is_wait - b->is_wait;
	return order ? order : a->workers - b->workers;
}

static void analyse(struct trend *t)
{
	size_t n = t->series.n;
	CLEANUP(cleanup_free) struct change_points *points = xcalloc(n + 1, sizeof(*points));
	double least_ns;

	for (size_t i = 0; i < n; i++)
		find_points(&t->series.items[i], &points[i]);
	/* What counts as a change of a wait depends on the levels of all of them. */
	least_ns = SMALL_SHARE * typical_wall_ns(t);
	for (size_t i = 0; i < n; i++) {
		struct trend_series *s = &t->series.items[i];

		judge_points(s, &points[i], s->is_wait ? least_ns : 0);
		vec_clear(&points[i]);
	}
	if (t->series.n)
		qsort(t->series.items, t->series.n, sizeof(*t->series.items), by_kind);
}

static struct error *gather(struct gathering *g, const char *which, size_t limit)
{
	struct trend *t = g->trend;
	size_t all = 0, here = 0;
	struct error *err = find_workload(g->db, which, &t->workload);

	if (!err)
		err = find_machine(g->db, t);
	if (!err)
		err = read_runs(g, limit);
	if (!err)
		err = count_runs(g->db, t, "SELECT count(*), ?2" OF_WORKLOAD, &all);
	if (!err)
		err = count_runs(g->db, t, "SELECT count(*)" OF_WORKLOAD " AND m.id IS ?2", &here);
	t->elsewhere = all - here;
	t->older = here - t->runs.n;
	if (!err)
		err = read_races(g);
	return err ? err : read_waits(g);
}

struct error *db_trend(struct db *db, const char *which, size_t limit, struct trend *ret)
{
	CLEANUP(trend_clear) struct trend trend = { 0 };
	CLEANUP(gathering_clear) struct gathering g = { .db = db, .trend = &trend };
	struct error *err = query_exec(db, "BEGIN");

	if (err)
		return err;
	err = gather(&g, which, limit);
	sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	if (err)
		return err;
	mark_verdicts(&trend.runs);
	analyse(&trend);
	*ret = trend;
	trend = (struct trend){ 0 };
	return NULL;
}
