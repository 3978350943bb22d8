/*
 * plan.h - what trial.c and concur-host tell each other: the plan goes in, the result comes out
 *
 * Both are memfds, passed as descriptor numbers on concur-host's command line, with the flat
 * layouts below: no pointers, offsets from the start of the file. The plan is written before the
 * host starts and never changes. The result is zeroed and sized by trial.c; the host maps it shared
 * and fills it while it runs, so that it can be read whatever end the host comes to. A program
 * under test runs in the host's own process under PLAN_COPIES and may scribble on it: trial.c
 * trusts no length or offset it finds there.
 *
 * Times are CLOCK_MONOTONIC in ns. A job is one execution of one task: job j runs task j % tasks.
 */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC 0x6e616c70u /* "plan" */

enum plan_mode {
	PLAN_NOTHING,
	PLAN_EXEC,    /* every job is a fresh process */
	PLAN_COPIES,  /* every worker is a thread with its own copy of the program */
	PLAN_SHARED,  /* the same, with one copy for all */
	PLAN_PREFORK, /* every worker is a process, forked when the program was loaded */
	PLAN_FORK,    /* the same, and every job is a fork of its worker */
	PLAN_ASYNC,   /* every worker is a coroutine with its own copy, all on one thread */
	PLAN_HYBRID,  /* the same, with a thread for each core that takes long slices of CPU time */
	PLAN_SPIN,    /* no jobs: how much faster do `workers` spinners get than one, right now? */
};

/* Types of a unit: c s i l signed of 1, 2, 4, 8 bytes, C S I L unsigned; f d floating point; and */
enum { UNIT_VOID = 'v', UNIT_TEXT = 'p', UNIT_PARAMETERS = 12 };

/* A program's own thread-local variables take no more than that: what concur-host keeps free. */
#define PLAN_TLS_BYTES 16384

enum plan_flags {
	PLAN_SAMPLE_PSS = 1, /* sample memory while it runs; costs time, so not when timing */
	PLAN_STDERR = 2,     /* digest stderr, too */
};

struct plan {
	uint32_t magic;
	uint32_t mode;
	uint32_t flags;
	uint32_t workers;
	uint32_t tasks;
	uint32_t jobs;        /* tasks times repeats */
	uint32_t program;     /* offset of its path */
	uint32_t argvs;       /* offset of struct plan_argv[tasks] */
	uint32_t stdins;      /* offset of uint32_t[tasks], offsets of paths; 0: /dev/null */
	uint32_t outputs;     /* offset of struct plan_argv[tasks], patterns; 0: none */
	uint32_t libraries;   /* offset of struct plan_library[libraries_n], needed ones first */
	uint32_t libraries_n; /* of the program, but for libc's own (PLAN_COPIES) */
	uint64_t expected[256 / 64]; /* a bit for each exit code of a job that went well */
	uint64_t unit;       /* address of the function to call in the program's file; 0: main() */
	uint32_t unit_types; /* offset of its types' letters, of what it returns first */
	uint64_t
		offload; /* address of the function that executors run (PLAN_HYBRID); 0: none is named */
	uint32_t uid, gid;      /* who the jobs run as; 0: as we do */
	uint32_t reserved;      /* 0 */
	uint64_t timeout_ns;    /* for one job */
	uint64_t memory_bytes;  /* more than this in use ends the trial; PLAN_EXEC: the job that
				* wants more gets none */
	uint64_t recycle_bytes; /* more than this between jobs starts all workers anew */
	uint64_t capture_bytes; /* output kept undigested until the clock has stopped */
};

struct plan_argv { /* also any other list of texts */
	uint32_t argc;
	uint32_t strings; /* offset of argc strings, one after another, each with its NUL */
};

struct plan_library {
	uint32_t name;   /* offset of the soname, as DT_NEEDED spells it */
	uint32_t path;   /* offset of the file's path */
	uint32_t shared; /* 1: one for all copies of the program */
};

