/*
 * async_core.h - what the parts of the async runtime share
 *
 * Two kinds of code. *Task side* (async_trap.c, async_syscalls.c, async_io.c, async_wait.c,
 * async_process.c, async_fdtab.c, async_rewrite.c) runs on a coroutine's stack, with its thread
 * control block, in the middle of whatever libc was doing: no libc call, no malloc, no errno, no
 * vector register (compiled so). *Loop side* (async_sched.c, async_ring.c, async_tcb.c) is ordinary
 * code on threads of our own.
 *
 * A coroutine says what it waits for in `want` and switches to the thread it runs on; it never
 * touches the ring.
 */
#ifndef RUNTIME_ASYNC_CORE_H
#define RUNTIME_ASYNC_CORE_H

#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "profiler/runtime/async.h"

#if defined(__x86_64__)

#define ASYNC_ALLOW 0 /* values of the dispatch selector */
#define ASYNC_BLOCK 1

#define ASYNC_CHILDREN 32
#define ASYNC_POLLS    64

/* A thread that runs coroutines: the loop or an executor. The stubs know the first two offsets. */
struct async_cpu {
	volatile char selector; /* ASYNC_BLOCK exactly while a coroutine's own code runs */
	bool loop;
	bool plain; /* a thread of a task's own: its calls wait where they are */
	void *sp;   /* where it left off to run a coroutine */
	unsigned long fs;
	int tid;
	uint64_t mask; /* the thread's signal mask, as far as known */
	uint64_t slice_tsc;
	uint64_t busy_tsc, longest_tsc, slices;
	/* For the watchdog of the loop. */
	struct async_coro *volatile running; /* whose slice this is, or NULL */
	volatile long in_call;               /* the system call it is in, -1: none */
	uint64_t pinned_tsc;           /* of this slice, in calls that are told by themselves */
	volatile uint64_t stall_place; /* where it computed when asked */
} __attribute__((aligned(64)));

enum async_want {
	WANT_NOTHING,  /* to end */
	WANT_RING,     /* the operation `op` */
	WANT_POLLS,    /* any of `polls`, or the time limit */
	WANT_HELPER,   /* `args` of system call `nr`, run by a helper thread */
	WANT_LOOP,     /* to go on, but on the loop */
	WANT_EXECUTOR, /* the same, on an executor */
	WANT_YIELD,    /* to let the others run first */
	WANT_ALL,      /* to go on when all want this */
};

struct async_op { /* the fields of an io_uring submission */
	uint8_t opcode;
	int fd;
	uint64_t off, addr, addr3;
	uint32_t len, rw_flags;
	int32_t file_index;
};

/* What every call touches comes first: with a thousand of them each cache line counts. */
struct async_coro {
	struct async_cpu *cpu; /* the stubs know that it comes first */
	void *sp;
	unsigned long fs;
	struct async_coro *next; /* in one of the queues */
	void *frame;             /* ucontext_t of the trap; NULL when it came by a jump */
	const void *call_sp;     /* its stack pointer at the call */
	uint64_t site;           /* what identifies the call: address and stack depth */
	long nr;

	uint64_t mask; /* its own signal mask */
	int *fds;      /* async.fds_n of them: what is behind its numbers; see async_fdtab.c */
	int *fds_top;  /* no number at or above it was ever used */
	uint64_t traps, rewritten;
	void *stack_top;
	long res;
	unsigned index;
	enum async_want want;
	bool timed;      /* there is a time limit */
	bool timed_out;  /* and it ended it */
	bool cancelling; /* other operations of the same call */
	bool offloaded;  /* in a call of the function that executors run, see async_offload.c */

	struct async_op op;
	unsigned pending; /* completions still to come */
	bool answered;    /* by a helper */
	bool dressed;     /* the process has its descriptors on, for a child */

	uint64_t slice_key; /* the call after which the slice began */
	uint64_t slice_tsc; /* how long it was */
	struct __kernel_timespec limit;
	unsigned limit_flags; /* IORING_TIMEOUT_ABS, ... */
	unsigned polls_n;
	struct pollfd *polls;
	int tid;    /* of the parked thread */
	int cwd_fd; /* AT_FDCWD: that of the process */
	int umask;  /* -1: that of the process */
	unsigned children_n;
	int children[ASYNC_CHILDREN];
	long args[6]; /* WANT_HELPER */

	uint64_t *offload_sp, offload_return; /* of `offloaded`: where it returns to */
	uint64_t offloads;

	/* scratch, valid while a call is under way */
	struct msghdr msg;
	struct iovec iov;
	struct pollfd poll_one;
} __attribute__((aligned(64)));

