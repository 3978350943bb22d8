/*
 * recorder.h - one function's calls, cut into CPU and waits while the program runs
 *
 * Fed by account.c: with every stretch of every thread's life, and with the entries to and returns
 * from the function, which end a stretch, so that each lies wholly inside or outside of a call. A
 * call is known by its stack pointer: one that is left by longjmp never returns, but the next call
 * from further up shows that it is gone. A lock is held by a call only if it was taken for it: within
 * it, or since the one before. A recursive call is part of the outermost one. Memory is
 * bounded: of the calls every second one is dropped each time too many are held. Ownership:
 * recorder_clear(). One thread at a time. No clock, no I/O.
 */
#ifndef PROFILER_RECORDER_H
#define PROFILER_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/recording.h"
#include "profiler/decode.h"
#include "profiler/settle.h"
#include "profiler/sites.h"

struct recorder_thread;

enum doing { DOING_CPU, DOING_QUEUE, DOING_WAIT, DOING_UNKNOWN };

struct recorder_segment {
	enum doing doing;
	uint32_t site; /* of a wait; 0: unknown */
	uint32_t lock; /* that is held: 1 + its index; 0: none */
	uint64_t ns;
};

struct recorder_segments {
	VEC_FIELDS(struct recorder_segment);
};

struct recorder_sums {
	uint64_t cpu_ns, queue_ns, unknown_ns;
	struct {
		VEC_FIELDS(uint64_t);
	} wait_ns; /* by site */
};

struct recorder_lock {
	struct lock_id id;
	uint64_t holds, held_ns; /* within calls */
};

struct recorder {
	uint64_t total, nested, abandoned, unfinished, at_once, threads;
	uint64_t open;
	uint64_t first_ns, last_ns; /* the first call's entry, the last one's end */
	uint64_t inside_ns;         /* of the calls that ended */
	uint64_t stride;            /* one call of so many is kept */
	struct recorder_sums inside, outside;
	struct recorded_calls calls; /* start_ns: on the clock of the events */
	struct recorder_segments segments;
	struct {
		VEC_FIELDS(struct recorder_lock); /* in order of appearance */
	} locks;
	uint64_t lock_events;      /* of mutexes */
	bool locks_stopped;        /* they came too often: not watched any longer */
	uint64_t locks_watched_ns; /* own time within calls until then */
	struct recorder_thread *by_tid;
};

void recorder_enter(struct recorder *r, pid_t tid, uint64_t stack_pointer, uint64_t now_ns);
void recorder_return(struct recorder *r, pid_t tid, uint64_t stack_pointer, uint64_t now_ns);
/* At the end of a stretch. The lock's range is the one that was taken, or all that is let go of. */
void recorder_lock(struct recorder *r, pid_t tid, const struct lock_id *lock);
void recorder_unlock(struct recorder *r, pid_t tid, const struct lock_id *lock);
/* Whether marking mutexes takes more of the time that has passed than it is worth. */
bool recorder_locks_cost(const struct recorder *r, uint64_t passed_ns);
/* From now on nobody tells of mutexes any more. */
void recorder_stop_locks(struct recorder *r);
/* What a thread has done for the last `ns`. */
void recorder_stretch(struct recorder *r, pid_t tid, enum doing doing, uint32_t site, uint64_t ns);
/* settle_fn: calls get their share of what is moved, by where the wait was, or else the time that is moved. */
void recorder_settle(struct recorder *r, enum settle_part from, enum settle_part to, uint32_t site,
		     uint64_t ns);
/* The thread ends, with whatever call it is in. */
void recorder_exit(struct recorder *r, pid_t tid, uint64_t now_ns);
/* Forget all: what was seen so far was not the program. */
void recorder_restart(struct recorder *r);
/*
 * After all threads have ended and sites_resolve(): the calls of a program that lived from start_ns
 * to end_ns and did `all`.
 */
void recorder_fill(const struct recorder *r, const struct sites *sites,
		   const struct wait_profile *all, uint64_t start_ns, uint64_t end_ns,
		   struct recording *ret);
void recorder_clear(struct recorder *r);

#endif
