/*
 * One command, watched from its start to its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/subprocess.h"
#include "profiler/watch.h"
#include "target_workload.h"

static const struct offcpu_options options = { .at_least = TIER_0 };

static void any_command_can_be_profiled(void **state)
{
	const char *const argv[] = { "sh", "-c", "sleep 0.2; exit 7", NULL };
	CLEANUP(profile_clear) struct profile profile = { 0 };
	int before = open_descriptors(), status = 0;

	(void)state;
	assert_no_error(watch_command(argv, 60000000000, &options, &profile, &status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(profile.tasks, 1);
	assert_true(profile.elapsed_ns > 200000000);
	assert_nothing_left(before);
}

static void a_command_that_does_not_end_is_named(void **state)
{
	const char *const argv[] = { "sleep", "100", NULL };
	const char *const missing[] = { "/nonexistent/program", NULL };
	struct profile profile = { 0 };
	int before = open_descriptors(), status = 0;

	(void)state;
	assert_error_says(watch_command(argv, 300000000, &options, &profile, &status), ERROR_INPUT,
			  "sleep did not end within 0.3 s");
	assert_error_says(watch_command(missing, 300000000, &options, &profile, &status),
			  ERROR_USAGE, "cannot run /nonexistent/program");
	assert_nothing_left(before);
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
		cmocka_unit_test(any_command_can_be_profiled),
		cmocka_unit_test(a_command_that_does_not_end_is_named),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
