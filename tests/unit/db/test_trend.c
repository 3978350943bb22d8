#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "db/trend.h"
#include "sample.h"

struct history_plan {
	int runs, step_at;
	double step; /* the sequential wall time from then on */
	int waits_at;
};

static void store_plan(const struct sample_place *place, const struct history_plan *plan)
{
	CLEANUP(db_clear) struct db *db = NULL;

	sample_assert_ok(db_open(place->db, DB_WRITE, &db));
	for (int i = 0; i < plan->runs; i++) {
		CLEANUP(run_clear) struct run run = { 0 };
		double jitter = 1 + 0.002 * (i * 7 % 11);

		sample_run(i, &run);
		race_clear(&run.race);
		run.race.conditions.tasks = 40;
		sample_add_race(&run, MODEL_SEQUENTIAL, 1, 8,
				1e9 * jitter * (i >= plan->step_at ? plan->step : 1));
		sample_add_race(&run, MODEL_THREADS, 8, 8, 2.5e8 * jitter);
		if (i >= plan->waits_at) {
			run.profile.waits.wait_ns[WAIT_DISK] = 400;
			run.profile.waits.wall_ns += 400;
		}
		sample_assert_ok(db_store(db, &run));
	}
}

static const struct trend_series *series(const struct trend *t, const char *name)
{
	vec_each (&t->series, s)
		if (!strcmp(s->name, name))
			return s;
	fail_msg("no series %s", name);
	return NULL;
}

static struct trend trend_of(const struct sample_place *place, const char *which, size_t limit)
{
	CLEANUP(db_clear) struct db *db = NULL;
	struct trend t = { 0 };

	sample_assert_ok(db_open(place->db, DB_READ, &db));
	sample_assert_ok(db_trend(db, which, limit, &t));
	return t;
}

static void test_changes_per_model_and_wait(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(trend_clear) struct trend t = { 0 };
	const struct trend_change *c;

	(void)state;
	sample_place_init(&place);
	store_plan(&place, &(struct history_plan){ 30, 18, 1.2, 12 });
	t = trend_of(&place, NULL, 0);
	assert_int_equal(t.runs.n, 30);
	assert_string_equal(t.workload, "aaaabbbbccccddddaaaabbbbccccdddd");
	assert_int_equal(series(&t, "threads")->changes.n, 0);
	assert_int_equal(series(&t, "sequential")->changes.n, 1);
	c = &series(&t, "sequential")->changes.items[0];
	assert_int_equal(c->run, 18);
	assert_int_equal(c->before, 18);
	assert_int_equal(c->after, 12);
	assert_true(c->ratio.low > 1.17 && c->ratio.high < 1.23 && c->p < 0.001);
	/* A kind that appears was 0 before. */
	assert_int_equal(series(&t, "disk")->values.n, 30);
	assert_int_equal(series(&t, "disk")->changes.n, 1);
	assert_int_equal(series(&t, "disk")->changes.items[0].run, 12);
	assert_int_equal(series(&t, "network")->changes.n, 0);
	/* Per task: the race's trials have 40, the profile 3. */
	assert_true(series(&t, "threads")->level.value > 6.2e6 &&
		    series(&t, "threads")->level.value < 6.5e6);
	assert_true(series(&t, "network")->level.value > 266 &&
		    series(&t, "network")->level.value < 267);
}

static void test_other_machines_and_the_limit(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(trend_clear) struct trend t = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };

	(void)state;
	sample_place_init(&place);
	store_plan(&place, &(struct history_plan){ 10, 99, 1, 99 });
	sample_assert_ok(db_open(place.db, DB_WRITE, &db));
	sample_run(-5, &run);
	sample_id(77, run.id);
	free(run.machine.id);
	run.machine.id = xstrdup("m2");
	sample_assert_ok(db_store(db, &run));
	t = trend_of(&place, "fetch", 4);
	assert_int_equal(t.runs.n, 4);
	assert_int_equal(t.older, 6);
	assert_int_equal(t.elsewhere, 1);
	assert_string_equal(t.machine, "m1");
	assert_true(t.runs.items[0].started_ns < t.runs.items[3].started_ns);
}

static void test_which_workload(void **state)
{
	static const struct {
		const char *which, *message;
	} cases[] = {
		{ "aaaa", NULL },
		{ "last", NULL },
		{ "fetch", NULL },
		{ "/home/ann/demo/fetch", NULL },
		{ "etch", "no workload \"etch\" in @" },
		{ "bbbb", "no workload \"bbbb\" in @" },
	};
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	store_plan(&place, &(struct history_plan){ 2, 99, 1, 99 });
	sample_assert_ok(db_open(place.db, DB_READ, &db));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(trend_clear) struct trend t = { 0 };
		struct error *err = db_trend(db, cases[i].which, 0, &t);

		if (cases[i].message)
			sample_assert_error(err, ERROR_USAGE, place.db, cases[i].message, NULL);
		else
			sample_assert_ok(err);
	}
}

static void test_several_workloads_of_one_program(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(trend_clear) struct trend t = { 0 };
	CLEANUP(run_clear) struct run run = { 0 };

	(void)state;
	sample_place_init(&place);
	store_plan(&place, &(struct history_plan){ 2, 99, 1, 99 });
	sample_assert_ok(db_open(place.db, DB_WRITE, &db));
	sample_run(9, &run);
	memset(run.workload.id, 'b', 8);
	sample_assert_ok(db_store(db, &run));
	sample_assert_error(db_trend(db, "fetch", 0, &t), ERROR_USAGE, place.db,
			    "\"fetch\" has several workloads: ...", NULL);
	sample_assert_ok(db_trend(db, "bbbb", 0, &t));
	assert_int_equal(t.runs.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_per_model_and_wait),
		cmocka_unit_test(test_other_machines_and_the_limit),
		cmocka_unit_test(test_which_workload),
		cmocka_unit_test(test_several_workloads_of_one_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
