/*
 * capture.h - keep what each job printed, and digest it while no clock runs
 *
 * Every job writes its stdout into a fresh memfd, which a program sees as the regular file of a
 * shell's ">". Outputs are kept until all jobs have ended, then digested, so that hashing is in no
 * measured time. Memory stays bounded: past plan->capture_bytes, or when descriptors run short,
 * an output is digested at once and its job says so (JOB_DIGESTED_LATE); small outputs always are,
 * which costs about a microsecond. One set for each worker; its thread only.
 */
#ifndef RUNTIME_CAPTURE_H
#define RUNTIME_CAPTURE_H

#include "profiler/runtime/host.h"

struct captured {
	uint32_t job;
	int fd;
};

struct capture_set {
	const struct host *host;
	struct captured *kept;
	uint32_t n, max;
};

/* max: descriptors this set may keep open. -ENOMEM. */
int capture_init(struct capture_set *set, const struct host *h, uint32_t max);
/* A descriptor for a job's stdout, close-on-exec, or a negative errno. */
int capture_open(void);
/* The job has ended: takes the descriptor. */
void capture_keep(struct capture_set *set, uint32_t job, int fd);
/* The clock has stopped: digest what was kept. */
void capture_finish(struct capture_set *set);
/* Copy the end of a failed job's stderr into the result, if it is the first to fail. */
void capture_tail(const struct host *h, uint32_t job, int stderr_fd);

#endif
