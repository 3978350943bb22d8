/*
 * clock.h - the two clocks concur uses, in nanoseconds
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC: for durations, and the clock perf records carry. */
uint64_t clock_now_ns(void);
/* CLOCK_REALTIME: for "when was this run". */
int64_t clock_unix_ns(void);
/* CPU time of the calling thread. */
uint64_t clock_thread_ns(void);

#endif
