/*
 * truth.h - what a workload knows about its own waits
 *
 *	TRUTH("sleep", nanosleep(&pause, NULL));
 *
 * takes three clocks around a call: the wall, the thread's CPU time, and its time in the run-queue
 * (/proc/thread-self/schedstat). Wall less the other two is the time the thread was blocked. At the
 * end truth_print() writes one line per kind, "truth KIND BLOCKED_NS CALLS", then "truth runqueue NS"
 * for what those calls spent in the run-queue. Several threads may use it at once; a process keeps
 * its own account.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct truth_clocks {
	int64_t wall_ns, cpu_ns, delay_ns;
};

struct truth_kind {
	const char *_Atomic name;
	atomic_llong blocked_ns, calls;
};

static struct truth_kind truth_kinds[8];
static atomic_llong truth_delay_ns;
static _Thread_local int truth_fd = -1;

static inline int64_t truth_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t truth_delay(void)
{
	long delay_ns = 0;
	char text[96];
	ssize_t n;

	if (truth_fd < 0)
		truth_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	n = pread(truth_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	sscanf(text, "%*s %ld", &delay_ns);
	return delay_ns;
}

/* All three at one moment: taken again if the thread lost the CPU in between, though not for ever
 * (under a debugger it always does). */
static inline struct truth_clocks truth_now(void)
{
	struct truth_clocks c;
	int tries = 0;

	do {
		c.delay_ns = truth_delay();
		c.cpu_ns = truth_clock(CLOCK_THREAD_CPUTIME_ID);
		c.wall_ns = truth_clock(CLOCK_MONOTONIC);
	} while (truth_delay() != c.delay_ns && ++tries < 20);
	return c;
}

static inline void truth_add(const char *kind, struct truth_clocks before)
{
	struct truth_clocks now = truth_now();
	int64_t delay_ns = now.delay_ns - before.delay_ns;
	int64_t blocked_ns = now.wall_ns - before.wall_ns - (now.cpu_ns - before.cpu_ns) - delay_ns;

	for (size_t i = 0; i < sizeof(truth_kinds) / sizeof(*truth_kinds); i++) {
		const char *name = NULL;

		if (!atomic_compare_exchange_strong(&truth_kinds[i].name, &name, kind) &&
		    strcmp(name, kind))
			continue;
		atomic_fetch_add(&truth_kinds[i].blocked_ns, blocked_ns > 0 ? blocked_ns : 0);
		atomic_fetch_add(&truth_kinds[i].calls, 1);
		break;
	}
	atomic_fetch_add(&truth_delay_ns, delay_ns);
}

#define TRUTH(kind, call)                                                                          \
	do {                                                                                       \
		struct truth_clocks truth_before = truth_now();                                    \
		(void)!(call);                                                                     \
		truth_add(kind, truth_before);                                                     \
	} while (0)

static inline void truth_print(void)
{
	for (size_t i = 0; i < sizeof(truth_kinds) / sizeof(*truth_kinds); i++) {
		if (truth_kinds[i].name)
			printf("truth %s %lld %lld\n", truth_kinds[i].name,
			       (long long)truth_kinds[i].blocked_ns,
			       (long long)truth_kinds[i].calls);
	}
	printf("truth runqueue %lld 0\n", (long long)truth_delay_ns);
	fflush(stdout);
}

static inline void truth_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline void pause_us(long us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* Uses `us` of this thread's CPU time. */
static inline void burn_us(int64_t us)
{
	int64_t until = truth_clock(CLOCK_THREAD_CPUTIME_ID) + us * 1000;
	volatile unsigned x = 1;

	while (truth_clock(CLOCK_THREAD_CPUTIME_ID) < until) {
		for (int i = 0; i < 2000; i++)
			x = x * 1664525 + 1013904223;
	}
}

/* A file of `bytes` that is deleted already, in TMPDIR or the working directory. */
static inline int scratch_file(size_t bytes)
{
	const char *dir = getenv("TMPDIR");
	char path[4096], page[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/workload-XXXXXX", dir ? dir : ".");
	fd = mkstemp(path);
	if (fd < 0)
		truth_die(path);
	unlink(path);
	memset(page, 'x', sizeof(page));
	for (size_t at = 0; at < bytes; at += sizeof(page)) {
		if (pwrite(fd, page, sizeof(page), (off_t)at) < 0)
			truth_die("pwrite");
	}
	if (bytes)
		TRUTH("disk", fsync(fd));
	return fd;
}

#endif
