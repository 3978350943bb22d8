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
#include "model/race.h"
#include "model/workload.h"
#include "profiler/scratch.h"

enum trial_way {
	TRIAL_EXEC,    /* each task is a fresh process, `workers` at a time */
	TRIAL_COPIES,  /* each worker is a thread with a private copy of the program's data */
	TRIAL_SHARED,  /* the same, but all threads run one copy */
	TRIAL_PREFORK, /* each worker is a process that has loaded the program and takes tasks */
	TRIAL_FORK,    /* each task is a fork of such a process */
	TRIAL_ASYNC,   /* `workers` tasks in flight on one thread, each with a private copy */
	TRIAL_HYBRID,  /* the same, and a thread for each core that takes long CPU slices */
};

struct trial_plan {
	const struct target *target;
	const struct workload *workload;
	enum trial_way way;
	int workers;
	const size_t
		*numbers; /* of the tasks, from 0, as the user counts them; NULL: as they are */
	const struct scratch *scratch; /* NULL: none, if no template asks for "{out}" */
	unsigned repeat;               /* run the whole list of tasks that often; 0: once */
	uint64_t memory_bytes;         /* tasks that hold more are ended; 0: half of what is free */
	uint64_t recycle_bytes;        /* workers that hold more are started anew; 0: a quarter of
					  what is free */
	bool sample_memory;            /* take pss_bytes; disturbs the timing */
	uint64_t timeout_ns; /* for one task; the trial gets what its tasks may need, and no more */
	/* Called when the host is started but held at its gate; or NULL. An error ends the trial.
	 */
	struct error *(*on_start)(pid_t host, void *arg);
	void *arg;
};

struct task_result {
	struct digest stdout_digest;
	struct digest stderr_digest; /* with COMPARE_STDERR */
	struct digest files_digest;  /* of the output files, with their names */
	uint64_t stdout_bytes, stderr_bytes, files_bytes;
	unsigned files_n;
	int status; /* as waitpid(); for TRIAL_COPIES built the same way */
	bool timed_out, out_of_memory;
	bool ran;
	bool digested_late; /* while the clock ran, as there was too much output to keep */
	uint64_t start_ns;  /* since the trial's first task started */
	uint64_t wall_ns, cpu_ns;
};

struct trial {
	enum outcome outcome; /* OK: all tasks ran to their end (whatever they answered) */
	char *why;            /* for any other outcome */
	uint64_t wall_ns;     /* first task's start to last task's end */
	uint64_t cpu_ns;      /* user + system of all tasks */
	uint64_t pss_bytes;   /* peak, 0: not known */
	double steal_share;
	struct race_loop loop;     /* TRIAL_ASYNC and TRIAL_HYBRID */
	struct task_result *tasks; /* the i-th ran task i % workload->tasks.n */
	size_t n;                  /* tasks times repeats */
	uint64_t parked_ns[2];     /* that the harness itself waited for its workers: lock, child */
	uint64_t switches, faults, major_faults; /* of all tasks; faults: without the major ones */
	uint64_t leaked_fds; /* most descriptors that one task left open; with sample_memory, and
				not of a process of its own */
	uint64_t recycled;   /* how often the workers were started anew, as their tasks leave */
	uint64_t kept_bytes; /* so much each; wall_ns is without it */
	size_t strays;       /* processes that tasks left behind, and that were ended */
	char *stderr_tail;   /* the last lines of stderr_task, the first that failed; or NULL */
	size_t stderr_task;
};

/* The workload's setup and teardown run before and after, in no measured time; one that fails is
 * ERROR_INPUT. */
struct error *trial_run(const struct trial_plan *plan, struct trial *ret) ERROR_MUST_CHECK;
void trial_clear(struct trial *t);

/* How many times the work of one busy loop `spinners` of them do at the same time, now, in the
 * surroundings of a trial; takes about 50 ms. 0: could not be measured. */
struct error *trial_ceiling(int spinners, double *ret) ERROR_MUST_CHECK;

/* Where concur-host lies: CONCUR_HOST, beside the running program, or the installed libexec
 * directory. Owned by the caller. */
struct error *trial_find_host(char **ret) ERROR_MUST_CHECK;

#endif
