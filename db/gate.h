/*
 * gate.h - from a comparison to a yes or no: the rule
 *
 * Pure. A regression is a slow-down that is more than max_regression even at the near end of its
 * interval. One that is less even at the far end passes. Between the two, or with too few samples,
 * the gate cannot tell, which fails only when asked for. When nothing that it was told to fail on
 * could be measured, the gate fails: silence is no pass.
 */
#ifndef DB_GATE_H
#define DB_GATE_H

#include "model/comparison.h"
#include "model/gate.h"
#include "model/pair.h"
#include "model/run.h"

enum {                          /* what fails a gate */
       GATE_ON_VERDICT = 1,     /* another verdict */
       GATE_ON_REGRESSION = 2,  /* slower */
       GATE_ON_FINDINGS = 4,    /* new findings */
       GATE_ON_CANNOT_TELL = 8, /* no answer on any of the above */
};

struct gate_limits {
	double max_regression; /* 0.02: 2 % */
	double confidence;
	size_t min_runs;
	int fail_on;
	bool force; /* judge what is not comparable */
};

/*
 * Two stored runs. Judged are the sequential run and what the verdicts of a and b recommend, at a
 * confidence divided among them (Bonferroni); the other models are for `concur compare`.
 */
void gate_runs(const struct run *a, const struct run *b, const struct gate_limits *limits,
	       struct gate *ret);
/* Ratios old / new: below the one a gate on two builds fails, from the other on it passes, when all of
 * the interval lies there. */
double gate_pair_fails_below(const struct gate_limits *limits);
double gate_pair_passes_from(const struct gate_limits *limits);
/* Two builds side by side; a and b are the runs that were made of it. */
void gate_pair(const struct run *a, const struct run *b, const struct pair *pair,
	       const struct gate_limits *limits, struct gate *ret);

#endif
