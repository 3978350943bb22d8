/*
 * totals.h - the kernel's own counts of each followed thread, read every now and then
 *
 * Events EVENT_TOTALS for account.h, which needs them where records say too little: between windows
 * (windows.h), and where the ends of waits are not seen as the kernel sees them (settle.h). Descriptors are kept open, one or two for each
 * thread. Many threads make it rarer, not dearer: at most a twentieth of one CPU.
 * Ownership: totals_clear(). One thread at a time.
 */
#ifndef PROFILER_TOTALS_H
#define PROFILER_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/account.h"

#define TOTALS_NS 10000000 /* what a thread that ends did since the last totals is not known */

struct totals_thread;

struct totals {
	bool calls;                   /* with the call that a thread waits in */
	uint64_t next_ns;             /* when to take them again */
	struct totals_thread *by_tid; /* whose totals are taken */
};

typedef void totals_fn(const struct event *event, void *arg);

void totals_take(struct totals *t, struct account *account, totals_fn *fn, void *arg);
void totals_clear(struct totals *t);

#endif
