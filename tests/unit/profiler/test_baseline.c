/*
 * The first look at a program: what works is measured, what does not is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/subprocess.h"
#include "profiler/baseline.h"
#include "target_workload.h"

static struct error *baseline(const struct job *job, uint64_t timeout_ns, enum tier tier,
			      struct profile *profile, struct trial *reference)
{
	return baseline_run(&job->target, &job->workload, NULL, timeout_ns, tier, profile, NULL,
			    reference);
}

static const struct {
	const char *fault;
	const char *says;
	const char *hint;
} refused[] = {
	{ "fails-with-code", "task 1 (1) failed: exit code 3: target_faulty: 1 fails",
	  "run it by hand: " },
	{ "crashes", "task 3 (3) failed: killed by SIGSEGV", "target_faulty crashes 3 </dev/null" },
	{ "asserts", "task 3 (3) failed: killed by SIGABRT: target_faulty: ", "exit code 0" },
	{ "hangs", "task 3 (3) did not end within 0.5 s", "--timeout 1," },
	{ "prints-nothing", "prints nothing on stdout in any of 4 tasks", "make it print" },
	{ "tells-time", "task 1 (1), run again, printed something else than before", "no times" },
};

static void bad_programs_are_named(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		struct profile profile = { 0 };
		struct trial reference = { 0 };
		struct error *err;

		job_init(&job, "target_faulty", refused[i].fault, 4);
		err = baseline(&job, i == 3 ? 500000000 : 60000000000, TIER_3, &profile,
			       &reference);
		assert_non_null(err);
		assert_non_null(err->hint);
		if (!strstr(err->hint, refused[i].hint))
			fail_msg("\"%s\" does not hint \"%s\"", err->hint, refused[i].hint);
		assert_error_says(err, ERROR_INPUT, refused[i].says);
		assert_null(reference.tasks); /* untouched */
		assert_nothing_left(before);
	}
}

static void no_tasks_is_an_error(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct profile profile = { 0 };
	struct trial reference = { 0 };

	(void)state;
	job_init(&job, "target_faulty", "plain", 0);
	assert_error_says(baseline(&job, 1000000000, TIER_3, &profile, &reference), ERROR_INPUT,
			  "there are no tasks");
}

static void another_exit_code_may_be_expected(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(profile_clear) struct profile profile = { 0 };
	CLEANUP(trial_clear) struct trial reference = { 0 };

	(void)state;
	job_init(&job, "target_faulty", "fails-with-code", 3);
	job.workload.expected_exit = 3;
	assert_no_error(baseline(&job, 60000000000, TIER_3, &profile, &reference));
	assert_int_equal(reference.n, 3);
}

/* In every tier the machine gives: the parts add up, and a program that sleeps waits. */
static void the_profile_is_of_the_tasks(void **state)
{
	(void)state;
	for (enum tier tier = TIER_0; tier < TIER_COUNT; tier++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(profile_clear) struct profile profile = { 0 };
		CLEANUP(trial_clear) struct trial reference = { 0 };

		job_init(&job, "target_faulty", "sleeps", 10);
		assert_no_error(baseline(&job, 60000000000, tier, &profile, &reference));
		assert_true(profile.measured);
		assert_true(profile.tier >= tier);
		assert_int_equal(profile.tasks, 10);
		assert_true(wait_profile_adds_up(&profile.waits));
		assert_true(profile.elapsed_ns > 10 * 20000000ull);
		assert_true(wait_profile_cpu_share(&profile.waits) < 0.6);
	}
}

static void the_reference_is_the_plain_run(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(profile_clear) struct profile profile = { 0 };
	CLEANUP(trial_clear) struct trial reference = { 0 };

	(void)state;
	job_init(&job, "target_faulty", "plain", 5);
	assert_no_error(baseline(&job, 60000000000, TIER_0, &profile, &reference));
	assert_int_equal(reference.outcome, OUTCOME_OK);
	assert_int_equal(reference.n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(reference.tasks[i].status, 0);
		assert_int_equal(reference.tasks[i].stdout_bytes, 11);
	}
	assert_false(
		digest_equal(reference.tasks[0].stdout_digest, reference.tasks[1].stdout_digest));
}

static void a_missing_program_is_named(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct profile profile = { 0 };
	struct trial reference = { 0 };

	(void)state;
	job_init(&job, "/nonexistent/program", NULL, 2);
	assert_error_says(baseline(&job, 1000000000, TIER_0, &profile, &reference), ERROR_INPUT,
			  "cannot start /nonexistent/program: No such file or directory");
}

static int setup(void **state)
{
	(void)state;
	subprocess_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_programs_are_named),
		cmocka_unit_test(no_tasks_is_an_error),
		cmocka_unit_test(another_exit_code_may_be_expected),
		cmocka_unit_test(the_profile_is_of_the_tasks),
		cmocka_unit_test(the_reference_is_the_plain_run),
		cmocka_unit_test(a_missing_program_is_named),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
