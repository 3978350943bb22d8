/*
 * Calls from canned events: what belongs to which call, and what was left without returning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "profiler/recorder.h"

#define TID 7
#define MS  1000000ull

/* A place of a known kind; its time is told to the sites as the account does. */
static uint32_t wait_in(struct sites *s, enum wait_kind kind)
{
	uint32_t id = sites_call(s, kind, wait_kind_key(kind));

	sites_add(s, id, 1, 1);
	return id;
}

static struct recording filled(struct recorder *r, struct sites *s, uint64_t end_ns)
{
	const struct wait_profile all = { .user_ns = 60 * MS,
					  .system_ns = 20 * MS,
					  .wait_ns[WAIT_NETWORK] = 100 * MS,
					  .unknown_ns = 5 * MS,
					  .wall_ns = 185 * MS };
	struct recording ret = { 0 };
	struct error *err;

	recorder_exit(r, TID, end_ns);
	err = sites_resolve(s);
	assert_null(err);
	recorder_fill(r, s, &all, 1 * MS, end_ns, &ret);
	return ret;
}

static void a_call_is_its_segments(void **state)
{
	CLEANUP(sites_clear) struct sites sites = { 0 };
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	CLEANUP(recording_clear) struct recording got = { 0 };
	uint64_t sum_ns = 0;
	uint32_t network;

	(void)state;
	vec_push(&sites, NULL);
	network = wait_in(&sites, WAIT_NETWORK);
	recorder_stretch(&r, TID, DOING_CPU, 0, 2 * MS);
	recorder_enter(&r, TID, 1000, 3 * MS);
	recorder_stretch(&r, TID, DOING_CPU, 0, 4 * MS);
	recorder_stretch(&r, TID, DOING_QUEUE, 0, 1 * MS);
	recorder_stretch(&r, TID, DOING_CPU, 0, 6 * MS);
	recorder_stretch(&r, TID, DOING_WAIT, network, 30 * MS);
	recorder_stretch(&r, TID, DOING_WAIT, 0, 3 * MS);
	recorder_stretch(&r, TID, DOING_CPU, 0, 2 * MS);
	recorder_return(&r, TID, 1008, 49 * MS);
	recorder_stretch(&r, TID, DOING_WAIT, network, 5 * MS);
	got = filled(&r, &sites, 54 * MS);

	assert_int_equal(got.total, 1);
	assert_int_equal(got.calls.n, 1);
	assert_int_equal(got.calls.items[0].start_ns, 2 * MS);
	assert_int_equal(got.calls.items[0].wall_ns, 46 * MS);
	assert_int_equal(got.calls.items[0].gap_cpu_ns, 2 * MS);
	assert_int_equal(got.calls.items[0].gap_n, 1);
	assert_int_equal(got.calls.items[0].first, 1);
	assert_int_equal(got.calls.items[0].n, 4); /* the run-queue does not cut a segment */
	assert_int_equal(got.segments.n, 5);
	assert_int_equal(got.segments.items[1].kind, SEGMENT_CPU);
	assert_int_equal(got.segments.items[1].ns, 10 * MS);
	assert_int_equal(got.segments.items[2].kind, WAIT_NETWORK);
	assert_int_equal(got.segments.items[3].kind, SEGMENT_UNKNOWN);
	assert_int_equal(got.timeline.n, 1); /* where it does, and the parts add up */
	assert_int_equal(got.timeline.items[0].segments.n, 6);
	assert_int_equal(got.timeline.items[0].segments.items[1].kind, SEGMENT_QUEUE);
	assert_int_equal(got.timeline.items[0].tid, TID);
	vec_each (&got.timeline.items[0].segments, s)
		sum_ns += s->ns;
	assert_int_equal(sum_ns, got.timeline.items[0].end_ns - got.timeline.items[0].start_ns);
	assert_int_equal(got.inside.wall_ns, 46 * MS);
	assert_true(wait_profile_adds_up(&got.inside));
	assert_true(wait_profile_adds_up(&got.outside));
	assert_int_equal(got.inside.wait_ns[WAIT_NETWORK] + got.outside.wait_ns[WAIT_NETWORK],
			 100 * MS);
	assert_int_equal(got.inside.system_ns, 3 * MS); /* a quarter, as of the whole program */
	assert_int_equal(got.before_ns, 2 * MS);
	assert_int_equal(got.after_ns, 5 * MS);
}

