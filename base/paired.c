#include "base/paired.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"

enum { EXACT_MOST = 60 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* P(T <= t) of the sum of the ranks 1..n with a positive sign, every sign as likely. */
static double exact_tail(size_t n, size_t t)
{
	size_t most = n * (n + 1) / 2;
	CLEANUP(cleanup_free) double *ways = xcalloc(most + 1, sizeof(*ways));
	double tail = 0;

	ways[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t sum = most; sum >= rank; sum--)
			ways[sum] += ways[sum - rank];
	for (size_t sum = 0; sum <= t && sum <= most; sum++)
		tail += ways[sum];
	return tail / exp2((double)n);
}

static double sum_sd(double n)
{
	return sqrt(n * (n + 1) * (2 * n + 1) / 24);
}

static double tail(size_t n, double t)
{
	double away = t + 0.5 - (double)n * ((double)n + 1) / 4;

	if (n <= EXACT_MOST)
		return exact_tail(n, (size_t)t);
	return erfc(-away / sum_sd((double)n) / sqrt(2)) / 2;
}

/* The largest t with P(T <= t) <= p, or -1. */
static long critical(size_t n, double p)
{
	long low = -1, high = (long)(n * (n + 1) / 4);

	while (low < high) {
		long t = low + (high - low + 1) / 2;

		if (tail(n, (double)t) <= p)
			low = t;
		else
			high = t - 1;
	}
	return low;
}

struct estimate paired_shift(const double *x, size_t n, double confidence)
{
	size_t all = n * (n + 1) / 2, k = 0;
	CLEANUP(cleanup_free) double *means = xcalloc(all + 1, sizeof(*means));
	struct estimate e = { NAN, NAN, NAN, n };
	long t;

	assert(n <= PAIRED_MOST);
	if (!n)
		return e;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			means[k++] = (x[i] + x[j]) / 2;
	qsort(means, all, sizeof(*means), compare);
	e.value = (means[(all - 1) / 2] + means[all / 2]) / 2;
	t = critical(n, (1 - confidence) / 2);
	/* With t below 0 the whole range is not enough; it is all there is. */
	e.low = means[t < 0 ? 0 : t];
	e.high = means[all - 1 - (size_t)(t < 0 ? 0 : t)];
	return e;
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

/* Differences of 0 are left out, as Wilcoxon did; equal ones share their mean rank. */
double paired_p(const double *x, size_t n)
{
	CLEANUP(cleanup_free) double *away = xcalloc(n + 1, sizeof(*away));
	double positive = 0, total;
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (x[i] < 0 || x[i] > 0)
			away[m++] = x[i];
	qsort(away, m, sizeof(*away), by_size);
	for (size_t i = 0, end; i < m; i = end) {
		for (end = i + 1; end < m && fabs(away[end]) <= fabs(away[i]);)
			end++;
		for (size_t k = i; k < end; k++)
			positive += away[k] > 0 ? (double)(i + 1 + end) / 2 : 0;
	}
	total = (double)m * ((double)m + 1) / 2;
	return m ? fmin(1, 2 * tail(m, floor(fmin(positive, total - positive)))) : 1;
}
