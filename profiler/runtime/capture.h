/*
 * capture.h - keep what each job printed and wrote, and digest it while no clock runs
 *
 * Every job writes its stdout into a fresh memfd, which a program sees as the regular file of a
 * shell's ">". Outputs are kept until all jobs have ended, then digested, so that hashing is in no
 * measured time. Memory stays bounded: past plan->capture_bytes, or when descriptors run short,
 * an output is digested at once and its job says so (JOB_DIGESTED_LATE); small outputs always are,
 * which costs about a microsecond. Output files are opened and unlinked when their job has ended.
 * One set for each worker; its thread only.
 */
#ifndef RUNTIME_CAPTURE_H
#define RUNTIME_CAPTURE_H

#include "profiler/runtime/host.h"

struct captured {
	uint32_t job;
	int fd;
	enum capture what;
	uint64_t name; /* of an output file, hashed */
};

struct capture_set {
	const struct host *host;
	int base_fd; /* the set's own descriptors are moved there */
	struct captured *kept;
	uint32_t n, max;
};

/* base_fd: from where on descriptors are ours. max: descriptors this set may keep open. -ENOMEM. */
int capture_init(struct capture_set *set, const struct host *h, int base_fd, uint32_t max);
/* A descriptor for a job's stdout, close-on-exec, or a negative errno. */
int capture_open(void);
/* The job has ended: takes the descriptor. */
void capture_keep(struct capture_set *set, uint32_t job, int fd);
/* The same for its stderr, if that is compared, and for the files it wrote: called after the clock
 * of the job was stopped. stderr_fd stays the caller's. */
void capture_rest(struct capture_set *set, uint32_t job, int stderr_fd);
/* The clock has stopped: digest what was kept. */
void capture_finish(struct capture_set *set);
/* Copy the end of a failed job's stderr into the result, if it is the first to fail. */
void capture_tail(const struct host *h, uint32_t job, int stderr_fd);

#endif
