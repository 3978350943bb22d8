/*
 * pair.h - measure two builds of a program side by side
 *
 * Pairs of sequential trials, old and new in random order within the pair, until the question is
 * answered, the interval is narrow, or the budget is spent. Looking at the answer while it grows
 * would raise false alarms: the interval is that of planned looks (base/looks.h), and holds however
 * the measuring ended.
 */
#ifndef PROFILER_PAIR_H
#define PROFILER_PAIR_H

#include "base/error.h"
#include "model/pair.h"
#include "profiler/trial.h"

struct pair_options {
	const struct scratch *scratch; /* as struct trial_plan's */
	uint64_t timeout_ns;           /* one task */
	uint64_t budget_ns;
	uint64_t seed;     /* 0: from the clock */
	size_t least;      /* pairs, whatever the budget (twice the budget ends it) */
	double confidence; /* of the interval */
	double half_width; /* enough: of the interval of log(old / new) */
	/* Answered: the interval of old / new lies below the one, or from the other on. 0 and
	 * INFINITY: no question. */
	double below, from;
};

/* Both run the workload's tasks. A task that fails in either is an error. */
struct error *pair_run(const struct target *old, const struct target *new,
		       const struct workload *workload, const struct pair_options *opt,
		       struct pair *ret) ERROR_MUST_CHECK;

#endif
