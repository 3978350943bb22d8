/*
 * job.h - the work that bench/async does in every way: once as ordinary blocking code, once by hand as steps of a loop
 *
 * Both forms of a job do the same work and give the same sum for a task. A worker is whoever has one task in
 * flight: a coroutine, a thread, a process, a slot of a loop; it has a buffer and, for some jobs, a file of its own.
 */
#ifndef BENCH_ASYNC_JOB_H
#define BENCH_ASYNC_JOB_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

struct worker {
	unsigned index, task;
	uint64_t sum; /* of the task so far */
	int step, fd;
	unsigned n, at; /* bytes in the buffer; position in the file */
	char *buffer;
};

enum next {
	NEXT_WAIT, /* the operation in loop_sqe() */
	NEXT_CPU,  /* compute(), here or elsewhere, and then the next step */
	NEXT_DONE,
};

struct job {
	const char *name;
	/* Before the clock starts; once for the trial. */
	void (*prepare)(unsigned workers, unsigned tasks);
	void (*blocking)(struct worker *w);
	/* res: of the operation asked for last, 0 at first. */
	enum next (*step)(struct worker *w, int res);
};

extern const struct job jobs[];
extern const char *job_dir; /* of files */
extern unsigned job_port;   /* of the peer */

void job_compute(struct worker *w);
void worker_init(struct worker *w, unsigned index);
_Noreturn void die(const char *what);

#endif
