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

struct compare_options {
	double confidence;  /* 0: 0.95; the p-value must be below 1 - confidence */
	size_t min_samples; /* 0: 6 */
	bool force;         /* judge what is not comparable */
};

/* opt NULL: as above. */
void compare_with(const struct run *a, const struct run *b, const struct compare_options *opt,
		  struct comparison *ret);
void compare_runs(const struct run *a, const struct run *b, struct comparison *ret);

#endif
