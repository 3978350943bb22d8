#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/wait_profile.h"

/* Every part another power of two: a sum tells which were counted. */
static struct wait_profile powers(void)
{
	struct wait_profile p = { .user_ns = 1, .system_ns = 2, .runqueue_ns = 4 };

	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		p.wait_ns[kind] = 8u << kind;
	return p;
}

static void close_puts_the_rest_into_unknown(void **state)
{
	(void)state;
	struct wait_profile p = powers();
	uint64_t parts = (8u << WAIT_KIND_COUNT) - 1;

	p.wall_ns = parts + 1000;
	assert_false(wait_profile_adds_up(&p));
	assert_int_equal(wait_profile_close(&p), 0);
	assert_int_equal(p.unknown_ns, 1000);
	assert_int_equal(p.wall_ns, parts + 1000);
	assert_true(wait_profile_adds_up(&p));
}

static void close_stretches_a_wall_that_is_too_short(void **state)
{
	(void)state;
	struct wait_profile p = powers();
	uint64_t parts = (8u << WAIT_KIND_COUNT) - 1;

	p.wall_ns = parts - 10;
	p.unknown_ns = 77; /* of an earlier close: not a part */
	assert_int_equal(wait_profile_close(&p), 10);
	assert_int_equal(p.wall_ns, parts);
	assert_int_equal(p.unknown_ns, 0);
	assert_true(wait_profile_adds_up(&p));
	assert_int_equal(wait_profile_close(&p), 0);
}

static void one_nanosecond_in_any_part_breaks_the_sum(void **state)
{
	(void)state;
	struct wait_profile good = powers();
	uint64_t *const parts[] = { &good.wall_ns, &good.user_ns, &good.system_ns,
				    &good.runqueue_ns, &good.unknown_ns };

	good.wall_ns = 1 << 20;
	wait_profile_close(&good);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		++*parts[i];
		assert_false(wait_profile_adds_up(&good));
		--*parts[i];
	}
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++) {
		good.wait_ns[kind]++;
		assert_false(wait_profile_adds_up(&good));
		good.wait_ns[kind]--;
	}
	assert_true(wait_profile_adds_up(&good));
}

static void sums_count_each_part_once(void **state)
{
	(void)state;
	struct wait_profile p = powers();

	assert_int_equal(wait_profile_cpu_ns(&p), 3);
	assert_int_equal(wait_profile_waits_ns(&p), (8u << WAIT_KIND_COUNT) - 8);
}

static void sums_stop_at_the_end_instead_of_wrapping(void **state)
{
	(void)state;
	struct wait_profile p = { .wall_ns = 1, .user_ns = UINT64_MAX, .system_ns = 2 };

	assert_true(wait_profile_cpu_ns(&p) == UINT64_MAX);
	assert_false(wait_profile_adds_up(&p)); /* 2^64 + 1 wraps to 1 */
	assert_true(wait_profile_parts_ns(&p) == UINT64_MAX);
}

static void shares_are_of_the_wall_time(void **state)
{
	(void)state;
	struct wait_profile p = { .wall_ns = 1000, .user_ns = 100, .system_ns = 25 };

	p.wait_ns[WAIT_NETWORK] = 250;
	p.wait_ns[WAIT_CHILD] = 125;
	p.wait_ns[WAIT_LOCK] = 200; /* many of these do not overlap */
	p.wait_ns[WAIT_OTHER] = 50;
	wait_profile_close(&p);
	assert_true(wait_profile_cpu_share(&p) == 0.125);
	assert_true(wait_profile_overlappable_share(&p) == 0.375);
	assert_true(wait_profile_unknown_share(&p) == 0.25);
}

static void shares_of_nothing_are_zero(void **state)
{
	(void)state;
	const struct wait_profile p = { 0 };

	assert_true(wait_profile_cpu_share(&p) == 0);
	assert_true(wait_profile_overlappable_share(&p) == 0);
	assert_true(wait_profile_unknown_share(&p) == 0);
	assert_true(wait_profile_adds_up(&p));
}

static void added_profiles_still_add_up(void **state)
{
	(void)state;
	struct wait_profile a = powers(), b = powers(), zero = { 0 }, sum = a;

	a.wall_ns = b.wall_ns = 1 << 20;
	wait_profile_close(&a);
	wait_profile_close(&b);
	sum = a;
	wait_profile_add(&sum, &b);
	assert_true(wait_profile_adds_up(&sum));
	assert_int_equal(sum.wall_ns, 2 << 20);
	assert_int_equal(wait_profile_waits_ns(&sum), 2 * wait_profile_waits_ns(&a));
	assert_int_equal(wait_profile_cpu_ns(&sum), 6);
	assert_int_equal(sum.runqueue_ns, 8);
	assert_int_equal(sum.unknown_ns, 2 * a.unknown_ns);
	wait_profile_add(&zero, &a);
	assert_memory_equal(&zero, &a, sizeof(a));
}

static void kinds_have_the_keys_of_the_contract(void **state)
{
	(void)state;
	static const struct {
		enum wait_kind kind;
		const char *key;
		bool overlaps;
	} cases[] = {
		{ WAIT_NETWORK, "network", true }, { WAIT_DISK, "disk", true },
		{ WAIT_PIPE, "pipe", true },       { WAIT_LOCK, "lock", false },
		{ WAIT_SLEEP, "sleep", true },     { WAIT_CHILD, "child", true },
		{ WAIT_POLL, "poll", true },       { WAIT_PAGE_FAULT, "page-fault", true },
		{ WAIT_OTHER, "other", false },
	};
	enum wait_kind kind = WAIT_POLL;

	assert_int_equal(sizeof(cases) / sizeof(*cases), WAIT_KIND_COUNT);
	for (size_t i = 0; i < WAIT_KIND_COUNT; i++) {
		assert_string_equal(wait_kind_key(cases[i].kind), cases[i].key);
		assert_int_equal(wait_kind_overlaps(cases[i].kind), cases[i].overlaps);
		assert_true(wait_kind_from_key(cases[i].key, &kind));
		assert_int_equal(kind, cases[i].kind);
	}
	kind = WAIT_POLL;
	assert_false(wait_kind_from_key("Network", &kind));
	assert_false(wait_kind_from_key("", &kind));
	assert_false(wait_kind_from_key(NULL, &kind));
	assert_int_equal(kind, WAIT_POLL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_puts_the_rest_into_unknown),
		cmocka_unit_test(close_stretches_a_wall_that_is_too_short),
		cmocka_unit_test(one_nanosecond_in_any_part_breaks_the_sum),
		cmocka_unit_test(sums_count_each_part_once),
		cmocka_unit_test(sums_stop_at_the_end_instead_of_wrapping),
		cmocka_unit_test(shares_are_of_the_wall_time),
		cmocka_unit_test(shares_of_nothing_are_zero),
		cmocka_unit_test(added_profiles_still_add_up),
		cmocka_unit_test(kinds_have_the_keys_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
