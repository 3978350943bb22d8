/*
 * schedstat.h - what the kernel itself has counted of one thread since its birth
 *
 * /proc/PID/task/TID/schedstat: exact whenever the thread is off the CPU; while it runs, on_cpu_ns is
 * as of the last tick of the clock at worst.
 */
#ifndef PROFILER_SCHEDSTAT_H
#define PROFILER_SCHEDSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct schedstat {
	uint64_t on_cpu_ns, runqueue_ns;
	uint64_t runs; /* how often it got a CPU */
};

/* To be closed by the caller; -1: it cannot be read. */
int schedstat_open(pid_t pid, pid_t tid);
/* False, and *ret is untouched, when the thread is gone. */
bool schedstat_read(int fd, struct schedstat *ret);

#endif
