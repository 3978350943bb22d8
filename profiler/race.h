/*
 * race.h - the tournament: every harness, several worker counts, interleaved rounds
 *
 * Each round runs every entry once (those far behind: every third round) in random order (seed
 * recorded), each trial in a fresh process, its outputs compared with the sequential reference;
 * ratios are formed within the round. Rounds with steal above 6 %, a low spinner ceiling before or
 * after, or a control that is off (the sequential run, twice in each round) are dirty: repeated,
 * not averaged.
 * Rounds go on until every interval is narrow (5 %) or the budget is spent. A model that cannot be
 * measured, or answers differently, is an entry that says why.
 */
#ifndef PROFILER_RACE_H
#define PROFILER_RACE_H

#include <stdint.h>

#include "base/error.h"
#include "model/profile.h"
#include "model/race.h"
#include "model/workload.h"
#include "profiler/trial.h"

struct race_options {
	const struct scratch *scratch; /* as struct trial_plan's */
	uint64_t timeout_ns;           /* one task */
	uint64_t budget_ns;
	uint64_t seed;      /* 0: from the clock */
	const int *workers; /* the ladder; NULL: chosen from the profile (cores for CPU, wide for
			       waits) */
	size_t workers_n;
};

/* profile and reference come from baseline_run(). */
struct error *race_run(const struct target *target, const struct workload *workload,
		       const struct profile *profile, const struct trial *reference,
		       const struct race_options *opt, struct race *ret) ERROR_MUST_CHECK;

#endif
