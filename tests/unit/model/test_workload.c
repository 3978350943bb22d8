#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/workload.h"

static void each_hole_gets_the_task(void **state)
{
	(void)state;
	static const struct {
		const char *template, *task, *filled;
	} cases[] = {
		{ "{}", "a.txt", "a.txt" },
		{ "--in={}", "a.txt", "--in=a.txt" },
		{ "{}:{}", "x", "x:x" },
		{ "{}{}", "ab", "abab" },
		{ "plain", "a.txt", "plain" },
		{ "", "a.txt", "" },
		{ "{}", "", "" },
		{ "{ }", "a", "{ }" },
		{ "{", "a", "{" },
		{ "}{", "a", "}{" },
		{ "{{}}", "a", "{a}" },
		{ "{}", "{}", "{}" }, /* a task is not a template */
		{ "a{}b", "{}{}", "a{}{}b" },
		{ "{}", "a b\n'c'", "a b\n'c'" },
		{ "{}", "\xff\xfe", "\xff\xfe" },
		{ "%s{}%n", "%d", "%s%d%n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct workload w = { 0 };
		char **argv;

		strings_add(&w.argv, "prog");
		strings_add(&w.argv, cases[i].template);
		strings_add(&w.tasks, "another");
		strings_add(&w.tasks, cases[i].task);
		argv = workload_argv(&w, "/bin/prog", 1);
		assert_string_equal(argv[1], cases[i].filled);
		assert_null(argv[2]);
		workload_argv_free(argv);
		workload_clear(&w);
	}
}

static void argv_0_is_the_program(void **state)
{
	(void)state;
	struct workload w = { 0 };
	char **argv;

	strings_add(&w.argv, "./{}"); /* as the user gave it: not filled, not run */
	strings_add(&w.tasks, "task");
	argv = workload_argv(&w, "/abs/{}", 0);
	assert_string_equal(argv[0], "/abs/{}");
	assert_null(argv[1]);
	workload_argv_free(argv);
	workload_clear(&w);
}

static void without_a_template_there_is_the_program_alone(void **state)
{
	(void)state;
	struct workload w = { 0 };
	char **argv;

	strings_add(&w.tasks, "task");
	argv = workload_argv(&w, "/bin/true", 0);
	assert_string_equal(argv[0], "/bin/true");
	assert_null(argv[1]);
	workload_argv_free(argv);
	workload_clear(&w);
}

static void argv_outlives_the_workload(void **state)
{
	(void)state;
	struct workload w = { 0 };
	char **argv;

	strings_add(&w.argv, "prog");
	strings_add(&w.argv, "-v");
	strings_add(&w.argv, "{}");
	strings_add(&w.tasks, "task");
	argv = workload_argv(&w, "prog", 0);
	workload_clear(&w);
	assert_string_equal(argv[1], "-v");
	assert_string_equal(argv[2], "task");
	assert_null(argv[3]);
	workload_argv_free(argv);
	workload_argv_free(NULL);
}

static void strings_are_copied(void **state)
{
	(void)state;
	struct strings s = { 0 };
	char text[] = "one";

	strings_add(&s, text);
	text[0] = 'X';
	for (int i = 0; i < 100; i++)
		strings_add(&s, "more");
	assert_string_equal(s.items[0], "one");
	assert_int_equal(s.n, 101);
	strings_clear(&s);
	assert_int_equal(s.n, 0);
	assert_null(s.items);
	strings_clear(&s);
}

static void cleared_is_empty(void **state)
{
	(void)state;
	static const struct target no_target;
	static const struct workload no_workload;
	struct target t = { .program = xstrdup("p"), .git_dirty = -1 };
	struct workload w = { .id = xstrdup("i"), .unit = xstrdup("main"), .expected_exit = 1 };

	target_clear(&t);
	assert_memory_equal(&t, &no_target, sizeof(t));
	target_clear(&t);
	workload_clear(&w);
	assert_memory_equal(&w, &no_workload, sizeof(w));
	workload_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hole_gets_the_task),
		cmocka_unit_test(argv_0_is_the_program),
		cmocka_unit_test(without_a_template_there_is_the_program_alone),
		cmocka_unit_test(argv_outlives_the_workload),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(cleared_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
