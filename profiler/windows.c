#include "profiler/windows.h"

#include "base/clock.h"

/* Of the budget; the rest is for the totals, the clock, and how it all began. */
#define WINDOWS_SHARE 0.4
/* What a switch costs, measured: while a window's wake-ups are still being taken out of the kernel, and
 * while the kernel keeps its hook for switch records, which is so long after the last one. */
#define LEAVE_NS  80
#define HOOK_NS   60
#define LINGER_NS 1000000000
/* Over which the rate is taken while a window may stay open. */
#define CALM_NS 25000000

static void tell(const struct windows_watch *watch, bool recorded)
{
	struct event event = { .type = EVENT_WINDOW,
			       .recorded = recorded,
			       .time_ns = clock_now_ns() };

	watch->fn(&event, watch->arg);
}

/* Switches per ns if nobody looked: the window's less what recording them took, within reason. */
static double own_rate(uint64_t outs, uint64_t passed_ns)
{
	double seen = (double)outs / (double)passed_ns, took = seen * STACK_NS;

	return took < 0.75 ? seen / (1 - took) : 4 * seen;
}

/* The time from one window to the next that makes their costs the share of it. */
static double period_ns(double cost_ns, double rate, double share)
{
	double hook = rate * HOOK_NS, ns = hook < share ? cost_ns / (share - hook) : LINGER_NS;

	return ns < LINGER_NS ? ns : (cost_ns + hook * LINGER_NS) / share;
}

/* All of a window counts as cost: what the records take aside, a program that is looked at may be moved
 * to another CPU, where it goes on at another pace. */
static void shut(struct windows *w, const struct windows_watch *watch, uint64_t outs,
		 uint64_t cost_ns)
{
	uint64_t shut_ns = clock_now_ns();
	double rate = own_rate(outs, shut_ns - w->since_ns), all_ns;

	tell(watch, false);
	totals_take(&w->totals, watch->account, watch->fn, watch->arg);
	perf_close_window(watch->perf);
	w->open = false;
	w->since_ns = clock_now_ns();
	all_ns = (double)(w->opening_ns + cost_ns) +
		 rate * LEAVE_NS * (double)(w->since_ns - shut_ns);
	w->until_ns =
		w->since_ns + (uint64_t)period_ns(all_ns, rate, watch->budget * WINDOWS_SHARE);
}

struct error *windows_start(struct windows *w, const struct windows_watch *watch, uint64_t outs)
{
	struct error *err;

	w->totals.calls = true;
	tell(watch, false);
	totals_take(&w->totals, watch->account, watch->fn, watch->arg);
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
	uint64_t start_ns = clock_now_ns();
	struct error *err = perf_open_window(watch->perf);

	if (err) { /* too many counters on this machine: try again later */
		error_free(err);
		perf_close_window(watch->perf);
		w->until_ns = clock_now_ns() + 100 * (uint64_t)WINDOW_NS;
		return;
	}
	totals_take(&w->totals, watch->account, watch->fn, watch->arg);
	tell(watch, true);
	w->open = true;
	w->opened++;
	w->outs = outs;
	w->since_ns = clock_now_ns();
	w->opening_ns = w->since_ns - start_ns;
}

void windows_turn(struct windows *w, const struct windows_watch *watch, uint64_t outs)
{
	uint64_t now_ns = clock_now_ns(), passed_ns = now_ns - w->since_ns, cost_ns;

	if (!w->open) {
		if (now_ns >= w->until_ns)
			open_one(w, watch, outs);
		else if (now_ns >= w->totals.next_ns)
			totals_take(&w->totals, watch->account, watch->fn, watch->arg);
		return;
	}
	if (passed_ns < WINDOW_NS)
		return;
	cost_ns = (outs - w->outs) * STACK_NS;
	if ((double)cost_ns > watch->budget * (double)passed_ns) {
		shut(w, watch, outs - w->outs, cost_ns > passed_ns ? cost_ns : passed_ns);
	} else if (passed_ns > CALM_NS) {
		w->outs = outs;
		w->since_ns = now_ns;
	}
}

uint64_t windows_wait_ns(const struct windows *w, uint64_t now_ns)
{
	uint64_t next_ns =
		w->open ? now_ns + WINDOW_NS
			: (w->until_ns < w->totals.next_ns ? w->until_ns : w->totals.next_ns);

	return next_ns > now_ns ? next_ns - now_ns : 0;
}

void windows_clear(struct windows *w)
{
	totals_clear(&w->totals);
	*w = (struct windows){ 0 };
}