/* Eight calls, and before each of them, or before one alone, a wait. */
static struct recording calls_after_waits(enum wait_kind kind, uint64_t each_ms, uint64_t once_ms)
{
	CLEANUP(sites_clear) struct sites sites = { 0 };
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	uint64_t now_ms = 1;
	uint32_t site;

	vec_push(&sites, NULL);
	site = wait_in(&sites, kind);
	for (int i = 0; i < 8; i++) {
		uint64_t gap_ms = each_ms + (i == 3 ? once_ms : 0);

		recorder_stretch(&r, TID, DOING_CPU, 0, 1 * MS);
		recorder_stretch(&r, TID, DOING_WAIT, site, gap_ms * MS);
		now_ms += 1 + gap_ms;
		recorder_enter(&r, TID, 1000, now_ms * MS);
		recorder_stretch(&r, TID, DOING_CPU, 0, 5 * MS);
		now_ms += 5;
		recorder_return(&r, TID, 1008, now_ms * MS);
	}
	return filled(&r, &sites, now_ms * MS);
}

static void waits_before_each_call_belong_to_it(void **state)
{
	CLEANUP(recording_clear) struct recording each = calls_after_waits(WAIT_DISK, 3, 0);
	CLEANUP(recording_clear) struct recording once = calls_after_waits(WAIT_DISK, 0, 24);
	CLEANUP(recording_clear) struct recording next = calls_after_waits(WAIT_POLL, 3, 0);

	(void)state;
	assert_true(each.gaps_repeat);
	assert_int_equal(each.calls.items[2].gap_n, 2);
	assert_int_equal(each.calls.items[2].gap_wait_ns, 3 * MS);
	assert_false(once.gaps_repeat);
	assert_false(next.gaps_repeat); /* that is how the next item is waited for */
}

/* Marks of 2 ms: half of one lies in each call, which computes for 5, half before it. */
static void what_marking_took_is_taken_off(void **state)
{
	CLEANUP(recording_clear) struct recording r = calls_after_waits(WAIT_DISK, 3, 0);

	(void)state;
	r.probe_ns = 2 * MS;
	recording_take_off_marks(&r, 0);
	for (size_t i = 0; i < r.calls.n; i++) {
		const struct recorded_call *call = &r.calls.items[i];

		assert_int_equal(r.segments.items[call->first].ns, 4 * MS);
		assert_int_equal(r.segments.items[call->first - 1].ns, 3 * MS); /* the wait */
		assert_int_equal(r.segments.items[call->first - 2].ns, 0);
		assert_int_equal(call->gap_cpu_ns, 0);
	}
}

static void recursion_is_part_of_the_outermost_call(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };

	(void)state;
	recorder_enter(&r, TID, 1000, 1);
	recorder_enter(&r, TID, 900, 2);
	recorder_enter(&r, TID, 800, 3);
	recorder_return(&r, TID, 808, 4);
	recorder_return(&r, TID, 908, 5);
	assert_int_equal(r.total, 0);
	recorder_return(&r, TID, 1008, 6);
	assert_int_equal(r.total, 1);
	assert_int_equal(r.nested, 2);
	assert_int_equal(r.abandoned, 0);
	assert_int_equal(r.inside_ns, 5);
}

static void longjmp_out_of_calls_is_noticed(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };

	(void)state;
	/* the next call comes from further up: the first two never returned */
	recorder_enter(&r, TID, 1000, 1);
	recorder_enter(&r, TID, 900, 2);
	recorder_enter(&r, TID, 1000, 10);
	assert_int_equal(r.abandoned, 2);
	assert_int_equal(r.total, 1);
	/* an inner one jumps into the outer one, which returns */
	recorder_enter(&r, TID, 900, 11);
	recorder_return(&r, TID, 1008, 12);
	assert_int_equal(r.abandoned, 3);
	assert_int_equal(r.total, 2);
	assert_int_equal(r.open, 0);
}

static void what_was_under_way_before_is_not_a_call(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };

	(void)state;
	recorder_return(&r, TID, 1008, 5);
	assert_int_equal(r.total, 0);
	recorder_enter(&r, TID, 900, 6);
	recorder_return(&r, TID, 1008, 7); /* of a frame further up, whose entry was not seen */
	recorder_return(&r, TID, 908, 8);
	assert_int_equal(r.total, 1);
}

