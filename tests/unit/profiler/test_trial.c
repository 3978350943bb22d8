/*
 * Trials of programs that do what programs do and a shared process does not bear: their answers
 * must be those of a process of their own, or the trial must say why not; and nothing may be left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/subprocess.h"
#include "profiler/answer.h"
#include "target_workload.h"

#define TASKS   6
#define ENDLESS (1ull << 30) /* bytes that no task needs, and that a machine has */

static void run(const struct trial_plan *plan, struct trial *t)
{
	assert_no_error(trial_run(plan, t));
}

/* What a private copy must keep from the others, or put back after a task. */
static const char *const bearable[] = {
	"plain",
	"writes-globals",
	"exits-in-qsort",
	"exits-in-argp",
	"has-atexit",
	"exits-unflushed",
	"flushes-all",
	"mixes-writes",
	"redirects-stdout",
	"changes-directory",
	"leaks-descriptors",
	"closes-descriptors",
	"opens-files",
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
	"opens-dev-stdout",
	"looks-up-users",
	"writes-arguments",
	"uses-environment",
};

static void copies_answer_as_processes(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(bearable) / sizeof(*bearable); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial alone = { 0 };
		CLEANUP(trial_clear) struct trial one = { 0 };
		CLEANUP(trial_clear) struct trial four = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", bearable[i], TASKS);
		plan = job_plan(&job, TRIAL_EXEC, 1);
		run(&plan, &alone);
		assert_same(bearable[i], &alone, &alone);
		plan.way = TRIAL_COPIES;
		run(&plan, &one);
		assert_same(bearable[i], &alone, &one);
		plan.workers = 4;
		plan.repeat = 5;
		run(&plan, &four);
		assert_int_equal(four.n, TASKS * 5);
		assert_same(bearable[i], &alone, &four);
		assert_nothing_left(before);
	}
}

static void processes_answer_as_one_after_another(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial alone = { 0 };
	CLEANUP(trial_clear) struct trial three = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "writes-globals", 10);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &alone);
	plan.workers = 3;
	plan.repeat = 3;
	run(&plan, &three);
	assert_int_equal(three.n, 30);
	assert_same("processes", &alone, &three);
	assert_true(three.wall_ns > 0 && three.cpu_ns > 0);
}

/* Forked workers bear all that private copies bear, as they are private copies. */
static void forks_answer_as_processes(void **state)
{
	static const enum trial_way ways[] = { TRIAL_PREFORK, TRIAL_FORK };
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(bearable) / sizeof(*bearable); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial alone = { 0 };
		CLEANUP(trial_clear) struct trial three = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", bearable[i / 2], TASKS);
		plan = job_plan(&job, TRIAL_EXEC, 1);
		run(&plan, &alone);
		plan.way = ways[i % 2];
		plan.workers = 3;
		plan.repeat = 2;
		run(&plan, &three);
		assert_same(bearable[i / 2], &alone, &three);
		assert_nothing_left(before);
	}
}

