#include "base/change_points.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"

struct placed {
	double value;
	size_t at;
};

static int by_value(const void *pa, const void *pb)
{
	const struct placed *a = pa, *b = pb;

	return (a->value > b->value) - (a->value < b->value);
}

/* Ranks with mean 0 and variance 1, equal values with their mean rank; false: all are equal. */
static bool scaled_ranks(const double *x, size_t n, double *ret)
{
	CLEANUP(cleanup_free) struct placed *order = xcalloc(n, sizeof(*order));
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		order[i] = (struct placed){ x[i], i };
	qsort(order, n, sizeof(*order), by_value);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && order[end].value == order[i].value;)
			end++;
		for (size_t k = i; k < end; k++)
			ret[order[k].at] = ((double)i + (double)end - (double)n) / 2;
	}
	for (size_t i = 0; i < n; i++)
		sum += ret[i] * ret[i];
	for (size_t i = 0; sum > 0 && i < n; i++)
		ret[i] /= sqrt(sum / (double)n);
	return sum > 0;
}

struct candidate { /* where the last level may begin */
	size_t at;
	double total; /* of the cheapest partition that has it begin there */
};

/*
 * last[end]: where the last level of the cheapest partition of the first `end` values begins. The squared
 * error of a level around its mean is the sum of its squares, less the square of its sum by its number. The
 * squares add up to the same in every partition, and are left out. A long series without a change tries n^2 / 2
 * levels, where a division each would be most of the time.
 */
static void partition(const double *sums, size_t n, size_t *last)
{
	CLEANUP(cleanup_free) double *before = xcalloc(n + 1, sizeof(*before));
	CLEANUP(cleanup_free) double *inverse = xcalloc(n + 1, sizeof(*inverse));
	CLEANUP(cleanup_free) struct candidate *open = xcalloc(n + 1, sizeof(*open));
	double penalty = 3 * log((double)n) + 1, least = -INFINITY;
	size_t open_n = 0;

	for (size_t k = 1; k <= n; k++)
		inverse[k] = 1 / (double)k;
	before[0] = -penalty;
	for (size_t end = 1; end <= n; end++) {
		double bound = least + penalty;
		size_t kept = 0;

		open[open_n++] = (struct candidate){ end - 1, -INFINITY };
		least = INFINITY;
		for (size_t i = 0; i < open_n; i++) {
			size_t at = open[i].at;
			double sum = sums[end] - sums[at];

			/* What is worse by a whole penalty never becomes the best again. */
			if (open[i].total > bound)
				continue;
			open[kept] =
				(struct candidate){ at,
						    before[at] - sum * sum * inverse[end - at] };
			if (open[kept].total < least) {
				least = open[kept].total;
				last[end] = at;
			}
			kept++;
		}
		open_n = kept;
		before[end] = least + penalty;
	}
}

void change_points_find(const double *x, size_t n, struct change_points *ret)
{
	CLEANUP(cleanup_free) double *ranks = xcalloc(n + 1, sizeof(*ranks));
	CLEANUP(cleanup_free) double *sums = xcalloc(n + 1, sizeof(*sums));
	CLEANUP(cleanup_free) size_t *last = xcalloc(n + 1, sizeof(*last));

	if (n < CHANGE_POINTS_LEAST || !scaled_ranks(x, n, ranks))
		return;
	for (size_t i = 0; i < n; i++)
		sums[i + 1] = sums[i] + ranks[i];
	partition(sums, n, last);
	for (size_t at = last[n]; at > 0; at = last[at])
		vec_push(ret, at);
	for (size_t i = 0; i < ret->n / 2; i++) {
		size_t swap = ret->items[i];

		ret->items[i] = ret->items[ret->n - 1 - i];
		ret->items[ret->n - 1 - i] = swap;
	}
}
