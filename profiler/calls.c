#include "profiler/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* How a call's kind is found. */
enum call_rule { BY_KIND, BY_DESCRIPTOR };

struct call {
	long number;
	const char *name;
	enum call_rule rule;
	enum wait_kind kind;
};

#define FIXED(name, kind)                                                                          \
	{                                                                                          \
		SYS_##name, #name, BY_KIND, kind                                                   \
	}
#define ON_FD(name)                                                                                \
	{                                                                                          \
		SYS_##name, #name, BY_DESCRIPTOR, WAIT_OTHER                                       \
	}

static const struct call calls[] = {
	ON_FD(read),
	ON_FD(write),
	ON_FD(pread64),
	ON_FD(pwrite64),
	ON_FD(readv),
	ON_FD(writev),
	ON_FD(preadv),
	ON_FD(pwritev),
	ON_FD(preadv2),
	ON_FD(pwritev2),
	ON_FD(sendfile),
	ON_FD(splice),
	ON_FD(copy_file_range),
	ON_FD(close),
	ON_FD(ioctl),
	FIXED(recvfrom, WAIT_NETWORK),
	FIXED(recvmsg, WAIT_NETWORK),
	FIXED(recvmmsg, WAIT_NETWORK),
	FIXED(sendto, WAIT_NETWORK),
	FIXED(sendmsg, WAIT_NETWORK),
	FIXED(sendmmsg, WAIT_NETWORK),
	FIXED(connect, WAIT_NETWORK),
	FIXED(accept, WAIT_NETWORK),
	FIXED(accept4, WAIT_NETWORK),
	FIXED(shutdown, WAIT_NETWORK),
	FIXED(fsync, WAIT_DISK),
	FIXED(fdatasync, WAIT_DISK),
	FIXED(sync, WAIT_DISK),
	FIXED(syncfs, WAIT_DISK),
	FIXED(msync, WAIT_DISK),
	FIXED(sync_file_range, WAIT_DISK),
	FIXED(openat, WAIT_DISK),
	FIXED(openat2, WAIT_DISK),
	FIXED(newfstatat, WAIT_DISK),
	FIXED(statx, WAIT_DISK),
	FIXED(getdents64, WAIT_DISK),
	FIXED(unlinkat, WAIT_DISK),
	FIXED(renameat2, WAIT_DISK),
	FIXED(mkdirat, WAIT_DISK),
	FIXED(ftruncate, WAIT_DISK),
	FIXED(truncate, WAIT_DISK),
	FIXED(fallocate, WAIT_DISK),
	FIXED(readahead, WAIT_DISK),
	FIXED(execve, WAIT_DISK),
#ifdef SYS_open
	FIXED(open, WAIT_DISK),
	FIXED(stat, WAIT_DISK),
	FIXED(lstat, WAIT_DISK),
	FIXED(unlink, WAIT_DISK),
	FIXED(rename, WAIT_DISK),
	FIXED(mkdir, WAIT_DISK),
#endif
	FIXED(futex, WAIT_LOCK),
	FIXED(flock, WAIT_LOCK),
	FIXED(fcntl, WAIT_LOCK),
	FIXED(semop, WAIT_LOCK),
	FIXED(semtimedop, WAIT_LOCK),
#ifdef SYS_futex_waitv
	FIXED(futex_waitv, WAIT_LOCK),
#endif
	FIXED(nanosleep, WAIT_SLEEP),
	FIXED(clock_nanosleep, WAIT_SLEEP),
	FIXED(wait4, WAIT_CHILD),
	FIXED(waitid, WAIT_CHILD),
	FIXED(clone, WAIT_CHILD),
	FIXED(clone3, WAIT_CHILD),
#ifdef SYS_vfork
	FIXED(vfork, WAIT_CHILD),
#endif
	FIXED(ppoll, WAIT_POLL),
	FIXED(pselect6, WAIT_POLL),
	FIXED(epoll_pwait, WAIT_POLL),
#ifdef SYS_poll
	FIXED(poll, WAIT_POLL),
	FIXED(select, WAIT_POLL),
	FIXED(epoll_wait, WAIT_POLL),
#endif
#ifdef SYS_epoll_pwait2
	FIXED(epoll_pwait2, WAIT_POLL),
#endif
	FIXED(io_uring_enter, WAIT_POLL),
	FIXED(io_getevents, WAIT_POLL),
	FIXED(msgrcv, WAIT_PIPE),
	FIXED(msgsnd, WAIT_PIPE),
	FIXED(mq_timedreceive, WAIT_PIPE),
	FIXED(mq_timedsend, WAIT_PIPE),
	FIXED(rt_sigsuspend, WAIT_OTHER),
	FIXED(rt_sigtimedwait, WAIT_OTHER),
#ifdef SYS_pause
	FIXED(pause, WAIT_OTHER),
#endif
};

