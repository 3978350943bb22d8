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
		argv = workload_argv(&w, "/bin/prog", 1, NULL);
		assert_string_equal(argv[1], cases[i].filled);
		assert_null(argv[2]);
		workload_argv_free(argv);
		workload_clear(&w);
	}
}

static void fields_and_directories_are_filled(void **state)
{
	static const struct {
		const char *template, *task, *out, *filled;
	} cases[] = {
		{ "{2}-{1}", "a\tb", NULL, "b-a" },
		{ "{1}", "plain", NULL, "{1}" }, /* no tab: a regular expression, say */
		{ "{3}", "a\tb", NULL, "" },
		{ "{0}{01}{x}{1", "a\tb", NULL, "{0}{01}{x}{1" },
		{ "{}", "a\tb", NULL, "a\tb" },
		{ "{2}", "\t{1}", NULL, "{1}" }, /* a field is not a template */
		{ "{out}/{}", "a", "/tmp/o", "/tmp/o/a" },
		{ "{out}", "a", NULL, "{out}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct workload w = { 0 };
		char *filled;

		strings_add(&w.tasks, cases[i].task);
		filled = workload_fill(&w, cases[i].template, 0, cases[i].out);
		assert_string_equal(filled, cases[i].filled);
		free(filled);
		workload_clear(&w);
	}
}

static void holes_are_found_in_all_templates(void **state)
{
	struct workload w = { .stdin_path = xstrdup("in/{3}") };
	size_t fewest = 9;

	(void)state;
	strings_add(&w.argv, "./{}"); /* no template */
	strings_add(&w.argv, "-x{1}");
	strings_add(&w.outputs, "{out}/*");
	assert_false(workload_names(&w, "{}"));
	assert_true(workload_names(&w, "{out}"));
	assert_int_equal(workload_fields_named(&w), 3);
	strings_add(&w.tasks, "a b");
	assert_int_equal(workload_fields_given(&w, &fewest), 0);
	strings_add(&w.tasks, "a\tb\tc");
	strings_add(&w.tasks, "a\tb");
	assert_int_equal(workload_fields_given(&w, &fewest), 1);
	assert_int_equal(fewest, 0);
	workload_clear(&w);
}

static void exit_codes_are_a_set(void **state)
{
	struct workload w = { .expected_exit = 3 };

	(void)state;
	assert_true(workload_expects(&w, 3));
	assert_false(workload_expects(&w, 0));
	workload_expect(&w, 0);
	workload_expect(&w, 255);
	assert_true(workload_expects(&w, 0) && workload_expects(&w, 3) &&
		    workload_expects(&w, 255));
	assert_false(workload_expects(&w, 254) || workload_expects(&w, 256) ||
		     workload_expects(&w, -1));
}

static void a_subset_is_the_same_job(void **state)
{
	static const size_t numbers[] = { 2, 0 };
	struct workload w = { .unit = xstrdup("main"),
			      .stdin_path = xstrdup("{}"),
			      .expected_exit = 4,
			      .compare = COMPARE_STDERR,
			      .setup = xstrdup("make") };
	struct workload part;

	(void)state;
	strings_add(&w.argv, "p");
	strings_add(&w.outputs, "{}.o");
	for (int i = 0; i < 3; i++)
		strings_add(&w.tasks, (const char *[]){ "a", "b", "c" }[i]);
	part = workload_subset(&w, numbers, 2);
	workload_clear(&w);
	assert_int_equal(part.tasks.n, 2);
	assert_string_equal(part.tasks.items[0], "c");
	assert_string_equal(part.tasks.items[1], "a");
	assert_string_equal(part.stdin_path, "{}");
	assert_string_equal(part.outputs.items[0], "{}.o");
	assert_string_equal(part.setup, "make");
	assert_int_equal(part.expected_exit, 4);
	assert_int_equal(part.compare, COMPARE_STDERR);
	workload_clear(&part);
}

static void argv_0_is_the_program(void **state)
{
	(void)state;
	struct workload w = { 0 };
	char **argv;

	strings_add(&w.argv, "./{}"); /* as the user gave it: not filled, not run */
	strings_add(&w.tasks, "task");
	argv = workload_argv(&w, "/abs/{}", 0, NULL);
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
	argv = workload_argv(&w, "/bin/true", 0, NULL);
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
	argv = workload_argv(&w, "prog", 0, NULL);
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
		cmocka_unit_test(fields_and_directories_are_filled),
		cmocka_unit_test(holes_are_found_in_all_templates),
		cmocka_unit_test(exit_codes_are_a_set),
		cmocka_unit_test(a_subset_is_the_same_job),
		cmocka_unit_test(argv_0_is_the_program),
		cmocka_unit_test(without_a_template_there_is_the_program_alone),
		cmocka_unit_test(argv_outlives_the_workload),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(cleared_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
