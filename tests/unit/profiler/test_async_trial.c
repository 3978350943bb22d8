/*
 * A workload's tasks as coroutines of one process: what they answer must be what they answer alone,
 * waits must overlap, and what an event loop cannot do must be said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/subprocess.h"
#include "profiler/where.h"
#include "target_workload.h"

#define TASKS 6

static const enum trial_way ways[] = { TRIAL_ASYNC, TRIAL_HYBRID };

static void run(const struct trial_plan *plan, struct trial *t)
{
	assert_no_error(trial_run(plan, t));
	if (t->outcome == OUTCOME_NOT_MEASURABLE &&
	    (strstr(t->why, "this kernel") || strstr(t->why, "this machine"))) {
		print_message("[  SKIPPED ] %s\n", t->why);
		skip();
	}
}

/* Tiny tasks: that intercepting their calls takes too much of their time is an answer too. */
static bool ran(const struct trial *t)
{
	return t->outcome == OUTCOME_OK ||
	       (t->outcome == OUTCOME_NOT_MEASURABLE && strncmp(t->why, "intercepting", 12) == 0);
}

static void assert_same_if_ran(const char *what, const struct trial *reference,
			       const struct trial *t)
{
	if (!ran(t))
		fail_msg("%s: %s", what, t->why);
	assert_answers(what, reference, t);
}

static const char *const bearable[] = {
	"plain",
	"writes-globals",
	"exits-in-qsort",
	"exits-in-argp",
	"has-atexit",
	"exits-unflushed",
	"flushes-all",
	"mixes-writes",
	"changes-directory",
	"opens-files",
	"reads-and-computes",
	"crunches",
	"parses-options",
	"uses-hidden-state",
	"forks",
	"has-threads",
	"ignores-signals",
	"fails-with-code",
	"asserts",
	"sleeps",
	"reopens-streams",
	"prints-wide",
	"looks-up-users",
	"writes-arguments",
	"redirects-stdout",
	"leaks-descriptors",
	"closes-descriptors",
	"opens-dev-stdout",
};

static void coroutines_answer_as_processes(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(bearable) / sizeof(*bearable); i++) {
		for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++) {
			CLEANUP(job_clear) struct job job = { 0 };
			CLEANUP(trial_clear) struct trial alone = { 0 };
			CLEANUP(trial_clear) struct trial four = { 0 };
			struct trial_plan plan;

			job_init(&job, "target_faulty", bearable[i], TASKS);
			plan = job_plan(&job, TRIAL_EXEC, 1);
			run(&plan, &alone);
			plan.way = ways[k];
			plan.workers = 4;
			plan.repeat = 5;
			run(&plan, &four);
			assert_int_equal(four.n, TASKS * 5);
			assert_same_if_ran(bearable[i], &alone, &four);
			assert_nothing_left(before);
		}
	}
}

/* Many at once, each with an end of its own. */
static void exit_ends_one_task(void **state)
{
	static const char *const ends[] = { "exits-in-qsort", "exits-in-argp", "exits-unflushed" };

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++) {
			CLEANUP(job_clear) struct job job = { 0 };
			CLEANUP(trial_clear) struct trial alone = { 0 };
			CLEANUP(trial_clear) struct trial many = { 0 };
			struct trial_plan plan;

			job_init(&job, "target_faulty", ends[i], TASKS);
			plan = job_plan(&job, TRIAL_EXEC, 1);
			run(&plan, &alone);
			plan.way = ways[k];
			plan.workers = 24;
			plan.repeat = 8;
			run(&plan, &many);
			assert_same_if_ran(ends[i], &alone, &many);
		}
	}
}

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
	plan.way = TRIAL_ASYNC;
	plan.workers = 4;
	plan.repeat = 10;
	run(&plan, &four);
	assert_same_if_ran("target_library", &alone, &four);
}

static void waits_overlap(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial one = { 0 };
		CLEANUP(trial_clear) struct trial all = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "sleeps", 32);
		plan = job_plan(&job, ways[k], 1);
		run(&plan, &one);
		plan.workers = 32;
		run(&plan, &all);
		assert_true(ran(&one) && ran(&all));
		assert_true(all.wall_ns * 4 < one.wall_ns);
	}
}

static void the_loop_is_reported(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "sleeps", 32);
	plan = job_plan(&job, TRIAL_ASYNC, 8);
	run(&plan, &t);
	assert_true(t.loop.busy_share > 0 && t.loop.busy_share <= 1);
	assert_true(t.loop.longest_ns > 0 && t.loop.trap_ns > 0 && t.loop.sites > 100);
	assert_true(t.loop.rewritten > t.loop.traps);
	assert_true(t.cpu_ns > 0);
}

/* Where the pool is, that is where the computing is done, although each task opens a file first. */
static void computing_leaves_the_loop_free(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial async = { 0 };
	CLEANUP(trial_clear) struct trial hybrid = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "reads-and-computes", 16);
	plan = job_plan(&job, TRIAL_ASYNC, 2);
	run(&plan, &async);
	plan.way = TRIAL_HYBRID;
	run(&plan, &hybrid);
	assert_int_equal(async.outcome, OUTCOME_OK);
	assert_int_equal(hybrid.outcome, OUTCOME_OK);
	assert_true(async.loop.busy_share > 0.5);
	assert_true(hybrid.loop.busy_share < 0.3);
}

