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
#include "cli/option_file.h"

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
	struct option_file file = { 0 };

	(void)state;
	assert_null(option_file_parse(yaml, strlen(yaml), "w", FILE_WORKLOAD, &file));
	assert_int_equal(file.command.n, 3);
	assert_string_equal(file.command.items[2], "{}");
	assert_int_equal(file.tasks.n, 2);
	assert_string_equal(file.tasks.items[1], "b c");
	assert_int_equal(file.args.n, sizeof(args) / sizeof(*args));
	for (size_t i = 0; i < file.args.n; i++)
		assert_string_equal(file.args.items[i], args[i]);
	option_file_clear(&file);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		enum option_file_kind kind;
		const char *yaml, *says;
	} cases[] = {
		{ FILE_WORKLOAD, "", "w:1: want keys" },
		{ FILE_WORKLOAD, "- a\n", "w:1: want keys" },
		{ FILE_WORKLOAD, "a: [\n", "w:2: " },
		{ FILE_WORKLOAD, "each: f\necho: 1\n", "w:2: unknown key \"echo\"" },
		{ FILE_WORKLOAD, "workload: other\n", "w:1: unknown key \"workload\"" },
		{ FILE_WORKLOAD, "json: true\n", "w:1: unknown key \"json\"" },
		{ FILE_WORKLOAD, "tasks:\n  a: b\n", "w:2: tasks: want a text or a list of texts" },
		{ FILE_WORKLOAD, "command: [a, [b]]\n", "w:1: command: want texts" },
		{ FILE_WORKLOAD, "[a]: b\n", "w:1: unknown key \"(not a word)\"" },
		{ FILE_WORKLOAD, "each: \"a\\0b\"\n", "each: want a text" },
		{ FILE_PROJECT, "\n- budget\n", "w:2: want keys" },
		{ FILE_PROJECT, "budget: 9\nbugdet: 9\n",
		  "w:2: unknown key \"bugdet\": want functions, or an option" },
		{ FILE_PROJECT, "command: [rm, -rf, x]\n", "w:1: unknown key \"command\"" },
		{ FILE_PROJECT, "each: f\n", "w:1: unknown key \"each\"" },
		{ FILE_PROJECT, "trust: true\n", "w:1: unknown key \"trust\"" },
		{ FILE_PROJECT, "seed: 3\n# again\nseed: 4\n", "w:3: seed: there already" },
		{ FILE_PROJECT, "\nno-cache: maybe\n", "w:2: no-cache: want true or false" },
		{ FILE_PROJECT, "workers:\n  - 2\n  - [4]\n", "w:3: workers: want texts" },
		{ FILE_PROJECT, "budget:\n", "w:1: budget: has no value" },
		{ FILE_PROJECT, "timeout: 5\n\tbudget: 3\n", "w:2: " },
		{ FILE_PROJECT, "color: \"never\n", "w:2: " },
		{ FILE_PROJECT, "db: \xff\n", "w:1: " },
		{ FILE_USER, "functions: []\n", "w:1: unknown key \"functions\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct option_file file = { 0 };
		struct error *err = option_file_parse(cases[i].yaml, strlen(cases[i].yaml), "w",
						      cases[i].kind, &file);

		assert_non_null(err);
		if (!strstr(err->message, cases[i].says) || err->class != ERROR_USAGE)
			fail_msg("case %zu: %s", i, err->message);
		error_free(err);
	}
}

/* What a configuration becomes: paths lie beside it, and commands are marked. */
static void test_a_configuration(void **state)
{
	static const char yaml[] = "db: ../h.db\nbuild-dir: /b\nno-cache: false\n"
				   "no-analyze: true\nsetup: make\nfunctions: [whatever]\n";
	static const char *const args[] = { "--db=/p/../h.db", "--build-dir=/b", "--no-cache=false",
					    "--no-analyze", "--setup=make" };
	struct option_file file = { 0 };

	(void)state;
	assert_null(option_file_parse(yaml, strlen(yaml), "/p/c.yaml", FILE_PROJECT, &file));
	assert_int_equal(file.args.n, sizeof(args) / sizeof(*args));
	for (size_t i = 0; i < file.args.n; i++)
		assert_string_equal(file.args.items[i], args[i]);
	assert_string_equal(file.origins.items[1], "/p/c.yaml:2");
	assert_int_equal(file.runs.n, 1);
	assert_string_equal(file.runs.items[0], "/p/c.yaml:5");
	option_file_clear(&file);
	assert_null(option_file_parse("", 0, "w", FILE_PROJECT, &file));
	assert_null(option_file_parse(yaml, (size_t)(strstr(yaml, "functions") - yaml), "u",
				      FILE_USER, &file));
	assert_int_equal(file.runs.n, 0);
	option_file_clear(&file);
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
		cmocka_unit_test(test_a_configuration),
		cmocka_unit_test(test_the_command_line_goes_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
