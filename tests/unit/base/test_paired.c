#include "expect.h"

#include <math.h>

#include "base/paired.h"
#include "base/rng.h"

static void expect_near(double value, double expected, double by)
{
	if (!(fabs(value - expected) <= by))
		fail_msg("%.12g, not %.12g", value, expected);
}

/* Hollander, Wolfe and Chicken, table 3.1: the Hamilton depression scale before and after, nine
 * patients. T+ = 5, p = 0.039 two-sided; estimate -0.46, 96.1 % interval [-0.786, -0.010]. */
static const double hamilton[] = { -0.952, 0.147,  -1.022, -0.430, -0.620,
				   -0.590, -0.490, 0.080,  -0.010 };

static void the_textbook_example(void **state)
{
	struct estimate e = paired_shift(hamilton, 9, 0.96);

	(void)state;
	expect_near(paired_p(hamilton, 9), 0.0390625, 1e-9);
	expect_near(e.value, -0.46, 1e-9);
	expect_near(e.low, -0.786, 1e-9);
	expect_near(e.high, -0.010, 1e-9);
	assert_int_equal(e.n, 9);
}

static void the_ends(void **state)
{
	const double one[] = { 3 }, zeros[] = { 0, 0, 0 }, up[] = { 1, 2, 3, 4, 5, 6 };
	struct estimate e = paired_shift(one, 1, 0.99);

	(void)state;
	expect_near(e.value, 3, 0);
	assert_true(isnan(paired_shift(NULL, 0, 0.95).value));
	expect_near(paired_p(NULL, 0), 1, 0);
	expect_near(paired_p(zeros, 3), 1, 0);
	expect_near(paired_p(up, 6), 2.0 / 64, 1e-12);
	e = paired_shift(up, 6, 0.99); /* six pairs cannot give 99 %: the range */
	expect_near(e.low, 1, 0);
	expect_near(e.high, 6, 0);
}

/* Exact and normal agree where they meet, and the interval covers as often as it says. */
static void coverage(void **state)
{
	static const size_t sizes[] = { 20, 60, 61, 150 };
	struct rng rng = { 3 };

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		int covered = 0, rejected = 0;

		for (int i = 0; i < 400; i++) {
			double x[150];
			struct estimate e;

			for (size_t j = 0; j < sizes[k]; j++)
				x[j] = (double)(rng_next(&rng) >> 11) / 9007199254740992.0 - 0.5;
			e = paired_shift(x, sizes[k], 0.95);
			covered += e.low <= 0 && 0 <= e.high;
			rejected += paired_p(x, sizes[k]) < 0.05;
		}
		assert_in_range(covered, 366, 394); /* 380, three standard deviations */
		assert_in_range(rejected, 6, 34);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_textbook_example),
		cmocka_unit_test(the_ends),
		cmocka_unit_test(coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
