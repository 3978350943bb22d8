#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiler/settle.h"

struct taken {
	uint64_t from_wait_ns[SETTLE_UNKNOWN][4], to_wait_ns[4]; /* by site */
	uint64_t passed_ns[SETTLE_UNKNOWN + 1][SETTLE_UNKNOWN + 1];
};

static void note(enum settle_part from, enum settle_part to, uint32_t site, uint64_t ns, void *arg)
{
	struct taken *taken = arg;

	if (from == SETTLE_WAIT)
		taken->from_wait_ns[to][site] += ns;
	else if (to == SETTLE_WAIT)
		taken->to_wait_ns[site] += ns;
	else
		taken->passed_ns[from][to] += ns;
}

struct fixture {
	struct settle settle;
	struct profile_check check;
	struct taken taken;
	uint64_t runs; /* as the kernel counts them */
};

static void run(struct fixture *f, uint64_t runs)
{
	f->runs += runs;
	while (runs--)
		settle_run(&f->settle);
}

/* A thread that ran 100 ns and waited three times: 400 and 600 at site 1, 30 at site 2. */
static struct fixture start(void)
{
	struct fixture f = { 0 };

	settle_born(&f.settle);
	run(&f, 3);
	settle_cpu(&f.settle, 100);
	settle_wait(&f.settle, 1, false, 400);
	settle_wait(&f.settle, 1, false, 600);
	settle_wait(&f.settle, 2, false, 30);
	return f;
}

static void read_so(struct fixture *f, bool queued, uint64_t cpu_ns, uint64_t runqueue_ns)
{
	const struct schedstat now = { cpu_ns, runqueue_ns, f->runs };

	settle_by(&f->settle, &now, queued, note, &f->taken, &f->check);
}

static void read_counts(struct fixture *f, uint64_t cpu_ns, uint64_t runqueue_ns)
{
	read_so(f, false, cpu_ns, runqueue_ns);
}

static void agreement_changes_nothing(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100, 50);
	assert_int_equal(f.taken.passed_ns[SETTLE_QUEUE][SETTLE_CPU], 0);
	assert_int_equal(
		f.taken.from_wait_ns[SETTLE_QUEUE][1] + f.taken.from_wait_ns[SETTLE_QUEUE][2], 0);
	assert_int_equal(f.check.cpu_ns, 100);
	assert_int_equal(f.check.kernel_runqueue_ns, 50);
	settle_clear(&f.settle);
}

static void the_run_queue_is_taken_off_the_waits(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100, 50 + 60); /* 20 a wait */
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 40);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][2], 20);
	assert_int_equal(f.check.runqueue_ns, 110);
	assert_int_equal(f.check.kernel_runqueue_ns, 110);
	settle_clear(&f.settle);
}

static void no_wait_gives_more_than_it_has(void **state)
{
	struct fixture f = start();

	(void)state;
	read_counts(&f, 100, 300);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][2], 30);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 270);
	/* more than there was: it is not invented, and comes off the next waits */
	settle_wait(&f.settle, 1, false, 100);
	read_counts(&f, 100, 500);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 370);
	settle_wait(&f.settle, 1, false, 1000);
	read_counts(&f, 100, 500);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 470);
	settle_clear(&f.settle);
}

static void a_late_record_is_cpu_time(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100 + 16, 50 - 10);
	assert_int_equal(f.taken.passed_ns[SETTLE_QUEUE][SETTLE_CPU], 10);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_CPU][1] + f.taken.from_wait_ns[SETTLE_CPU][2],
			 6);
	assert_int_equal(f.check.cpu_ns, 116);
	assert_int_equal(f.check.runqueue_ns, 40);
	settle_clear(&f.settle);
}

/* A wake-up is seen before the thread is in a run-queue: what the kernel does not count there was waiting. */
static void the_run_queue_gives_back(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_wait(&f.settle, 1, true, 500);
	settle_wait(&f.settle, 3, true, 500);
	settle_wait(&f.settle, 3, true, 500);
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100, 20); /* 10 for each wake-up */
	assert_int_equal(f.taken.to_wait_ns[1], 10);
	assert_int_equal(f.taken.to_wait_ns[3], 20);
	assert_int_equal(f.check.cpu_ns, 100);
	assert_int_equal(f.check.runqueue_ns, 20);
	assert_int_equal(f.check.kernel_runqueue_ns, 20);
	settle_clear(&f.settle);
}

/* The record of leaving the CPU is late as well. */
static void a_late_record_is_run_queue_time(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_so(&f, true, 100 - 7, 50 + 7 + 20000);
	assert_int_equal(f.taken.passed_ns[SETTLE_CPU][SETTLE_QUEUE], 0); /* counted already */
	read_so(&f, true, 100 - 7, 50 + 7);
	assert_int_equal(f.taken.passed_ns[SETTLE_CPU][SETTLE_QUEUE], 7);
	assert_int_equal(f.check.cpu_ns, 93);
	assert_int_equal(f.check.runqueue_ns, 57);
	settle_clear(&f.settle);
}

/* Waits whose end was seen give only what the others do not have. */
static void seen_ends_give_last(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_wait(&f.settle, 3, true, 500);
	read_counts(&f, 100, 1030 + 20);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 1000);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][2], 30);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][3], 20);
	settle_clear(&f.settle);
}

