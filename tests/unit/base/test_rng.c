#include "expect.h"

#include "base/rng.h"

/* The first outputs of the reference implementation (Vigna, splitmix64.c) for two seeds. */
static void reference_values(void **state)
{
	struct rng zero = { 0 };
	struct rng other = { 1234567 };

	(void)state;
	assert_true(rng_next(&zero) == 0xe220a8397b1dcdafu);
	assert_true(rng_next(&zero) == 0x6e789e6aa1b965f4u);
	assert_true(rng_next(&zero) == 0x06c45d188009454fu);
	assert_true(rng_next(&other) == 6457827717110365317u);
	assert_true(rng_next(&other) == 3203168211198807973u);
}

static void below_is_uniform(void **state)
{
	struct rng rng = { 1 };
	size_t counts[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		counts[rng_below(&rng, 7)]++;
	/* 10,000 each, standard deviation 93: five of them either way. */
	for (size_t i = 0; i < 7; i++)
		assert_in_range(counts[i], 9530, 10470);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rng_below(&rng, 1), 0);
}

static void shuffle_is_a_permutation_of_the_seed(void **state)
{
	size_t a[50], b[50], c[50], seen[50] = { 0 };
	struct rng first = { 9 }, same = { 9 }, other = { 10 };

	(void)state;
	for (size_t i = 0; i < 50; i++)
		a[i] = b[i] = c[i] = i;
	rng_shuffle(&first, a, 50);
	rng_shuffle(&same, b, 50);
	rng_shuffle(&other, c, 50);
	for (size_t i = 0; i < 50; i++)
		seen[a[i]]++;
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(seen[i], 1);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	rng_shuffle(&first, a, 0);
	rng_shuffle(&first, a, 1);
}

static void every_order_comes_equally_often(void **state)
{
	struct rng rng = { 3 };
	size_t counts[3][3] = { 0 };

	(void)state;
	for (int i = 0; i < 9000; i++) {
		size_t order[3] = { 0, 1, 2 };

		rng_shuffle(&rng, order, 3);
		for (size_t k = 0; k < 3; k++)
			counts[k][order[k]]++;
	}
	/* 3,000 each, standard deviation 45. */
	for (size_t k = 0; k < 3; k++) {
		for (size_t v = 0; v < 3; v++)
			assert_in_range(counts[k][v], 2775, 3225);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_values),
		cmocka_unit_test(below_is_uniform),
		cmocka_unit_test(shuffle_is_a_permutation_of_the_seed),
		cmocka_unit_test(every_order_comes_equally_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
