#include "db/range.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/compare.h"
#include "db/identifier.h"
#include "db/query.h"
#include "db/reference.h"

/* --- which runs ------------------------------------------------------------------------------- */

struct ends { /* of a range: where the dots are */
	char *first, *last;
};

static void ends_clear(struct ends *e)
{
	free(e->first);
	free(e->last);
}

static struct error *split(const char *ref, struct ends *ret)
{
	const char *dots = strstr(ref, "..");

	if (dots && (dots == ref || !dots[2]))
		return error_hint(error_new(ERROR_USAGE, "\"%s\" is open at one end", ref),
				  "name both: concur compare v1..v2 last~3..last");
	ret->first = dots ? xstrndup(ref, (size_t)(dots - ref)) : xstrdup(ref);
	ret->last = xstrdup(dots ? dots + 2 : ref);
	return NULL;
}

#define IN_RANGE                                                                                   \
	" FROM run AS r JOIN workload AS w USING (workload_no) JOIN machine AS m"                  \
	" USING (machine_no), run AS f, run AS l WHERE f.run_no = ?1 AND l.run_no = ?2"            \
	" AND (r.started_ns, r.id) BETWEEN (f.started_ns, f.id) AND (l.started_ns, l.id)"

static struct error *read_ids(const struct db *db, int64_t first, int64_t last,
			      const struct run *like, struct strings *ids)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db,
				       "SELECT r.id" IN_RANGE " AND w.id IS ?3 AND m.id IS ?4"
				       " ORDER BY r.started_ns DESC, r.id DESC LIMIT ?5",
				       &q);

	if (err)
		return err;
	query_int(&q, first);
	query_int(&q, last);
	query_text(&q, like->workload.id);
	query_text(&q, like->machine.id);
	query_int(&q, RANGE_MOST);
	while (!(err = query_step(&q, &row)) && row) {
		char id[UUID_TEXT];

		if (sqlite3_column_bytes(q.stmt, 0) != BLOB_SIZE)
			continue;
		identifier_text(sqlite3_column_blob(q.stmt, 0), id);
		strings_add(ids, id);
	}
	return err;
}

static struct error *count(const struct db *db, int64_t first, int64_t last, size_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db, "SELECT count(*)" IN_RANGE, &q);

	if (err)
		return err;
	query_int(&q, first);
	query_int(&q, last);
	err = query_step(&q, &row);
	if (!err && row)
		*ret = (size_t)sqlite3_column_int64(q.stmt, 0);
	return err;
}

/* The ids of the range, newest first. */
static struct error *find(struct db *db, const char *ref, const struct run *like,
			  struct strings *ids, size_t *left_out)
{
	CLEANUP(ends_clear) struct ends ends = { 0 };
	CLEANUP(run_clear) struct run newest = { 0 };
	int64_t first = 0, last = 0;
	size_t all = 0;
	struct error *err = split(ref, &ends);

	err = err ? err : reference_resolve_oldest(db, ends.first, &first);
	err = err ? err : reference_resolve(db, ends.last, &last);
	err = err ? err : count(db, first, last, &all);
	if (err)
		return err;
	if (!all)
		return error_hint(error_new(ERROR_USAGE,
					    "no run from %s to %s: %s is the newer one", ends.first,
					    ends.last, ends.first),
				  "%s..%s", ends.last, ends.first);
	if (like)
		err = read_ids(db, first, last, like, ids);
	if (!err && !ids->n) {
		err = db_load_figures(db, ends.last, &newest);
		err = err ? err : read_ids(db, first, last, &newest, ids);
	}
	*left_out = all - ids->n;
	return err;
}

struct error *range_load(struct db *db, const char *ref, const struct run *like, struct runs *ret,
			 size_t *left_out)
{
	CLEANUP(strings_clear) struct strings ids = { 0 };
	struct error *err = NULL;

	*left_out = 0;
	if (strstr(ref, ".."))
		err = find(db, ref, like, &ids, left_out);
	else
		strings_add(&ids, ref);
	for (size_t i = ids.n; !err && i-- > 0;) {
		struct run run = { 0 };

		err = i ? db_load_figures(db, ids.items[i], &run) : db_load(db, ids.items[i], &run);
		if (!err)
			vec_push(ret, run);
	}
	return err;
}

/* --- as one ----------------------------------------------------------------------------------- */

static const struct race_entry *find_entry(const struct race *race, const struct race_entry *like)
{
	vec_each (race, e)
		if (e->model == like->model && e->workers == like->workers &&
		    e->outcome == OUTCOME_OK)
			return e;
	return NULL;
}

static double tasks_of(const struct run *run)
{
	return (double)(run->race.conditions.tasks ? run->race.conditions.tasks : 1);
}

/* A sample from each run that has one: its median, which outlives the raw samples. */
static void pool_entry(const struct runs *runs, const struct run *newest, struct race_entry *e)
{
	struct samples medians = { 0 };

	vec_each (runs, run) {
		const struct race_entry *own = find_entry(&run->race, e);
		struct estimate wall =
			own ? race_entry_wall(own) : (struct estimate){ .value = NAN };

		if (own && wall.n && isfinite(wall.value))
			vec_push(&medians, wall.value * tasks_of(newest) / tasks_of(run));
	}
	vec_clear(&e->walls);
	vec_clear(&e->ratios);
	e->walls = medians;
}

static void pool_profile(struct profile *from, struct profile *sum)
{
	if (!from->measured || !sum->measured || from->tier != sum->tier)
		return;
	wait_profile_add(&sum->waits, &from->waits);
	sum->tasks += from->tasks;
	vec_each (&from->stacks, s)
		vec_push(&sum->stacks, *s);
	vec_clear(&from->stacks); /* now the sum's */
}

void range_pool(struct runs *runs, struct run *ret)
{
	struct run *newest = &runs->items[runs->n - 1];

	vec_each (&newest->race, e)
		if (e->outcome == OUTCOME_OK)
			pool_entry(runs, newest, e);
	for (size_t i = 0; i + 1 < runs->n; i++)
		pool_profile(&runs->items[i].profile, &newest->profile);
	/* The noise of the machine is in the samples now; how a build lies in memory is not. */
	newest->race.conditions.noise = (struct estimate){ 1, 1 - LAYOUT, 1 + LAYOUT, runs->n };
	*ret = *newest;
	*newest = (struct run){ 0 };
}
