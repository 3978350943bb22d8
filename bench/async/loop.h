/*
 * loop.h - a job by hand on io_uring, on one thread; with a pool, its CPU work on other threads
 */
#ifndef BENCH_ASYNC_LOOP_H
#define BENCH_ASYNC_LOOP_H

#include "job.h"

/* All tasks, `concurrency` at a time. begin() and end() are called where the clock starts and stops.
 * Returns the sum over all tasks. */
uint64_t loop_run(const struct job *job, unsigned concurrency, unsigned tasks, unsigned pool,
		  void (*begin)(void), void (*end)(void));

/* For the operation that a step asks for. */
struct io_uring_sqe *loop_sqe(void);

#endif
