#include "profiler/windows.h"

#include "base/clock.h"

/* Of the budget; the rest is for the totals and the clock. */
#define WINDOWS_SHARE 0.6
/* Over which the rate is taken while a window may stay open. */
#define CALM_NS 25000000

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
	totals_take(&w->totals, watch->account, watch->fn, watch->arg);
	perf_close_window(watch->perf);
	w->open = false;
	w->since_ns = clock_now_ns();
	w->until_ns = w->since_ns + (uint64_t)((double)cost_ns / (watch->budget * WINDOWS_SHARE));
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
	w->outs = outs;
	w->since_ns = clock_now_ns();
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
		shut(w, watch, cost_ns > passed_ns ? cost_ns : passed_ns);
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