/* The executors run the calls of one function and nothing else, however they end. */
static void a_named_function_is_offloaded(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial alone = { 0 };
	CLEANUP(trial_clear) struct trial loop = { 0 };
	CLEANUP(trial_clear) struct trial pool = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "crunches", 24);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &alone);
	assert_no_error(where_find_function(job.target.program, "crunch", "--offload",
					    &job.target.offload));
	plan.way = TRIAL_ASYNC;
	plan.workers = 24;
	run(&plan, &loop);
	plan.way = TRIAL_HYBRID;
	plan.repeat = 3; /* and what a task left behind is no other's */
	run(&plan, &pool);
	assert_same_if_ran("crunches", &alone, &loop);
	assert_same_if_ran("crunches", &alone, &pool);
	assert_int_equal(pool.outcome, OUTCOME_OK);
	assert_true(loop.loop.busy_share > 0.5);
	assert_true(pool.loop.busy_share < loop.loop.busy_share / 2);
}

/* One that no task calls, or that is not there. */
static void what_cannot_be_offloaded_is_said(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "plain", TASKS);
	assert_no_error(where_find_function(job.target.program, "crunch", "--offload",
					    &job.target.offload));
	plan = job_plan(&job, TRIAL_HYBRID, 2);
	run(&plan, &t);
	assert_int_equal(t.outcome, OUTCOME_NOT_MEASURABLE);
	assert_non_null(strstr(t.why, "no task calls the function"));
	assert_error_says(
		where_find_function(job.target.program, "crunsh", "--offload", &job.target.offload),
		ERROR_USAGE, "--offload: ");
}

static const struct race_pinned *pinned_by(const struct trial *t, const char *call)
{
	vec_each (&t->loop.pinned, p) {
		if (strcmp(p->call, call) == 0)
			return p;
	}
	return NULL;
}

/* By what call, or by computing, and where in the program. */
static void what_holds_the_loop_up_is_named(void **state)
{
	static const char *const held[][2] = { { "fills-memory", "mmap" },
					       { "computes", "computing" } };

	(void)state;
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		const struct race_pinned *p;
		struct trial_plan plan;

		job_init(&job, "target_faulty", held[i][0], TASKS);
		plan = job_plan(&job, TRIAL_ASYNC, TASKS);
		run(&plan, &t);
		assert_int_equal(t.outcome, OUTCOME_OK);
		p = pinned_by(&t, held[i][1]);
		assert_non_null(p);
		assert_true(p->count >= 1 && p->count <= TASKS && p->longest_ns <= p->ns);
		assert_non_null(p->place);
		assert_ptr_equal(strstr(p->place, "target_faulty+0x"), p->place);
		assert_true(t.loop.longest_ns >= p->longest_ns);
	}
}

static void a_task_without_end_says_where_the_loop_stood(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "spins", TASKS);
	plan = job_plan(&job, TRIAL_ASYNC, 2);
	plan.timeout_ns = 500000000;
	run(&plan, &t);
	assert_int_equal(t.outcome, OUTCOME_HANG);
	assert_non_null(strstr(t.why, "the loop last stood in computing at target_faulty+0x"));
}

static const struct {
	const char *fault;
	enum outcome outcome;
	const char *why;
} faults[] = {
	{ "crashes", OUTCOME_CRASH, "task 3 (3): killed by SIGSEGV in crashes (faulty.c:" },
	{ "hangs", OUTCOME_NOT_MEASURABLE, "it calls pause: which has no counterpart" },
	{ "spins", OUTCOME_HANG, "did not end within 0.5 s" },
	{ "allocates", OUTCOME_NOT_MEASURABLE, "MiB" },
	{ "becomes-another", OUTCOME_NOT_MEASURABLE, "another program (exec)" },
	{ "exits-in-thread", OUTCOME_NOT_MEASURABLE, "a thread of its own ends" },
};

static void what_goes_wrong_has_a_name(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++) {
			CLEANUP(job_clear) struct job job = { 0 };
			CLEANUP(trial_clear) struct trial t = { 0 };
			struct trial_plan plan;

			job_init(&job, "target_faulty", faults[i].fault, TASKS);
			plan = job_plan(&job, ways[k], 2);
			plan.memory_bytes = 1ull << 30;
			plan.timeout_ns =
				strcmp(faults[i].fault, "allocates") ? 500000000 : 60000000000;
			run(&plan, &t);
			if (t.outcome != faults[i].outcome || !t.why ||
			    !strstr(t.why, faults[i].why))
				fail_msg("%s: outcome %d, %s", faults[i].fault, (int)t.outcome,
					 t.why ? t.why : "");
			assert_nothing_left(before);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coroutines_answer_as_processes),
		cmocka_unit_test(exit_ends_one_task),
		cmocka_unit_test(libraries_are_copied_too),
		cmocka_unit_test(waits_overlap),
		cmocka_unit_test(the_loop_is_reported),
		cmocka_unit_test(computing_leaves_the_loop_free),
		cmocka_unit_test(a_named_function_is_offloaded),
		cmocka_unit_test(what_cannot_be_offloaded_is_said),
		cmocka_unit_test(what_holds_the_loop_up_is_named),
		cmocka_unit_test(a_task_without_end_says_where_the_loop_stood),
		cmocka_unit_test(what_goes_wrong_has_a_name),
	};

	subprocess_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
