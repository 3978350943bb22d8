/*
 * settle.h - what was booked of a thread's life, held against the kernel's own counts
 *
 * The kernel counts each thread's time on the CPU and in run-queues exactly (schedstat.h), but does not
 * say when. Records say when, but not quite when the kernel does: a thread is on the CPU for some
 * microseconds before its record says so, and where wake-ups are not seen (T1, T2; a few in T0) a
 * wait lasts until then, the run-queue after it included. So whenever the counts are read while the
 * thread waits:
 *
 *	run-queue beyond the kernel's count was on the CPU, as far as CPU time is missing; the rest was still
 *	waiting: wake-ups are seen before the kernel has put the thread into a run-queue;
 *	what the kernel counts beyond the run-queue, then beyond the CPU time, was at the ends of the
 *	waits whose end was not seen, since the last time: equal parts are taken off them, for how long a
 *	core takes to be had does not depend on what was waited for, but never more than there is.
 *
 * Thus the sums are exact, and the division between the waits of one interval an estimate. What a
 * thread did after the last reading stays as it was booked. Ownership: settle_clear().
 */
#ifndef PROFILER_SETTLE_H
#define PROFILER_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/profile.h"
#include "profiler/mix.h"
#include "profiler/schedstat.h"

struct settle {
	bool begun;                            /* until then all is ignored */
	struct schedstat from;                 /* the last reading */
	uint64_t cpu_ns, runqueue_ns;          /* booked since then */
	int64_t owed_cpu_ns, owed_runqueue_ns; /* the kernel's count - booked, of all before */
	struct mix waits;                      /* since then, with an end that was not seen */
	struct mix woken;                      /* since then, with a wake-up that was seen */
};

/* The thread was born just now. */
void settle_born(struct settle *s);
/* Something was not seen, or was not the program's: begin with the next reading. */
void settle_reset(struct settle *s);
void settle_cpu(struct settle *s, uint64_t ns);
void settle_runqueue(struct settle *s, uint64_t ns);
/* A wait that ended with a wake-up, or when the thread ran again. Site 0: its place is not known. */
void settle_wait(struct settle *s, uint32_t site, bool woken, uint64_t ns);

enum settle_move { SETTLE_WAIT_TO_CPU, SETTLE_WAIT_TO_QUEUE, SETTLE_QUEUE_TO_WAIT };

/* `ns` of or for the waits at `site`. */
typedef void settle_fn(uint32_t site, enum settle_move move, uint64_t ns, void *arg);
/*
 * A reading, while the thread waits and all before is booked. Adds to *check what is booked now.
 * Returns how much of the run-queue was on the CPU.
 */
uint64_t settle_by(struct settle *s, const struct schedstat *now, settle_fn *fn, void *arg,
		   struct profile_check *check);
void settle_clear(struct settle *s);

#endif
