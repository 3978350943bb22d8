/*
 * settle.h - what was booked of a thread's life, held against the kernel's own counts
 *
 * The kernel counts each thread's time on the CPU and in run-queues exactly (schedstat.h), but does not
 * say when. Records say when, but not quite when the kernel does: a thread is on the CPU for some
 * microseconds before its record says so, and where wake-ups are not seen (T1, T2; a few in T0) a
 * wait lasts until then, the run-queue after it included. So whenever the counts are read while the
 * thread waits:
 *
 *	too much in the run-queue and too little on the CPU, or the other way round, is the same time;
 *	run-queue beyond the kernel's count was still waiting: wake-ups are seen before the kernel has put the
 *	thread into a run-queue;
 *	what the kernel counts beyond the run-queue, then beyond the CPU time, was at the ends of the
 *	waits since the last time, those first whose end was not seen: equal parts are taken off them, for
 *	how long a core takes to be had does not depend on what was waited for, but never more than there is;
 *	what is still booked beyond the kernel's count is unknown: it takes off what the host stole.
 *
 * A reading counts only if all that is in it is booked. The kernel counts a thread's time in the
 * run-queue when it comes to run, before there is a record of that, so the runs must be equal in number;
 * and it counts a part of it when the thread moves to the queue of another CPU, so a reading is left out
 * when it holds more than is booked (and could be taken off waits). The next one makes up for it.
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

enum settle_part { SETTLE_CPU, SETTLE_QUEUE, SETTLE_WAIT, SETTLE_UNKNOWN };

struct settle_count {
	uint64_t booked_ns; /* since the last reading */
	int64_t owed_ns;    /* the kernel's count - booked, of all before */
};

struct settle {
	bool begun;            /* until then all is ignored */
	bool ahead;            /* the last reading had more runs than were booked */
	struct schedstat from; /* the last reading that counts */
	uint64_t runs;         /* since then */
	uint64_t doubted;      /* 1 + runs, as a reading held too much */
	struct settle_count counts[SETTLE_WAIT]; /* on the CPU, in run-queues */
	struct mix waits;                        /* since then, with an end that was not seen */
	struct mix woken;                        /* since then, with a wake-up that was seen */
};

/* The thread was born just now. */
void settle_born(struct settle *s);
/* Something was not seen, or was not the program's: begin with the next reading. */
void settle_reset(struct settle *s);
/* It came to run. */
void settle_run(struct settle *s);
void settle_cpu(struct settle *s, uint64_t ns);
void settle_runqueue(struct settle *s, uint64_t ns);
/* A wait that ended with a wake-up, or when the thread ran again. Site 0: its place is not known. */
void settle_wait(struct settle *s, uint32_t site, bool woken, uint64_t ns);

/* `ns` that were booked as `from` are `to`; where one of them is SETTLE_WAIT, it is one at `site`. */
typedef void settle_fn(enum settle_part from, enum settle_part to, uint32_t site, uint64_t ns,
		       void *arg);
/*
 * A reading, taken while the thread waited, for a CPU (`queued`) or for something else, and all before is
 * booked. Adds to *check what is booked now.
 */
void settle_by(struct settle *s, const struct schedstat *now, bool queued, settle_fn *fn, void *arg,
	       struct profile_check *check);
void settle_clear(struct settle *s);

#endif
