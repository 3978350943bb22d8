/*
 * scaling.h - how the speedup of one model grows with its workers, and what it would be on other
 * numbers of cores
 *
 * From a fit to the race's own rounds. What was not measured is a projection: a range, never a
 * figure alone. Ownership: scaling_clear() frees.
 */
#ifndef MODEL_SCALING_H
#define MODEL_SCALING_H

#include <stdbool.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/concurrency.h"
#include "model/outlook.h"

struct scaling_point {
	int workers;
	struct estimate fit; /* of the speedup; the band of the fit, n: rounds */
};

struct scaling_points {
	VEC_FIELDS(struct scaling_point); /* by workers */
};

struct projection {
	int cores, workers;
	struct estimate speedup; /* value is NAN where only the range is known */
	enum bound by;           /* what bites first */
};

struct projections {
	VEC_FIELDS(struct projection);
};

struct scaling {
	enum model model;
	char *why_not; /* not fitted; nothing below but demand, little and formula holds */
	double demand; /* CPU time of a task over its time alone; the CPU bounds at cores / demand */
	double little;  /* Little's law: throughput * time of a task alone, at the best */
	double formula; /* cores * (1 + wait / compute), from the profile */
	int sizes;      /* different numbers of workers that the cores can tell apart */
	struct estimate contention; /* sigma of the law: what takes turns, as a share */
	struct estimate coherence;  /* kappa: what grows with every pair of workers */
	bool one_loss; /* one size only: the loss may be all the one or all the other */
	int knee, knee_low, knee_high; /* fewest workers within the margin of the best */
	bool knee_seen; /* false: it still grew at the most workers raced, which is `knee` */
	enum bound by;  /* what bounds it on this machine */
	struct scaling_points curve;
	struct projections projections;
};

struct scalings {
	VEC_FIELDS(struct scaling); /* by model */
};

void scalings_clear(struct scalings *s);

#endif
