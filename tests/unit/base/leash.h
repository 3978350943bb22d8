/*
 * leash.h - commands in tests, held on a pipe that tells whether any of their descendants is left
 */
#ifndef TESTS_UNIT_BASE_LEASH_H
#define TESTS_UNIT_BASE_LEASH_H

#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "base/subprocess.h"

#define SECOND_NS UINT64_C(1000000000)

/* Most tests run scripts of sh. */
static inline struct subprocess_options shell(const char *const *argv)
{
	return (struct subprocess_options){
		.argv = argv, .stdin_fd = -1, .stdout_fd = 1, .stderr_fd = 2, .gate_fd = -1
	};
}

#define SHELL(script) ((const char *const[4]){ "sh", "-c", script, NULL })

static inline struct subprocess_result
run(const char *script, const struct subprocess_limits *limits, struct strbuf *out)
{
	struct subprocess_result result;

	expect_ok(subprocess_run(SHELL(script), limits, out, NULL, &result));
	return result;
}

/*
 * A pipe whose write end the command and all its descendants hold: it reports the end of file as
 * soon as, and only if, the last of them is gone.
 */
struct leash {
	int read_fd, write_fd;
};

/* At the start of a test program: scripts name the write end, and dash knows descriptors below 10 only. */
static inline void leash_prepare(void)
{
	close_range(3, ~0u, 0);
}

static inline struct leash leash_new(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	return (struct leash){ .read_fd = fds[0], .write_fd = fds[1] };
}

static inline bool leash_all_gone(struct leash *leash, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = leash->read_fd };

	if (leash->write_fd >= 0)
		close(leash->write_fd);
	leash->write_fd = -1;
	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents & POLLHUP;
}

static inline void leash_clear(struct leash *leash)
{
	close(leash->read_fd);
	if (leash->write_fd >= 0)
		close(leash->write_fd);
}

static inline struct subprocess start_on_leash(const char *script, struct leash *leash,
					       uint64_t wall_ns)
{
	struct subprocess_options opt = shell(SHELL(script));
	struct subprocess sub;

	opt.keep_fds = &leash->write_fd;
	opt.keep_fds_n = 1;
	opt.limits.wall_ns = wall_ns;
	expect_ok(subprocess_start(&opt, &sub));
	return sub;
}

/* Nor a zombie. */
static inline void expect_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Reads one byte, with a deadline: a failing test must not hang. */
static inline bool byte_comes(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&poll_fd, 1, 60000) == 1 && read(fd, &c, 1) == 1;
}

#endif
