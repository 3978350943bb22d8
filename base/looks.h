/*
 * looks.h - look at samples while they grow, as often as planned, and keep the promised confidence
 *
 * Each of the planned looks gets an equal share of the risk 1 - confidence (Bonferroni), whatever the
 * looks have in common. So all intervals hold at once with the promised confidence, and any rule may
 * say when to stop: repeated confidence intervals (Jennison and Turnbull 1989, "Interim analyses: the
 * repeated confidence interval approach", J. R. Statist. Soc. B 51, 305-361). The looks are spaced
 * geometrically, which costs a logarithm of the largest sample (Darling and Robbins 1967, "Confidence
 * sequences for mean, variance, and median", PNAS 58, 66-68). Plain data, no locking.
 */
#ifndef BASE_LOOKS_H
#define BASE_LOOKS_H

#include <stddef.h>

struct looks {
	size_t first; /* samples at the first: enough for a signed-rank interval at `confidence` */
	size_t n;     /* of them, the last at the largest sample or where time ends before */
	double confidence; /* of each */
};

/* From `least` samples (1 or more) to `most`, at `confidence` (below 1) for all together. */
struct looks looks_plan(size_t least, size_t most, double confidence);
/* How many samples the look after the one at n has. */
size_t looks_next(size_t n);

#endif
