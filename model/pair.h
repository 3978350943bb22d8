/*
 * pair.h - two builds of a program, run side by side
 *
 * Wall times of whole trials, old and new in turns: walls_old[i] and walls_new[i] were taken next to
 * one another, in random order, so that what disturbs the machine disturbs both. Ownership:
 * pair_clear() frees.
 */
#ifndef MODEL_PAIR_H
#define MODEL_PAIR_H

#include "model/race.h"

struct pair {
	struct samples walls_old, walls_new; /* ns, of one trial */
	uint64_t tasks;                      /* per trial */
	uint64_t seed;
	size_t dirty;          /* pairs that were thrown away: the host took the CPU */
	size_t differ;         /* tasks that the two answered differently */
	double steal_share;    /* mean */
	struct estimate ratio; /* old / new: above 1, new is faster */
	double p;              /* Wilcoxon signed-rank, two-sided, times the planned looks */
};

void pair_clear(struct pair *pair);

#endif
