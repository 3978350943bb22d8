/*
 * compare.h - what changed between two runs: the rule
 *
 * Pure. Better or worse needs n >= 6 a side, Mann-Whitney p < 0.05, and a 95 % bootstrap interval
 * of the ratio of medians that excludes 1 by more than the larger A/A noise floor of the two runs.
 * Same: the interval lies within +-5 %. Everything else: cannot tell, with why.
 */
#ifndef DB_COMPARE_H
#define DB_COMPARE_H

#include "model/comparison.h"
#include "model/run.h"

void compare_runs(const struct run *a, const struct run *b, struct comparison *ret);

#endif
