/*
 * call_counts.h - how often functions of a process tree are called
 *
 * Counters on the functions' entries, without records: cheaper than marking calls, so that it can be
 * tried on functions of which nothing is known yet. One that was called more than CALL_COUNTS_ENOUGH
 * times is let go of: a function that is called that often is dear to watch. Needs tier T0.
 * Ownership: call_counts_open's session goes to call_counts_close. One thread inside.
 */
#ifndef PROFILER_CALL_COUNTS_H
#define PROFILER_CALL_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profiler/units.h"

#define CALL_COUNTS_ENOUGH 5000

struct call_counts;

struct call_count {
	uint64_t calls;
	double per_s; /* while it was counted */
	bool let_go;  /* it was called more often than `calls` says */
};

/* Of the process's threads and what they start: held at its gate, or running. */
struct error *call_counts_open(pid_t pid, const struct unit *units, size_t n,
			       struct call_counts **ret) ERROR_MUST_CHECK;
/* counts[0..n), one for each unit; *opened: the files it opened, 0 where the kernel does not tell. NULL: not wanted. NULL session:
 * nothing. */
void call_counts_close(struct call_counts *session, struct call_count *counts, uint64_t *opened);

#endif
