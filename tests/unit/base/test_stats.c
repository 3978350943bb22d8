#include "expect.h"

#include <math.h>

#include "base/stats.h"

static void assert_near(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-9 * fmax(1, fabs(expected))))
		fail_msg("%.15g is not %.15g", value, expected);
}

static void simple_figures(void **state)
{
	static const struct {
		size_t n;
		double x[8], mean, median, mad;
	} rows[] = {
		{ 1, { 5 }, 5, 5, 0 },
		{ 2, { 5, 1 }, 3, 3, 2 },
		{ 3, { 9, 1, 2 }, 4, 2, 1 },
		{ 4, { 4, 1, 3, 2 }, 2.5, 2.5, 1 },
		{ 7, { 1, 1, 2, 2, 4, 6, 9 }, 25.0 / 7, 2, 1 },
		{ 5, { -1, -2, -3, -4, 1000 }, 198, -2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_near(stats_mean(rows[i].x, rows[i].n), rows[i].mean);
		assert_near(stats_median(rows[i].x, rows[i].n), rows[i].median);
		assert_near(stats_mad(rows[i].x, rows[i].n), rows[i].mad);
	}
}

static void quantiles_are_type_7(void **state)
{
	static const double x[] = { 7, 1, 3, 9, 4 };
	static const struct {
		double q, expected;
	} rows[] = { { 0, 1 }, { 0.1, 1.8 }, { 0.25, 3 }, { 0.5, 4 }, { 0.9, 8.2 }, { 1, 9 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_near(stats_quantile(x, 5, rows[i].q), rows[i].expected);
	assert_near(stats_quantile(x, 4, 0.25), 2.5);
	assert_near(x[0], 7); /* left unsorted */
}

static void spread_is_a_share_of_the_median(void **state)
{
	static const double x[] = { 90, 100, 110, 100, 95 };

	(void)state;
	assert_near(stats_spread(x, 5), 1.4826 * 5 / 100);
}

static void no_sample_is_no_number(void **state)
{
	struct rng rng = { 1 };
	double x = 1;
	struct estimate e = stats_bootstrap_median(NULL, 0, 0.95, &rng);

	(void)state;
	assert_true(isnan(stats_mean(NULL, 0)) && isnan(stats_median(NULL, 0)));
	assert_true(isnan(stats_quantile(NULL, 0, 0.9)) && isnan(stats_mad(NULL, 0)));
	assert_true(isnan(stats_spread(NULL, 0)));
	assert_true(isnan(e.value) && isnan(e.low) && isnan(e.high));
	assert_int_equal(e.n, 0);
	e = stats_bootstrap_ratio(&x, 1, NULL, 0, 0.95, &rng);
	assert_true(isnan(e.value) && isnan(e.low) && isnan(e.high));
	assert_int_equal(e.n, 0);
	assert_near(stats_mann_whitney(&x, 1, NULL, 0), 1);
	assert_near(stats_mann_whitney(NULL, 0, &x, 1), 1);
}

static void few_samples_have_their_range(void **state)
{
	static const double x[] = { 5, 2, 9, 4, 3 }, y[] = { 2, 1, 4, 2, 2, 2, 2 };
	struct rng rng = { 1 };
	struct estimate e = stats_bootstrap_median(x, 5, 0.95, &rng);

	(void)state;
	assert_near(e.value, 4);
	assert_near(e.low, 2);
	assert_near(e.high, 9);
	assert_int_equal(e.n, 5);
	e = stats_bootstrap_ratio(x, 5, y, 7, 0.95, &rng);
	assert_near(e.value, 2);
	assert_near(e.low, 2.0 / 4);
	assert_near(e.high, 9.0 / 1);
	assert_int_equal(e.n, 5);
}

static void a_seed_repeats_its_interval(void **state)
{
	static const double x[] = { 3, 1, 4, 1.5, 5, 9, 2, 6, 5.3, 5.8 };
	struct rng one = { 7 }, same = { 7 };
	struct estimate a = stats_bootstrap_median(x, 10, 0.95, &one);
	struct estimate b = stats_bootstrap_median(x, 10, 0.95, &same);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(one.state == same.state && one.state != 7);
	assert_near(a.value, 4.5);
	assert_true(a.low < a.value && a.value < a.high);
}

/*
 * The resampled median of 9 is at most the k-th smallest with P(Binomial(9, k/9) >= 5): 0.0014 for
 * k = 1, 0.0304 for k = 2, 0.145 for k = 3. The 1 % point is therefore the 2nd value, the 5 % point
 * the 3rd, and 2,000 resamples are enough to tell; by symmetry the 8th and the 7th above.
 */
static void interval_of_nine_is_known(void **state)
{
	static const double x[] = { 10, 20, 30, 40, 50, 60, 70, 80, 90 };

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct rng rng = { seed };
		struct estimate e = stats_bootstrap_median(x, 9, 0.98, &rng);

		assert_near(e.low, 20);
		assert_near(e.high, 80);
		e = stats_bootstrap_median(x, 9, 0.9, &rng);
		assert_near(e.low, 30);
		assert_near(e.high, 70);
	}
}

/* Skewed, with a heavy tail, as durations are. The median is 1. */
static double draw(struct rng *rng)
{
	double u = ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;

	return pow(2, log(1 / u) / log(2) - 1);
}

static void intervals_cover_the_truth(void **state)
{
	static const size_t sizes[] = { 5, 6, 9, 10, 25 };
	enum { ROUNDS = 400 };

	(void)state;
	for (size_t k = 0; k < ARRAY_N(sizes); k++) {
		struct rng rng = { 20 + k };
		int median_in = 0, ratio_in = 0;

		for (int round = 0; round < ROUNDS; round++) {
			double a[25], b[25];
			struct estimate e;

			for (size_t i = 0; i < sizes[k]; i++) {
				a[i] = 3 * draw(&rng);
				b[i] = draw(&rng);
			}
			e = stats_bootstrap_median(a, sizes[k], 0.95, &rng);
			median_in += e.low <= 3 && 3 <= e.high;
			e = stats_bootstrap_ratio(a, sizes[k], b, sizes[k], 0.95, &rng);
			ratio_in += e.low <= 3 && 3 <= e.high;
		}
		if (median_in < 0.88 * ROUNDS || ratio_in < 0.88 * ROUNDS)
			fail_msg("n = %zu: %d and %d of %d", sizes[k], median_in, ratio_in, ROUNDS);
	}
}

static void ratio_is_a_over_b(void **state)
{
	static const double a[] = { 10, 10.1, 9.9, 10.2, 9.8, 10 };
	static const double b[] = { 5, 5.1, 4.9, 5, 5.05, 4.95, 5 };
	static const double zero[] = { 0, 5, 5, 5, 5, 5 };
	struct rng rng = { 1 };
	struct estimate e = stats_bootstrap_ratio(a, 6, b, 7, 0.95, &rng);

	(void)state;
	assert_near(e.value, 2);
	assert_int_equal(e.n, 6);
	assert_true(1.9 < e.low && e.low < 2 && 2 < e.high && e.high < 2.1);
	e = stats_bootstrap_ratio(a, 6, zero, 6, 0.95, &rng);
	assert_true(isnan(e.value) && isnan(e.low) && isnan(e.high));
}

struct mann_whitney {
	size_t na, nb;
	double a[9], b[9], p;
};

static void assert_mann_whitney(const struct mann_whitney *row)
{
	assert_near(stats_mann_whitney(row->a, row->na, row->b, row->nb), row->p);
	assert_near(stats_mann_whitney(row->b, row->nb, row->a, row->na), row->p);
}

/* Expected: every way to choose the ranks of a, counted one by one. */
static void mann_whitney_exact(void **state)
{
	static const struct mann_whitney rows[] = {
		{ 3, 3, { 1, 2, 3 }, { 4, 5, 6 }, 0.1 },
		{ 4, 4, { 1, 3, 5, 7 }, { 2, 4, 6, 8 }, 0.685714285714286 },
		{ 5,
		  7,
		  { 1.1, 2.2, 3.3, 4.4, 10 },
		  { 0.5, 5.5, 6.6, 7.7, 8.8, 9.9, 11 },
		  0.267676767676768 },
		{ 9,
		  6,
		  { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		  { 10, 11, 12, 13, 14, 3.5 },
		  0.011988011988012 },
		{ 1, 9, { 5 }, { 1, 2, 3, 4, 6, 7, 8, 9, 10 }, 1 },
		{ 1, 1, { 1 }, { 2 }, 1 },
	};
	double low[20], high[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_mann_whitney(&rows[i]);
	for (int i = 0; i < 20; i++) {
		low[i] = i;
		high[i] = 100 + i;
	}
	/* The most extreme of the C(40, 20) orders, and its mirror. */
	assert_near(stats_mann_whitney(low, 20, high, 20) * 137846528820.0, 2);
}

/* Expected: the formula with tie and continuity correction, in double precision elsewhere. */
static void mann_whitney_normal(void **state)
{
	static const struct mann_whitney rows[] = {
		{ 4, 5, { 1, 2, 2, 3 }, { 2, 3, 4, 5, 5 }, 0.0785458509511907 },
		{ 4, 4, { 1, 1, 1, 2 }, { 1, 1, 2, 2 }, 0.608407800232998 },
		{ 3, 4, { 5, 5, 5 }, { 5, 5, 5, 5 }, 1 },
		{ 2, 2, { 1, 2 }, { 1, 2 }, 1 },
	};
	double a[25], b[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_mann_whitney(&rows[i]);
	for (int i = 0; i < 25; i++)
		a[i] = i;
	for (int i = 0; i < 20; i++)
		b[i] = i + 7.5;
	assert_near(stats_mann_whitney(a, 25, b, 20), 0.0275092042226203);
}

/* Of samples that do not differ, p is below 5 % in at most 5 of 100. */
static void mann_whitney_rarely_cries_wolf(void **state)
{
	struct rng rng = { 5 };
	int alarms = 0;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		double a[9], b[9];

		for (size_t i = 0; i < 9; i++) {
			a[i] = draw(&rng);
			b[i] = draw(&rng);
		}
		alarms += stats_mann_whitney(a, 9, b, 9) < 0.05;
	}
	/* Expected 40 (the exact level is 0.040), standard deviation 6. */
	assert_in_range(alarms, 15, 65);
}

/* Ranks from tables of the sign test: of 10 values the 2nd to the 9th, of 100 the 40th to the 61st. */
static void order_statistics_are_known(void **state)
{
	static const struct {
		size_t n;
		double low, high;
	} rows[] = { { 1, 1, 1 }, { 6, 1, 6 }, { 10, 2, 9 }, { 25, 8, 18 }, { 100, 40, 61 } };
	double x[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		x[i] = (double)i + 1;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct estimate e = stats_order_median(x, rows[i].n, 0.95);

		assert_near(e.value, ((double)rows[i].n + 1) / 2);
		assert_near(e.low, rows[i].low);
		assert_near(e.high, rows[i].high);
		assert_int_equal(e.n, rows[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple_figures),
		cmocka_unit_test(quantiles_are_type_7),
		cmocka_unit_test(spread_is_a_share_of_the_median),
		cmocka_unit_test(no_sample_is_no_number),
		cmocka_unit_test(few_samples_have_their_range),
		cmocka_unit_test(a_seed_repeats_its_interval),
		cmocka_unit_test(interval_of_nine_is_known),
		cmocka_unit_test(intervals_cover_the_truth),
		cmocka_unit_test(order_statistics_are_known),
		cmocka_unit_test(ratio_is_a_over_b),
		cmocka_unit_test(mann_whitney_exact),
		cmocka_unit_test(mann_whitney_normal),
		cmocka_unit_test(mann_whitney_rarely_cries_wolf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
