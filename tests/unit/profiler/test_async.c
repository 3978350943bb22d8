/*
 * Blocking C functions as coroutines: each task of tests/fixtures/async/tasks.c checks that it sees
 * what it would in a thread of its own. 24 at a time, with and without rewriting of system call sites,
 * on the loop alone and with executors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/subprocess.h"

#define COROUTINES   24
#define NOT_POSSIBLE 4 /* exit status: this machine lacks something */

static const struct {
	const char *executors, *rewrite, *trap;
} ways[] = { { "0", "0", NULL },     { "0", "1", NULL },      { "2", "0", NULL },
	     { "2", "1", NULL },     { "0", "0", "seccomp" }, { "2", "1", "seccomp" },
	     { "0", "1", "crowded" } };

#define WAYS         4 /* without seccomp, under which tasks cannot fork */
#define WAYS_SECCOMP 6
#define WAY_CROWDED  6

static int run(const char *task, unsigned n, size_t way, struct strbuf *out)
{
	static const struct subprocess_limits limits = { .wall_ns = 60000000000 };
	char count[16];
	const char *argv[] = { ASYNC_TASKS,       task,           count, ways[way].executors,
			       ways[way].rewrite, ways[way].trap, NULL };
	struct subprocess_result result;
	struct error *err;

	snprintf(count, sizeof(count), "%u", n);
	err = subprocess_run(argv, &limits, out, out, &result);
	if (err) {
		print_error("%s\n", err->message);
		error_free(err);
		return -1;
	}
	if (result.timed_out || !WIFEXITED(result.status))
		print_error("status %x%s\n", (unsigned)result.status,
			    result.timed_out ? ", no end" : "");
	return !result.timed_out && WIFEXITED(result.status) ? WEXITSTATUS(result.status) : -1;
}

static void assert_works_between(const char *task, size_t first, size_t end)
{
	for (size_t way = first; way < end; way++) {
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };
		int status = run(task, COROUTINES, way, &out);

		if (status == NOT_POSSIBLE) {
			print_message("[  SKIPPED ] %s", out.s);
			skip();
		}
		if (status || !out.s || strncmp(out.s, "ok ", 3) != 0)
			fail_msg("%s, executors %s, rewriting %s, %s: %s", task,
				 ways[way].executors, ways[way].rewrite,
				 ways[way].trap ? ways[way].trap : "dispatch", out.s ? out.s : "");
	}
}

static void assert_works(const char *task)
{
	assert_works_between(task, 0, WAYS);
}

static void test_sleeps_overlap(void **state)
{
	(void)state;
	assert_works("sleep");
}

static void test_one_stream_loses_and_doubles_no_line(void **state)
{
	(void)state;
	assert_works("stdio");
}

static void test_errno_and_thread_variables_are_private(void **state)
{
	(void)state;
	assert_works("tls");
}

static void test_locks(void **state)
{
	(void)state;
	assert_works("mutex");
	assert_works("cond");
}

static void test_names_are_looked_up(void **state)
{
	(void)state;
	assert_works("names");
}

static void test_children(void **state)
{
	(void)state;
	assert_works("popen");
	assert_works("fork");
}

static void test_threads_of_the_task(void **state)
{
	(void)state;
	assert_works("threads");
}

static void test_readiness(void **state)
{
	(void)state;
	assert_works("ready");
}

static void test_sockets(void **state)
{
	(void)state;
	assert_works("accept");
	assert_works("timeouts");
	assert_works("messages");
}

static void test_files(void **state)
{
	(void)state;
	assert_works("direct");
	assert_works("flock");
	assert_works("fifo");
	assert_works("transfer");
}

static void test_directory_umask_and_streams_are_private(void **state)
{
	(void)state;
	assert_works("chdir");
	assert_works("streams");
}

static void test_signal_handlers_that_block(void **state)
{
	(void)state;
	assert_works("signals");
}

static void test_ways_to_leave(void **state)
{
	(void)state;
	assert_works("leaves");
	assert_works("jump");
}