static const struct {
	const char *fault;
	enum trial_way way;
	int workers;
	enum outcome outcome;
	const char *why;
} unbearable[] = {
	{ "crashes", TRIAL_EXEC, 2, OUTCOME_OK, NULL }, /* a status like any other */
	{ "crashes", TRIAL_COPIES, 2, OUTCOME_CRASH,
	  "task 3 (3): killed by SIGSEGV in crashes (faulty.c:" },
	{ "crashes-beside-others", TRIAL_COPIES, 3, OUTCOME_CRASH,
	  "SIGSEGV in crashes_beside_others (faulty.c:" },
	{ "hangs", TRIAL_EXEC, 2, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "hangs", TRIAL_COPIES, 2, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "spins", TRIAL_EXEC, 1, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "spins", TRIAL_COPIES, 1, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "crashes", TRIAL_FORK, 2, OUTCOME_OK, NULL },
	{ "crashes", TRIAL_PREFORK, 2, OUTCOME_CRASH, "SIGSEGV in crashes (faulty.c:" },
	{ "allocates", TRIAL_EXEC, 2, OUTCOME_OK, NULL }, /* the task's own failure, see below */
	{ "allocates", TRIAL_COPIES, 2, OUTCOME_NOT_MEASURABLE, "MiB in one process" },
	{ "allocates", TRIAL_PREFORK, 2, OUTCOME_NOT_MEASURABLE, "MiB in one process" },
	{ "allocates", TRIAL_FORK, 2, OUTCOME_OK, NULL },
	{ "crashes-in-libc", TRIAL_COPIES, 2, OUTCOME_CRASH,
	  "library function called by crashes_in_libc (faulty.c:" },
	{ "hangs", TRIAL_FORK, 2, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "hangs", TRIAL_PREFORK, 2, OUTCOME_HANG, "task 3 (3) did not end within 0.5 s" },
	{ "becomes-another", TRIAL_EXEC, 2, OUTCOME_OK, NULL },
	{ "becomes-another", TRIAL_COPIES, 2, OUTCOME_NOT_MEASURABLE, "another program (exec)" },
	{ "exits-in-thread", TRIAL_COPIES, 2, OUTCOME_NOT_MEASURABLE, "a thread of its own ends" },
};

static void faults_are_named(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(unbearable) / sizeof(*unbearable); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", unbearable[i].fault, TASKS);
		plan = job_plan(&job, unbearable[i].way, unbearable[i].workers);
		plan.memory_bytes = ENDLESS;
		if (unbearable[i].outcome == OUTCOME_HANG)
			plan.timeout_ns = 500000000;
		run(&plan, &t);
		if (t.outcome != unbearable[i].outcome)
			fail_msg("%s: %s %s", unbearable[i].fault, outcome_key(t.outcome),
				 t.why ? t.why : "");
		if (t.outcome == OUTCOME_CRASH)
			assert_int_equal(t.stderr_task, 2);
		if (unbearable[i].why && !strstr(t.why, unbearable[i].why))
			fail_msg("%s: \"%s\" does not say \"%s\"", unbearable[i].fault, t.why,
				 unbearable[i].why);
		assert_nothing_left(before);
	}
}

static void leaks_are_counted(void **state)
{
	static const enum trial_way shared_lives[] = { TRIAL_COPIES, TRIAL_PREFORK };
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "target_faulty", "leaks-descriptors", TASKS);
	for (size_t i = 0; i < sizeof(shared_lives) / sizeof(*shared_lives); i++) {
		plan = job_plan(&job, shared_lives[i], 2);
		plan.sample_memory = true;
		run(&plan, &t);
		assert_int_equal(t.leaked_fds, 20);
		trial_clear(&t);
	}
}

static void endless_memory_is_stopped(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_FORK };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "allocates", TASKS);
		plan = job_plan(&job, ways[i], 1);
		plan.memory_bytes = ENDLESS;
		run(&plan, &t);
		assert_true(t.tasks[2].out_of_memory && WIFSIGNALED(t.tasks[2].status));
		assert_false(t.tasks[1].out_of_memory);
	}
}

static bool has_loop(enum trial_way way)
{
	return way == TRIAL_ASYNC || way == TRIAL_HYBRID;
}

/* Each way counts what the kernel counted. */
static void switches_and_faults_are_counted(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES, TRIAL_PREFORK, TRIAL_FORK,
					       TRIAL_ASYNC };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "sleeps", 8);
		plan = job_plan(&job, ways[i], 2);
		run(&plan, &t);
		if (t.outcome == OUTCOME_NOT_MEASURABLE && has_loop(ways[i]))
			continue; /* no io_uring here */
		assert_int_equal(t.outcome, OUTCOME_OK);
		if (ways[i] != TRIAL_ASYNC) /* a loop sleeps once for many */
			assert_true(t.switches >= 8);
		assert_true(t.switches > 0 && t.switches < 100000 && t.faults < 1000000);
		if (ways[i] == TRIAL_EXEC || ways[i] == TRIAL_FORK)
			assert_true(t.faults >= 8);
	}
}

