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

/* The squared error of values first..end around their mean, from the sums up to each value. */
static double cost(const double *sums, const double *squares, size_t first, size_t end)
{
	double sum = sums[end] - sums[first];

	return squares[end] - squares[first] - sum * sum / (double)(end - first);
}

/* last[end]: where the last level of the cheapest partition of the first `end` values begins. */
static void partition(const double *sums, const double *squares, size_t n, size_t *last)
{
	CLEANUP(cleanup_free) double *best = xcalloc(n + 1, sizeof(*best));
	CLEANUP(cleanup_free) size_t *open = xcalloc(n + 1, sizeof(*open));
	double penalty = 3 * log((double)n) + 1;
	size_t open_n = 0;

	best[0] = -penalty;
	for (size_t end = 1; end <= n; end++) {
		size_t kept = 0;

		open[open_n++] = end - 1;
		best[end] = INFINITY;
		for (size_t i = 0; i < open_n; i++) {
			double total = best[open[i]] + cost(sums, squares, open[i], end) + penalty;

			if (total < best[end]) {
				best[end] = total;
				last[end] = open[i];
			}
		}
		/* What is worse by a whole penalty never becomes the best again. */
		for (size_t i = 0; i < open_n; i++)
			if (best[open[i]] + cost(sums, squares, open[i], end) <= best[end])
				open[kept++] = open[i];
		open_n = kept;
	}
}

void change_points_find(const double *x, size_t n, struct change_points *ret)
{
	CLEANUP(cleanup_free) double *ranks = xcalloc(n + 1, sizeof(*ranks));
	CLEANUP(cleanup_free) double *sums = xcalloc(n + 1, sizeof(*sums));
	CLEANUP(cleanup_free) double *squares = xcalloc(n + 1, sizeof(*squares));
	CLEANUP(cleanup_free) size_t *last = xcalloc(n + 1, sizeof(*last));

	if (n < CHANGE_POINTS_LEAST || !scaled_ranks(x, n, ranks))
		return;
	for (size_t i = 0; i < n; i++) {
		sums[i + 1] = sums[i] + ranks[i];
		squares[i + 1] = squares[i] + ranks[i] * ranks[i];
	}
	partition(sums, squares, n, last);
	for (size_t at = last[n]; at > 0; at = last[at])
		vec_push(ret, at);
	for (size_t i = 0; i < ret->n / 2; i++) {
		size_t swap = ret->items[i];

		ret->items[i] = ret->items[ret->n - 1 - i];
		ret->items[ret->n - 1 - i] = swap;
	}
}
