#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "profiler/calls.h"
#include "profiler/proc.h"

static void what_a_descriptor_is_decides(void **state)
{
	int pipe_fds[2], sockets[2];
	struct {
		int fd;
		enum wait_kind kind;
		const char *name;
	} cases[7];

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	cases[0].fd = pipe_fds[0], cases[0].kind = WAIT_PIPE, cases[0].name = "read (pipe)";
	cases[1].fd = sockets[0], cases[1].kind = WAIT_NETWORK, cases[1].name = "read (socket)";
	cases[2].fd = open("/proc/self/exe", O_RDONLY), cases[2].kind = WAIT_DISK;
	cases[2].name = "read (file)";
	cases[3].fd = eventfd(0, 0), cases[3].kind = WAIT_PIPE, cases[3].name = "read (eventfd)";
	cases[4].fd = timerfd_create(CLOCK_MONOTONIC, 0), cases[4].kind = WAIT_SLEEP;
	cases[4].name = "read (timerfd)";
	cases[5].fd = open("/dev/zero", O_RDONLY), cases[5].kind = WAIT_OTHER;
	cases[5].name = "read (device)";
	cases[6].fd = 999, cases[6].kind = WAIT_OTHER, cases[6].name = "read (closed)";
	for (size_t i = 0; i < 7; i++) {
		struct call_wait wait;
		char text[128];

		snprintf(text, sizeof(text), "%ld 0x%x 0x7ff 0x1 0x0 0x0 0x0 0x7ffc 0x7f12\n",
			 (long)SYS_read, (unsigned)cases[i].fd);
		assert_int_equal(calls_parse(text, getpid(), &wait), CALL_WAITING);
		assert_string_equal(wait.name, cases[i].name);
		assert_int_equal(wait.kind, cases[i].kind);
		close(cases[i].fd);
	}
	close(pipe_fds[1]);
	close(sockets[1]);
}

static void states_of_a_thread(void **state)
{
	static const struct {
		const char *text;
		enum call_state state;
		enum wait_kind kind;
	} cases[] = {
		{ "running\n", CALL_RUNNING, 0 },
		{ "-1 0x7ffc12345678 0x7f1234567890\n", CALL_WAITING, WAIT_PAGE_FAULT },
		{ "-1 0x0 0x0\n", CALL_GONE, 0 },
		{ "", CALL_GONE, 0 },
		{ "nonsense", CALL_GONE, 0 },
		{ "99999 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n", CALL_WAITING, WAIT_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct call_wait wait = { 0 };

		assert_int_equal(calls_parse(cases[i].text, getpid(), &wait), cases[i].state);
		if (cases[i].state == CALL_WAITING)
			assert_int_equal(wait.kind, cases[i].kind);
	}
}

static void a_real_child_asleep(void **state)
{
	pid_t child = fork();
	struct call_wait wait = { 0 };
	CLEANUP(cleanup_fd) int fd = -1;

	(void)state;
	if (!child) {
		struct timespec t = { .tv_sec = 60 };

		nanosleep(&t, NULL);
		_exit(0);
	}
	proc_wait_asleep(child);
	fd = calls_open(child, child);
	assert_true(fd >= 0);
	assert_int_equal(calls_read(fd, child, child, &wait), CALL_WAITING);
	assert_int_equal(wait.kind, WAIT_SLEEP);
	assert_string_equal(wait.name, "clock_nanosleep");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(calls_read(fd, child, child, &wait), CALL_GONE);
}

static void threads_and_descendants_are_listed(void **state)
{
	CLEANUP(proc_tids_clear) struct proc_tids alone = { 0 }, all = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	pid_t child = fork();

	(void)state;
	if (!child) {
		pause();
		_exit(0);
	}
	assert_null(proc_tids(getpid(), false, &alone));
	assert_int_equal(alone.n, 1);
	assert_null(proc_tids(getpid(), true, &all));
	assert_int_equal(all.n, 2);
	assert_int_equal(all.items[1], child);
	assert_int_equal(proc_process_of(child), child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	err = proc_tids(child, true, &alone);
	assert_non_null(err);
	assert_non_null(strstr(err->message, "there is no process"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_descriptor_is_decides),
		cmocka_unit_test(states_of_a_thread),
		cmocka_unit_test(a_real_child_asleep),
		cmocka_unit_test(threads_and_descendants_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