static void daemons_are_ended(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES, TRIAL_PREFORK,
					       TRIAL_FORK, TRIAL_ASYNC,  TRIAL_HYBRID };
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "leaves-daemon", TASKS);
		plan = job_plan(&job, ways[i], 2);
		run(&plan, &t);
		/* A loop may be refused: no io_uring here, or the tasks are too small for it. */
		if (t.outcome != OUTCOME_NOT_MEASURABLE || !has_loop(ways[i])) {
			assert_int_equal(t.outcome, OUTCOME_OK);
			assert_true(t.strays >= TASKS);
		}
		assert_nothing_left(before);
	}
}

static void says_what_a_failed_task_said(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial unexpected = { 0 };
		CLEANUP(trial_clear) struct trial expected = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "fails-with-code", TASKS);
		plan = job_plan(&job, ways[i], 1);
		run(&plan, &unexpected);
		assert_int_equal(unexpected.tasks[0].status, 3 << 8);
		assert_int_equal(unexpected.stderr_task, 0);
		assert_string_equal(unexpected.stderr_tail, "target_faulty: 1 fails");
		job.workload.expected_exit = 3;
		run(&plan, &expected);
		assert_null(expected.stderr_tail);
	}
}

static void memory_is_sampled(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(job_clear) struct job job = { 0 };
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan;

		job_init(&job, "target_faulty", "sleeps", 8);
		plan = job_plan(&job, ways[i], 2);
		run(&plan, &t);
		assert_int_equal(t.pss_bytes, 0);
		trial_clear(&t);
		plan.sample_memory = true;
		run(&plan, &t);
		assert_true(t.pss_bytes > 50000 && t.pss_bytes < 1ull << 30);
	}
}

/* --- what a task reads and writes ------------------------------------------------------------- */

/* dash -c: reads a line, answers on stderr, and writes two files. */
static void job_files(struct job *job, struct scratch *scratch)
{
	static const char script[] = "read l; echo \"$l {}\" >{out}/a; echo \"$l\" >{out}/b.txt;"
				     "echo no >$TMPDIR/c; echo {} says >&2";

	job_init(job, "/bin/dash", "-c", TASKS);
	free(job->workload.argv.items[2]);
	job->workload.argv.items[2] = xstrdup(script);
	job->workload.stdin_path = xstrdup("/proc/sys/kernel/ostype");
	strings_add(&job->workload.outputs, "{out}/*");
	job->workload.compare = COMPARE_STDERR;
	assert_no_error(scratch_open(&job->workload, scratch));
}

static void files_are_compared_and_gone(void **state)
{
	static const struct {
		enum trial_way way;
		int workers;
	} ways[] = {
		{ TRIAL_EXEC, 1 }, { TRIAL_EXEC, 3 }, { TRIAL_COPIES, 1 }, { TRIAL_COPIES, 3 }
	};
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(scratch_close) struct scratch scratch = { 0 };
	struct task_result first[TASKS];
	int before;

	(void)state;
	job_files(&job, &scratch);
	before = open_descriptors();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct trial_plan plan = job_plan(&job, ways[i].way, ways[i].workers);
		char *how;

		plan.scratch = &scratch;
		run(&plan, &t);
		if (t.outcome != OUTCOME_OK)
			fail_msg("%s", t.why);
		for (size_t k = 0; k < TASKS; k++) {
			assert_int_equal(t.tasks[k].files_n, 2);
			assert_true(t.tasks[k].files_bytes > 10 && t.tasks[k].stderr_bytes == 7);
			if (i == 0)
				first[k] = t.tasks[k];
			how = answer_difference(&job.workload, &first[k], "before", &t.tasks[k]);
			if (how)
				fail_msg("way %zu, task %zu: %s", i, k + 1, how);
		}
		/* Each task's own. */
		how = answer_difference(&job.workload, &first[0], "before", &first[1]);
		assert_non_null(how);
		free(how);
		assert_nothing_left(before);
		assert_int_equal(rmdir(scratch.dir), 0); /* empty between trials */
		assert_int_equal(mkdir(scratch.dir, 0700), 0);
	}
}

