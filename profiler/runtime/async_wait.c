/*
 * async_wait.c - time, readiness, futexes and children
 *
 * Task side.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define OP_FUTEX_WAIT 51 /* newer than liburing 2.3 */
#define FUTEX2_U32    2

static int64_t ns_of(const struct timespec *ts)
{
	return ts ? ts->tv_sec * 1000000000 + ts->tv_nsec : -1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	RAW2(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (uint64_t)ns_of(&ts);
}

static bool is_bad_time(const struct timespec *ts)
{
	return ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000;
}

/* What is left until `end`; a limit of -1 stays none. */
static int64_t left_ns(uint64_t end, int64_t limit_ns)
{
	uint64_t now;

	if (limit_ns < 0)
		return -1;
	now = now_ns();
	return now >= end ? 0 : (int64_t)(end - now);
}

static void set_limit(struct async_coro *c, const struct timespec *ts, unsigned flags)
{
	c->timed = ts != NULL;
	c->limit_flags = flags;
	if (ts) {
		c->limit.tv_sec = ts->tv_sec;
		c->limit.tv_nsec = ts->tv_nsec;
	}
}

/* --- sleeping --------------------------------------------------------------------------------- */

long async_call_sleep(struct async_coro *c, long nr, long a[6])
{
	bool plain = nr == SYS_nanosleep;
	long clock = plain ? CLOCK_MONOTONIC : a[0];
	bool absolute = !plain && a[1] & TIMER_ABSTIME;
	const struct timespec *ts = (const struct timespec *)(plain ? a[0] : a[2]);
	unsigned flags = absolute ? IORING_TIMEOUT_ABS : 0;

	if (is_bad_time(ts))
		return -EINVAL;
	if (absolute && clock == CLOCK_REALTIME)
		flags |= IORING_TIMEOUT_REALTIME;
	else if (clock == CLOCK_BOOTTIME)
		flags |= IORING_TIMEOUT_BOOTTIME;
	else if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		async_refuse("clock_nanosleep", "with a clock that io_uring does not have");
	c->limit.tv_sec = ts->tv_sec;
	c->limit.tv_nsec = ts->tv_nsec;
	c->op.opcode = IORING_OP_TIMEOUT;
	c->op.fd = -1;
	c->op.addr = (uint64_t)&c->limit;
	c->op.len = 1;
	c->op.off = 0;
	c->op.rw_flags = flags;
	c->op.addr3 = 0;
	c->op.file_index = 0;
	c->timed = false;
	c->want = WANT_RING;
	async_wait(c);
	return c->res == -ETIME ? 0 : c->res;
}

/* --- readiness -------------------------------------------------------------------------------- */

/* Put real descriptors into the task's own table, and keep what it said. */
static void translate(const struct async_coro *c, struct pollfd *fds, int *were, long n)
{
	for (long i = 0; i < n; i++) {
		were[i] = fds[i].fd;
		if (fds[i].fd >= 0)
			fds[i].fd = async_fd_real(c, fds[i].fd) < 0 ? 1 << 30
								    : async_fd_real(c, fds[i].fd);
	}
}

static long wait_for_polls(struct async_coro *c, struct pollfd *fds, unsigned n, int64_t ns)
{
	if (c->cpu->plain) {
		struct timespec ts = { ns / 1000000000, ns % 1000000000 };
		long ret = RAW6(SYS_ppoll, fds, n, ns < 0 ? NULL : &ts, NULL, 8, 0);

		return ret < 0 ? ret : 0;
	}
	c->polls = fds;
	c->polls_n = n;
	c->want = WANT_POLLS;
	c->timed = ns >= 0;
	c->limit_flags = 0;
	c->limit.tv_sec = ns / 1000000000;
	c->limit.tv_nsec = ns % 1000000000;
	async_wait(c);
	return c->timed_out ? 0 : c->res;
}

static long poll_many(struct async_coro *c, struct pollfd *fds, long n, int64_t limit_ns)
{
	uint64_t end = limit_ns > 0 ? now_ns() + (uint64_t)limit_ns : 0;
	long ret;

	for (;;) {
		int64_t left;

		ret = RAW3(SYS_poll, fds, n, 0);
		if (ret || limit_ns == 0)
			return ret;
		left = left_ns(end, limit_ns);
		if (left == 0)
			return 0;
		ret = wait_for_polls(c, fds, (unsigned)n, left);
		if (ret < 0)
			return ret;
	}
}

long async_call_poll(struct async_coro *c, long nr, long a[6])
{
	struct pollfd *fds = (struct pollfd *)a[0];
	const struct timespec *limit = (const struct timespec *)a[2];
	int64_t ns = nr == SYS_ppoll ? ns_of(limit) : ((int)a[2] < 0 ? -1 : (int)a[2] * 1000000l);
	int were[ASYNC_POLLS];
	long ret;

	if (nr == SYS_ppoll && a[3])
		async_refuse("ppoll", "with a signal mask");
	if (a[1] < 0 || a[1] > ASYNC_POLLS)
		async_refuse("poll", "with more than 64 descriptors");
	translate(c, fds, were, a[1]);
	ret = poll_many(c, fds, a[1], ns);
	for (long i = 0; i < a[1]; i++)
		fds[i].fd = were[i];
	return ret;
}

static bool in_set(const unsigned long *set, int fd)
{
	return set && set[fd / 64] >> fd % 64 & 1;
}

static void put_in_set(unsigned long *set, int fd)
{
	set[fd / 64] |= 1ul << fd % 64;
}

static void clear_set(unsigned long *set, int n)
{
	for (int i = 0; set && i < (n + 63) / 64; i++)
		set[i] = 0;
}

#define READABLE    (POLLIN | POLLRDNORM | POLLHUP | POLLERR)
#define WRITABLE    (POLLOUT | POLLWRNORM | POLLERR)
#define EXCEPTIONAL POLLPRI

static unsigned read_sets(struct pollfd *fds, int n, unsigned long *const sets[3])
{
	unsigned count = 0;

	for (int fd = 0; fd < n; fd++) {
		short events = (short)((in_set(sets[0], fd) ? POLLIN : 0) |
				       (in_set(sets[1], fd) ? POLLOUT : 0) |
				       (in_set(sets[2], fd) ? POLLPRI : 0));

		if (!events)
			continue;
		if (count == ASYNC_POLLS)
			async_refuse("select", "with more than 64 descriptors");
		fds[count].fd = fd;
		fds[count++].events = events;
	}
	return count;
}

static long write_sets(const struct pollfd *fds, const int *were, unsigned count, int n,
		       unsigned long *const sets[3])
{
	long bits = 0;

	for (int i = 0; i < 3; i++)
		clear_set(sets[i], n);
	for (unsigned i = 0; i < count; i++) {
		short events = fds[i].events, got = fds[i].revents;

		if (got & POLLNVAL)
			return -EBADF;
		if (events & POLLIN && got & READABLE)
			put_in_set(sets[0], were[i]), bits++;
		if (events & POLLOUT && got & WRITABLE)
			put_in_set(sets[1], were[i]), bits++;
		if (events & POLLPRI && got & EXCEPTIONAL)
			put_in_set(sets[2], were[i]), bits++;
	}
	return bits;
}

long async_call_select(struct async_coro *c, long nr, long a[6])
{
	unsigned long *const sets[3] = { (void *)a[1], (void *)a[2], (void *)a[3] };
	const struct timespec *ts = (const struct timespec *)a[4];
	struct pollfd fds[ASYNC_POLLS];
	int were[ASYNC_POLLS];
	int64_t ns = ns_of(ts);
	unsigned count;
	long ret;

	if (nr == SYS_select && ts) /* a timeval */
		ns = ts->tv_sec * 1000000000 + ts->tv_nsec * 1000;
	if (nr == SYS_pselect6 && a[5] && *(const long *)a[5])
		async_refuse("pselect6", "with a signal mask");
	count = read_sets(fds, (int)a[0], sets);
	translate(c, fds, were, count);
	ret = poll_many(c, fds, count, ns);
	return ret < 0 ? ret : write_sets(fds, were, count, (int)a[0], sets);
}

long async_call_epoll(struct async_coro *c, long nr, long a[6])
{
	int64_t ns = nr == SYS_epoll_pwait2 ? ns_of((const struct timespec *)a[3])
					    : ((int)a[3] < 0 ? -1 : (int)a[3] * 1000000l);
	uint64_t end = ns > 0 ? now_ns() + (uint64_t)ns : 0;

	if (nr != SYS_epoll_wait && a[4])
		async_refuse("epoll_pwait", "with a signal mask");
	for (;;) {
		long ret = RAW4(SYS_epoll_wait, a[0], a[1], a[2], 0);

		if (ret || ns == 0)
			return ret;
		ret = async_await(c, (int)a[0], POLLIN, left_ns(end, ns));
		if (ret == -ETIME)
			return 0;
		if (ret < 0)
			return ret;
	}
}

/* --- futexes ---------------------------------------------------------------------------------- */

static long futex_wait(struct async_coro *c, long op, const long a[6])
{
	const struct timespec *ts = (const struct timespec *)a[3];
	bool bitset = (op & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
	unsigned limit_flags = bitset ? IORING_TIMEOUT_ABS : 0;

	if (ts && is_bad_time(ts))
		return -EINVAL;
	if (bitset && op & FUTEX_CLOCK_REALTIME)
		limit_flags |= IORING_TIMEOUT_REALTIME;
	c->op.opcode = OP_FUTEX_WAIT;
	c->op.fd = FUTEX2_U32 | (int)(op & FUTEX_PRIVATE_FLAG);
	c->op.addr = (uint64_t)a[0];
	c->op.off = (uint32_t)a[2];
	c->op.addr3 = bitset ? (uint32_t)a[5] : FUTEX_BITSET_MATCH_ANY;
	c->op.len = 0;
	c->op.rw_flags = 0;
	c->op.file_index = 0;
	c->want = WANT_RING;
	set_limit(c, ts, limit_flags);
	async_wait(c);
	return c->timed_out && c->res == -ECANCELED ? -ETIMEDOUT : c->res;
}

long async_call_futex(struct async_coro *c, long nr, long a[6])
{
	switch (a[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return futex_wait(c, a[1], a);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_WAKE_OP:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return async_direct(c, nr, a);
	default:
		async_refuse("futex",
			     "a mutex with priority inheritance belongs to a kernel thread");
	}
}

/* --- children --------------------------------------------------------------------------------- */

static void forget_child(struct async_coro *c, int pid)
{
	for (unsigned i = 0; i < c->children_n; i++) {
		if (c->children[i] == pid) {
			c->children[i] = c->children[--c->children_n];
			return;
		}
	}
}

/* One that has ended, without waiting: its pid, 0, or a negative errno. Not another task's child. */
static long reap(struct async_coro *c, long nr, const long a[6])
{
	if (nr == SYS_waitid) { /* P_PID only */
		siginfo_t *info = (siginfo_t *)a[2];
		long ret;

		info->si_pid = 0;
		ret = RAW6(nr, a[0], a[1], info, a[3] | WNOHANG, a[4], 0);
		if (ret == 0 && info->si_pid && !(a[3] & WNOWAIT))
			forget_child(c, (int)a[1]);
		return ret ? ret : info->si_pid;
	}
	if ((int)a[0] != -1) {
		long ret = RAW4(nr, a[0], a[1], a[2] | WNOHANG, a[3]);

		if (ret > 0)
			forget_child(c, (int)ret);
		return ret;
	}
	for (unsigned i = 0; i < c->children_n; i++) {
		long ret = RAW4(nr, c->children[i], a[1], a[2] | WNOHANG, a[3]);

		if (ret == -ECHILD)
			forget_child(c, c->children[i--]);
		if (ret <= 0)
			continue;
		forget_child(c, (int)ret);
		return ret;
	}
	return c->children_n ? 0 : -ECHILD;
}

/* Until one of them may have ended. */
static long wait_for_children(struct async_coro *c, const int *pids, unsigned n)
{
	struct pollfd fds[ASYNC_CHILDREN];
	unsigned opened = 0;
	long ret = 0;

	for (; opened < n; opened++) {
		long fd = RAW2(SYS_pidfd_open, pids[opened], 0);

		if (fd < 0) {
			ret = fd;
			break;
		}
		fds[opened].fd = (int)fd;
		fds[opened].events = POLLIN;
	}
	if (!ret)
		ret = wait_for_polls(c, fds, n, -1);
	for (unsigned i = 0; i < opened; i++)
		RAW1(SYS_close, fds[i].fd);
	return ret < 0 ? ret : 0;
}

long async_call_wait(struct async_coro *c, long nr, long a[6])
{
	siginfo_t info;
	long options = nr == SYS_waitid ? a[3] : a[2];
	int pid = (int)(nr == SYS_waitid ? a[1] : a[0]);

	if (nr == SYS_waitid && a[0] != P_PID)
		async_refuse("waitid", "for more than one child");
	if (nr == SYS_waitid && !a[2])
		a[2] = (long)&info;
	if (pid == 0 || pid < -1)
		async_refuse(async_syscall_name(nr), "for a group of processes");
	if (options & (WUNTRACED | WCONTINUED) && !(options & WNOHANG))
		async_refuse(async_syscall_name(nr), "for children that stop or go on");
	if (nr == SYS_wait4) /* a coroutine's children are its own already */
		a[2] &= ~(long)__WNOTHREAD;
	for (;;) {
		long ret = reap(c, nr, a);

		if (ret || options & WNOHANG)
			return nr == SYS_waitid && ret > 0 ? 0 : ret;
		if (pid == -1)
			ret = wait_for_children(c, c->children, c->children_n);
		else
			ret = wait_for_children(c, &pid, 1);
		if (ret < 0)
			return ret;
	}
}

#endif
