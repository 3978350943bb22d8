/*
 * From the command line to what is measured: everything wrong is found, named, and says what to type next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/subject.h"

static char dir[] = "/tmp/concur-subject.XXXXXX";

static void put(const char *name, const char *text, size_t n)
{
	struct error *err = file_write(name, text, n);

	assert_null(err);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	put("three", "a\n\nb c\r\nd", 9);
	put("empty", "", 0);
	put("blank", "\n\n", 2);
	put("binary", "a\0b\n", 4);
	put("text", "not a program\n", 14);
	put("tool", "#!/bin/sh\n", 10);
	return chmod("text", 0644) | chmod("tool", 0755);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "three", "empty", "blank", "binary", "text", "tool" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	return chdir("/") | rmdir(dir);
}

static struct error *workload(const char *each, char **args, int n, struct run *run)
{
	struct options options = { .each = each, .args = args, .args_n = n };

	subject_begin(run, "advise");
	return subject_workload(&options, run);
}

static void test_tasks_are_lines(void **state)
{
	char *args[] = { "./tool", "-x{}", "y" };
	struct run run = { 0 };

	(void)state;
	assert_null(workload("three", args, 3, &run));
	assert_int_equal(run.workload.tasks.n, 3);
	assert_string_equal(run.workload.tasks.items[1], "b c");
	assert_string_equal(run.workload.tasks.items[2], "d");
	assert_int_equal(run.workload.argv.n, 3);
	assert_string_equal(run.workload.unit, "main");
	assert_non_null(strstr(run.target.program, "/tool"));
	assert_int_equal(run.target.program[0], '/');
	assert_int_equal(strlen(run.target.digest), 32);
	run_clear(&run);
}

/* Some programs are many, and look at the name they are called by. */
static void test_a_program_keeps_its_name(void **state)
{
	char *args[] = { "./other-name", "{}" };
	struct run run = { 0 };

	(void)state;
	assert_int_equal(symlink("tool", "other-name"), 0);
	assert_null(workload("three", args, 2, &run));
	assert_non_null(strstr(run.target.program, "/other-name"));
	assert_int_equal(run.target.program[0], '/');
	unlink("other-name");
	run_clear(&run);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *each, *program, *arg, *says, *hint;
	} cases[] = {
		{ NULL, "./tool", "{}", "--each is missing", "--each tasks.txt" },
		{ "empty", "./tool", "{}", "empty", "one task on each line" },
		{ "blank", "./tool", "{}", "empty", "one task on each line" },
		{ "binary", "./tool", "{}", "NUL bytes", "text file" },
		{ "absent", "./tool", "{}", "absent", NULL },
		{ "three", "./tool", "x", "no {}", "-- ./tool {}" },
		{ "three", "./absent", "{}", "cannot run ./absent", "build it" },
		{ "three", "no-such-tool-anywhere", "{}", "no program named", "./no-such-tool" },
		{ "three", "./text", "{}", "not executable", "chmod +x ./text" },
		{ "three", "/tmp", "{}", "is a directory", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *args[] = { (char *)cases[i].program, (char *)cases[i].arg };
		struct run run = { 0 };
		struct error *err = workload(cases[i].each, args, 2, &run);

		assert_non_null(err);
		if (!strstr(err->message, cases[i].says) || err->class != ERROR_USAGE)
			fail_msg("case %zu: %s", i, err->message);
		if (cases[i].hint && (!err->hint || !strstr(err->hint, cases[i].hint)))
			fail_msg("case %zu: hint %s", i, err->hint);
		error_free(err);
		run_clear(&run);
	}
}

