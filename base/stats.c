#include "base/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

enum { RESAMPLES = 2000, EXACT_MOST = 40 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double *sorted(const double *x, size_t n)
{
	double *copy = xreallocarray(NULL, n, sizeof(*copy));

	if (n) {
		memcpy(copy, x, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), compare);
	}
	return copy;
}

static double sorted_quantile(const double *x, size_t n, double q)
{
	double h = (double)(n - 1) * q;
	size_t i = (size_t)h;

	if (i + 1 >= n)
		return x[n - 1];
	return x[i] + (h - (double)i) * (x[i + 1] - x[i]);
}

double stats_mean(const double *x, size_t n)
{
	double mean = 0;

	if (!n)
		return NAN;
	for (size_t i = 0; i < n; i++)
		mean += (x[i] - mean) / (double)(i + 1); /* no sum that could overflow */
	return mean;
}

double stats_quantile(const double *x, size_t n, double q)
{
	CLEANUP(cleanup_free) double *s = sorted(x, n);

	return n ? sorted_quantile(s, n, q) : NAN;
}

double stats_median(const double *x, size_t n)
{
	return stats_quantile(x, n, 0.5);
}

double stats_mad(const double *x, size_t n)
{
	CLEANUP(cleanup_free) double *away = xreallocarray(NULL, n, sizeof(*away));
	double median = stats_median(x, n);

	for (size_t i = 0; i < n; i++)
		away[i] = fabs(x[i] - median);
	return stats_median(away, n);
}

double stats_spread(const double *x, size_t n)
{
	return 1.4826 * stats_mad(x, n) / stats_median(x, n);
}

/* The median of n draws with replacement from n sorted values: count the draws of each, then walk
 * to the middle. `counts` is room for n. */
static double resample_median(const double *s, size_t n, size_t *counts, struct rng *rng)
{
	size_t below = 0, i = 0;
	double lower;

	memset(counts, 0, n * sizeof(*counts));
	for (size_t k = 0; k < n; k++)
		counts[rng_below(rng, n)]++;
	while (below + counts[i] <= (n - 1) / 2)
		below += counts[i++];
	lower = s[i];
	while (below + counts[i] <= n / 2)
		below += counts[i++];
	return lower + (s[i] - lower) / 2;
}

/* The percentile interval of the resampled figures, which are sorted on the way. */
static void set_interval(struct estimate *e, double *figures, double confidence)
{
	double tail = (1 - confidence) / 2;

	qsort(figures, RESAMPLES, sizeof(*figures), compare);
	e->low = sorted_quantile(figures, RESAMPLES, tail);
	e->high = sorted_quantile(figures, RESAMPLES, 1 - tail);
}

struct estimate stats_bootstrap_median(const double *x, size_t n, double confidence,
				       struct rng *rng)
{
	CLEANUP(cleanup_free) double *s = sorted(x, n);
	CLEANUP(cleanup_free) size_t *counts = xcalloc(n, sizeof(*counts));
	double figures[RESAMPLES];
	struct estimate e = { .value = NAN, .low = NAN, .high = NAN, .n = n };

	if (!n)
		return e;
	e.value = sorted_quantile(s, n, 0.5);
	if (n < STATS_INTERVAL_LEAST) {
		e.low = s[0];
		e.high = s[n - 1];
		return e;
	}
	for (size_t i = 0; i < RESAMPLES; i++)
		figures[i] = resample_median(s, n, counts, rng);
	set_interval(&e, figures, confidence);
	return e;
}

struct estimate stats_order_median(const double *x, size_t n, double confidence)
{
	CLEANUP(cleanup_free) double *s = sorted(x, n);
	struct estimate e = { .value = NAN, .low = NAN, .high = NAN, .n = n };
	double exactly = -(double)n * M_LN2; /* ln P(i of n are below the median) */
	double below = 0;
	size_t out = 0; /* left out at either end */

	if (!n)
		return e;
	for (size_t i = 0; i < n / 2; i++) {
		below += exp(exactly);
		if (below > (1 - confidence) / 2)
			break;
		out = i;
		exactly += log((double)(n - i) / (double)(i + 1));
	}
	e.value = sorted_quantile(s, n, 0.5);
	e.low = s[out];
	e.high = s[n - 1 - out];
	return e;
}