/* Without a wake-up that was seen, what the kernel does not count is not made up: it is unknown. */
static void what_was_stolen_is_unknown(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 90, 20);
	assert_int_equal(f.taken.passed_ns[SETTLE_CPU][SETTLE_UNKNOWN], 10);
	assert_int_equal(f.taken.passed_ns[SETTLE_QUEUE][SETTLE_UNKNOWN], 30);
	assert_int_equal(f.check.cpu_ns, 90);
	assert_int_equal(f.check.kernel_cpu_ns, 90);
	assert_int_equal(f.check.runqueue_ns, 20);
	assert_int_equal(f.check.kernel_runqueue_ns, 20);
	settle_clear(&f.settle);
}

/* More than was booked cannot be taken away: that is shown. */
static void disagreement_is_shown(void **state)
{
	struct fixture f = start();

	(void)state;
	read_counts(&f, 100, 50000);
	assert_int_equal(f.check.kernel_runqueue_ns, 0);
	run(&f, 1);
	read_counts(&f, 100, 50000);
	assert_int_equal(f.check.runqueue_ns, 1030);
	assert_int_equal(f.check.kernel_runqueue_ns, 50000);
	settle_clear(&f.settle);
}

/* The kernel has counted the run-queue before a run whose record is still to come. */
static void a_run_without_its_record_is_waited_for(void **state)
{
	struct fixture f = start();

	(void)state;
	f.runs++;
	read_so(&f, true, 100, 2900);
	assert_int_equal(f.check.kernel_runqueue_ns, 0);
	settle_run(&f.settle);
	settle_runqueue(&f.settle, 2902);
	settle_cpu(&f.settle, 48);
	settle_wait(&f.settle, 1, true, 70);
	read_counts(&f, 150, 2900);
	assert_int_equal(f.taken.passed_ns[SETTLE_QUEUE][SETTLE_CPU], 2);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 0);
	assert_int_equal(f.check.runqueue_ns, 2900);
	assert_int_equal(f.check.cpu_ns, 150);
	settle_clear(&f.settle);
}

/* In the queue of a second CPU, it was counted in that of the first. */
static void half_a_stretch_is_waited_for(void **state)
{
	struct fixture f = start();

	(void)state;
	read_so(&f, true, 100, 380000);
	assert_int_equal(f.check.kernel_cpu_ns, 0);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 0);
	run(&f, 1);
	settle_runqueue(&f.settle, 500000);
	read_so(&f, true, 100, 500000);
	assert_int_equal(f.check.kernel_runqueue_ns, 500000);
	assert_int_equal(f.check.runqueue_ns, 500000);
	settle_clear(&f.settle);
}

/* It may be so while it seems to wait, where wake-ups are not seen: until another run tells. */
static void half_a_hidden_stretch_is_waited_for(void **state)
{
	struct fixture f = start();

	(void)state;
	read_counts(&f, 100, 380000);
	read_counts(&f, 100, 390000);
	assert_int_equal(f.check.kernel_cpu_ns, 0);
	run(&f, 1);
	settle_wait(&f.settle, 3, false, 500000);
	read_counts(&f, 100, 400000);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][3], 400000 - 1030);
	assert_int_equal(f.check.runqueue_ns, 400000);
	settle_clear(&f.settle);
}

/* It began between a run and its record, or a record of a run is missing. */
static void it_begins_again_when_runs_do_not_match(void **state)
{
	struct fixture f = start();

	(void)state;
	f.runs = 2;
	read_counts(&f, 700, 0);
	run(&f, 1);
	settle_cpu(&f.settle, 10);
	read_counts(&f, 710, 0);
	assert_int_equal(f.check.cpu_ns, 10);
	f.runs += 5;
	read_counts(&f, 750, 0);
	read_counts(&f, 750, 0);
	assert_int_equal(f.check.kernel_cpu_ns, 10);
	run(&f, 1);
	settle_cpu(&f.settle, 20);
	read_counts(&f, 770, 0);
	assert_int_equal(f.check.kernel_cpu_ns, 30);
	settle_clear(&f.settle);
}

static void it_begins_with_the_first_reading(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	settle_wait(&f.settle, 1, false, 1000);
	read_counts(&f, 5000, 700);
	settle_cpu(&f.settle, 10);
	settle_wait(&f.settle, 1, false, 1000);
	read_counts(&f, 5010, 730);
	assert_int_equal(f.taken.from_wait_ns[SETTLE_QUEUE][1], 30);
	assert_int_equal(f.check.kernel_cpu_ns, 10);
	settle_reset(&f.settle);
	read_counts(&f, 9000, 9000);
	assert_int_equal(f.check.kernel_cpu_ns, 10);
	settle_clear(&f.settle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement_changes_nothing),
		cmocka_unit_test(the_run_queue_is_taken_off_the_waits),
		cmocka_unit_test(no_wait_gives_more_than_it_has),
		cmocka_unit_test(a_late_record_is_cpu_time),
		cmocka_unit_test(the_run_queue_gives_back),
		cmocka_unit_test(a_late_record_is_run_queue_time),
		cmocka_unit_test(seen_ends_give_last),
		cmocka_unit_test(what_was_stolen_is_unknown),
		cmocka_unit_test(disagreement_is_shown),
		cmocka_unit_test(a_run_without_its_record_is_waited_for),
		cmocka_unit_test(half_a_stretch_is_waited_for),
		cmocka_unit_test(half_a_hidden_stretch_is_waited_for),
		cmocka_unit_test(it_begins_again_when_runs_do_not_match),
		cmocka_unit_test(it_begins_with_the_first_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
