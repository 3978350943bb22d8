/*
 * async.h - run blocking C functions, unchanged, as coroutines on one thread over io_uring
 *
 * Every system call of a coroutine is intercepted (Syscall User Dispatch, or seccomp where the kernel
 * has none). One that could block is
 * turned into an operation of the ring, and the next coroutine runs meanwhile; one that could block
 * and has no such form is refused by its name, never run silently: see data/syscalls.tsv. Each
 * coroutine borrows the thread control block of a parked pthread, so that errno, __thread variables,
 * stdio and mutexes work as in a thread of its own.
 *
 * With executors, a coroutine whose next slice of CPU time is long runs it on one of these threads
 * and comes back to the loop with its next blocking call.
 *
 * One run for each process, from its main thread or any other; that thread becomes the loop. x86-64
 * Linux with glibc; elsewhere async_why_not() says so. Functions return 0 or a negative errno.
 */
#ifndef RUNTIME_ASYNC_H
#define RUNTIME_ASYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASYNC_PINNED 4

struct async_pinned { /* what held the loop up: a call that could not be converted, or computing */
	const char *name; /* of the call, or "computing" */
	uint64_t place;   /* in the program, from where it lies; 0: not known */
	uint64_t count, ns, longest_ns;
};

struct async_code {
	const char *low, *high;
};

struct async_options {
	unsigned coroutines;
	unsigned executors;   /* 0: all on the loop */
	size_t stack_bytes;   /* 0: as a program's main thread */
	unsigned descriptors; /* that a coroutine may have open; 0: 512 */
	uint64_t files_limit; /* RLIMIT_NOFILE as coroutines are to see it; 0: as it is */
	bool rewrite;         /* replace hot system call instructions by jumps */
	/* The entry of a function in each coroutine's copy of the program: its calls, and nothing else, are
	 * run by the executors. NULL: slices that are usually long. */
	char *const *offload;
	bool seccomp; /* trap by it, as where there is no Syscall User Dispatch: tasks cannot fork then */
	void (*body)(unsigned index, void *arg); /* a coroutine */
	void *arg;
	/* The run is void; must not return. From any coroutine, no malloc, no stdio. */
	void (*refuse)(const char *why);
	/* A coroutine calls _exit(); must not return. NULL: refused. */
	void (*on_exit)(unsigned index, int status);
	/* Where the program lies that each coroutine runs, to say where in it; or NULL. */
	const struct async_code *code;
	/* The loop stands: told every 10 ms while it does, by a thread of ours; or NULL. */
	void (*on_stall)(const struct async_pinned *where);
};

struct async_report {
	uint64_t wall_ns;    /* from async_gather(true) to async_gather(false), as all below */
	uint64_t cpu_ns;     /* of the whole process */
	uint64_t busy_ns;    /* the loop's thread, running coroutines */
	uint64_t longest_ns; /* slice of a coroutine on the loop */
	uint64_t slices, executor_slices;
	uint64_t offloads;              /* calls of the function in async_options.offload */
	uint64_t traps;                 /* system calls that came by SIGSYS */
	uint64_t rewritten;             /* that came by a jump */
	unsigned sites;                 /* system call instructions that were rewritten */
	uint64_t trap_ns, rewritten_ns; /* what one costs on this machine, calibrated */
	double overhead_share;          /* of the wall time, upper bound */
	struct async_pinned pinned[ASYNC_PINNED]; /* the worst first; name NULL: none */
};

/* Why coroutines cannot be run here, one clause for people, or NULL. */
const char *async_why_not(void);

/* Before much is mapped, which could fill all that jumps from libc reach: room for what they jump to. */
void async_reserve(void);
int async_run(const struct async_options *opt, struct async_report *ret);
/*
 * From every coroutine: wait until all have come here, and the part that the report is about begins, or ends.
 * Without: the whole run. True for one of them, which goes on before the others. A barrier of libc would cost
 * each two signals.
 */
bool async_gather(bool begin);

/* A coroutine whose task has ended: if that was in the middle of an offloaded call, it is over. */
void async_settle(void);

/* From here on the calling thread's system calls are its own, as before it ran coroutines. */
void async_leave(void);
/* For people, also when there is no such call. */
const char *async_syscall_name(long nr);

#endif
