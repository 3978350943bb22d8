/*
 * account.h - one thread's life cut into on-CPU, run-queue and waits, for a whole process tree
 *
 * Fed with events in order of time, it holds each thread in one state and books every stretch when
 * the next event closes it, so the parts of a life add up to the life by construction:
 *
 *	RUN       between IN and OUT
 *	RUNNABLE  after a fork, after a preempted OUT, and from WOKEN to IN
 *	BLOCKED   between any other OUT and WOKEN (IN, if wake-ups are not seen)
 *
 * From WAKING to WOKEN an idle CPU gets out of its sleep: that is part of the wait, not of the
 * run-queue, as the kernel counts it too. The kernel takes a stack before it writes OUT, and has
 * stopped the thread's CPU clock before that: where there is a stack, OUT is when it was taken.
 *
 * Where waits are named by looking now and then (`polled`), a short one is often missed. Its time is
 * unknown, with one exception: when PURE_LOOKS looks at this thread's short waits met one kind and
 * no other, the missed ones are booked as that kind (by the rule of three at most a tenth of that
 * time can be anything else, at 95 %).
 *
 * Where stacks are taken of few switches only (`sparse`), the others' time goes to the sites in the
 * shares that the evenly taken ones have, of the same thread or, for threads with too few, of all.
 *
 * Where records are taken for short windows only (`counting` in between, windows.h), the kernel's own
 * counts give the time on the CPU and in the run-queue; the rest of the time was waiting, and goes to
 * the sites in the shares of the waits that began and ended within a window. A thread that did not
 * run at all goes on waiting where it was. What is not counted any more when a thread ends is unknown.
 *
 * Else these counts, read every now and then, correct what records do not tell (settle.h).
 *
 * A stretch whose end or beginning is missing (lost records, an IN after an IN) is booked as
 * unknown, never stretched. Only sums are kept; a thread is forgotten when it dies. Ownership:
 * account_clear(). One thread at a time. No clock, no I/O.
 */
#ifndef PROFILER_ACCOUNT_H
#define PROFILER_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/profile.h"
#include "profiler/decode.h"
#include "profiler/mix.h"
#include "profiler/recorder.h"
#include "profiler/sites.h"
#include "profiler/wakers.h"

#define PURE_LOOKS    30
#define SHORT_WAIT_NS 2000000

struct account_thread;

struct account_sums {
	uint64_t on_cpu_ns, runqueue_ns, unknown_ns; /* waits: in the sites */
	uint64_t wall_ns;                            /* the threads' lives, death - birth */
	uint64_t processes, threads, switches;
	uint64_t start_ns, end_ns; /* first birth, last death */
	uint64_t unnamed_waits;    /* stretches BLOCKED for which no site was known */
};

struct account {
	pid_t root;
	bool skip_root;             /* its threads are followed but not booked */
	bool polled;                /* sites come from EVENT_CALL, which hits long waits only */
	bool sparse;                /* from some time on, most switches had no stack taken */
	bool counting;              /* between two windows */
	uint64_t window_ns;         /* when the window was opened; 0: there are none */
	struct sites *sites;        /* borrowed */
	struct wakers *wakers;      /* borrowed; NULL: wake-ups are not seen, or nobody asks */
	struct recorder *recorders; /* borrowed; one for each probe */
	size_t recorders_n;
	struct recorder *tasks; /* borrowed; of the programs that the root starts; NULL: not */
	struct account_sums sums;
	struct profile_check check; /* of threads found waiting when the counts were read */
	bool restarted;             /* the root has become the program to be measured */
	uint64_t root_cpu_ns;       /* of the skipped thread */
	uint64_t lost, seen;        /* records */
	struct account_thread *by_tid;
	struct mix mix;                     /* sparse: of all threads */
	uint64_t unsampled_ns, unsampled_n; /* of threads whose own sample was too small */
};

/*
 * Start to follow `root`, which stands at its gate since before now_ns: what it does until it
 * becomes another program (EXEC) is not booked unless it never does.
 */
void account_start(struct account *a, uint64_t now_ns);
/* Start with threads of a running process; EVENT_SEED tells each one's state. */
void account_attach(struct account *a, pid_t pid, pid_t tid, uint64_t now_ns);
void account_event(struct account *a, const struct event *event);
/* The threads that live now, and whether one of them is this one. */
typedef void account_thread_fn(pid_t pid, pid_t tid, void *arg);
void account_each(const struct account *a, account_thread_fn *fn, void *arg);
bool account_knows(const struct account *a, pid_t tid);
/* Of events of the whole machine: whether this one is of the program. */
bool account_follows(const struct account *a, const struct event *event);
/* Close what is still open. */
void account_finish(struct account *a, uint64_t now_ns);
void account_clear(struct account *a);

#endif
