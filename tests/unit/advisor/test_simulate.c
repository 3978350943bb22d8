/*
 * Calls made up so that what each model makes of them is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advisor/simulate.h"
#include "base/alloc.h"
#include "base/cleanup.h"

#define MS    1000000ull
#define CALLS 64

static const struct simulate_costs machine = {
	.cores = 2, .disk_depth = 4, .loop_depth = 4, .slowdown = 1
};

/* CALLS calls of one segment of CPU time and one wait. */
static struct recording calls_of(uint64_t cpu_ms, int kind, uint64_t wait_ms, uint64_t gap_ms)
{
	struct recording r = { .made = true, .total = CALLS, .at_once = 1, .unit = xstrdup("f") };

	for (size_t i = 0; i < CALLS; i++) {
		vec_push(&r.calls, ((struct recorded_call){ .first = r.segments.n,
							    .n = 2,
							    .gap_cpu_ns = i ? gap_ms * MS : 0 }));
		vec_push(&r.segments, ((struct segment){ SEGMENT_CPU, cpu_ms * MS }));
		vec_push(&r.segments, ((struct segment){ kind, wait_ms * MS }));
	}
	return r;
}

static const struct {
	const char *what;
	uint64_t cpu_ms;
	int kind;
	uint64_t wait_ms, gap_ms;
	enum model model;
	int workers;
	double speedup; /* within 5 % */
} cases[] = {
	{ "computing takes cores", 10, WAIT_SLEEP, 0, 0, MODEL_THREADS, 2, 2 },
	{ "and no more than there are", 10, WAIT_SLEEP, 0, 0, MODEL_THREADS, 8, 2 },
	{ "processes too", 10, WAIT_SLEEP, 0, 0, MODEL_PROCESSES, 2, 2 },
	{ "a loop has one core", 10, WAIT_SLEEP, 0, 0, MODEL_ASYNC, 8, 1 },
	{ "its pool has all", 10, WAIT_SLEEP, 0, 0, MODEL_HYBRID, 8, 2 },
	{ "waits overlap", 0, WAIT_NETWORK, 10, 0, MODEL_THREADS, 8, 8 },
	{ "in a loop too", 0, WAIT_NETWORK, 10, 0, MODEL_ASYNC, 16, 16 },
	{ "up to the CPU share", 1, WAIT_POLL, 9, 0, MODEL_ASYNC, 32, 10 * 64 / 73.0 },
	{ "a device takes so many", 0, WAIT_DISK, 10, 0, MODEL_THREADS, 16, 4 },
	{ "a lock takes one", 0, WAIT_LOCK, 10, 0, MODEL_THREADS, 16, 1 },
	{ "what is not known does not overlap", 0, SEGMENT_UNKNOWN, 10, 0, MODEL_THREADS, 4, 1 },
	{ "nor does it in a loop", 0, SEGMENT_UNKNOWN, 10, 0, MODEL_ASYNC, 4, 1 },
	{ "what lies between the calls stays in order", 0, WAIT_NETWORK, 9, 1, MODEL_THREADS, 32,
	  (63 + 64 * 9) / (63 + 9.0) },
};

static void models_do_what_they_can(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(recording_clear)
		struct recording r =
			calls_of(cases[i].cpu_ms, cases[i].kind, cases[i].wait_ms, cases[i].gap_ms);
		size_t pick[CALLS];
		double one, many;

		for (size_t k = 0; k < CALLS; k++)
			pick[k] = k;
		one = simulate_ns(&r, pick, CALLS, MODEL_SEQUENTIAL, 1, &machine);
		many = simulate_ns(&r, pick, CALLS, cases[i].model, cases[i].workers, &machine);
		if (one / many < 0.95 * cases[i].speedup || one / many > 1.05 * cases[i].speedup)
			fail_msg("%s: %.2f, not %.2f", cases[i].what, one / many, cases[i].speedup);
	}
}

