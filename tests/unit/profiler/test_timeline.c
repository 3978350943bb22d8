#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "profiler/timeline.h"

static void take(struct task_result *tasks, size_t n, const size_t *numbers, size_t numbers_n,
		 int workers, struct race_timeline *ret)
{
	const struct trial t = { .tasks = tasks, .n = n };

	timeline_take(&t, numbers, numbers_n, workers, ret);
}

/* Four tasks, listed in another order than they were started in, by two workers. */
static void in_order_of_start_to_whoever_is_free_longest(void **state)
{
	static const size_t numbers[] = { 7, 3 }; /* two tasks, each run twice */
	static const struct race_task expected[] = {
		{ 0, 50, 7, 0 }, { 1, 20, 3, 1 }, { 21, 31, 7, 1 }, { 51, 91, 3, 1 }
	};
	struct task_result tasks[] = { { .start_ns = 0, .wall_ns = 50 },
				       { .start_ns = 51, .wall_ns = 40 },
				       { .start_ns = 21, .wall_ns = 10 },
				       { .start_ns = 1, .wall_ns = 19 } };
	struct race_timeline got = { 0 };

	(void)state;
	take(tasks, 4, numbers, 2, 2, &got);
	assert_int_equal(got.n, 4);
	for (size_t i = 0; i < got.n; i++) {
		assert_int_equal(got.items[i].start_ns, expected[i].start_ns);
		assert_int_equal(got.items[i].end_ns, expected[i].end_ns);
		assert_int_equal(got.items[i].task, expected[i].task);
		assert_int_equal(got.items[i].worker, expected[i].worker);
	}
	vec_clear(&got);
}

static void what_was_there_is_replaced_and_the_rest_is_cut(void **state)
{
	static const size_t number = 0;
	struct task_result tasks[RACE_TIMELINE + 20];
	struct race_timeline got = { 0 };
	const size_t n = sizeof(tasks) / sizeof(*tasks);

	(void)state;
	for (size_t i = 0; i < n; i++) /* the last one started first */
		tasks[i] = (struct task_result){ .start_ns = 10 * (n - i), .wall_ns = 10 };
	take(tasks, n, &number, 1, 1, &got);
	take(tasks, n, &number, 1, 1, &got);
	assert_int_equal(got.n, RACE_TIMELINE);
	for (size_t i = 0; i < got.n; i++) {
		assert_int_equal(got.items[i].start_ns, 10 * (i + 1));
		assert_int_equal(got.items[i].worker, 0);
	}
	take(tasks, 0, &number, 1, 0, &got); /* nothing ran, by nobody */
	assert_int_equal(got.n, 0);
	vec_clear(&got);
}

static void only_the_best_of_each_model_keeps_its_own(void **state)
{
	static const struct {
		enum model model;
		enum outcome outcome;
		double speedup;
		bool kept;
	} rows[] = {
		{ MODEL_THREADS, OUTCOME_OK, 2, false },
		{ MODEL_THREADS, OUTCOME_OK, 4, true },
		{ MODEL_THREADS, OUTCOME_WRONG_RESULT, 8, false },
		{ MODEL_ASYNC, OUTCOME_OK, NAN, false },
		{ MODEL_PROCESSES, OUTCOME_OK, 3, true },
	};
	CLEANUP(race_clear) struct race race = { 0 };
	const size_t n = sizeof(rows) / sizeof(*rows);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct race_entry e = { .model = rows[i].model, .outcome = rows[i].outcome };

		e.speedup = (struct estimate){ rows[i].speedup, 1, 9, 9 };
		vec_push(&e.timeline, ((struct race_task){ 0, 1, 0, 0 }));
		vec_push(&race, e);
	}
	timeline_keep_best(&race);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(race.items[i].timeline.n, rows[i].kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_of_start_to_whoever_is_free_longest),
		cmocka_unit_test(what_was_there_is_replaced_and_the_rest_is_cut),
		cmocka_unit_test(only_the_best_of_each_model_keeps_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
