#include "expect.h"

#include <math.h>
#include <stdbool.h>

#include "base/looks.h"
#include "base/paired.h"
#include "base/rng.h"

enum { DUELS = 600, MOST = 120 };

static void the_plan(void **state)
{
	static const struct {
		size_t least, most;
		double confidence;
		size_t first, n;
	} cases[] = {
		{ 10, 1000, 0.99, 12, 12 }, /* 2^-11 is the first below 0.01 / 12 */
		{ 10, 1000, 0.95, 10, 13 },    { 50, 1000, 0.99, 50, 9 },
		{ 1000, 1000, 0.99, 1000, 1 }, /* one look has all of the risk */
		{ 2000, 1000, 0.99, 2000, 1 }, { 0, 1, 0.5, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct looks l = looks_plan(cases[i].least, cases[i].most, cases[i].confidence);

		if (l.first != cases[i].first || l.n != cases[i].n)
			fail_msg("case %zu: first %zu, n %zu", i, l.first, l.n);
		assert_true(fabs((1 - l.confidence) * (double)l.n - (1 - cases[i].confidence)) <
			    1e-12);
		assert_true(exp2(1 - (double)l.first) <= 1 - l.confidence);
	}
	assert_int_equal(looks_next(12), 18);
	assert_int_equal(looks_next(1), 2);
}

/* As far from 0 as times are from their median: now and then very far. */
static double noise(struct rng *rng)
{
	double u = (double)(rng_next(rng) >> 11) / 9007199254740992.0 - 0.5;

	return rng_below(rng, 10) ? u : 20 * u;
}

/* Does an interval of any look say that the centre is not 0, where it is? */
static bool raises_alarm(struct rng *rng, size_t first, double confidence)
{
	double x[MOST];
	size_t n = 0;

	for (size_t look = first; n < MOST; look = looks_next(look)) {
		struct estimate e;

		while (n < look && n < MOST)
			x[n++] = noise(rng);
		e = paired_shift(x, n, confidence);
		if (e.low > 0 || e.high < 0)
			return true;
	}
	return false;
}

/* Stopping at the first look that says so keeps the promise; at plain intervals it does not. */
static void stopping_early_raises_no_false_alarms(void **state)
{
	struct looks l = looks_plan(10, MOST, 0.95);
	struct rng rng = { 5 };
	int planned = 0, plain = 0;

	(void)state;
	for (int i = 0; i < DUELS; i++) {
		planned += raises_alarm(&rng, l.first, l.confidence);
		plain += raises_alarm(&rng, l.first, 0.95);
	}
	assert_true(planned <= DUELS * 0.05);
	assert_true(plain > DUELS * 0.08);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan),
		cmocka_unit_test(stopping_early_raises_no_false_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
