#include "profiler/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/subprocess.h"

static void session_abort(struct offcpu **session)
{
	offcpu_abort(*session);
}

struct error *watch_command(const char *const *argv, uint64_t timeout_ns,
			    const struct offcpu_options *options, struct profile *ret, int *status)
{
	CLEANUP(session_abort) struct offcpu *session = NULL;
	CLEANUP(cleanup_fd) int gate = -1, opened = -1;
	CLEANUP(subprocess_kill) struct subprocess sub = { 0 };
	struct subprocess_options opt = { .argv = argv,
					  .pass_signals = true,
					  .stdout_fd = STDOUT_FILENO,
					  .stderr_fd = STDERR_FILENO,
					  .limits = { .wall_ns = timeout_ns } };
	struct subprocess_result ended;
	struct profile seen = { 0 };
	struct error *err;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	opt.gate_fd = gate = fds[0];
	opened = fds[1];
	err = subprocess_start(&opt, &sub);
	if (!err)
		err = offcpu_open(sub.pid, options, &session);
	if (err)
		return err;
	if (write(opened, "", 1) != 1)
		return error_errno("cannot start %s", argv[0]);
	err = subprocess_wait(&sub, &ended);
	if (err)
		return err;
	if (ended.timed_out)
		return error_hint(error_new(ERROR_INPUT, "%s did not end within %.3g s", argv[0],
					    (double)timeout_ns / 1e9),
				  "give it longer with --timeout");
	err = offcpu_close(MOVE(session), &seen);
	if (err)
		return err;
	seen.tasks = 1;
	*ret = seen;
	*status = ended.status;
	return NULL;
}

/* Until one of them is ready, or the time is over. */
static void wait_until(struct pollfd *fds, nfds_t n, uint64_t duration_ns)
{
	uint64_t start_ns = clock_now_ns(), passed_ns = 0;

	while (!duration_ns || passed_ns < duration_ns) {
		uint64_t left_ns = duration_ns - passed_ns;
		struct timespec timeout = { .tv_sec = (time_t)(left_ns / 1000000000),
					    .tv_nsec = (long)(left_ns % 1000000000) };

		if (ppoll(fds, n, duration_ns ? &timeout : NULL, NULL) > 0)
			return;
		passed_ns = clock_now_ns() - start_ns;
	}
}

struct error *watch_process(pid_t pid, uint64_t duration_ns, const struct offcpu_options *options,
			    struct profile *ret)
{
	CLEANUP(cleanup_fd) int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct offcpu_options opt = *options;
	struct offcpu *session;
	struct pollfd fds[] = { { .fd = process, .events = POLLIN },
				{ .fd = interrupt_fd(), .events = POLLIN } };
	struct profile seen;
	struct error *err;

	if (process < 0 && errno == ESRCH)
		return error_new(ERROR_INPUT, "there is no process %d", pid);
	if (process < 0 && errno == EINVAL)
		return error_hint(error_new(ERROR_INPUT, "%d is no process", pid),
				  "if it is a thread, give its process");
	if (process < 0)
		return error_errno("cannot watch process %d", pid);
	opt.attach = true;
	err = offcpu_open(pid, &opt, &session);
	if (err)
		return err;
	wait_until(fds, 2, duration_ns);
	err = offcpu_close(session, &seen);
	if (err)
		return err;
	seen.tasks = 1;
	*ret = seen;
	return NULL;
}
