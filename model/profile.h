/*
 * profile.h - the sequential run as the profiler saw it
 *
 * Tiers, found by trying: T0 root or CAP_PERFMON, T1 perf_event_paranoid <= 1,
 * T2 paranoid 2, T3 no perf. Ownership: strings owned; profile_clear() frees.
 */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/wait_profile.h"

enum tier { TIER_0, TIER_1, TIER_2, TIER_3, TIER_COUNT };

const char *tier_key(enum tier tier);     /* "T0" */
const char *tier_meaning(enum tier tier); /* what it takes and what it gives, one line */
bool tier_from_key(const char *key, enum tier *ret);

struct wait_site { /* where in the kernel time was spent waiting */
	char *symbol;
	enum wait_kind kind;
	uint64_t ns;
	uint64_t waits;
};

struct wait_sites {
	VEC_FIELDS(struct wait_site); /* longest first */
};

struct stack_frame {    /* one call, inlined or not */
	char *function; /* "?": it has no name */
	char *object;   /* the file its code lies in, without directories; may be NULL */
	char *file;     /* of the source, NULL: not known */
	int line;
	bool inlined; /* into the next one */
};

struct stack_frames {
	VEC_FIELDS(struct stack_frame); /* innermost first */
};

struct wait_waker {   /* who ended waits, for instance by letting go of a lock */
	char *name;   /* of the thread; "interrupt" */
	int pid, tid; /* 0: no thread */
	enum wait_kind kind;
	uint64_t ns; /* that were waited until then */
	uint64_t waits;
	struct stack_frames frames; /* what it was doing; none: not known */
};

struct wait_wakers {
	VEC_FIELDS(struct wait_waker); /* most time first */
};

/*
 * What the program was doing while time passed. The stacks of a kind add up to the kind's time
 * exactly: one without frames holds what no stack is known of, and what was too little to be listed.
 */
struct stack {
	bool on_cpu;
	enum wait_kind kind; /* unless on_cpu */
	uint64_t ns;
	uint64_t count; /* waits; on_cpu: samples, of which ns is an estimate */
	bool cut;       /* the outermost calls are missing */
	struct stack_frames frames;
};

struct stacks {
	VEC_FIELDS(struct stack); /* most time first */
};

/* What was booked, and what the kernel itself has counted of the same stretches of threads' lives:
 * all but the last few milliseconds of each. */
struct profile_check {
	uint64_t cpu_ns, kernel_cpu_ns, runqueue_ns, kernel_runqueue_ns;
};

struct profile {
	bool measured; /* false: nothing below holds, and `why` says why */
	enum tier tier;
	char *why; /* why not a better tier, or why not measured */
	struct wait_profile waits;
	struct profile_check checked;
	uint64_t elapsed_ns; /* of the whole run, wall clock */
	uint64_t tasks, processes, threads, switches;
	double lost_share;  /* of the records, 0..1 */
	double steal_share; /* of all CPU time while it ran, 0..1 */
	uint64_t cycles, instructions,
		cache_misses; /* in user space, of the processor's counters */
	/* Of all its processes; 0: not told. Files opened as counted in another run of it. */
	uint64_t read_bytes, written_bytes, peak_bytes, opened;
	char *no_counters; /* why these are 0; NULL: they are counted */
	struct wait_sites sites;
	struct stacks stacks;
	struct wait_wakers wakers; /* T0, of the waits that were seen to end */
};

void stack_frames_clear(struct stack_frames *frames);
void stacks_clear(struct stacks *stacks);
void profile_clear(struct profile *p);

#endif
