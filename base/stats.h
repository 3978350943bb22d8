/*
 * stats.h - robust statistics on small samples
 *
 * Medians and distribution-free intervals, because trials on a shared machine are neither normal
 * nor free of outliers. Functions take unsorted samples and do not change them. Units are the
 * caller's. No sample: value, low and high are NAN, n 0.
 */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>

#include "base/rng.h"

/* A figure that may be printed: never without n and an interval. */
struct estimate {
	double value;
	double low, high; /* 95 % unless said otherwise */
	size_t n;
};

double stats_mean(const double *x, size_t n);
double stats_median(const double *x, size_t n);
/* Linear interpolation between order statistics (Hyndman-Fan type 7); q in 0..1. */
double stats_quantile(const double *x, size_t n, double q);
/* Median absolute deviation from the median, not scaled. */
double stats_mad(const double *x, size_t n);
/* 1.4826 * MAD / median: the spread as a share of the median, as a coefficient of variation is for
 * a normal sample. */
double stats_spread(const double *x, size_t n);

enum { STATS_INTERVAL_LEAST = 6 }; /* samples; below, the interval of a median is their range */

/*
 * The median with a percentile bootstrap interval (Efron 1979), 2,000 resamples, deterministic for
 * a seed. Below 6 samples the bootstrap is too narrow: the interval is then the sample's range,
 * which covers the median with 1 - 2^(1-n).
 */
struct estimate stats_bootstrap_median(const double *x, size_t n, double confidence,
				       struct rng *rng);
/*
 * The median between two order statistics (Hahn and Meeker 1991, "Statistical Intervals", 5.2): it
 * covers with at least `confidence`, whatever the distribution. For long series, where resampling
 * is slow. Below 6 samples: the range, as above.
 */
struct estimate stats_order_median(const double *x, size_t n, double confidence);
/* median(a) / median(b) of two independent samples, both resampled. n is the smaller of the two. */
struct estimate stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb,
				      double confidence, struct rng *rng);

/*
 * Two-sided p-value of the Mann-Whitney U test that a and b come from the same distribution. Exact
 * for na + nb <= 40 without ties (recurrence of Mann and Whitney 1947), else normal with tie and
 * continuity correction. 1.0 when a sample is empty.
 */
double stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb);

#endif
