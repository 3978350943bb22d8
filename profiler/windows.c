#include "profiler/windows.h"

#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profiler/calls.h"

/* Of the budget; the rest is for the totals and the clock. */
#define WINDOWS_SHARE 0.6
/* Over which the rate is taken while a window may stay open. */
#define CALM_NS 25000000

struct windows_thread {
	UT_hash_handle hh;
	pid_t tid;
	int stat_fd, call_fd;
	bool seen;
};

struct taking {
	struct windows *windows;
	const struct windows_watch *watch;
};

static void forget(struct windows *w, struct windows_thread *th)
{
	if (th->stat_fd >= 0)
		close(th->stat_fd);
	if (th->call_fd >= 0)
		close(th->call_fd);
	HASH_DEL(w->by_tid, th);
	free(th);
}

static struct windows_thread *thread_of(struct windows *w, pid_t pid, pid_t tid)
{
	struct windows_thread *th;

	HASH_FIND_INT(w->by_tid, &tid, th);
	if (th)
		return th;
	th = xcalloc(1, sizeof(*th));
	th->tid = tid;
	th->stat_fd = schedstat_open(pid, tid);
	th->call_fd = calls_open(pid, tid);
	HASH_ADD_INT(w->by_tid, tid, th);
	return th;
}

static void take_one(pid_t pid, pid_t tid, void *arg)
{
	struct taking *taking = arg;
	const struct windows_watch *watch = taking->watch;
	struct windows_thread *th = thread_of(taking->windows, pid, tid);
	struct event event = { .type = EVENT_TOTALS, .pid = pid, .tid = tid };
	struct call_wait wait;

	th->seen = true;
	if (!schedstat_read(th->stat_fd, &event.counted))
		return;
	event.time_ns = clock_now_ns();
	if (th->call_fd >= 0 && calls_read(th->call_fd, pid, tid, &wait) == CALL_WAITING)
		event.call_site = sites_call(watch->account->sites, wait.kind, wait.name);
	watch->fn(&event, watch->arg);
}

/* Many threads make it rarer, not dearer: at most a twentieth of one CPU. */
static void take_totals(struct windows *w, const struct windows_watch *watch)
{
	struct taking taking = { w, watch };
	uint64_t start_ns = clock_now_ns(), took_ns;
	struct windows_thread *it, *next;

	account_each(watch->account, take_one, &taking);
	HASH_ITER (hh, w->by_tid, it, next) {
		if (!it->seen)
			forget(w, it);
		else
			it->seen = false;
	}
	took_ns = clock_now_ns() - start_ns;
	w->totals_ns = start_ns + (took_ns * 20 > TOTALS_NS ? took_ns * 20 : TOTALS_NS);
}

static void tell(const struct windows_watch *watch, bool recorded)
{
	struct event event = { .type = EVENT_WINDOW,
			       .recorded = recorded,
			       .time_ns = clock_now_ns() };

	watch->fn(&event, watch->arg);
}

/* All of a window counts as cost: what the records take aside, a program that is looked at may be moved
 * to another CPU, where it goes on at another pace. */
static void shut(struct windows *w, const struct windows_watch *watch, uint64_t cost_ns)
{
	tell(watch, false);
	take_totals(w, watch);
	perf_close_window(watch->perf);
	w->open = false;
	w->since_ns = clock_now_ns();
	w->until_ns = w->since_ns + (uint64_t)((double)cost_ns / (watch->budget * WINDOWS_SHARE));
}

struct error *windows_start(struct windows *w, const struct windows_watch *watch, uint64_t outs)
{
	struct error *err;

	tell(watch, false);
	take_totals(w, watch);
	err = perf_watch_machine(watch->perf);
	if (err) {
		tell(watch, true);
		return err;
	}
	w->on = true;
	w->outs = outs;
	w->since_ns = w->until_ns = clock_now_ns(); /* the first one at once */
	return NULL;
}

static void open_one(struct windows *w, const struct windows_watch *watch, uint64_t outs)
{
	struct error *err = perf_open_window(watch->perf);

	if (err) { /* too many counters on this machine: try again later */
		error_free(err);
		perf_close_window(watch->perf);
		w->until_ns = clock_now_ns() + 100 * (uint64_t)WINDOW_NS;
		return;
	}
	take_totals(w, watch);
	tell(watch, true);
	w->open = true;
	w->outs = outs;
	w->since_ns = clock_now_ns();
}

void windows_turn(struct windows *w, const struct windows_watch *watch, uint64_t outs)
{
	uint64_t now_ns = clock_now_ns(), passed_ns = now_ns - w->since_ns, cost_ns;

	if (!w->open) {
		if (now_ns >= w->until_ns)
			open_one(w, watch, outs);
		else if (now_ns >= w->totals_ns)
			take_totals(w, watch);
		return;
	}
	if (passed_ns < WINDOW_NS)
		return;
	cost_ns = (outs - w->outs) * STACK_NS;
	if ((double)cost_ns > watch->budget * (double)passed_ns) {
		shut(w, watch, cost_ns > passed_ns ? cost_ns : passed_ns);
	} else if (passed_ns > CALM_NS) {
		w->outs = outs;
		w->since_ns = now_ns;
	}
}

uint64_t windows_wait_ns(const struct windows *w, uint64_t now_ns)
{
	uint64_t next_ns = w->open ? now_ns + WINDOW_NS
				   : (w->until_ns < w->totals_ns ? w->until_ns : w->totals_ns);

	return next_ns > now_ns ? next_ns - now_ns : 0;
}

void windows_clear(struct windows *w)
{
	struct windows_thread *it, *next;

	HASH_ITER (hh, w->by_tid, it, next)
		forget(w, it);
	*w = (struct windows){ 0 };
}