static void a_call_that_does_not_end_is_counted_apart(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };

	(void)state;
	recorder_enter(&r, TID, 1000, 1);
	recorder_enter(&r, TID + 1, 1000, 2);
	recorder_return(&r, TID + 1, 1008, 3);
	recorder_exit(&r, TID, 9);
	assert_int_equal(r.total, 1);
	assert_int_equal(r.unfinished, 1);
	assert_int_equal(r.at_once, 2);
	assert_int_equal(r.threads, 2);
	assert_int_equal(r.open, 0);
}

static void memory_stays_bounded(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	uint64_t now_ns = 0;

	(void)state;
	for (size_t i = 0; i < 10 * RECORDING_CALLS; i++) {
		recorder_enter(&r, TID, 1000, now_ns);
		recorder_stretch(&r, TID, DOING_CPU, 0, 10);
		recorder_return(&r, TID, 1008, now_ns += 10);
	}
	assert_int_equal(r.total, 10 * RECORDING_CALLS);
	assert_in_range(r.calls.n, RECORDING_CALLS / 2, RECORDING_CALLS);
	assert_int_equal(r.calls.n, r.segments.n);
	/* evenly chosen: the distance between those kept is the same everywhere */
	for (size_t i = 1; i < r.calls.n; i++)
		assert_int_equal(r.calls.items[i].start_ns - r.calls.items[i - 1].start_ns,
				 10 * r.stride);
}

static void a_call_of_many_waits_keeps_its_sums(void **state)
{
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	uint64_t cpu = 0, wait[4] = { 0 };

	(void)state;
	recorder_enter(&r, TID, 1000, 1);
	for (uint32_t i = 0; i < 5000; i++) {
		recorder_stretch(&r, TID, DOING_CPU, 0, 3 + i % 5);
		recorder_stretch(&r, TID, DOING_WAIT, 1 + i % 3, 20 + i % 7);
	}
	recorder_return(&r, TID, 1008, 2);
	assert_in_range(r.segments.n, 2, RECORDING_SEGMENTS + 1);
	vec_each (&r.segments, s) {
		if (s->doing == DOING_CPU)
			cpu += s->ns;
		else
			wait[s->site] += s->ns;
	}
	assert_int_equal(cpu, r.inside.cpu_ns);
	for (size_t site = 1; site < 4; site++)
		assert_int_equal(wait[site], r.inside.wait_ns.items[site]);
}

/* For 2 ms each: computing within a call that holds what it holds. */
static void call_with(struct recorder *r, const struct lock_id *lock, uint64_t now_ns)
{
	recorder_enter(r, TID, 1000, now_ns);
	recorder_stretch(r, TID, DOING_CPU, 0, 2 * MS);
	if (lock)
		recorder_lock(r, TID, lock);
	recorder_stretch(r, TID, DOING_CPU, 0, 2 * MS);
	if (lock)
		recorder_unlock(r, TID, lock);
	recorder_return(r, TID, 1008, now_ns + 4 * MS);
}

static void locks_are_told_by_what_they_are(void **state)
{
	const struct lock_id mutex = { .device = 1, .object = 100 },
			     file = { .file = true, .object = 100, .last = UINT64_MAX },
			     around = { .device = 1, .object = 300 };
	CLEANUP(sites_clear) struct sites sites = { 0 };
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	CLEANUP(recording_clear) struct recording got = { 0 };

	(void)state;
	vec_push(&sites, NULL);
	recorder_lock(&r, TID, &(struct lock_id){ .object = 200 }); /* for all of the run */
	call_with(&r, NULL, 0);
	call_with(&r, &mutex, 10 * MS);
	call_with(&r, &file, 20 * MS);
	call_with(&r, NULL, 30 * MS);
	recorder_lock(&r, TID, &around); /* for one call, by its caller, and twice */
	recorder_lock(&r, TID, &around);
	recorder_unlock(&r, TID, &around);
	call_with(&r, NULL, 40 * MS);
	recorder_unlock(&r, TID, &around);
	call_with(&r, NULL, 50 * MS);
	got = filled(&r, &sites, 60 * MS);
	assert_int_equal(got.locks.n, 4);
	assert_int_equal(got.locks.items[1].held_ns, 2 * MS);
	assert_false(got.locks.items[1].file);
	assert_int_equal(got.locks.items[2].held_ns, 2 * MS);
	assert_true(got.locks.items[2].file);
	assert_int_equal(got.locks.items[3].held_ns, 4 * MS);
	assert_int_equal(got.calls.items[3].n, 1); /* not the lock of the whole run */
	assert_int_equal(got.segments.items[got.calls.items[3].first].lock, 0);
	assert_int_equal(got.segments.items[got.calls.items[4].first].lock, 4);
	assert_int_equal(got.segments.items[got.calls.items[5].first].lock, 0);
	assert_int_equal(got.calls.items[1].n, 2); /* without it, and with it */
	assert_int_equal(got.segments.items[got.calls.items[1].first + 1].lock, 2);
}