static double gain(const struct recording *r, enum model model, int workers)
{
	size_t pick[CALLS];

	for (size_t k = 0; k < CALLS; k++)
		pick[k] = k;
	return simulate_ns(r, pick, CALLS, MODEL_SEQUENTIAL, 1, &machine) /
	       simulate_ns(r, pick, CALLS, model, workers, &machine);
}

/* A wait of 5 ms before each call is the dispatcher's, unless it repeats with each. */
static void gaps_that_repeat_are_handed_over(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(0, WAIT_NETWORK, 5, 0);
	struct simulate_costs apart = machine;
	struct segments with_gaps = { 0 };
	const int workers[] = { 8 };
	struct rng rng = { 1 };
	CLEANUP(race_clear) struct race race = { 0 };

	(void)state;
	vec_each (&r.calls, call) {
		vec_push(&with_gaps, ((struct segment){ WAIT_NETWORK, 5 * MS }));
		vec_push(&with_gaps, r.segments.items[call->first]);
		vec_push(&with_gaps, r.segments.items[call->first + 1]);
		call->first = with_gaps.n - 2;
		call->gap_n = 1;
		call->gap_wait_ns = 5 * MS;
	}
	vec_clear(&r.segments);
	r.segments = with_gaps;
	assert_true(gain(&r, MODEL_THREADS, 8) < 2.05);
	recording_judge_gaps(&r);
	assert_true(r.gaps_repeat);
	assert_true(gain(&r, MODEL_THREADS, 8) > 7.5);
	apart.gaps_apart = true;
	assert_true(simulate_speedup(&r, MODEL_THREADS, 8, &apart) < 2.05);
	simulate_race(&r, &machine, workers, 1, &rng, &race);
	assert_true(race.items[0].speedup.value > 7.5);
	assert_true(race.items[0].speedup.low < 2.05); /* if it cannot be handed over */
}

/* Computing without a lock for as long as waiting with it. */
static void what_holds_a_lock_is_one_at_a_time(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(5, WAIT_NETWORK, 5, 0);
	struct recorded_lock lock = { .name = xstrdup("m"), .file = false };

	(void)state;
	assert_true(gain(&r, MODEL_ASYNC, 8) > 1.9);
	vec_push(&r.locks, lock);
	vec_each (&r.segments, segment)
		segment->lock = segment->kind == WAIT_NETWORK;
	assert_true(gain(&r, MODEL_THREADS, 8) > 1.9 && gain(&r, MODEL_THREADS, 8) < 2.05);
	assert_true(gain(&r, MODEL_PROCESSES, 8) > 3.5); /* each has its own */
	r.locks.items[0].file = true;
	assert_true(gain(&r, MODEL_PROCESSES, 8) < 2.05);
	vec_each (&r.segments, segment)
		segment->lock = 1;
	assert_true(gain(&r, MODEL_THREADS, 8) < 1.01);
}

static void two_locks_are_two(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(0, WAIT_NETWORK, 5, 0);

	(void)state;
	for (size_t i = 0; i < 2; i++)
		vec_push(&r.locks, ((struct recorded_lock){ .name = xstrdup("m") }));
	for (size_t i = 0; i < CALLS; i++)
		r.segments.items[r.calls.items[i].first + 1].lock = 1 + i % 2;
	assert_true(gain(&r, MODEL_THREADS, 8) > 1.9 && gain(&r, MODEL_THREADS, 8) < 2.05);
}

static void a_lock_taken_often_has_its_share(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(10, WAIT_SLEEP, 0, 0);

	(void)state;
	vec_push(&r.locks, ((struct recorded_lock){ .name = xstrdup("m"), .held_ns = 8 }));
	r.locks_watched_ns = 10;
	assert_true(gain(&r, MODEL_THREADS, 2) > 1.2 && gain(&r, MODEL_THREADS, 2) < 1.3);
}

