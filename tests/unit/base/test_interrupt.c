#include "expect.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/interrupt.h"

/* Runs `body` in a child, because signals and their handlers are the whole process's. */
static int in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#define CHILD_EXPECT(condition)                                                                    \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("line %d: %s\n", __LINE__, #condition);                        \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static int wanted;

static void becomes_pending(void)
{
	interrupt_install();
	CHILD_EXPECT(!interrupt_pending());
	CHILD_EXPECT(interrupt_fd() >= 0 && !readable(interrupt_fd()));
	raise(wanted);
	CHILD_EXPECT(interrupt_pending());
	CHILD_EXPECT(readable(interrupt_fd()));
}

static void each_signal_is_caught_once(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < ARRAY_N(signals); i++) {
		int status;

		wanted = signals[i];
		status = in_child(becomes_pending);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void two_different(void)
{
	interrupt_install();
	raise(SIGINT);
	raise(SIGTERM);
}

static void the_second_ends_the_process(void **state)
{
	int status = in_child(two_different);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void nohup(void)
{
	signal(SIGHUP, SIG_IGN);
	interrupt_install();
	raise(SIGHUP);
	CHILD_EXPECT(!interrupt_pending());
	raise(SIGINT);
	CHILD_EXPECT(interrupt_pending());
}

static void nohup_stays_in_force(void **state)
{
	int status = in_child(nohup);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Running, sleeping, ... as proc(5) has it. */
static char process_state(pid_t pid)
{
	char path[32];
	char state = '?';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = fopen(path, "re");
	if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (stat)
		fclose(stat);
	return state;
}

static void sleeps_until_woken(void)
{
	interrupt_install();
	if (fork() == 0) {
		while (process_state(getppid()) == 'R')
			usleep(1000);
		kill(getppid(), SIGHUP);
		_exit(0);
	}
	CHILD_EXPECT(poll(NULL, 0, 60000) < 0);
	CHILD_EXPECT(interrupt_pending());
}

static void blocking_calls_end(void **state)
{
	int status = in_child(sleeps_until_woken);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void the_error(void **state)
{
	(void)state;
	expect_error(interrupt_error(), ERROR_INTERRUPTED, "interrupted", NULL);
	assert_false(interrupt_pending());
	assert_int_equal(interrupt_fd(), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signal_is_caught_once),
		cmocka_unit_test(the_second_ends_the_process),
		cmocka_unit_test(nohup_stays_in_force),
		cmocka_unit_test(blocking_calls_end),
		cmocka_unit_test(the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