int calls_open(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static enum wait_kind anonymous_kind(const char *path, const char **what)
{
	char target[64];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	if (strstr(target, "eventfd")) {
		*what = "eventfd";
		return WAIT_PIPE;
	}
	if (strstr(target, "timerfd")) {
		*what = "timerfd";
		return WAIT_SLEEP;
	}
	if (strstr(target, "inotify") || strstr(target, "fanotify")) {
		*what = "inotify";
		return WAIT_POLL;
	}
	*what = "file";
	return WAIT_OTHER;
}

/* What a process's descriptor is. */
static enum wait_kind descriptor_kind(pid_t pid, uint64_t fd, const char **what)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%" PRIu32, pid, (uint32_t)fd);
	*what = "closed";
	if (stat(path, &st))
		return WAIT_OTHER;
	if (S_ISSOCK(st.st_mode)) {
		*what = "socket";
		return WAIT_NETWORK;
	}
	if (S_ISFIFO(st.st_mode)) {
		*what = "pipe";
		return WAIT_PIPE;
	}
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode)) {
		*what = "file";
		return WAIT_DISK;
	}
	if (S_ISCHR(st.st_mode)) {
		*what = "device";
		return WAIT_OTHER;
	}
	return anonymous_kind(path, what);
}

static void name_call(long number, uint64_t argument, pid_t pid, struct call_wait *ret)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct call *call = &calls[i];
		const char *what;

		if (call->number != number)
			continue;
		if (call->rule == BY_KIND) {
			ret->kind = call->kind;
			snprintf(ret->name, sizeof(ret->name), "%s", call->name);
			return;
		}
		ret->kind = descriptor_kind(pid, argument, &what);
		snprintf(ret->name, sizeof(ret->name), "%s (%s)", call->name, what);
		return;
	}
	ret->kind = WAIT_OTHER;
	snprintf(ret->name, sizeof(ret->name), "system call %ld", number);
}

enum call_state calls_parse(const char *text, pid_t pid, struct call_wait *ret)
{
	uint64_t first = 0, second = 0;
	char *end;
	long number;

	if (!strncmp(text, "running", 7))
		return CALL_RUNNING;
	number = strtol(text, &end, 10);
	if (end == text)
		return CALL_GONE;
	first = strtoull(end, &end, 16);
	second = strtoull(end, &end, 16);
	if (number >= 0) {
		name_call(number, first, pid, ret);
		return CALL_WAITING;
	}
	if (!first && !second) /* neither stack nor program counter: a zombie */
		return CALL_GONE;
	ret->kind = WAIT_PAGE_FAULT; /* asleep, but in no call */
	snprintf(ret->name, sizeof(ret->name), "page fault");
	return CALL_WAITING;
}

/* No stack and no program counter: a zombie, but for a moment also a program that is being replaced. */
static bool is_zombie(pid_t pid, pid_t tid)
{
	char path[64], text[512];
	ssize_t n;
	const char *state;
	CLEANUP(cleanup_fd) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')'); /* the name before it may hold anything */
	return !state || state[1] != ' ' || state[2] == 'Z' || state[2] == 'X';
}

enum call_state calls_read(int fd, pid_t pid, pid_t tid, struct call_wait *ret)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	enum call_state state;

	if (n < 0)
		return errno == EPERM || errno == EACCES ? CALL_HIDDEN : CALL_GONE;
	text[n] = '\0';
	state = calls_parse(text, pid, ret);
	if (state == CALL_GONE && !is_zombie(pid, tid))
		return CALL_RUNNING;
	return state;
}

void call_watch_add(struct call_watch *w, pid_t pid, pid_t tid)
{
	struct watched_thread thread = { .pid = pid, .tid = tid };

	vec_each (w, known) {
		if (known->tid == tid)
			return;
	}
	thread.fd = calls_open(pid, tid);
	if (thread.fd >= 0)
		vec_push(w, thread);
}

void call_watch_look(struct call_watch *w, call_watch_fn *fn, void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct watched_thread thread = w->items[i];
		struct call_wait wait;
		enum call_state state = calls_read(thread.fd, thread.pid, thread.tid, &wait);

		if (state == CALL_GONE) {
			close(thread.fd);
			continue;
		}
		if (state != CALL_HIDDEN)
			fn(thread.pid, thread.tid, state == CALL_WAITING ? &wait : NULL, arg);
		w->items[kept++] = thread;
	}
	w->n = kept;
}

void call_watch_clear(struct call_watch *w)
{
	vec_each (w, thread)
		close(thread->fd);
	vec_clear(w);
}