enum result_end {              /* how the host ended */
		  RESULT_NONE, /* it did not: killed or crashed */
		  RESULT_DONE, /* all jobs ran */
		  RESULT_TIMEOUT,
		  RESULT_CRASH,        /* a task took the process down (PLAN_COPIES) */
		  RESULT_UNLOADABLE,   /* the program cannot be loaded as a library: see why */
		  RESULT_CANNOT_START, /* the program or the machine refused: see why */
};

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_ENDED };

enum capture { CAPTURE_STDOUT, CAPTURE_STDERR, CAPTURE_FILES };

enum job_flags {
	JOB_TIMED_OUT = 1,
	JOB_OUT_OF_MEMORY = 4, /* it has come near memory_bytes, and failed */
	JOB_DIGESTED_LATE = 2, /* while the clock was running: too much output to keep */
};

struct result_job {
	uint64_t start_ns, end_ns;
	uint64_t cpu_ns;
	uint64_t stdout_bytes;
	uint64_t stderr_bytes; /* PLAN_STDERR */
	uint64_t files_bytes;
	struct result_digest {
		uint64_t high, low;
	} digests[3];     /* XXH3-128, by enum capture */
	uint32_t files_n; /* output files; their digests are added up */
	int32_t status;   /* as waitpid() */
	uint16_t state, flags;
};

#define RESULT_PINNED 4
#define RESULT_CALL   24
#define RESULT_PLACE  40

struct result_pinned {                               /* see struct async_pinned */
	char call[RESULT_CALL], place[RESULT_PLACE]; /* "" when unknown */
	uint64_t address; /* the same, in the program's file; 0: unknown */
	uint64_t count, ns, longest_ns;
};

struct result_loop { /* PLAN_ASYNC and PLAN_HYBRID, see async.h */
	uint64_t wall_ns, busy_ns, longest_ns;
	uint64_t slices, executor_slices;
	uint64_t traps, rewritten, trap_ns;
	uint32_t sites;                             /* rewritten */
	uint32_t overhead_permille;                 /* of wall_ns, upper bound */
	struct result_pinned pinned[RESULT_PINNED]; /* the worst first; call "": none */
	struct result_pinned stalled; /* where the loop stood last for long, while the jobs run */
};

#define RESULT_WHY  512
#define RESULT_TAIL 4096

struct result {
	uint32_t end;      /* enum result_end */
	uint32_t next_job; /* the next one to be taken by a worker */
	uint32_t bad_job;  /* of a timeout or crash */
	int32_t signal;    /* of a crash */
	uint32_t strays;   /* processes that had to be ended after the jobs */
	uint32_t tail_job; /* the stderr_tail's */
	uint32_t
		crash_module; /* which of the plan's libraries, or one more: the program; ~0: none */
	uint32_t crash_below;  /* 1: the address is that of the nearest call of ours, further out */
	uint64_t crash_at;     /* address in that file */
	uint64_t parked_ns[2]; /* that threads of ours waited for workers: in locks, for children */
	uint64_t switches, faults, major_faults; /* of all jobs */
	uint64_t leaked_fds;     /* most that one job left open, if PLAN_SAMPLE_PSS */
	uint32_t recycled;       /* how often all workers were started anew */
	uint32_t recycled_jobs;  /* that had ended when they were for the first time, */
	uint64_t recycled_bytes; /* and what was in use then */
	uint64_t recycled_ns;    /* that it took, in which no job ran */
	uint64_t pss_bytes;
	uint64_t spin_permille; /* PLAN_SPIN's answer */
	struct result_loop loop;
	char why[RESULT_WHY];
	uint32_t tail_state; /* 0: none, 1: being written, 2: complete */
	uint32_t tail_n;
	char tail[RESULT_TAIL]; /* of stderr, of the first job that failed */
	struct result_job jobs[];
};

#endif
