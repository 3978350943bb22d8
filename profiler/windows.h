/*
 * windows.h - watch a program that switches so often that a record of each switch would slow it down
 *
 * T0. Switches are recorded for WINDOW_NS, with stacks and wake-ups, then not for as long as it takes
 * until what that has cost is the budget's share of all the time. In between the kernel's own counts
 * of each thread (totals.h) are read every TOTALS_NS, so that the totals stay exact; the kinds of
 * waits are estimated from the windows (account.h). Ownership: windows_clear(). One thread at a time.
 */
#ifndef PROFILER_WINDOWS_H
#define PROFILER_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "profiler/account.h"
#include "profiler/perf.h"
#include "profiler/totals.h"

#define WINDOW_NS 2000000
#define STACK_NS  3000 /* what one switch's stack and wake-up cost the program, measured, */
#define RECORD_NS 400  /* and its record alone */

struct windows {
	bool on, open;
	uint64_t since_ns, outs; /* since when it is open, or closed; switches until then */
	uint64_t until_ns;       /* when to open it */
	uint64_t opening_ns;     /* that it took */
	uint64_t opened;         /* how many so far */
	struct totals totals;
};

struct windows_watch { /* borrowed */
	struct perf *perf;
	struct account *account;
	double budget; /* the share of the program's time that watching may cost */
	totals_fn *fn; /* gets EVENT_WINDOW and EVENT_TOTALS */
	void *arg;
};

/* From now on. `now_ns`: all records until then are taken. */
struct error *windows_start(struct windows *w, const struct windows_watch *watch,
			    uint64_t outs) ERROR_MUST_CHECK;
/* To be called when windows_wait_ns() has passed, or earlier. `outs`: switches seen until now. */
void windows_turn(struct windows *w, const struct windows_watch *watch, uint64_t outs);
uint64_t windows_wait_ns(const struct windows *w, uint64_t now_ns);
void windows_clear(struct windows *w);

#endif
