/*
 * trial.h - run all tasks of a workload once, under one model, in a fresh process
 *
 * concur-host (profiler/runtime/) does the running: it is started anew for each trial in its own
 * process group, with limits and a watchdog, and reports over shared memory. Every task's stdout
 * and exit status are digested. Ownership: trial_clear() frees. Interrupts end the trial and its
 * processes.
 */
#ifndef PROFILER_TRIAL_H
#define PROFILER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/error.h"
#include "model/concurrency.h"
#include "model/workload.h"

enum trial_way {
	TRIAL_EXEC,   /* each task is a fresh process, `workers` at a time */
	TRIAL_COPIES, /* each worker is a thread with a private copy of the program's data */
};

struct trial_plan {
	const struct target *target;
	const struct workload *workload;
	enum trial_way way;
	int workers;
	uint64_t timeout_ns; /* for one task; the trial gets what its tasks may need, and no more */
	/* Called when the host is started but held at its gate; or NULL. An error ends the trial.
	 */
	struct error *(*on_start)(pid_t host, void *arg);
	void *arg;
};

struct task_result {
	struct digest stdout_digest;
	uint64_t stdout_bytes;
	int status; /* as waitpid(); for TRIAL_COPIES built the same way */
	bool timed_out;
	bool ran;
	uint64_t wall_ns;
};

struct trial {
	enum outcome outcome; /* OK: all tasks ran to their end (whatever they answered) */
	char *why;            /* for any other outcome */
	uint64_t wall_ns;     /* first task's start to last task's end */
	uint64_t cpu_ns;      /* user + system of all tasks */
	uint64_t pss_bytes;   /* peak, 0: not known */
	double steal_share;
	struct task_result *tasks;
	size_t n;
	char *stderr_tail; /* the last lines of the first task that failed, or NULL */
};

struct error *trial_run(const struct trial_plan *plan, struct trial *ret) ERROR_MUST_CHECK;
void trial_clear(struct trial *t);

/* Where concur-host lies: CONCUR_HOST, beside the running program, or the installed libexec
 * directory. Owned by the caller. */
struct error *trial_find_host(char **ret) ERROR_MUST_CHECK;

#endif