/* Calls that only wait for a disk, by 16 workers. */
static void race_on_disk(struct estimate threads, struct estimate loop, struct race *race)
{
	static const int workers[] = { 16 };
	CLEANUP(recording_clear) struct recording r = calls_of(0, WAIT_DISK, 10, 0);
	struct simulate_costs costs = machine;
	struct rng rng = { 7 };

	r.inside.wait_ns[WAIT_DISK] = r.inside.wall_ns = 10;
	r.disk_depth = threads;
	r.loop_depth = loop;
	costs.disk_depth = threads.value;
	costs.loop_depth = loop.n ? loop.value : threads.value;
	simulate_race(&r, &costs, workers, 1, &rng, race);
	assert_int_equal(race->n, MODEL_COUNT - 1);
}

static void a_disk_that_was_tried_is_believed(void **state)
{
	CLEANUP(race_clear) struct race race = { 0 };

	(void)state;
	race_on_disk((struct estimate){ 2.5, 2.2, 3, 5 }, (struct estimate){ 0 }, &race);
	vec_each (&race, e) {
		assert_true(e->speedup.value > 2.3 && e->speedup.value < 2.6);
		assert_true(e->speedup.low < 2.2 && e->speedup.low > 1.8);
		assert_true(e->speedup.high > 2.7);
	}
}

static void a_loop_has_a_depth_of_its_own(void **state)
{
	CLEANUP(race_clear) struct race race = { 0 };

	(void)state;
	race_on_disk((struct estimate){ 5, 4.8, 5.2, 9 }, (struct estimate){ 2, 1.9, 2.1, 9 },
		     &race);
	vec_each (&race, e) {
		bool loop = e->model == MODEL_ASYNC || e->model == MODEL_HYBRID;

		assert_true(e->speedup.value > (loop ? 1.9 : 4.5));
		assert_true(e->speedup.value < (loop ? 2.1 : 5.1));
	}
}

static void one_worker_gains_nothing(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(3, WAIT_NETWORK, 7, 0);
	size_t pick[CALLS];

	(void)state;
	for (size_t k = 0; k < CALLS; k++)
		pick[k] = k;
	for (int m = MODEL_THREADS; m < MODEL_COUNT; m++)
		assert_true(simulate_ns(&r, pick, CALLS, (enum model)m, 1, &machine) >
			    simulate_ns(&r, pick, CALLS, MODEL_SEQUENTIAL, 1, &machine) * 0.999);
}

static void more_workers_are_never_slower(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(2, WAIT_NETWORK, 20, 1);
	size_t pick[CALLS];

	(void)state;
	for (size_t k = 0; k < CALLS; k++)
		pick[k] = k;
	for (int m = MODEL_THREADS; m < MODEL_COUNT; m++) {
		double before = simulate_ns(&r, pick, CALLS, (enum model)m, 1, &machine);

		for (int w = 2; w <= 64; w *= 2) {
			double now = simulate_ns(&r, pick, CALLS, (enum model)m, w, &machine);

			assert_true(now <= before * 1.02);
			before = now;
		}
	}
}

static void handing_over_costs(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(1, WAIT_SLEEP, 0, 0);
	struct simulate_costs dear = machine;
	size_t pick[CALLS];

	(void)state;
	for (size_t k = 0; k < CALLS; k++)
		pick[k] = k;
	dear.call_ns[MODEL_PROCESSES] = 3e6;
	assert_true(simulate_ns(&r, pick, CALLS, MODEL_PROCESSES, 2, &dear) >
		    simulate_ns(&r, pick, CALLS, MODEL_SEQUENTIAL, 1, &dear) * 1.5);
	assert_true(simulate_ns(&r, pick, CALLS, MODEL_THREADS, 2, &dear) <
		    simulate_ns(&r, pick, CALLS, MODEL_SEQUENTIAL, 1, &dear) * 0.6);
}

/* Of 64 calls that wait 10 ms for 32 workers, half of a millisecond each to start: the last one comes
 * 16 ms late, when those before it are already at their second. */