struct estimate stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb,
				      double confidence, struct rng *rng)
{
	CLEANUP(cleanup_free) double *sa = sorted(a, na);
	CLEANUP(cleanup_free) double *sb = sorted(b, nb);
	CLEANUP(cleanup_free) size_t *counts = xcalloc(na > nb ? na : nb, sizeof(*counts));
	double figures[RESAMPLES];
	struct estimate e = { .value = NAN, .low = NAN, .high = NAN, .n = na < nb ? na : nb };

	if (!e.n || sb[0] <= 0) /* a ratio to what may be 0 has no interval */
		return e;
	e.value = sorted_quantile(sa, na, 0.5) / sorted_quantile(sb, nb, 0.5);
	if (e.n < STATS_INTERVAL_LEAST) {
		e.low = sa[0] / sb[nb - 1];
		e.high = sa[na - 1] / sb[0];
		return e;
	}
	for (size_t i = 0; i < RESAMPLES; i++)
		figures[i] =
			resample_median(sa, na, counts, rng) / resample_median(sb, nb, counts, rng);
	set_interval(&e, figures, confidence);
	return e;
}

/*
 * P(U <= u) when every order of m and n values is equally likely. ways[j][v] is the number of
 * orders of i values of a and j of b with U = v, built up from i = 0:
 * ways(i, j, v) = ways(i - 1, j, v - j) + ways(i, j - 1, v).
 */
static double exact_tail(size_t m, size_t n, size_t u)
{
	size_t width = m * n + 1;
	CLEANUP(cleanup_free) double *ways = xcalloc((n + 1) * width, sizeof(*ways));
	double tail = 0, all = 0;

	for (size_t j = 0; j <= n; j++)
		ways[j * width] = 1;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 1; j <= n; j++) {
			double *row = ways + j * width;
			const double *shorter = row - width; /* of j - 1 */

			for (size_t v = width; v-- > 0;)
				row[v] = (v >= j ? row[v - j] : 0) + shorter[v];
		}
	}
	for (size_t v = 0; v < width; v++) {
		all += ways[n * width + v];
		if (v <= u)
			tail += ways[n * width + v];
	}
	return tail / all;
}

static double normal_p(double u, double m, double n, double tie_sum)
{
	double all = m + n;
	double variance = m * n / 12 * (all + 1 - tie_sum / (all * (all - 1)));
	double away = fabs(u - m * n / 2) - 0.5;

	if (variance <= 0) /* all values are equal */
		return 1;
	return fmin(1, erfc(away / sqrt(variance) / sqrt(2)));
}

struct ranked {
	double value;
	bool in_a;
};

static int compare_ranked(const void *a, const void *b)
{
	return compare(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* The rank sum of a, ties with their mean rank; tie_sum is the sum of t^3 - t over the ties. */
static double rank_sum(const double *a, size_t na, const double *b, size_t nb, double *tie_sum)
{
	size_t n = na + nb;
	CLEANUP(cleanup_free) struct ranked *all = xcalloc(n, sizeof(*all));
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		all[i] = (struct ranked){ .value = i < na ? a[i] : b[i - na], .in_a = i < na };
	qsort(all, n, sizeof(*all), compare_ranked);
	*tie_sum = 0;
	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i + 1; end < n && all[end].value == all[i].value;)
			end++;
		t = (double)(end - i);
		*tie_sum += t * t * t - t;
		for (size_t k = i; k < end; k++)
			sum += all[k].in_a ? (double)(i + 1 + end) / 2 : 0;
	}
	return sum;
}

double stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb)
{
	double m = (double)na, n = (double)nb, tie_sum, u;

	if (!na || !nb)
		return 1;
	u = rank_sum(a, na, b, nb, &tie_sum) - m * (m + 1) / 2;
	u = fmin(u, m * n - u);
	if (na + nb > EXACT_MOST || tie_sum > 0)
		return normal_p(u, m, n, tie_sum);
	return fmin(1, 2 * exact_tail(na, nb, (size_t)u));
}