static void test_tasks_by_number_and_by_field(void **state)
{
	char *args[] = { "./tool", "x" }, *fields[] = { "./tool", "{2}" },
	     *more[] = { "./tool", "{3}" };
	struct options count = { .count = 3, .args = args, .args_n = 2 };
	struct options two = { .each = "fields", .args = fields, .args_n = 2 };
	struct options three = { .each = "fields", .args = more, .args_n = 2 };
	struct options absent = {
		.each = "fields", .args = args, .args_n = 2, .stdin_path = "no/{1}"
	};
	struct run run = { 0 };
	struct error *err;

	(void)state;
	put("fields", "a\tb\nc\td\te\n", 10);
	subject_begin(&run, "race");
	assert_null(subject_workload(&count, &run));
	assert_int_equal(run.workload.tasks.n, 3);
	assert_string_equal(run.workload.tasks.items[2], "3");
	run_clear(&run);
	subject_begin(&run, "race");
	assert_null(subject_workload(&two, &run));
	run_clear(&run);
	subject_begin(&run, "race");
	err = subject_workload(&three, &run);
	assert_string_equal(err->message, "task 1 has 2 fields, but {3} is asked for");
	error_free(err);
	run_clear(&run);
	subject_begin(&run, "race");
	err = subject_workload(&absent, &run);
	assert_non_null(strstr(err->message, "--stdin: cannot read no/a"));
	error_free(err);
	run_clear(&run);
	unlink("fields");
}

static void test_no_program(void **state)
{
	struct run run = { 0 };
	struct error *err = workload("three", NULL, 0, &run);

	(void)state;
	assert_non_null(err);
	assert_string_equal(err->message, "no program to run");
	error_free(err);
	run_clear(&run);
}

static char *id_of(const char *each, char **args, int n, int expected_exit)
{
	struct options options = {
		.each = each, .args = args, .args_n = n, .expected_exit = expected_exit
	};
	struct run run = { 0 };
	char *id;

	subject_begin(&run, "race");
	assert_null(subject_workload(&options, &run));
	id = strdup(run.workload.id);
	run_clear(&run);
	return id;
}

/* Equal jobs have equal ids, wherever the program lies; anything that changes the job changes the id. */
static void test_workload_identity(void **state)
{
	char absolute[64];
	char *near[] = { "./tool", "{}" }, *far[] = { absolute, "{}" },
	     *other[] = { "./tool", "-{}" };
	char *split[] = { "./tool", "{}", "" };
	char *a, *ids[4];

	(void)state;
	snprintf(absolute, sizeof(absolute), "%s/tool", dir);
	a = id_of("three", near, 2, 0);
	ids[0] = id_of("three", far, 2, 0);
	assert_string_equal(a, ids[0]);
	ids[1] = id_of("three", other, 2, 0);
	ids[2] = id_of("three", near, 2, 1);
	ids[3] = id_of("three", split, 3, 0);
	for (int i = 1; i < 4; i++)
		assert_string_not_equal(a, ids[i]);
	for (int i = 0; i < 4; i++)
		free(ids[i]);
	free(a);
}

static void test_a_run_begins_with_who_and_where(void **state)
{
	struct run run = { 0 };

	(void)state;
	subject_begin(&run, "race");
	assert_int_equal(strlen(run.id), 36);
	assert_string_equal(run.command, "race");
	assert_string_equal(run.tool_version, CONCUR_VERSION);
	assert_true(run.started_ns > 1600000000ll * 1000000000);
	assert_true(run.machine.cores >= 1);
	assert_true(run.machine.memory_bytes > 1 << 20);
	assert_non_null(run.machine.id);
	run_clear(&run);
}

static void test_history_that_is_not_there(void **state)
{
	struct options options = { .db = "none.db" };
	struct db *db = NULL;
	char *path = NULL;
	struct error *err = subject_history(&options, DB_READ, &db, &path);

	(void)state;
	assert_non_null(err);
	assert_int_equal(err->class, ERROR_USAGE);
	assert_string_equal(path, "none.db");
	assert_false(file_exists("none.db"));
	error_free(err);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks_are_lines),
		cmocka_unit_test(test_a_program_keeps_its_name),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_tasks_by_number_and_by_field),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_workload_identity),
		cmocka_unit_test(test_a_run_begins_with_who_and_where),
		cmocka_unit_test(test_history_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
