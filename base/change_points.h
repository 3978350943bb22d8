/*
 * change_points.h - where does a series take another level?
 *
 * PELT (Killick, Fearnhead and Eckley 2012, "Optimal detection of changepoints with a linear
 * computational cost") with the squared-error cost, on the ranks of the values as in Lung-Yut-Fong,
 * Levy-Leduc and Cappe 2011 ("Homogeneity and change-point detection tests for multivariate data
 * using rank statistics"): a rank is bounded, so that one slow run is no change, and has the same
 * variance whatever the unit and the spread.
 *
 * The penalty is 3 ln n + 1. Of series without a change at most 1 in 100 then shows one, for every n
 * (tests/unit/base/test_change_points.c counts them); a clean step is seen from its sixth value on.
 */
#ifndef BASE_CHANGE_POINTS_H
#define BASE_CHANGE_POINTS_H

#include <stddef.h>

#include "base/vec.h"

#define CHANGE_POINTS_LEAST 12 /* values: fewer cannot show a change beyond chance */

struct change_points {
	VEC_FIELDS(size_t); /* index of the first value of each new level, ascending */
};

/* x: finite values in the order of time. `ret` must be empty; free it with vec_clear(). */
void change_points_find(const double *x, size_t n, struct change_points *ret);

#endif
