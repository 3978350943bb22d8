/*
 * perf.h - the counters on a process tree and the rings they write to
 *
 * One set of counters and one ring per CPU (inherited counters cannot have a ring across CPUs), all
 * on CLOCK_MONOTONIC:
 *
 *	a dummy that carries fork, exit, exec, map and switch records     T0 T1 T2
 *	the CPU's clock, each tick with the user's stack                  T0 T1 T2
 *	context switches, each with its kernel stack and the user's       T0 T1
 *	the same, but of every SPARSE_PERIOD-th only                      T0 T1
 *	wake-ups of the whole machine, by whom and when (a task's own
 *	counter misses those that interrupts and other processes cause)   T0
 *	wake-ups by its threads, with the user's stack of the waker       T0
 *	entries to and returns from functions (uprobes), where asked for  T0
 *
 * A counter on a thread, even one that is switched off, makes each of its context switches 0.1 to
 * 0.2 us longer, and one of wake-ups each wake-up of the machine. For programs that switch a
 * million times a second T0 has, instead of the above:
 *
 *	a dummy of the whole machine: fork, exit, exec, map records
 *	the CPUs' clocks
 *	for a while: all switches of the machine, with stacks, and wake-ups
 *
 * Ownership: perf_close() frees, also a half-open set. One thread at a time.
 */
#ifndef PROFILER_PERF_H
#define PROFILER_PERF_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/profile.h"
#include "profiler/decode.h"
#include "profiler/tracefs.h"

#define SPARSE_PERIOD 31 /* a prime: it does not keep step with a program that takes turns */

/* Those that a window has come last. PERF_RING carries a CPU's ring in T0, and does nothing else. */
enum perf_role {
	PERF_RING,
	PERF_RECORDS,
	PERF_CLOCK,
	PERF_STACKS,
	PERF_SPARSE_STACKS,
	PERF_WAKERS,
	PERF_PROBE,
	PERF_LOCK_PROBE,
	PERF_FILE_LOCK,
	PERF_ALL_RECORDS,
	PERF_ALL_CLOCK,
	PERF_ALL_SWITCHES,
	PERF_ALL_STACKS,
	PERF_WAKING,
	PERF_WOKEN,
};

struct perf_counter {
	int fd;
	enum perf_role role;
	uint32_t probe;
};

struct perf_ring {
	int cpu, fd; /* of the counter that carries it */
	void *map;   /* one control page, then `size` bytes */
	size_t size;
	struct decode_ids ids;
};

struct perf {
	struct {
		VEC_FIELDS(struct perf_ring);
	} rings;
	struct {
		VEC_FIELDS(struct perf_counter);
	} counters;
	struct {
		VEC_FIELDS(char *);
	} probes;              /* in tracefs */
	struct pollfd *ready;  /* one per ring, and room for one more */
	unsigned char *record; /* a record that wraps around is put together here */
	enum tier tier;
	struct tracepoint waking, woken; /* T0 */
	size_t ring_size;
};

/*
 * Counters on the given threads and all they will start. Tier 0 to 2; fails with the reason the
 * kernel gave and, as hint, what would lift it.
 */
struct error *perf_open(const pid_t *tids, size_t n, enum tier tier,
			struct perf *ret) ERROR_MUST_CHECK;
void perf_close(struct perf *p);

/*
 * Mark the entries to and the returns from the function at an offset of a file, as number `probe`,
 * in the given threads and all they will start. Fails as perf_open() does.
 */
struct error *perf_add_probe(struct perf *p, const pid_t *tids, size_t n, const char *path,
			     uint64_t offset, uint32_t probe) ERROR_MUST_CHECK;

/* As perf_add_probe(), but the function takes or lets go of the lock that is its first argument. Only
 * its entry is marked. */
struct error *perf_add_lock_probe(struct perf *p, const pid_t *tids, size_t n, const char *path,
				  uint64_t offset, bool takes) ERROR_MUST_CHECK;
/* Locks on files, for the same. Fails when the kernel does not tell of them. */
struct error *perf_add_file_locks(struct perf *p, const pid_t *tids, size_t n) ERROR_MUST_CHECK;
/* The probes of perf_add_lock_probe(). */
void perf_stop_lock_probes(struct perf *p);

/*
 * Dense (as opened): the stack of every switch, and wake-ups. Not dense: one stack in
 * SPARSE_PERIOD, no wake-ups; switch records go on. For programs that switch so often that the
 * stacks would slow them down.
 */
void perf_set_dense(struct perf *p, bool dense);

/*
 * T0: take the counters off all threads and watch the whole machine instead: births, deaths and what
 * is mapped always, switches, stacks and wake-ups while a window is open (not to begin with). There is
 * no way back. Fails only when the kernel refuses counters.
 */
struct error *perf_watch_machine(struct perf *p) ERROR_MUST_CHECK;
struct error *perf_open_window(struct perf *p) ERROR_MUST_CHECK;
void perf_close_window(struct perf *p);

/* Found by trying. */
bool perf_counts_cycles(void);

/* Hand over all records written so far; malformed ones end their ring's round as EVENT_LOST. */
typedef void perf_fn(struct event *event, const struct decode_parts *parts, void *arg);
void perf_drain(struct perf *p, perf_fn *fn, void *arg);

#endif
