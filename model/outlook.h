/*
 * outlook.h - what one profile alone tells, before or without a race
 *
 * Every figure in here is an estimate that rests on one run and has no interval; a bound says what
 * cannot be exceeded, not what will be reached. Ownership: strings owned; outlook_clear() frees.
 */
#ifndef MODEL_OUTLOOK_H
#define MODEL_OUTLOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/concurrency.h"

#define BOUNDS(X) /* id, key, what bounds, as part of a sentence */                                \
	X(BOUND_UNKNOWN, "unknown", "a cause that was not seen")                                   \
	X(BOUND_CPU, "cpu", "the CPU")                                                             \
	X(BOUND_LOOP, "loop", "the one thread of the event loop")                                  \
	X(BOUND_LOCK, "lock", "one hot lock")                                                      \
	X(BOUND_MEMORY, "memory-bandwidth", "memory bandwidth")                                    \
	X(BOUND_DISK, "disk", "the disk")                                                          \
	X(BOUND_PEER, "peer", "whoever ends the waits")                                            \
	X(BOUND_TASKS, "tasks", "the number of tasks")

#define PRESENT_NEEDS(X) /* id, key, as part of a sentence: what more speed waits for */           \
	X(PRESENT_UNKNOWN, "unknown", "it cannot be told what it waits for")                       \
	X(PRESENT_MACHINE, "machine",                                                              \
	  "it waits for cores that others use: measure when they do not")                          \
	X(PRESENT_WORK, "work", "it waits for work: its workers are idle")                         \
	X(PRESENT_WORKERS, "workers",                                                              \
	  "it waits for workers: all are in a task, and cores are free")                           \
	X(PRESENT_LOCK, "lock", "it waits for a lock")                                             \
	X(PRESENT_CPU, "cpu", "it waits for the CPU")

#define X(id, ...) id,
enum bound { BOUNDS(X) BOUND_COUNT };
enum present_need { PRESENT_NEEDS(X) PRESENT_NEED_COUNT };
#undef X

const char *bound_key(enum bound bound);
bool bound_from_key(const char *key, enum bound *ret);
const char *bound_words(enum bound bound);
const char *present_need_key(enum present_need need);
bool present_need_from_key(const char *key, enum present_need *ret);
const char *present_need_words(enum present_need need);

struct model_bound {
	enum model model;
	double speedup; /* at most; NAN: nothing that was seen bounds it */
	int workers;    /* from which on it can be reached; 0: no number is known */
	enum bound by;
};

struct model_bounds {
	VEC_FIELDS(struct model_bound);
};

/* The concurrency a program has already. */
struct present {
	bool concurrent;
	char *model;       /* "threads", "thread-pool", "event-loop", ...; NULL: not concurrent */
	double busy;       /* threads in a task at a time, mean; 0: not known */
	double cores_used; /* CPU time over elapsed time */
	double idle_share; /* of the threads' time: waiting for work or for each other to end */
	double lock_share; /* of their time in tasks: waiting for a lock that another holds */
	enum present_need needs;
	int workers;       /* what would keep the cores busy: cores * (1 + wait/compute); 0: - */
	bool process_wide; /* one lock lets one thread run at a time, as an interpreter's GIL does */
	char *lock;        /* where it is taken, "item (pool.c:14)"; NULL: not known */
	char *holder; /* who let go of it most, "pool/505 (46 % of the waits' time)"; or NULL */
};

struct outlook {
	struct model_bounds bounds;
	struct present present;
};

void outlook_clear(struct outlook *o);

#endif