static void starting_workers_costs(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_of(0, WAIT_SLEEP, 10, 0);
	struct simulate_costs dear = machine;
	double free_ns, late_ns;
	size_t pick[CALLS];

	(void)state;
	for (size_t k = 0; k < CALLS; k++)
		pick[k] = k;
	dear.start_ns[MODEL_PROCESSES] = 0.5e6;
	free_ns = simulate_ns(&r, pick, CALLS, MODEL_THREADS, 32, &dear);
	late_ns = simulate_ns(&r, pick, CALLS, MODEL_PROCESSES, 32, &dear);
	assert_true(free_ns > 19e6 && free_ns < 21e6);
	assert_true(late_ns > free_ns + 5e6 && late_ns < free_ns + 16.5e6);
}

static void a_race_of_simulations_has_intervals(void **state)
{
	static const int workers[] = { 2, 8 };
	CLEANUP(recording_clear) struct recording r = calls_of(1, WAIT_NETWORK, 9, 0);
	CLEANUP(race_clear) struct race race = { 0 };
	CLEANUP(race_clear) struct race again = { 0 };
	struct rng one = { 7 }, same = { 7 };

	(void)state;
	simulate_race(&r, &machine, workers, 2, &one, &race);
	simulate_race(&r, &machine, workers, 2, &same, &again);
	assert_true(race.measured && race.simulated);
	assert_int_equal(race.n, 2 * (MODEL_COUNT - 1));
	vec_each (&race, e) {
		const struct race_entry *other = &again.items[e - race.items];

		assert_int_equal(e->speedup.n, CALLS);
		assert_true(e->speedup.low < e->speedup.value);
		assert_true(e->speedup.value < e->speedup.high);
		assert_true(e->speedup.high <= e->workers * (1 + 2 * SIMULATE_ERROR));
		assert_true(e->speedup.low == other->speedup.low); /* for the same seed */
	}
}

/* A device that takes one at a time gives nothing: nobody has asked it. */
static void a_disk_may_take_only_one(void **state)
{
	static const int workers[] = { 8 };
	CLEANUP(recording_clear) struct recording r = calls_of(1, WAIT_DISK, 9, 0);
	CLEANUP(race_clear) struct race race = { 0 };
	struct rng rng = { 7 };

	(void)state;
	r.inside.wait_ns[WAIT_DISK] = 9;
	r.inside.wall_ns = 10;
	simulate_race(&r, &machine, workers, 1, &rng, &race);
	vec_each (&race, e)
		assert_true(e->speedup.low < 1.2 && e->speedup.value > 2);
}

static void calls_that_overlap_already_are_not_simulated(void **state)
{
	static const int workers[] = { 2 };
	CLEANUP(recording_clear) struct recording r = calls_of(1, WAIT_NETWORK, 9, 0);
	CLEANUP(race_clear) struct race race = { 0 };
	struct rng rng = { 7 };

	(void)state;
	r.at_once = 3;
	simulate_race(&r, &machine, workers, 1, &rng, &race);
	assert_false(race.measured);
	assert_non_null(race.why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_do_what_they_can),
		cmocka_unit_test(gaps_that_repeat_are_handed_over),
		cmocka_unit_test(what_holds_a_lock_is_one_at_a_time),
		cmocka_unit_test(two_locks_are_two),
		cmocka_unit_test(a_lock_taken_often_has_its_share),
		cmocka_unit_test(a_disk_that_was_tried_is_believed),
		cmocka_unit_test(a_loop_has_a_depth_of_its_own),
		cmocka_unit_test(one_worker_gains_nothing),
		cmocka_unit_test(more_workers_are_never_slower),
		cmocka_unit_test(handing_over_costs),
		cmocka_unit_test(starting_workers_costs),
		cmocka_unit_test(a_race_of_simulations_has_intervals),
		cmocka_unit_test(a_disk_may_take_only_one),
		cmocka_unit_test(calls_that_overlap_already_are_not_simulated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
