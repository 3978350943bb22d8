/*
 * The law finds what it was made of, and what is projected says how far it may be wrong.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advisor/scaling.h"
#include "advisor/usl.h"
#include "base/cleanup.h"

static void test_the_law_is_found_again(void **state)
{
	static const struct usl laws[] = { { 0, 0 },        { 0.05, 0 },   { 0, 0.002 },
					   { 0.03, 0.001 }, { 0.3, 0.01 }, { 0.9, 0 } };
	const double workers[] = { 1, 2, 4, 8, 16, 32 };
	double speedup[6];

	(void)state;
	for (size_t i = 0; i < sizeof(laws) / sizeof(*laws); i++) {
		struct usl found;

		for (int k = 0; k < 6; k++)
			speedup[k] = usl_speedup(laws[i], workers[k]);
		found = usl_fit(workers, speedup, 6, USL_BOTH);
		assert_true(fabs(found.sigma - laws[i].sigma) < 1e-3);
		assert_true(fabs(found.kappa - laws[i].kappa) < 1e-4);
	}
}

static void test_the_peak_is_not_passed(void **state)
{
	const struct usl u = { 0.02, 0.01 };

	(void)state;
	assert_true(usl_most(u, 1000) >= usl_speedup(u, 10));
	assert_true(usl_most(u, 1000) > usl_speedup(u, 1000));
	assert_true(usl_most(u, 1) == 1);
}

/* A race of one model whose speedups are `law` over what `cores` can feed, with +-1 % of noise. */
static void add_entries(struct run *run, enum model model, const int *workers, size_t n,
			struct usl law, double demand, int rounds)
{
	struct rng rng = { 5 };

	run->race.measured = true;
	run->race.conditions.tasks = 1000;
	for (size_t i = 0; i < n; i++) {
		double fed = fmin(workers[i], run->machine.cores / demand);
		struct race_entry e = { .model = model, .workers = workers[i] };

		e.speedup.value = usl_speedup(law, fmax(fed, 1));
		e.speedup.n = (size_t)rounds;
		e.cpu_ns_per_task = demand * 1e6;
		for (int r = 0; r < rounds; r++) {
			double ratio = e.speedup.value *
				       (1 + 0.01 * ((double)rng_below(&rng, 201) / 100 - 1));

			vec_push(&e.ratios, ratio);
			vec_push(&e.walls, 1e6 * 1000 / ratio);
		}
		vec_push(&run->race, e);
	}
}

static void find(const struct run *run, const int *cores, size_t n, struct scalings *ret)
{
	CLEANUP(verdict_clear) struct verdict scratch = { 0 };
	struct table table;
	struct advice a;

	assert_null(table_load(&table));
	assert_null(advice_init(&a, run, &table, POLICY_MEASURED, &scratch));
	scaling_find(&a, cores, n, ret);
}

/* Two cores only: the range must hold whatever the truth is, contention or coherence. */
static void test_two_cores_give_a_range(void **state)
{
	static const struct usl laws[] = { { 0.04, 0 }, { 0, 0.02 }, { 0.02, 0.01 } };
	const int workers[] = { 2, 4 }, cores[] = { 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(laws) / sizeof(*laws); i++) {
		CLEANUP(run_clear) struct run run = { .machine = { .cores = 2 } };
		CLEANUP(scalings_clear) struct scalings list = { 0 };
		const struct scaling *s;
		const struct projection *p;

		add_entries(&run, MODEL_PROCESSES, workers, 2, laws[i], 1, 9);
		find(&run, cores, 1, &list);
		assert_int_equal(list.n, 1);
		s = &list.items[0];
		assert_null(s->why_not);
		assert_true(s->one_loss);
		assert_int_equal(s->knee, 2);
		assert_true(s->knee_seen);
		assert_int_equal(s->by, BOUND_CPU);
		p = &s->projections.items[0];
		assert_true(isnan(p->speedup.value));
		assert_int_equal(p->workers, 16);
		assert_true(p->speedup.low <= usl_most(laws[i], 16));
		assert_true(p->speedup.high >= usl_most(laws[i], 16));
		assert_true(p->speedup.high <= 16.5);
	}
}

