#include "profiler/totals.h"

#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profiler/calls.h"

struct totals_thread {
	UT_hash_handle hh;
	pid_t tid;
	int stat_fd, call_fd;
	bool seen;
};

struct taking {
	struct totals *totals;
	struct account *account;
	totals_fn *fn;
	void *arg;
};

static void forget(struct totals *t, struct totals_thread *th)
{
	if (th->stat_fd >= 0)
		close(th->stat_fd);
	if (th->call_fd >= 0)
		close(th->call_fd);
	HASH_DEL(t->by_tid, th);
	free(th);
}

static struct totals_thread *thread_of(struct totals *t, pid_t pid, pid_t tid)
{
	struct totals_thread *th;

	HASH_FIND_INT(t->by_tid, &tid, th);
	if (th)
		return th;
	th = xcalloc(1, sizeof(*th));
	th->tid = tid;
	th->stat_fd = schedstat_open(pid, tid);
	th->call_fd = t->calls ? calls_open(pid, tid) : -1;
	HASH_ADD_INT(t->by_tid, tid, th);
	return th;
}

static void take_one(pid_t pid, pid_t tid, void *arg)
{
	struct taking *taking = arg;
	struct totals_thread *th = thread_of(taking->totals, pid, tid);
	struct event event = { .type = EVENT_TOTALS, .pid = pid, .tid = tid };
	struct call_wait wait;

	th->seen = true;
	event.read_ns = clock_now_ns();
	if (!schedstat_read(th->stat_fd, &event.counted))
		return;
	event.time_ns = clock_now_ns();
	if (th->call_fd >= 0 && calls_read(th->call_fd, pid, tid, &wait) == CALL_WAITING)
		event.call_site = sites_call(taking->account->sites, wait.kind, wait.name);
	taking->fn(&event, taking->arg);
}

void totals_take(struct totals *t, struct account *account, totals_fn *fn, void *arg)
{
	struct taking taking = { t, account, fn, arg };
	uint64_t start_ns = clock_now_ns(), took_ns;
	struct totals_thread *it, *next;

	account_each(account, take_one, &taking);
	HASH_ITER (hh, t->by_tid, it, next) {
		if (!it->seen)
			forget(t, it);
		else
			it->seen = false;
	}
	took_ns = clock_now_ns() - start_ns;
	t->next_ns = start_ns + (took_ns * 20 > TOTALS_NS ? took_ns * 20 : TOTALS_NS);
}

void totals_clear(struct totals *t)
{
	struct totals_thread *it, *next;

	HASH_ITER (hh, t->by_tid, it, next)
		forget(t, it);
	*t = (struct totals){ 0 };
}
