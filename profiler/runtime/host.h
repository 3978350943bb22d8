/*
 * host.h - inside concur-host: one process that runs the jobs of one trial and then ends
 *
 * Links libc alone and is never instrumented: with PLAN_COPIES the programs under test run in this
 * very process. Functions return 0 or a negative errno; what a person should read goes to
 * result->why through host_why(). No cleanup on the way out: the process ends, and the host
 * sweeps up what its jobs left running before it does.
 */
#ifndef RUNTIME_HOST_H
#define RUNTIME_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "profiler/runtime/plan.h"

struct host {
	const struct plan *plan; /* read only */
	size_t plan_size;
	struct result *result; /* shared with concur */
};

/* The whole machine's view of one worker, kept up to date for the supervisor. */
struct worker_watch {
	_Atomic uint64_t deadline_ns; /* 0: no job is running */
	_Atomic pid_t pid;            /* of the job's process, PLAN_EXEC only */
	_Atomic uint32_t job;
};

struct dirent64_raw { /* what SYS_getdents64 gives */
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

uint64_t host_now_ns(void);
const char *host_text(const struct host *h, uint32_t offset);
/* The first one to say why is heard. */
void host_why(const struct host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The argv of a task, NULL-terminated, into `argv` (argc + 1 pointers into the plan). */
void host_argv(const struct host *h, uint32_t task, char **argv);
uint32_t host_max_argc(const struct host *h);
/*
 * Keep the calling thread on the i-th core that we may use, counted round and round, until it is
 * released. Workers that start on one core beside an idle machine are soon spread by the scheduler;
 * beside a busy one they share that core for hundreds of milliseconds.
 */
void host_place(uint32_t i);
/* Let a process or a thread (0: the calling one) go where it will. Not before workers have waited for
 * each other: who is woken may be queued on the core of who woke it, for a slice of 3 ms. */
void host_release(pid_t pid);
/* Cores that we may use. */
uint32_t host_cores(void);
/* The file a task reads as its stdin. */
const char *host_stdin(const struct host *h, uint32_t task);
/* Whether a job that ended so went well. */
bool host_went_well(const struct host *h, int status);
/* Context switches and page faults since `before`, added to the trial's. */
void host_count(const struct host *h, const struct rusage *before, const struct rusage *now);
/* A job in a process of its own (0: the calling one) gets no more than its part of memory_bytes: malloc() fails. */
void host_limit_memory(const struct host *h, pid_t pid);
/* Mark a job that has ended badly and close to that. */
void host_note_memory(const struct host *h, struct result_job *job, int status,
		      const struct rusage *usage);
/* Take the next job; false: there is none left. */
bool host_next_job(const struct host *h, uint32_t *job);
/* Anonymous memory, zeroed, for the life of the process; NULL when there is none. */
void *host_memory(size_t size);
/* End every descendant of this process, however deep; returns how many there were. */
uint32_t host_sweep(void);
/* Proportional set size of a process, 0 if it has gone. */
uint64_t host_pss_bytes(pid_t pid);

/* The modes of a plan. */
enum result_end exec_run(const struct host *h);
enum result_end spin_run(const struct host *h);
enum result_end copies_run(const struct host *h);

#endif
