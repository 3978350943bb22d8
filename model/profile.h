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

struct profile {
	bool measured; /* false: nothing below holds, and `why` says why */
	enum tier tier;
	char *why; /* why not a better tier, or why not measured */
	struct wait_profile waits;
	uint64_t elapsed_ns; /* of the whole run, wall clock */
	uint64_t tasks, processes, threads, switches;
	double lost_share;  /* of the records, 0..1 */
	double steal_share; /* of all CPU time while it ran, 0..1 */
	struct wait_sites sites;
};

void profile_clear(struct profile *p);

#endif