static void test_vector_registers_survive_a_wait(void **state)
{
	(void)state;
	assert_works("mix");
	assert_works("hot");
}

static void test_seccomp_in_place_of_dispatch(void **state)
{
	static const char *const tasks[] = { "sleep", "stdio",  "tls",      "mutex",   "cond",
					     "names", "accept", "timeouts", "direct",  "flock",
					     "fifo",  "jump",   "leaves",   "threads", "signals" };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++)
		assert_works_between(tasks[i], WAYS, WAYS_SECCOMP);
	assert_int_equal(run("fork", COROUTINES, WAYS, &out), 3);
	assert_non_null(strstr(out.s, "it calls fork: this kernel has seccomp only"));
}

static const struct {
	const char *task, *message;
} refused[] = {
	{ "exit", "refused: it calls exit: inside a task\n" },
	{ "pause", "refused: it calls pause: which has no counterpart on an event loop\n" },
	{ "lock",
	  "refused: it calls fcntl(F_SETLKW): a record lock belongs to the whole process\n" },
	{ "rights", "refused: it calls sendmsg or recvmsg: descriptors passed over a socket\n" },
	{ "sigsys",
	  "refused: it calls sigaction(SIGSYS): the signal by which calls are intercepted\n" },
};

static void test_what_cannot_be_done_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t way = 0; way < WAYS; way++) {
		for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
			CLEANUP(strbuf_clear) struct strbuf out = { 0 };
			int status = run(refused[i].task, COROUTINES, way, &out);

			if (status == NOT_POSSIBLE)
				skip();
			assert_int_equal(status, 3);
			assert_string_equal(out.s, refused[i].message);
		}
	}
}

static unsigned long figure(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long value = 0;

	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(name), " %lu", &value), 1);
	return value;
}

static void test_rewriting_takes_the_place_of_traps(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf off = { 0 }, on = { 0 };

	(void)state;
	if (run("hot", COROUTINES, 0, &off) == NOT_POSSIBLE)
		skip();
	assert_int_equal(run("hot", COROUTINES, 1, &on), 0);
	assert_int_equal(figure(off.s, "rewritten"), 0);
	assert_true(figure(on.s, "rewritten") > 9 * figure(off.s, "traps") / 10);
	assert_true(figure(on.s, "traps") < figure(off.s, "traps") / 100);
	assert_true(figure(on.s, "jump") < figure(on.s, "trap ") / 4);
}

/* Copies of a large program fill all that jumps from libc can reach: every call of them was a trap. */
static void test_copies_leave_room_for_rewriting(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	(void)state;
	if (run("hot", COROUTINES, WAY_CROWDED, &out) == NOT_POSSIBLE)
		skip();
	assert_int_equal(strncmp(out.s, "ok ", 3), 0);
	assert_true(figure(out.s, "rewritten") > 10 * figure(out.s, "traps"));
}

static void test_a_thousand_at_once(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	(void)state;
	if (run("sleep", 1000, 1, &out) == NOT_POSSIBLE)
		skip();
	assert_int_equal(strncmp(out.s, "ok ", 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeps_overlap),
		cmocka_unit_test(test_one_stream_loses_and_doubles_no_line),
		cmocka_unit_test(test_errno_and_thread_variables_are_private),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_names_are_looked_up),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_threads_of_the_task),
		cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_directory_umask_and_streams_are_private),
		cmocka_unit_test(test_signal_handlers_that_block),
		cmocka_unit_test(test_ways_to_leave),
		cmocka_unit_test(test_vector_registers_survive_a_wait),
		cmocka_unit_test(test_seccomp_in_place_of_dispatch),
		cmocka_unit_test(test_what_cannot_be_done_is_refused_by_name),
		cmocka_unit_test(test_rewriting_takes_the_place_of_traps),
		cmocka_unit_test(test_copies_leave_room_for_rewriting),
		cmocka_unit_test(test_a_thousand_at_once),
	};

	subprocess_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
