/*
 * copy.h - one worker of PLAN_COPIES: a thread (or, for PLAN_ASYNC and PLAN_HYBRID, a coroutine), its private copy of the program, and the job it
 * runs
 *
 * A job is main() called in the worker's thread. It ends by returning or through one of the hooks
 * (exit, abort, ...), which jump back; see copies.c. `copy_self` finds the worker from inside any
 * hook: the workers share all code but no state. NULL outside of jobs.
 */
#ifndef RUNTIME_COPY_H
#define RUNTIME_COPY_H

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>

#include "profiler/runtime/capture.h"
#include "profiler/runtime/getopt.h"
#include "profiler/runtime/image.h"

#define COPY_AT_EXIT 256
#define COPY_FILES   256

struct copy_at_exit { /* atexit, on_exit and __cxa_atexit in one */
	void (*with_arg)(void *arg, int status);
	void (*with_status)(int status, void *arg);
	void *arg;
};

struct copy {
	const struct host *host;
	unsigned index;
	struct worker_watch *watch; /* shared with the supervisor */
	struct image image;
	pthread_t thread;
	struct capture_set captures;
	char **argv, *argv_text; /* a program may write to its arguments */
	int base_fd;             /* from here on descriptors are ours */
	int null_fd, cwd_fd, stderr_fd;
	mode_t umask;
	bool is_shared; /* other workers run the same copy now: nothing of it may be put back */

	/* of the job that is running */
	uint32_t job;
	sigjmp_buf end;
	int status;              /* as waitpid() */
	bool discard;            /* what is still in stdout's buffer: _exit() and abort() do */
	FILE **in, **out, **err; /* the copy's stdin, stdout and stderr variables */
	char ***environ;         /* its environ */
	char **own_environ;      /* the same, of a copy that is shared, */
	FILE *shared_streams[3]; /* and its streams */
	char **environ_room;     /* the pointers and the text of an environment of its own */
	FILE *streams[3];        /* as they were at the start; NULL: closed */
	char buffers[3][4096];   /* the size stdio takes for a regular file */
	struct copy_at_exit at_exit[COPY_AT_EXIT];
	unsigned at_exit_n;
	FILE *files[COPY_FILES];  /* opened by the program and not yet closed */
	_Atomic unsigned threads; /* of the program's own that are running */
	struct getopt_state getopt;
	struct random_data *random; /* of rand() and random(), NULL: not used yet */
};

extern __thread struct copy *copy_self __attribute__((tls_model("local-exec")));

/* What workers wait at before the first and after the last job; in memory that forks share. */
struct copy_start {
	pthread_barrier_t barrier;
	_Atomic bool failed; /* a worker could not prepare: none runs a job */
	_Atomic bool full;   /* too much memory is in use: no worker takes another job */
	uint64_t stopped_ns; /* when the last job before that had ended */
};

/* Run jobs until there is none left: a worker's whole life. */
void copy_work(struct copy *c);
/* main() to its end, whichever way it ends; fills c->status. */
void copy_call_main(struct copy *c);
/* A job's process is ours: crashes there are its own affair. */
void copy_become_process(bool catches_crashes);
/* forks.c: workers as processes, to their end. */
int forks_start(const struct host *h, struct copy *copies);
/* PLAN_FORK: main() in a fork of this worker; fills c->status. CPU time of the job in ns. */
uint64_t forks_call_main(struct copy *c);
/* async_copies.c: all workers as coroutines, to their end; how they share one descriptor table: where
 * ours begin, and how many outputs each may keep open. */
int async_copies_start(const struct host *h, struct copy *copies);
void async_copies_descriptors(unsigned *base, unsigned *keep);

/* In the process that runs the workers, not in one that a job has forked. */
bool copy_in_racer(void);
/* End that process, with all workers. */
_Noreturn void copy_end_racer(enum result_end end);
/* crash.c: from here on a crash is noted, with its place, and ends the racer; in a process of a job's own
 * it is the job's affair; each thread needs a stack for that. */
void crash_catch(const struct host *h);
void crash_ignore(void);
int crash_stack(void);

/* copy_self, or NULL in a process that a job has forked. */
struct copy *copy_in_job(void);
/* End the job that is running, with this status. Does not return. */
_Noreturn void copy_end_job(struct copy *c, int status);
/* The trial cannot go on: the program does what one cannot do in a shared process. */
_Noreturn void copy_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* unit.c: the plan's function instead of main(); it may end the job as main() does. */
void unit_call(struct copy *c);

/* copy_stdio.c: fresh streams for a job; flush and close them, and all others of the job. */
int copy_open_streams(struct copy *c);
void copy_close_streams(struct copy *c);
/* The program has closed it. */
void copy_forget_stream(struct copy *c, FILE *file);
/* copy_env.c: room for an environment; a fresh one for a job. */
int copy_env_init(struct copy *c);
void copy_env_begin(struct copy *c);
/* One copy for n workers: streams that lead to the one who uses them, for its variables. */
int copy_share_streams(struct copy *copies, unsigned n);
/* What such a stream leads to now: the worker's own, NULL if it is closed. Any other is itself. */
FILE *copy_own_stream(FILE *file);
/* Once: libc's own stdout and stderr, used by what no hook reaches, lead to the worker's. */
int copy_redirect_libc(void);

#endif