struct async {
	const struct async_options *opt;
	struct async_coro *coros;
	struct async_cpu *cpus; /* [0] is the loop's */
	unsigned cpus_n;
	int base_cwd_fd;
	int *fds;  /* of all coroutines */
	int fds_n; /* that one may have; real ones of coroutines are above */
	_Atomic bool cwd_used, umask_used;
	_Atomic bool handlers_used; /* a signal handler was installed */
	unsigned sites;             /* rewritten */
	bool seccomp;               /* calls are trapped by it, not by Syscall User Dispatch */
	int pid;
	double tsc_per_ns;   /* loop side */
	uint64_t pinned_tsc; /* a direct call that took as long held the loop up */
	uint64_t stall_tsc;  /* and a slice that did */
	uint64_t xstate;     /* the components that a switch keeps */
	struct async_report report;
	uint64_t started_ns, started_cpu_ns;
	bool measured; /* the report is complete */
};

extern struct async async;
extern __thread struct async_coro *async_self __attribute__((tls_model("local-exec")));

/* --- raw system calls: no errno, no libc ------------------------------------------------------ */

/* By the stub, as a call from elsewhere would be trapped by seccomp. What lies below the stack pointer
 * may be the caller's. */
static inline long async_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tcall async_native\n\tlea 128(%%rsp), %%rsp"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define RAW6(nr, a, b, c, d, e, f)                                                                 \
	async_raw((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW4(nr, a, b, c, d) RAW6(nr, a, b, c, d, 0, 0)
#define RAW3(nr, a, b, c)    RAW6(nr, a, b, c, 0, 0, 0)
#define RAW2(nr, a, b)       RAW6(nr, a, b, 0, 0, 0, 0)
#define RAW1(nr, a)          RAW6(nr, a, 0, 0, 0, 0, 0)

static inline uint64_t async_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* Blocked, they would end the process at the next trap. */
#define ASYNC_OURS        (1ull << (SIGSYS - 1) | 1ull << (SIGTRAP - 1))
#define ASYNC_SA_RESTORER 0x04000000

