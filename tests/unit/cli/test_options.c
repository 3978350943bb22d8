/*
 * The command line: what is read, and what is refused. argp exits on misuse, so each refusal is tried in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/commands.h"

#define ALL                                                                                        \
	(OPTIONS_BUILD | OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE | OPTIONS_ADVISE |             \
	 OPTIONS_LIST | OPTIONS_ANALYZE | OPTIONS_PROGRAM)

static int count(char **argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

static struct options parse(int groups, char **argv)
{
	struct options options = { 0 };

	options_parse(command_find("advise"), &options, groups, count(argv), argv);
	return options;
}

static void test_everything_is_read(void **state)
{
	char *argv[] = { "concur advise",
			 "-p",
			 "build",
			 "--each=tasks",
			 "--timeout",
			 "1.5",
			 "-j3",
			 "--budget=9",
			 "--workers",
			 "2,4,16",
			 "--seed=7",
			 "--expect-exit=3,0",
			 "--stdin={}",
			 "--outputs=a",
			 "--outputs=b",
			 "--compare=stderr",
			 "--setup=s",
			 "--teardown=t",
			 "--policy=table",
			 "--no-analyze",
			 "--json",
			 "--db=x.db",
			 "--color=never",
			 "--",
			 "./prog",
			 "-v",
			 "{}",
			 NULL };
	struct options o = parse(ALL, argv);

	(void)state;
	assert_string_equal(o.build_dir, "build");
	assert_string_equal(o.each, "tasks");
	assert_true(o.timeout_s > 1.4 && o.timeout_s < 1.6);
	assert_true(o.budget_s > 8.9 && o.budget_s < 9.1);
	assert_int_equal(o.jobs, 3);
	assert_int_equal(o.workers.n, 3);
	assert_int_equal(o.workers.items[2], 16);
	assert_int_equal(o.seed, 7);
	assert_int_equal(o.expected_exit, 3);
	assert_int_equal(o.also_expected[0], 9);
	assert_string_equal(o.stdin_path, "{}");
	assert_int_equal(o.outputs.n, 2);
	assert_int_equal(o.compare, COMPARE_STDERR);
	assert_string_equal(o.setup, "s");
	assert_string_equal(o.teardown, "t");
	assert_true(o.policy_table && o.no_analyze && o.json);
	assert_string_equal(o.db, "x.db");
	assert_int_equal(o.color, COLOR_NEVER);
	assert_int_equal(o.args_n, 3);
	assert_string_equal(o.args[0], "./prog");
	assert_string_equal(o.args[2], "{}");
	options_clear(&o);
}

/* Without "--", everything from the program on is the program's, its options too. */
static void test_the_program_keeps_its_options(void **state)
{
	char *argv[] = { "concur advise", "--each", "t", "gzip", "--json", "-v", "{}", NULL };
	struct options o = parse(ALL, argv);

	(void)state;
	assert_false(o.json);
	assert_int_equal(o.args_n, 4);
	assert_string_equal(o.args[1], "--json");
	options_clear(&o);
}

static void test_operands_without_a_program(void **state)
{
	char *argv[] = { "concur compare", "last~1", "--json", "last", NULL };
	struct options o = parse(0, argv);

	(void)state;
	assert_true(o.json);
	assert_int_equal(o.args_n, 2);
	assert_string_equal(o.args[0], "last~1");
	assert_string_equal(o.args[1], "last");
	options_clear(&o);
}