static void setup_and_teardown_surround_a_trial(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "/bin/cat", NULL, 1);
	free(job.workload.tasks.items[0]);
	job.workload.tasks.items[0] = xstrdup("set-up");
	job.workload.setup = xstrdup("echo here >set-up");
	job.workload.teardown = xstrdup("rm set-up");
	plan = job_plan(&job, TRIAL_EXEC, 1);
	run(&plan, &t);
	assert_int_equal(t.tasks[0].stdout_bytes, 5);
	assert_int_equal(access("set-up", F_OK), -1);
	free(job.workload.setup);
	job.workload.setup = xstrdup("echo no way >&2; exit 7");
	trial_clear(&t);
	assert_error_says(trial_run(&plan, &t), ERROR_INPUT, "exit code 7: no way");
}

static void an_output_that_is_there_is_refused(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct scratch scratch = { 0 };

	(void)state;
	job_init(&job, "/bin/cat", NULL, 1);
	strings_add(&job.workload.outputs, "/etc/host[n]ame");
	assert_error_says(scratch_open(&job.workload, &scratch), ERROR_USAGE,
			  "--outputs: /etc/hostname is there already");
	assert_null(scratch.dir);
}

/* --- what goes wrong around a trial ----------------------------------------------------------- */

static struct error *refuse(pid_t host, void *arg)
{
	*(pid_t *)arg = host;
	return error_new(ERROR_MACHINE, "not today");
}

static void an_error_at_the_start_ends_it(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct trial t = { 0 };
	struct trial_plan plan;
	int before = open_descriptors();
	pid_t host = 0;

	(void)state;
	job_init(&job, "target_faulty", "plain", TASKS);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	plan.on_start = refuse;
	plan.arg = &host;
	assert_error_says(trial_run(&plan, &t), ERROR_MACHINE, "not today");
	assert_true(host > 0);
	assert_nothing_left(before);
}

static struct error *remember(pid_t host, void *arg)
{
	*(pid_t *)arg = host;
	return NULL;
}

static void *kill_soon(void *arg)
{
	_Atomic pid_t *host = arg;

	while (!*host)
		usleep(1000);
	usleep(200000);
	kill(*host, SIGKILL);
	return NULL;
}

static void a_killed_host_is_no_result(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct trial_plan plan;
	int before = open_descriptors();
	static _Atomic pid_t host;
	pthread_t killer;

	(void)state;
	job_init(&job, "target_faulty", "hangs", TASKS);
	plan = job_plan(&job, TRIAL_EXEC, 2);
	plan.on_start = remember;
	plan.arg = (void *)&host;
	assert_int_equal(pthread_create(&killer, NULL, kill_soon, (void *)&host), 0);
	run(&plan, &t);
	pthread_join(killer, NULL);
	assert_int_equal(t.outcome, OUTCOME_NOT_MEASURABLE);
	assert_non_null(strstr(t.why, "ended early (killed by SIGKILL)"));
	assert_nothing_left(before);
}

/* In a process of its own, as an interrupt stays pending. Its exit code is the error's class. */
static int interrupted_trial(enum trial_way way, int ready)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct trial t = { 0 };
	struct trial_plan plan;
	struct error *err;
	int class;

	subprocess_init();
	interrupt_install();
	job_init(&job, "target_faulty", "hangs", TASKS);
	plan = job_plan(&job, way, 2);
	if (write(ready, "", 1) != 1)
		return 1;
	err = trial_run(&plan, &t);
	class = err ? (int)err->class : 0;
	error_free(err);
	return class;
}

static void an_interrupt_leaves_nothing(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES };
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int ready[2], status = 0;
		pid_t pid;
		char c;

		assert_int_equal(pipe(ready), 0);
		pid = fork();
		if (pid == 0)
			_exit(interrupted_trial(ways[i], ready[1]));
		assert_int_equal(read(ready[0], &c, 1), 1);
		usleep(300000);
		kill(pid, SIGINT);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, ERROR_INTERRUPTED << 8);
		close(ready[0]);
		close(ready[1]);
		assert_nothing_left(before);
	}
}