struct async_sigaction { /* as the kernel takes it */
	void (*handler)(int sig, siginfo_t *info, void *frame);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* --- stubs_x86_64.S --------------------------------------------------------------------------- */

extern const char async_allowed[], async_allowed_end[]; /* where calls are never dispatched */
void async_restorer(void);
extern const char async_in_place[];        /* syscall; jmp *async_return */
extern const char async_in_place_thread[]; /* the same, and the child runs async_adopt() first */
extern const char async_in_place_vfork[];  /* the same, and the parent notes the child */
extern const char async_native[];          /* syscall; ret */
long async_signalling(long nr, long a, long b, long c, long d);
void async_jumped(void);   /* where rewritten sites lead */
void async_returned(void); /* where an offloaded function returns to */
void async_start(void);    /* a coroutine's first instruction */
void async_switch(void **save, void *load, unsigned long fs);
int async_park(_Atomic int *word); /* FUTEX_WAIT while 0, without using the stack */
/* Per coroutine, for the stubs. */
extern __thread uint64_t async_return __attribute__((tls_model("local-exec")));
extern __thread struct async_coro *async_maker __attribute__((tls_model("local-exec")));
extern __thread int async_vforking __attribute__((tls_model("local-exec")));
extern __thread int async_vforked __attribute__((tls_model("local-exec")));

/* --- the table -------------------------------------------------------------------------------- */

enum async_class {
	ASYNC_UNKNOWN,
	ASYNC_RING,
	ASYNC_INLINE_THEN_RING,
	ASYNC_DIRECT,
	ASYNC_IN_PLACE,
	ASYNC_EMULATE,
	ASYNC_HELPER,
	ASYNC_REFUSE,
};

struct async_syscall {
	const char *name;
	enum async_class class;
	long (*call)(struct async_coro *c, long nr, long a[6]);
	const char *args; /* a letter for each: f descriptor, d directory, p path */
	bool opens;       /* returns a new descriptor */
};

extern const struct async_syscall async_syscalls[];
extern const long async_syscalls_n;

/* The calls that the table names: async_io.c, async_wait.c, async_process.c, async_fdtab.c. */
/* clang-format off */
#define ASYNC_CALLS(X) \
	X(read) X(write) X(recv) X(send) X(recvmmsg) X(sendmmsg) X(connect) X(accept) X(fsync) \
	X(open) X(flock) X(close) X(close_range) X(dup) X(fcntl) X(ioctl) X(setsockopt) X(socket) X(pair) \
	X(sleep) X(poll) X(select) X(epoll) X(futex) X(wait) X(yield) X(clone) X(sigreturn) \
	X(sigmask) X(sigaction) X(kill) X(exit) X(gettid) X(chdir) X(getcwd) X(umask) X(path) \
	X(unshare) X(prctl) X(cputime) X(limit)
/* clang-format on */
#define X(name) long async_call_##name(struct async_coro *c, long nr, long a[6]);
ASYNC_CALLS(X)
#undef X

/* --- task side -------------------------------------------------------------------------------- */

/* The result of a call: a value or a negative errno. */
long async_dispatch(struct async_coro *c, long nr, long a[6]);
/* Run it here and now; notes how long it took. */
long async_direct(struct async_coro *c, long nr, const long a[6]);
/* Wait until what c->want says has come; returns c->res. */
long async_wait(struct async_coro *c);
/* Wait for one operation. ns < 0: without limit. -ETIME when the limit came first. */
long async_operation(struct async_coro *c, int64_t ns);
long async_helper(struct async_coro *c, long nr, const long a[6]);
/* Until a descriptor is ready. 0, -ETIME or another negative errno. */
long async_await(struct async_coro *c, int fd, short events, int64_t ns);
/* The run is void. */
_Noreturn void async_refuse(const char *what, const char *why);
/* Continue at `stub` with the task's registers, instead of returning a result. */
long async_run_in_place(struct async_coro *c, const char *stub);

/* The next worst of the calls that held the loop up; its times in TSC. false: no more. */
bool async_pinned_next(struct async_pinned *ret);
void async_pinned_forget(void);
/* It computed for long, there. */
void async_pinned_computing(uint64_t place, uint64_t tsc);
/* Where in the program the code is that runs at `pc` or has called from `stack`; 0: not known. */
uint64_t async_place_of(const struct async_coro *c, uint64_t pc, const void *stack);

const char *async_trap_why_not(void);
int async_trap_install(void);
int async_offload_init(void);
/* Back on the loop, and ready for the next call. */
void async_offload_end(struct async_coro *c);
/* What the signal would have done without us; it must come again for that. */
void async_default_action(int sig);
int async_trap_arm(struct async_cpu *cpu);
void async_enter(struct async_coro *c); /* its first C function */
void async_adopt(void);
void async_costs(uint64_t *trap_tsc, uint64_t *jump_tsc); /* calibrated by the first coroutine */

/* Before any task or executor runs. Returns how many sites were rewritten. */
unsigned async_rewrite(void);

/* --- descriptors ------------------------------------------------------------------------------ */

enum async_fd_kind {
	FD_UNKNOWN,
	FD_BAD,
	FD_MEMORY, /* never waits: tmpfs, /proc, /dev/null, a directory */
	FD_FILE,   /* on a disk */
	FD_STREAM, /* a stream socket */
	FD_PACKET, /* any other socket */
	FD_PIPE,
	FD_OTHER, /* terminals, eventfd, ... */
};

struct async_fd {
	uint32_t generation;
	uint8_t kind;
	bool nonblocking, direct, synced, append, no_nowait;
	int64_t receive_ns, send_ns; /* SO_RCVTIMEO, SO_SNDTIMEO; -1: none */
};

void async_fd_reserve(void); /* before there are threads */
int async_fd_init(void);
const struct async_fd *async_fd_of(int fd);
void async_fd_no_nowait(int fd);
/* Its flags or time limits, or those of an open file that others share. */
void async_fd_changed(int fd);
struct stat;
/* What follows from the flags it was opened with and what lies there. */
struct async_fd async_fd_opened(int fd, long flags, const struct stat *st);
/* The real descriptor behind a task's, or -1. */
int async_fd_real(const struct async_coro *c, int fd);
/* Make the process's low numbers the task's, for a child to inherit; and no longer. */
void async_fd_dress(const struct async_coro *c);
void async_fd_undress(const struct async_coro *c);
void async_fd_only_own(const struct async_coro *c);
/* A new real descriptor's number for the task. */
long async_fd_give(struct async_coro *c, long fd);
/* The same when it is known what it is (or f NULL), and it has the close-on-exec flag. */
long async_fd_give_known(struct async_coro *c, long fd, bool cloexec, const struct async_fd *f);

/* --- loop side -------------------------------------------------------------------------------- */

int async_tcb_make(struct async_coro *coros, unsigned n, size_t stack_bytes);
void async_tcb_end(struct async_coro *coros, unsigned n);

int async_ring_init(unsigned entries);
void async_ring_exit(void);
const char *async_ring_why_not(void);
/* From another thread: make async_ring_submit(true) return. */
void async_ring_wake_up(void);
/* Queue what a coroutine wants; -EBUSY: submit first. */
int async_ring_want(struct async_coro *c);
/* Hand over what is queued; with `wait`, until something has come. */
int async_ring_submit(bool wait);
/* The next coroutine whose wait is over, or NULL. */
struct async_coro *async_ring_next(void);

#endif
#endif
