/*
 * compare.h - what changed between two runs: the rule
 *
 * Pure. Better or worse needs n >= 6 a side, Mann-Whitney p < 0.05, and a 95 % bootstrap interval
 * of the ratio of medians that excludes 1 by more than the larger A/A noise floor of the two runs.
 * Same: the interval lies within +-5 %. Everything else: cannot tell, with why.
 */
#ifndef DB_COMPARE_H
#define DB_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/comparison.h"
#include "model/run.h"

/*
 * Two copies of one program may differ by so much for good: where they lie in memory depends on the
 * length of their names (Mytkowicz et al. 2009, "Producing wrong data without doing anything
 * obviously wrong").
 */
#define LAYOUT 0.01

struct compare_options {
	double confidence;  /* 0: 0.95; the p-value must be below 1 - confidence */
	size_t min_samples; /* 0: 6 */
	bool force;         /* judge what is not comparable */
	bool of_runs;       /* a sample is a run, not a round: for words only */
};

/* opt NULL: as above. */
void compare_with(const struct run *a, const struct run *b, const struct compare_options *opt,
		  struct comparison *ret);
void compare_runs(const struct run *a, const struct run *b, struct comparison *ret);

#endif