/* Waits: many sizes below what the cores can feed give one law, and a narrow range. */
static void test_many_sizes_give_a_figure(void **state)
{
	const int workers[] = { 2, 4, 8, 16 }, cores[] = { 2, 8 };
	const struct usl law = { 0.03, 0.001 };
	CLEANUP(run_clear) struct run run = { .machine = { .cores = 2 } };
	CLEANUP(scalings_clear) struct scalings list = { 0 };
	const struct scaling *s;
	const struct projection *p;

	(void)state;
	add_entries(&run, MODEL_THREADS, workers, 4, law, 0.02, 9);
	find(&run, cores, 2, &list);
	s = &list.items[0];
	assert_false(s->one_loss);
	assert_int_equal(s->sizes, 4);
	assert_true(s->contention.low <= 0.031 && s->contention.high >= 0.029);
	assert_false(s->knee_seen);
	p = &s->projections.items[1];
	assert_true(p->speedup.low <= p->speedup.value && p->speedup.value <= p->speedup.high);
	assert_true(fabs(p->speedup.value / usl_most(law, 400) - 1) < 0.1);
}

/* An event loop has one core, whatever the machine has. */
static void test_cores_do_not_help_a_loop(void **state)
{
	const int workers[] = { 4, 16, 64 }, cores[] = { 2, 64 };
	CLEANUP(run_clear) struct run run = { .machine = { .cores = 1 } };
	CLEANUP(scalings_clear) struct scalings list = { 0 };
	const struct scaling *s;

	(void)state;
	add_entries(&run, MODEL_ASYNC, workers, 3, (struct usl){ 0, 0 }, 0.2, 9);
	run.machine.cores = 2;
	find(&run, cores, 2, &list);
	s = &list.items[0];
	assert_int_equal(s->by, BOUND_LOOP);
	assert_int_equal(s->projections.items[1].by, BOUND_LOOP);
	assert_true(s->projections.items[0].speedup.high == s->projections.items[1].speedup.high);
	assert_true(s->projections.items[1].speedup.high < 5.2);
}

/* More CPU time for each task, the more of them run: the memory, not a lock. */
static void test_memory_is_named(void **state)
{
	const int workers[] = { 1, 2, 4 }, cores[] = { 16 };
	CLEANUP(run_clear) struct run run = { .machine = { .cores = 4 } };
	CLEANUP(scalings_clear) struct scalings list = { 0 };

	(void)state;
	add_entries(&run, MODEL_PROCESSES, workers, 3, (struct usl){ 0.4, 0 }, 1, 9);
	run.race.items[1].cpu_ns_per_task *= 1.4;
	run.race.items[2].cpu_ns_per_task *= 2.2;
	find(&run, cores, 1, &list);
	assert_int_equal(list.items[0].by, BOUND_MEMORY);
	assert_int_equal(list.items[0].projections.items[0].by, BOUND_MEMORY);
	assert_true(list.items[0].projections.items[0].speedup.high < 3);
}

/* Slower with workers than alone: the law falls, and every range is still one. */
static void test_a_loss_is_a_range_too(void **state)
{
	const int workers[] = { 2, 4 }, cores[] = { 1, 2, 16 };
	const struct usl laws[] = { { 1.3, 0 }, { 0, 0.9 }, { 3, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(laws) / sizeof(*laws); i++) {
		CLEANUP(run_clear) struct run run = { .machine = { .cores = 4 } };
		CLEANUP(scalings_clear) struct scalings list = { 0 };

		add_entries(&run, MODEL_THREADS, workers, 1 + i % 2, laws[i], 1, 9);
		find(&run, cores, 3, &list);
		assert_null(list.items[0].why_not);
		vec_each (&list.items[0].curve, p)
			assert_true(p->fit.low <= p->fit.value && p->fit.value <= p->fit.high);
		vec_each (&list.items[0].projections, p)
			assert_true(p->speedup.low <= p->speedup.high);
	}
}

static void test_too_little_to_fit(void **state)
{
	const int workers[] = { 2, 4 }, one[] = { 1 };
	CLEANUP(run_clear) struct run few = { .machine = { .cores = 2 } };
	CLEANUP(run_clear) struct run alone = { .machine = { .cores = 2 } };
	CLEANUP(scalings_clear) struct scalings list = { 0 }, list_alone = { 0 };

	(void)state;
	add_entries(&few, MODEL_PROCESSES, workers, 2, (struct usl){ 0, 0 }, 1, 3);
	find(&few, NULL, 0, &list);
	assert_string_equal(list.items[0].why_not, "too few clean rounds");
	add_entries(&alone, MODEL_PROCESSES, one, 1, (struct usl){ 0, 0 }, 1, 9);
	find(&alone, NULL, 0, &list_alone);
	assert_non_null(list_alone.items[0].why_not);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_law_is_found_again),
		cmocka_unit_test(test_the_peak_is_not_passed),
		cmocka_unit_test(test_two_cores_give_a_range),
		cmocka_unit_test(test_many_sizes_give_a_figure),
		cmocka_unit_test(test_cores_do_not_help_a_loop),
		cmocka_unit_test(test_memory_is_named),
		cmocka_unit_test(test_a_loss_is_a_range_too),
		cmocka_unit_test(test_too_little_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
