#include "profiler/call_counts.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "profiler/proc.h"
#include "profiler/tracefs.h"

#define LOOK_NS 5000000

struct fds {
	VEC_FIELDS(int);
};

struct counter {
	char *probe;    /* its tracepoint */
	struct fds fds; /* for each thread there was; none: let go of */
	struct call_count count;
};

struct call_counts {
	struct counter *counters;
	size_t n;
	struct fds opens;
	uint64_t started_ns;
	pthread_t looker;
	bool looking;
	volatile bool stop;
};

static void close_all(struct fds *fds)
{
	vec_each (fds, fd)
		ioctl(*fd, PERF_EVENT_IOC_DISABLE, 0);
	vec_each (fds, fd)
		close(*fd); /* only this takes the breakpoint out of the program */
	vec_clear(fds);
}

/* Of these threads and all that they will start. False: the kernel refuses. */
static bool count_tracepoint(uint64_t id, const struct proc_tids *tids, struct fds *ret)
{
	vec_each (tids, tid) {
		struct perf_event_attr attr = { .size = sizeof(attr),
						.type = PERF_TYPE_TRACEPOINT,
						.config = id,
						.inherit = 1 };
		int fd = (int)syscall(SYS_perf_event_open, &attr, *tid, -1, -1,
				      PERF_FLAG_FD_CLOEXEC);

		if (fd >= 0)
			vec_push(ret, fd);
		else if (errno != ESRCH) /* it ended meanwhile */
			return false;
	}
	return true;
}

static void count_opens(const struct proc_tids *tids, struct fds *ret)
{
	struct tracepoint tp;
	CLEANUP(error_clear)
	struct error *err = tracefs_tracepoint("syscalls", "sys_enter_openat", "__syscall_nr", &tp);

	if (!err)
		count_tracepoint(tp.id, tids, ret);
}

static struct error *open_counter(struct counter *c, const struct proc_tids *tids,
				  const struct unit *unit)
{
	uint64_t id;
	struct error *err = tracefs_make_probe(unit->path, unit->offset, false, &c->probe, &id);

	if (!err && !count_tracepoint(id, tids, &c->fds))
		err = error_reclass(error_errno("cannot count the calls of %s", unit->name),
				    ERROR_MACHINE);
	return err;
}

static uint64_t sum(const struct fds *fds)
{
	uint64_t all = 0, calls;

	vec_each (fds, fd)
		all += read(*fd, &calls, sizeof(calls)) == sizeof(calls) ? calls : 0;
	return all;
}

static void look(struct counter *c, uint64_t since_ns)
{
	double s = (double)(clock_now_ns() - since_ns) / 1e9;

	if (!c->fds.n)
		return;
	c->count.calls = sum(&c->fds);
	c->count.per_s = s > 0 ? (double)c->count.calls / s : 0;
}

static void *looker_main(void *arg)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	struct call_counts *s = arg;

	while (!s->stop) {
		for (size_t i = 0; i < s->n; i++) {
			struct counter *c = &s->counters[i];

			look(c, s->started_ns);
			if (c->fds.n && c->count.calls > CALL_COUNTS_ENOUGH) {
				c->count.let_go = true;
				close_all(&c->fds);
			}
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static struct error *start_looker(struct call_counts *s)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->looker, NULL, looker_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return error_new(ERROR_MACHINE, "cannot start a thread: %s", strerror(error));
	s->looking = true;
	return NULL;
}

struct error *call_counts_open(pid_t pid, const struct unit *units, size_t n,
			       struct call_counts **ret)
{
	CLEANUP(proc_tids_clear) struct proc_tids tids = { 0 };
	struct error *err = proc_tids(pid, true, &tids);
	struct call_counts *s;

	if (err)
		return err;
	s = xcalloc(1, sizeof(*s));
	s->counters = xcalloc(n + 1, sizeof(*s->counters));
	count_opens(&tids, &s->opens);
	while (!err && s->n < n) {
		err = open_counter(&s->counters[s->n], &tids, &units[s->n]);
		s->n++;
	}
	s->started_ns = clock_now_ns();
	if (!err)
		err = start_looker(s);
	if (err)
		call_counts_close(s, NULL, NULL);
	else
		*ret = s;
	return err;
}

void call_counts_close(struct call_counts *s, struct call_count *counts, uint64_t *opened)
{
	if (!s)
		return;
	s->stop = true;
	if (s->looking)
		pthread_join(s->looker, NULL);
	for (size_t i = 0; i < s->n; i++) {
		struct counter *c = &s->counters[i];

		look(c, s->started_ns);
		if (counts)
			counts[i] = c->count;
		close_all(&c->fds);
		if (c->probe)
			tracefs_drop_probe(&c->probe);
	}
	if (opened)
		*opened = sum(&s->opens);
	close_all(&s->opens);
	free(s->counters);
	free(s);
}
