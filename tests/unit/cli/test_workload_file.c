/*
 * The workload file: what it becomes on the command line, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/workload_file.h"

static void test_keys_are_options(void **state)
{
	static const char yaml[] = "command: [./prog, -c, '{}']\n"
				   "tasks: [a, b c]\n"
				   "outputs: ['{out}/*', x]\n"
				   "expect-exit: [0, 1]\n"
				   "workers: 4\n"
				   "setup: make && true\n";
	static const char *const args[] = { "--outputs={out}/*", "--outputs=x", "--expect-exit=0,1",
					    "--workers=4", "--setup=make && true" };
	struct workload_file file = { 0 };

	(void)state;
	assert_null(workload_file_parse(yaml, strlen(yaml), "w", &file));
	assert_int_equal(file.command.n, 3);
	assert_string_equal(file.command.items[2], "{}");
	assert_int_equal(file.tasks.n, 2);
	assert_string_equal(file.tasks.items[1], "b c");
	assert_int_equal(file.args.n, sizeof(args) / sizeof(*args));
	for (size_t i = 0; i < file.args.n; i++)
		assert_string_equal(file.args.items[i], args[i]);
	workload_file_clear(&file);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *yaml, *says;
	} cases[] = {
		{ "", "w: want keys" },
		{ "- a\n", "w: want keys" },
		{ "a: [\n", "w:2: " },
		{ "each: f\necho: 1\n", "w:2: unknown key \"echo\"" },
		{ "workload: other\n", "w:1: unknown key \"workload\"" },
		{ "json: true\n", "w:1: unknown key \"json\"" },
		{ "tasks:\n  a: b\n", "w:2: tasks: want a text or a list of texts" },
		{ "command: [a, [b]]\n", "w:1: command: want texts" },
		{ "[a]: b\n", "w:1: unknown key \"(not a word)\"" },
		{ "each: \"a\\0b\"\n", "each: want a text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct workload_file file = { 0 };
		struct error *err =
			workload_file_parse(cases[i].yaml, strlen(cases[i].yaml), "w", &file);

		assert_non_null(err);
		if (!strstr(err->message, cases[i].says) || err->class != ERROR_USAGE)
			fail_msg("case %zu: %s", i, err->message);
		error_free(err);
	}
}

static void test_the_command_line_goes_before_it(void **state)
{
	static const char yaml[] = "command: [./prog, '{}']\neach: list\nbudget: 9\n"
				   "workers: [2, 4]\n";
	char name[] = "/tmp/concur-workload.XXXXXX";
	int fd = mkstemp(name);
	char *argv[] = { "concur race", "--budget=5", "--workload", name, "--count=3", NULL };
	char *other[] = { "concur race", "--workload", name, "./other", "--workload", "x", NULL };
	struct options o = { 0 };

	(void)state;
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	close(fd);
	options_parse(command_find("race"), &o,
		      OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE | OPTIONS_PROGRAM, 5, argv);
	assert_null(o.file_error);
	assert_true(o.budget_s == 5);
	assert_int_equal(o.count, 3);
	assert_null(o.each);
	assert_int_equal(o.workers.n, 2);
	assert_int_equal(o.args_n, 2);
	assert_string_equal(o.args[0], "./prog");
	options_clear(&o);

	o = (struct options){ 0 };
	options_parse(command_find("race"), &o,
		      OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE | OPTIONS_PROGRAM, 6, other);
	assert_int_equal(o.args_n, 3);
	assert_string_equal(o.args[0], "./other");
	assert_string_equal(o.each, "list");
	options_clear(&o);
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_options),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_the_command_line_goes_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
