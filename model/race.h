/*
 * race.h - what the tournament measured
 *
 * One entry for each model and number of workers. A speedup is the median over rounds of
 * (sequential wall time / this wall time), both from the same round; low and high are its 95 %
 * interval and n the number of clean rounds. An entry whose outcome is not "ok" has no figures.
 * Ownership: strings and arrays owned; race_clear() frees.
 */
#ifndef MODEL_RACE_H
#define MODEL_RACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/concurrency.h"
#include "model/wait_profile.h"

struct samples {
	VEC_FIELDS(double);
};

/* What held an event loop up: a call that could not be converted, or "computing". */
struct race_pinned {
	char *call;
	char *place; /* the innermost place in the program, "work (a.c:40)" or "name+0x1a2b"; or NULL */
	uint64_t address; /* the same, as long as it is measured; not stored */
	uint64_t count, ns, longest_ns;
};

/* What an event loop did (async and async + thread pool): in one trial, the one it stood longest in. */
struct race_loop {
	bool measured;
	double busy_share;     /* of the time, its thread ran tasks */
	double overhead_share; /* of the time, what intercepting system calls took, at most */
	uint64_t longest_ns;   /* that one task held it */
	uint64_t traps,
		rewritten; /* system calls that were intercepted, the slow and the fast way */
	uint64_t trap_ns;  /* what the slow way costs a call, calibrated */
	uint64_t sites;    /* system call instructions that were rewritten for the fast way */
	struct {
		VEC_FIELDS(struct race_pinned);
	} pinned; /* most time first */
};

#define RACE_TIMELINE 100

struct race_task { /* one task of one trial, from the trial's first start on */
	uint64_t start_ns, end_ns;
	size_t task; /* its number in the list, from 0 */
	int worker;  /* which of those at work took it, as starts and ends tell: 0 to workers - 1 */
};

/* The first RACE_TIMELINE tasks of a trial of the last clean round, in order of start. */
struct race_timeline {
	VEC_FIELDS(struct race_task);
};

struct race_entry {
	enum model model;
	int workers;
	enum outcome outcome;
	char *why;       /* for every outcome but ok; or NULL */
	char *isolation; /* how the tasks were kept apart: "exec", "private copies", ... ; or NULL
			  */
	struct estimate speedup;
	struct estimate simulated; /* what was predicted from the recorded tasks; n 0: nothing */
	struct samples ratios;     /* speedup of each clean round */
	struct samples walls;      /* wall time of each clean round, ns */
	struct estimate wall;      /* their median, kept when the samples are not; else n 0 */
	struct wait_profile
		profile; /* of one trial of a model's best entry; wall_ns 0: not watched */
	double cpu_ns_per_task;
	uint64_t pss_bytes;              /* peak, of all workers together; 0: not known */
	uint64_t p50_ns, p95_ns, p99_ns; /* latency of one task */
	double tasks_per_s;              /* throughput, median */
	double switches_per_task;        /* context switches */
	double faults_per_task;          /* page faults without I/O, */
	double major_faults_per_task;    /* and with it */
	struct race_loop loop;
	struct race_timeline timeline; /* of a model's best entry */
};

struct race_conditions {
	uint64_t seed;
	uint64_t tasks; /* per trial */
	int rounds, dirty_rounds;
	struct estimate noise; /* A/A: sequential against itself, ratio around 1 */
	double ceiling; /* median speedup of two spinners, before and after each round: what two
			 * cores can give; 0: not taken */
	double steal_share;
	double load;         /* runnable tasks that are not ours, mean */
	uint64_t leaked_fds; /* descriptors that one task left open, at most */
	uint64_t recycled;   /* how often the workers were started anew in one trial, at most, for
				what their tasks left in memory: */
	uint64_t kept_bytes; /* a task, about; 0: none was */
	uint64_t strays;     /* processes that one trial left behind, at most */
	/* Of simulations against what was raced on this machine until now: the median of the relative
	 * errors, and from none to that of nine in ten; n 0: none was compared. */
	struct estimate simulator_error;
	struct estimate startup_ns; /* per task: what exec costs and a call in one process does not;
				       n 0: not known */
};

struct race {
	VEC_FIELDS(struct race_entry);
	bool measured;  /* false: `why` says why */
	bool simulated; /* from recorded calls, whose number is the entries' n; nothing was raced */
	char *why;
	struct race_conditions conditions;
};

void race_loop_clear(struct race_loop *loop);
/* Of two trials, the one in which the loop was held longest; the other one is cleared. */
void race_loop_keep(struct race_loop *kept, struct race_loop *other);
void race_entry_clear(struct race_entry *e);
/* The sequential program by itself, timed from outside: walls in ns are copied, no speedup, no CPU time. */
struct race_entry race_entry_timed(const struct samples *walls);
void race_clear(struct race *race);
/* Median wall time of a trial in ns, from the samples or kept without them. */
struct estimate race_entry_wall(const struct race_entry *e);
/* The entry of a model with the highest speedup among those whose outcome is ok, or NULL. */
const struct race_entry *race_best(const struct race *race, enum model model);

#endif
