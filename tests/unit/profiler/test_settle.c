#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profiler/settle.h"

struct taken {
	uint64_t to_cpu_ns[4], to_runqueue_ns[4], to_wait_ns[4]; /* by site */
};

static void note(uint32_t site, enum settle_move move, uint64_t ns, void *arg)
{
	struct taken *taken = arg;

	uint64_t *const to[] = {
		[SETTLE_WAIT_TO_CPU] = taken->to_cpu_ns,
		[SETTLE_WAIT_TO_QUEUE] = taken->to_runqueue_ns,
		[SETTLE_QUEUE_TO_WAIT] = taken->to_wait_ns,
	};

	to[move][site] += ns;
}

struct fixture {
	struct settle settle;
	struct profile_check check;
	struct taken taken;
	uint64_t late_ns;
};

/* A thread that ran 100 ns and waited three times: 400 and 600 at site 1, 30 at site 2. */
static struct fixture start(void)
{
	struct fixture f = { 0 };

	settle_born(&f.settle);
	settle_cpu(&f.settle, 100);
	settle_wait(&f.settle, 1, false, 400);
	settle_wait(&f.settle, 1, false, 600);
	settle_wait(&f.settle, 2, false, 30);
	return f;
}

static void read_counts(struct fixture *f, uint64_t cpu_ns, uint64_t runqueue_ns)
{
	const struct schedstat now = { cpu_ns, runqueue_ns, 3 };

	f->late_ns += settle_by(&f->settle, &now, note, &f->taken, &f->check);
}

static void agreement_changes_nothing(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100, 50);
	assert_int_equal(f.late_ns, 0);
	assert_int_equal(f.taken.to_runqueue_ns[1] + f.taken.to_runqueue_ns[2], 0);
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
	assert_int_equal(f.taken.to_runqueue_ns[1], 40);
	assert_int_equal(f.taken.to_runqueue_ns[2], 20);
	assert_int_equal(f.check.runqueue_ns, 110);
	assert_int_equal(f.check.kernel_runqueue_ns, 110);
	settle_clear(&f.settle);
}

static void no_wait_gives_more_than_it_has(void **state)
{
	struct fixture f = start();

	(void)state;
	read_counts(&f, 100, 300);
	assert_int_equal(f.taken.to_runqueue_ns[2], 30);
	assert_int_equal(f.taken.to_runqueue_ns[1], 270);
	/* more than there was: it is not invented, and comes off the next waits */
	settle_wait(&f.settle, 1, false, 100);
	read_counts(&f, 100, 500);
	assert_int_equal(f.taken.to_runqueue_ns[1], 370);
	settle_wait(&f.settle, 1, false, 1000);
	read_counts(&f, 100, 500);
	assert_int_equal(f.taken.to_runqueue_ns[1], 470);
	settle_clear(&f.settle);
}

static void a_late_record_is_cpu_time(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 100 + 16, 50 - 10);
	assert_int_equal(f.late_ns, 10);
	assert_int_equal(f.taken.to_cpu_ns[1] + f.taken.to_cpu_ns[2], 6);
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

/* Without a wake-up that was seen, too much in the run-queue is no reason to make time up. */
static void disagreement_is_shown(void **state)
{
	struct fixture f = start();

	(void)state;
	settle_runqueue(&f.settle, 50);
	read_counts(&f, 90, 20);
	assert_int_equal(f.late_ns, 0);
	assert_int_equal(f.check.cpu_ns, 100);
	assert_int_equal(f.check.kernel_cpu_ns, 90);
	assert_int_equal(f.check.runqueue_ns, 50);
	assert_int_equal(f.check.kernel_runqueue_ns, 20);
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
	assert_int_equal(f.taken.to_runqueue_ns[1], 30);
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
		cmocka_unit_test(disagreement_is_shown),
		cmocka_unit_test(it_begins_with_the_first_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
