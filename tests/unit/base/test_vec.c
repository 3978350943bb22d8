#include "expect.h"

#include "base/cleanup.h"
#include "base/vec.h"

struct numbers {
	VEC_FIELDS(int);
};

static void pushes_in_order(void **state)
{
	struct numbers v = { 0 };
	int expected = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	assert_int_equal(v.n, 1000);
	assert_true(v.cap >= v.n);
	vec_each (&v, item)
		assert_int_equal(*item, expected++);
	assert_int_equal(expected, 1000);
	vec_clear(&v);
}

static void the_empty_one_has_no_items(void **state)
{
	struct numbers v = { 0 };

	(void)state;
	vec_each (&v, item)
		fail();
	vec_clear(&v);
	vec_clear(&v);
	assert_null(v.items);
	assert_int_equal(v.n, 0);
	vec_push(&v, 1); /* usable again */
	assert_int_equal(v.items[0], 1);
	vec_clear(&v);
}

static void add_gives_the_place(void **state)
{
	struct {
		VEC_FIELDS(struct {
			const char *name;
			double value;
		});
	} v = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		__typeof__(v.items) item = vec_add(&v);

		item->name = "x";
		item->value = i;
	}
	assert_int_equal(v.n, 20);
	assert_true(v.items[19].value == 19);
	vec_clear(&v);
}

static void duplicates_of_strings(void **state)
{
	CLEANUP(cleanup_free) char *copy = xstrdup("abc");
	CLEANUP(cleanup_free) char *start = xstrndup("abc", 2);
	CLEANUP(cleanup_free) char *formatted = xasprintf("%s-%d", copy, 7);
	char *moved = MOVE(copy);

	(void)state;
	assert_null(copy);
	assert_null(xstrdup(NULL));
	assert_string_equal(moved, "abc");
	assert_string_equal(start, "ab");
	assert_string_equal(formatted, "abc-7");
	free(moved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_in_order),
		cmocka_unit_test(the_empty_one_has_no_items),
		cmocka_unit_test(add_gives_the_place),
		cmocka_unit_test(duplicates_of_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