/* The exit code of a child that parses argv. */
static int refusal(int groups, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		argp_err_exit_status = ERROR_USAGE;
		parse(groups, argv);
		_exit(99); /* it was taken */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_misuse_exits_2(void **state)
{
	static char *const bad[] = {
		"--timeout=0",
		"--timeout=-1",
		"--timeout=1x",
		"--timeout=nan",
		"--timeout=1e9",
		"--budget=",
		"--workers=0",
		"--workers=2,,x",
		"--workers=,",
		"--workers=2000",
		"--seed=0",
		"--seed=-3",
		"--seed=x",
		"--color=pink",
		"--policy=fast",
		"--shard=0/2",
		"--shard=3/2",
		"--shard=2",
		"--shard=1/2x",
		"--format=xml",
		"--expect-exit=256",
		"-j0",
		"-n-1",
		"--no-such-option",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *argv[] = { "concur advise", bad[i], NULL };

		if (refusal(ALL, argv) != ERROR_USAGE)
			fail_msg("%s was taken", bad[i]);
	}
}

static void test_what_analyze_takes(void **state)
{
	char *argv[] = { "concur analyze",
			 "--no-cache",
			 "--shard=2/5",
			 "--format",
			 "editor",
			 "--baseline=b",
			 "--new-only",
			 "--update-baseline",
			 "a.c",
			 "b.c",
			 NULL };
	struct options o = parse(OPTIONS_BUILD | OPTIONS_ANALYZE, argv);

	(void)state;
	assert_true(o.no_cache && o.new_only && o.update_baseline);
	assert_int_equal(o.shard, 2);
	assert_int_equal(o.shards, 5);
	assert_int_equal(o.format, FORMAT_EDITOR);
	assert_string_equal(o.baseline, "b");
	assert_int_equal(o.args_n, 2);
	assert_string_equal(o.args[1], "b.c");
	options_clear(&o);
}

static void test_what_profile_takes(void **state)
{
	char *argv[] = { "concur profile", "-p", "4711",      "--duration=2.5",
			 "--overhead",     "3%", "--tier=T2", NULL };
	static char *const bad[] = { "-p0",          "-pbuild",       "--duration=0",
				     "--overhead=0", "--overhead=5x", "--overhead=%",
				     "--tier=T4",    "--tier=2" };
	struct options o = parse(OPTIONS_PROFILE, argv);

	(void)state;
	assert_int_equal(o.pid, 4711);
	assert_null(o.build_dir);
	assert_true(o.duration_s > 2.4 && o.duration_s < 2.6);
	assert_true(o.overhead > 0.029 && o.overhead < 0.031);
	assert_int_equal(o.tier, TIER_2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *line[] = { "concur profile", bad[i], NULL };

		assert_int_equal(refusal(OPTIONS_PROFILE, line), 2);
	}
	options_clear(&o);
}

static void test_options_of_other_commands_are_refused(void **state)
{
	char *argv[] = { "concur show", "--workers=2", NULL };

	(void)state;
	assert_int_equal(refusal(0, argv), ERROR_USAGE);
	assert_int_equal(refusal(ALL, argv), 99);
}

static void test_global_options_come_before_the_command(void **state)
{
	char *argv[] = { "concur", "--json", "-q", "runs", "--db=x", NULL };
	enum log_level level = log_get_level();
	struct options o = { 0 };
	int next;

	(void)state;
	options_parse_global(&o, 5, argv, &next);
	assert_int_equal(next, 3);
	assert_true(o.json);
	assert_null(o.db);
	assert_int_equal(log_get_level(), LOG_QUIET);
	log_set_level(level);
	options_clear(&o);
}

static void test_no_command(void **state)
{
	char *argv[] = { "concur", "--json", NULL };
	struct options o = { 0 };
	int next;

	(void)state;
	options_parse_global(&o, 2, argv, &next);
	assert_int_equal(next, 2);
	options_clear(&o);
}

static void test_every_command_has_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_n; i++) {
		const struct command *c = &commands[i];

		assert_ptr_equal(command_find(c->name), c);
		assert_non_null(strstr(c->doc, "Example"));
		assert_non_null(strstr(c->doc, c->name));
		assert_non_null(c->run);
		assert_true(!c->summary || strlen(c->summary) > 10);
		/* those that are not listed stand last */
		assert_true(!c->summary || !i || c[-1].summary);
	}
	assert_null(command_find("nonsense"));
	assert_null(command_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_the_program_keeps_its_options),
		cmocka_unit_test(test_operands_without_a_program),
		cmocka_unit_test(test_misuse_exits_2),
		cmocka_unit_test(test_what_analyze_takes),
		cmocka_unit_test(test_what_profile_takes),
		cmocka_unit_test(test_options_of_other_commands_are_refused),
		cmocka_unit_test(test_global_options_come_before_the_command),
		cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_every_command_has_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
