/*
 * How output is drawn: colour and width by option, environment and terminal; errors as words and as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* Standard output of a test is a pipe or a file: never a terminal. */
static void test_color(void **state)
{
	static const struct {
		enum color option;
		const char *no_color, *force;
		bool want;
	} cases[] = {
		{ COLOR_AUTO, NULL, NULL, false }, { COLOR_ALWAYS, NULL, NULL, true },
		{ COLOR_ALWAYS, "1", NULL, true }, { COLOR_NEVER, NULL, "1", false },
		{ COLOR_AUTO, NULL, "1", true },   { COLOR_AUTO, NULL, "0", false },
		{ COLOR_AUTO, "1", "1", false },   { COLOR_AUTO, "", "1", true },
	};

	(void)state;
	if (isatty(STDOUT_FILENO))
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = { .color = cases[i].option };

		set("NO_COLOR", cases[i].no_color);
		set("CLICOLOR_FORCE", cases[i].force);
		if (output_style(&options).color != cases[i].want)
			fail_msg("case %zu", i);
	}
	set("NO_COLOR", NULL);
	set("CLICOLOR_FORCE", NULL);
}

static void test_width(void **state)
{
	struct options options = { 0 };

	(void)state;
	if (isatty(STDOUT_FILENO))
		skip();
	set("COLUMNS", "72");
	assert_int_equal(output_style(&options).width, 72);
	set("COLUMNS", "3");
	assert_int_equal(output_style(&options).width, 100);
	set("COLUMNS", "wide");
	assert_int_equal(output_style(&options).width, 100);
	set("COLUMNS", NULL);
}

/* What output_error() writes to standard output, parsed. */
static json_t *error_json(struct error *err)
{
	struct options options = { .json = true };
	char path[] = "/tmp/concur-output.XXXXXX";
	int fd = mkstemp(path), saved_out = dup(1), saved_err = dup(2);
	json_t *json;

	assert_true(fd >= 0);
	unlink(path);
	fflush(stdout);
	dup2(fd, 1);
	assert_non_null(freopen("/dev/null", "w", stderr));
	output_error(&options, err);
	output_finish();
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	lseek(fd, 0, SEEK_SET);
	json = json_loadfd(fd, 0, NULL);
	close(fd);
	error_free(err);
	return json;
}

static void test_errors_are_json_too(void **state)
{
	json_t *json = error_json(error_hint(error_new(ERROR_MACHINE, "no \"x\" here"), "get one"));
	json_t *error = json_object_get(json, "error");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(error, "message")), "no \"x\" here");
	assert_string_equal(json_string_value(json_object_get(error, "hint")), "get one");
	assert_int_equal(json_integer_value(json_object_get(error, "exit")), 4);
	json_decref(json);
}

static void test_an_error_that_is_not_utf8(void **state)
{
	json_t *json = error_json(error_new(ERROR_USAGE, "cannot run \xff\xfe"));

	(void)state;
	assert_true(json_is_object(json_object_get(json, "error")));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_errors_are_json_too),
		cmocka_unit_test(test_an_error_that_is_not_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
