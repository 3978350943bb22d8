#include "expect.h"

#include <math.h>

#include "base/change_points.h"
#include "base/rng.h"

/* Twelve uniform values make one that is as good as normal. */
static double noise(struct rng *rng)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(rng_next(rng) >> 11) / 9007199254740992.0;
	return sum;
}

static struct change_points find(const double *x, size_t n)
{
	struct change_points points = { 0 };

	change_points_find(x, n, &points);
	return points;
}

static void a_steady_series_has_no_change(void **state)
{
	static const size_t lengths[] = { 12, 20, 50, 200 };
	struct rng rng = { 7 };

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		int alarms = 0;

		for (int i = 0; i < 1000; i++) {
			double x[200];
			struct change_points points;

			for (size_t j = 0; j < lengths[k]; j++)
				/* Long tails: an outlier in ten. */
				x[j] = 100 + noise(&rng) * (rng_below(&rng, 10) ? 1 : 10);
			points = find(x, lengths[k]);
			alarms += points.n > 0;
			vec_clear(&points);
		}
		/* 1 in 100 or fewer, and chance. */
		assert_in_range(alarms, 0, 16);
	}
}

static void a_step_is_found_where_it_is(void **state)
{
	struct rng rng = { 8 };
	int found = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		double x[40];
		struct change_points points;

		for (size_t j = 0; j < 40; j++)
			x[j] = 100 + noise(&rng) + (j >= 25 ? 3 : 0);
		points = find(x, 40);
		found += points.n == 1 && points.items[0] >= 24 && points.items[0] <= 26;
		vec_clear(&points);
	}
	assert_in_range(found, 180, 200);
}

static void up_and_down_again(void **state)
{
	struct change_points points;
	double x[60];

	(void)state;
	for (size_t i = 0; i < 60; i++)
		x[i] = (i >= 20 && i < 40 ? 2 : 1) + 0.001 * (double)(i * 7 % 11);
	points = find(x, 60);
	assert_int_equal(points.n, 2);
	assert_int_equal(points.items[0], 20);
	assert_int_equal(points.items[1], 40);
	vec_clear(&points);
}

static void nothing_to_say(void **state)
{
	double equal[30], few[11] = { 1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9 };
	double outlier[30];

	(void)state;
	for (size_t i = 0; i < 30; i++) {
		equal[i] = 5;
		outlier[i] = i == 15 ? 1e9 : (double)(i * 7 % 11);
	}
	assert_int_equal(find(equal, 30).n, 0);
	assert_int_equal(find(few, 11).n, 0);
	assert_int_equal(find(outlier, 30).n, 0);
	assert_int_equal(find(equal, 0).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_series_has_no_change),
		cmocka_unit_test(a_step_is_found_where_it_is),
		cmocka_unit_test(up_and_down_again),
		cmocka_unit_test(nothing_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
