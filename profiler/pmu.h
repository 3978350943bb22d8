/*
 * pmu.h - what the processor itself counts of a process tree: cycles, instructions, cache misses
 *
 * Counted in user space, inherited by what the threads start. Most virtual machines have no such
 * counters: then nothing is counted, and `why` says so. When there are more than the processor has
 * room for, the kernel takes turns; counts are scaled by the time each was on. Ownership:
 * pmu_close() frees. One thread at a time.
 */
#ifndef PROFILER_PMU_H
#define PROFILER_PMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "model/profile.h"

struct pmu_counter {
	int fd, which;
};

struct pmu {
	VEC_FIELDS(struct pmu_counter);
	char *why; /* nothing is counted; NULL: all is well */
};

struct pmu_reading { /* as the kernel gives it */
	uint64_t value, enabled_ns, running_ns;
};

void pmu_open(const pid_t *tids, size_t n, struct pmu *ret);
/* Adds what was counted until now to the profile; why, if nothing was. */
void pmu_fill(const struct pmu *pmu, struct profile *p);
void pmu_close(struct pmu *pmu);
/* False: it never was on, so nothing can be said. */
bool pmu_scale(const struct pmu_reading *reading, uint64_t *ret);

#endif