/* As above, but concur is killed and cannot clean up: the host must notice. */
static void a_killed_concur_leaves_nothing(void **state)
{
	static const enum trial_way ways[] = { TRIAL_EXEC, TRIAL_COPIES };
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int ready[2], gone = 0;
		pid_t pid;
		char c;

		assert_int_equal(pipe(ready), 0);
		pid = fork();
		if (pid == 0)
			_exit(interrupted_trial(ways[i], ready[1]));
		assert_int_equal(read(ready[0], &c, 1), 1);
		usleep(300000);
		kill(pid, SIGKILL);
		while (waitpid(-1, NULL, 0) > 0) /* the orphans are ours: they must all end */
			gone++;
		assert_true(gone >= 1);
		close(ready[0]);
		close(ready[1]);
		assert_nothing_left(before);
	}
}

static void a_program_that_cannot_start_is_an_error(void **state)
{
	CLEANUP(job_clear) struct job job = { 0 };
	struct trial t = { 0 };
	struct trial_plan plan;

	(void)state;
	job_init(&job, "/nonexistent/program", NULL, 2);
	plan = job_plan(&job, TRIAL_EXEC, 1);
	assert_error_says(trial_run(&plan, &t), ERROR_INPUT,
			  "cannot start /nonexistent/program: No such file");
	plan.way = TRIAL_COPIES;
	run(&plan, &t);
	assert_int_equal(t.outcome, OUTCOME_NOT_MEASURABLE);
	assert_non_null(strstr(t.why, "No such file"));
	trial_clear(&t);
}

static void the_host_is_where_it_is_said_to_be(void **state)
{
	CLEANUP(cleanup_free) char *was = xstrdup(getenv("CONCUR_HOST"));
	CLEANUP(cleanup_free) char *host = NULL;

	(void)state;
	setenv("CONCUR_HOST", "/nonexistent/host", 1);
	assert_error_says(trial_find_host(&host), ERROR_USAGE, "CONCUR_HOST: /nonexistent/host");
	unsetenv("CONCUR_HOST");
	assert_error_says(trial_find_host(&host), ERROR_MACHINE, "cannot find concur-host near /");
	setenv("CONCUR_HOST", was, 1);
	assert_no_error(trial_find_host(&host));
	assert_string_equal(host, was);
}

static void the_ceiling_is_a_speedup(void **state)
{
	double one = 0, two = 0;

	(void)state;
	assert_no_error(trial_ceiling(1, &one));
	assert_no_error(trial_ceiling(2, &two));
	assert_true(one > 0 && two > 0);
	assert_true(two < 20); /* a busy machine gives less, never ten times more */
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
		cmocka_unit_test(copies_answer_as_processes),
		cmocka_unit_test(forks_answer_as_processes),
		cmocka_unit_test(processes_answer_as_one_after_another),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(leaks_are_counted),
		cmocka_unit_test(endless_memory_is_stopped),
		cmocka_unit_test(switches_and_faults_are_counted),
		cmocka_unit_test(daemons_are_ended),
		cmocka_unit_test(says_what_a_failed_task_said),
		cmocka_unit_test(memory_is_sampled),
		cmocka_unit_test(files_are_compared_and_gone),
		cmocka_unit_test(setup_and_teardown_surround_a_trial),
		cmocka_unit_test(an_output_that_is_there_is_refused),
		cmocka_unit_test(an_error_at_the_start_ends_it),
		cmocka_unit_test(a_killed_host_is_no_result),
		cmocka_unit_test(an_interrupt_leaves_nothing),
		cmocka_unit_test(a_killed_concur_leaves_nothing),
		cmocka_unit_test(a_program_that_cannot_start_is_an_error),
		cmocka_unit_test(the_host_is_where_it_is_said_to_be),
		cmocka_unit_test(the_ceiling_is_a_speedup),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
