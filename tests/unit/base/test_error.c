#include "expect.h"

#include <errno.h>

static void message_and_class(void **state)
{
	(void)state;
	expect_error(error_new(ERROR_MACHINE, "needs %d cores", 2), ERROR_MACHINE, "needs 2 cores",
		     NULL);
}

static void errno_is_spelled_out(void **state)
{
	(void)state;
	errno = ENOENT;
	expect_error(error_errno("cannot open %s", "a%sb"), ERROR_INPUT,
		     "cannot open a%sb: No such file or directory", NULL);
}

static void wrapping_reads_from_the_outside_in(void **state)
{
	struct error *err = error_new(ERROR_INPUT, "empty task");

	(void)state;
	err = error_wrap(err, "line %d", 7);
	err = error_wrap(err, "cannot read %s", "tasks.txt");
	expect_error(err, ERROR_INPUT, "cannot read tasks.txt: line 7: empty task", NULL);
}

static void the_innermost_hint_stays(void **state)
{
	struct error *err =
		error_hint(error_new(ERROR_USAGE, "no tasks"), "give --each %s", "FILE");

	(void)state;
	err = error_hint(error_wrap(err, "cannot race"), "something vague");
	expect_error(err, ERROR_USAGE, "cannot race: no tasks", "give --each FILE");
}

static void class_can_change(void **state)
{
	(void)state;
	expect_error(error_reclass(error_new(ERROR_INPUT, "x"), ERROR_INTERRUPTED),
		     ERROR_INTERRUPTED, "x", NULL);
}

static void classes_are_exit_codes(void **state)
{
	(void)state;
	assert_int_equal(ERROR_USAGE, 2);
	assert_int_equal(ERROR_INPUT, 3);
	assert_int_equal(ERROR_MACHINE, 4);
	assert_int_equal(ERROR_INTERRUPTED, 130);
}

static void freeing_nothing(void **state)
{
	struct error *err = error_new(ERROR_INPUT, "x");

	(void)state;
	error_free(NULL);
	error_clear(&err);
	assert_null(err);
	error_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_and_class),
		cmocka_unit_test(errno_is_spelled_out),
		cmocka_unit_test(wrapping_reads_from_the_outside_in),
		cmocka_unit_test(the_innermost_hint_stays),
		cmocka_unit_test(class_can_change),
		cmocka_unit_test(classes_are_exit_codes),
		cmocka_unit_test(freeing_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
