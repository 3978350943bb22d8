/*
 * paired.h - what pairs of samples say: the Wilcoxon signed-rank test and its estimate
 *
 * For differences taken side by side, so that what disturbs both members of a pair cancels. The
 * estimate is the Hodges-Lehmann median of all means of two differences; its interval is the one
 * that the test does not reject (Hollander, Wolfe and Chicken 2014, "Nonparametric Statistical
 * Methods", 3.1 to 3.3): distribution-free for symmetric differences, which pairs in random order
 * have. Exact up to 60 pairs, normal beyond.
 */
#ifndef BASE_PAIRED_H
#define BASE_PAIRED_H

#include <stddef.h>

#include "base/stats.h"

#define PAIRED_MOST 2000 /* n; the means of two are n (n + 1) / 2 */

/* Of the centre of the differences x. Where n is too small for the confidence, the interval is the
 * range of x, which covers the median with 1 - 2^(1-n). */
struct estimate paired_shift(const double *x, size_t n, double confidence);
/* Two-sided p-value of the centre being 0. 1.0 without a difference. */
double paired_p(const double *x, size_t n);

#endif
