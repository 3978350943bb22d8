#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "db/compare.h"
#include "db/range.h"
#include "sample.h"

#define COMMIT "000000000000000000000000000000000abcdef" /* and one more digit */

/* Runs 0 to 13, of which the last seven take `ratio` times as long; run 3 is another workload. */
static struct db *history(const char *path, double ratio)
{
	struct db *db = NULL;

	sample_assert_ok(db_open(path, DB_WRITE, &db));
	for (int i = 0; i < 14; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		sample_add_findings(&run, 4, 2, 0);
		race_clear(&run.race);
		run.race.conditions.tasks = 40;
		/* Runs differ by more than the rounds of one do. */
		sample_add_race(&run, MODEL_SEQUENTIAL, 1, 8,
				1e9 * (1 + 0.01 * (i * 5 % 7)) * (i < 7 ? 1 : ratio));
		free(run.target.git_commit);
		run.target.git_commit = xasprintf("%040x", 0xabcdef0 + i / 7);
		if (i == 3)
			run.workload.id[0] = 'b';
		sample_assert_ok(db_store(db, &run));
	}
	return db;
}

static void compare(struct db *db, const char *a_ref, const char *b_ref, struct comparison *ret)
{
	CLEANUP(runs_clear) struct runs as = { 0 };
	CLEANUP(runs_clear) struct runs bs = { 0 };
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	size_t a_out, b_out;

	sample_assert_ok(range_load(db, b_ref, NULL, &bs, &b_out));
	sample_assert_ok(range_load(db, a_ref, &bs.items[bs.n - 1], &as, &a_out));
	range_pool(&as, &a);
	range_pool(&bs, &b);
	compare_with(&a, &b, &(struct compare_options){ .of_runs = true }, ret);
}

static void test_runs_are_the_samples(void **state)
{
	static const struct {
		double ratio;
		const char *a, *b;
		size_t n;
		enum change change;
		const char *why;
	} cases[] = {
		{ 1.2, "last~13..last~7", "last~6..last", 6, CHANGE_WORSE, NULL },
		{ 0.8, "last~13..last~7", "last~6..last", 6, CHANGE_BETTER, NULL },
		{ 1.0, "last~13..last~7", "last~6..last", 6, CHANGE_SAME, NULL },
		/* Of a commit, from its first run to its last. */
		{ 1.2, COMMIT "0.." COMMIT "0", COMMIT "1.." COMMIT "1", 6, CHANGE_WORSE, NULL },
		/* Eight rounds of one run are one sample beside several runs. */
		{ 1.2, "last~13..last~7", "last", 1, CHANGE_CANNOT_TELL,
		  "1 run, need 6 on both sides" },
		{ 1.2, "last~13..last~7", "last~4..last", 5, CHANGE_CANNOT_TELL,
		  "5 runs, need 6 on both sides" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(comparison_clear) struct comparison c = { 0 };
		CLEANUP(db_clear) struct db *db = NULL;

		sample_place_init(&place);
		db = history(place.db, cases[i].ratio);
		compare(db, cases[i].a, cases[i].b, &c);
		assert_int_equal(c.entries.n, 1);
		assert_int_equal(c.entries.items[0].ratio.n, cases[i].n);
		assert_string_equal(change_key(c.entries.items[0].change),
				    change_key(cases[i].change));
		if (cases[i].why)
			assert_string_equal(c.entries.items[0].why, cases[i].why);
		/* Profiles are added up: a share is of all of them. */
		assert_true(c.waits.n && c.waits.items[0].before > 0.09 &&
			    c.waits.items[0].before < 0.11);
	}
}

static void test_what_does_not_belong_is_left_out(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(runs_clear) struct runs runs = { 0 };
	size_t left_out = 0;

	(void)state;
	sample_place_init(&place);
	db = history(place.db, 1);
	sample_assert_ok(range_load(db, "last~13..last", NULL, &runs, &left_out));
	assert_int_equal(runs.n, 13);
	assert_int_equal(left_out, 1);
	assert_true(runs.items[0].started_ns < runs.items[12].started_ns);
	/* Only the last is asked for its findings. */
	assert_int_equal(runs.items[11].facts.n, 0);
	assert_true(runs.items[12].facts.n > 0);
	assert_true(runs.items[11].facts.analysed && runs.items[11].race.n);
}

static void test_misuse(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(runs_clear) struct runs runs = { 0 };
	size_t left_out;

	(void)state;
	sample_place_init(&place);
	db = history(place.db, 1);
	sample_assert_error(range_load(db, "last~3..", NULL, &runs, &left_out), ERROR_USAGE,
			    place.db, "\"last~3..\" is open at one end",
			    "name both: concur compare v1..v2 last~3..last");
	sample_assert_error(range_load(db, "last..last~3", NULL, &runs, &left_out), ERROR_USAGE,
			    place.db, "no run from last to last~3: last is the newer one",
			    "last~3..last");
	sample_assert_error(range_load(db, "nothing..last", NULL, &runs, &left_out), ERROR_USAGE,
			    place.db, "no run \"nothing\" in @", NULL);
	sample_assert_error(db_tag(db, "last", "a..b"), ERROR_USAGE, place.db,
			    "\"a..b\" cannot be a tag", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_are_the_samples),
		cmocka_unit_test(test_what_does_not_belong_is_left_out),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