static void locks_taken_too_often_have_a_share(void **state)
{
	const struct lock_id mutex = { .device = 1, .object = 100 };
	CLEANUP(sites_clear) struct sites sites = { 0 };
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	CLEANUP(recording_clear) struct recording got = { 0 };

	(void)state;
	vec_push(&sites, NULL);
	call_with(&r, &mutex, 0);
	recorder_stop_locks(&r);
	call_with(&r, &mutex, 10 * MS);
	got = filled(&r, &sites, 60 * MS);
	assert_int_equal(got.locks.items[0].held_ns, 2 * MS);
	assert_int_equal(got.locks_watched_ns, 4 * MS);
	vec_each (&got.segments, segment)
		assert_int_equal(segment->lock, 0);
}

static void what_is_settled_is_shared_out_to_calls(void **state)
{
	CLEANUP(sites_clear) struct sites sites = { 0 };
	CLEANUP(recorder_clear) struct recorder r = { 0 };
	CLEANUP(recording_clear) struct recording got = { 0 };
	uint32_t sleep, network;

	(void)state;
	vec_push(&sites, NULL);
	sleep = wait_in(&sites, WAIT_SLEEP);
	network = wait_in(&sites, WAIT_NETWORK);
	recorder_stretch(&r, TID, DOING_WAIT, network, 10 * MS);
	recorder_stretch(&r, TID, DOING_QUEUE, 0, 2 * MS);
	recorder_enter(&r, TID, 1000, 13 * MS);
	recorder_stretch(&r, TID, DOING_WAIT, network, 30 * MS);
	recorder_stretch(&r, TID, DOING_WAIT, sleep, 7 * MS);
	recorder_stretch(&r, TID, DOING_QUEUE, 0, 3 * MS);
	recorder_settle(&r, SETTLE_QUEUE, SETTLE_WAIT, sleep, 2 * MS); /* it is in calls only */
	recorder_settle(&r, SETTLE_WAIT, SETTLE_CPU, network, 4 * MS); /* 3 of 4 parts are */
	recorder_settle(&r, SETTLE_QUEUE, SETTLE_WAIT, sleep, 2 * MS); /* more than is left */
	recorder_return(&r, TID, 1008, 53 * MS);
	got = filled(&r, &sites, 53 * MS);

	assert_int_equal(got.inside.wait_ns[WAIT_SLEEP], 10 * MS);
	assert_int_equal(got.inside.runqueue_ns, 0);
	assert_int_equal(got.inside.wait_ns[WAIT_NETWORK], 27 * MS);
	assert_int_equal(wait_profile_cpu_ns(&got.inside), 3 * MS);
	assert_int_equal(got.inside.wall_ns, got.calls.items[0].wall_ns);
	assert_int_equal(r.outside.wait_ns.items[network], 9 * MS);
	assert_int_equal(r.outside.queue_ns, 1 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_its_segments),
		cmocka_unit_test(waits_before_each_call_belong_to_it),
		cmocka_unit_test(what_marking_took_is_taken_off),
		cmocka_unit_test(recursion_is_part_of_the_outermost_call),
		cmocka_unit_test(longjmp_out_of_calls_is_noticed),
		cmocka_unit_test(what_was_under_way_before_is_not_a_call),
		cmocka_unit_test(a_call_that_does_not_end_is_counted_apart),
		cmocka_unit_test(memory_stays_bounded),
		cmocka_unit_test(a_call_of_many_waits_keeps_its_sums),
		cmocka_unit_test(locks_are_told_by_what_they_are),
		cmocka_unit_test(locks_taken_too_often_have_a_share),
		cmocka_unit_test(what_is_settled_is_shared_out_to_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
