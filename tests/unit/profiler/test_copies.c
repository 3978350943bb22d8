/*
 * Private copies of a program, of its libraries and its thread-local variables; one copy for all; and
 * its functions called by themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/subprocess.h"
#include "profiler/answer.h"
#include "profiler/where.h"
#include "target_workload.h"

#define TASKS 6

static void run(const struct trial_plan *plan, struct trial *t)
{
	assert_no_error(trial_run(plan, t));
}

/* Its library's globals, the COPY of one of them, and its own definition that the library uses. */
static void libraries_are_copied_too(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial alone = { 0 };
	CLEANUP(trial_clear) struct trial four = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_library", NULL, 12);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &alone);
	assert_int_equal(alone.tasks[0].status, 0);
	plan.way = TRIAL_COPIES;
	plan.workers = 4;
	plan.repeat = 10;
	run(&plan, &four);
	assert_same("target_library", &alone, &four);
}

/* Its own, and its library's: of a thread, as new for each task. */
static void thread_local_variables_are_a_threads(void **state)
{
	static const enum trial_way ways[] = { TRIAL_COPIES, TRIAL_PREFORK, TRIAL_FORK, TRIAL_ASYNC,
					       TRIAL_HYBRID };
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial alone = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_tls", NULL, 12);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &alone);
	assert_int_equal(alone.tasks[0].status, 0);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		CLEANUP(trial_clear) struct trial four = { 0 };

		plan.way = ways[i];
		plan.workers = 4;
		plan.repeat = 10;
		run(&plan, &four);
		if (four.outcome == OUTCOME_NOT_MEASURABLE &&
		    (ways[i] == TRIAL_ASYNC || ways[i] == TRIAL_HYBRID))
			continue; /* threads of its own are not for a loop */
		assert_same("target_tls", &alone, &four);
	}
}

/* The same program, right with a copy each and wrong with one for all. */
static void sharing_globals_is_caught(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(job_clear) struct job fine = { 0 };
	CLEANUP(trial_clear) struct trial alone = { 0 };
	CLEANUP(trial_clear) struct trial shared = { 0 };
	struct trial_plan plan;
	size_t wrong = 0;

	(void)state;
	job_init(&job, "target_faulty", "writes-globals", TASKS);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &alone);
	plan.way = TRIAL_SHARED;
	plan.workers = 2;
	run(&plan, &shared);
	for (size_t i = 0; shared.outcome == OUTCOME_OK && i < TASKS; i++) {
		CLEANUP(cleanup_free)
		char *how = answer_difference(&job.workload, &alone.tasks[i], "alone",
					      &shared.tasks[i]);

		wrong += how != NULL;
	}
	assert_true(shared.outcome == OUTCOME_CRASH || wrong);

	/* One that writes no global is right all the same: its streams are not the cause. */
	trial_clear(&alone);
	trial_clear(&shared);
	job_init(&fine, "target_library", NULL, TASKS);
	free(fine.target.program);
	fine.target.program = xstrdup("/bin/cat");
	strings_clear(&fine.workload.tasks);
	for (int i = 0; i < TASKS; i++)
		strings_add(&fine.workload.tasks, "/proc/sys/kernel/ostype");
	plan = job_plan(&fine, TRIAL_EXEC, 1);
	run(&plan, &alone);
	assert_true(alone.tasks[0].stdout_bytes > 0);
	plan.way = TRIAL_SHARED;
	plan.workers = 3;
	plan.repeat = 5;
	run(&plan, &shared);
	assert_same("cat", &alone, &shared);
}

static const struct {
	const char *unit, *args[3];
	bool stateful; /* it keeps something in globals */
} units[] = {
	{ "unit_add", { "{}", "40" }, false },
	{ "unit_scale", { "{}", "0.5", "1" }, false },
	{ "unit_name", { "x{}", "-7" }, true },
};

/* In a process of its own each time, in threads with copies, in forked workers, and in shared memory. */
static void functions_are_called(void **state)
{
	static const enum trial_way ways[] = { TRIAL_COPIES, TRIAL_PREFORK, TRIAL_ASYNC,
					       TRIAL_SHARED };

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial alone = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", units[i].args[1], TASKS);
		job.workload.unit = xstrdup(units[i].unit);
		while (job.workload.argv.n > 1)
			free(job.workload.argv.items[--job.workload.argv.n]);
		for (int k = 0; k < 3 && units[i].args[k]; k++)
			strings_add(&job.workload.argv, units[i].args[k]);
		assert_no_error(where_find_unit(&job.target, &job.workload, &job.target.unit));
		plan = job_plan(&job, TRIAL_EXEC, 1);
		run(&plan, &alone);
		assert_int_equal(alone.tasks[2].stdout_bytes, i == 0 ? strlen("43\n")
							      : i == 1
								      ? strlen("2.5\n")
								      : strlen("called 1\nx3-7\n"));
		for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++) {
			CLEANUP(trial_clear) struct trial t = { 0 };

			if (ways[k] == TRIAL_SHARED && units[i].stateful)
				continue;
			plan.way = ways[k];
			plan.workers = 2;
			run(&plan, &t);
			if (ways[k] == TRIAL_ASYNC && t.outcome == OUTCOME_NOT_MEASURABLE)
				continue; /* tasks too small for a loop */
			assert_same(units[i].unit, &alone, &t);
		}
	}
}

static void functions_that_cannot_be_called_say_why(void **state)
{
	static const struct {
		const char *unit, *says;
	} cases[] = {
		{ "unit_takes_struct", "parameter 1 (o) is no integer" },
		{ "unit_add", "unit_add takes 2 arguments, not 1" },
		{ "no_such_function", "has no function no_such_function" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(job_clear) struct job job = { 0 };

		job_init(&job, "target_faulty", NULL, TASKS);
		job.workload.unit = xstrdup(cases[i].unit);
		assert_error_says(where_find_unit(&job.target, &job.workload, &job.target.unit),
				  ERROR_USAGE, cases[i].says);
	}
}

/* Workers that grow are started anew, and all tasks run once. */
static void workers_that_grow_are_recycled(void **state)
{
	static const enum trial_way ways[] = { TRIAL_COPIES, TRIAL_PREFORK };
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial alone = { 0 };
		CLEANUP(trial_clear) struct trial two = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "leaks-memory", 20);
		plan = job_plan(&job, TRIAL_EXEC, 1);
		run(&plan, &alone);
		plan.way = ways[i];
		plan.workers = 2;
		plan.repeat = 2;
		plan.recycle_bytes = 32 << 20;
		run(&plan, &two);
		assert_same("leaks-memory", &alone, &two);
		assert_true(two.recycled >= 1 && two.recycled <= 20);
		assert_true(two.kept_bytes > 4 << 20 && two.kept_bytes < 64 << 20);
		assert_nothing_left(before);
	}
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
		cmocka_unit_test(sharing_globals_is_caught),
		cmocka_unit_test(functions_are_called),
		cmocka_unit_test(functions_that_cannot_be_called_say_why),
		cmocka_unit_test(libraries_are_copied_too),
		cmocka_unit_test(thread_local_variables_are_a_threads),
		cmocka_unit_test(workers_that_grow_are_recycled),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
