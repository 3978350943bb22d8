#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/hyperfine.h"

#define RESULT(command, more) "{\"command\": \"" command "\", \"mean\": 0.5" more "}"
#define TWELVE                                                                                     \
	", \"times\": [0.50, 0.51, 0.52, 0.50, 0.49, 0.50, 0.51, 0.50, 0.50, 0.49, 0.50, 0.51]"

static struct error *parse(const char *text, struct runs *ret)
{
	return hyperfine_parse(text, strlen(text), ret);
}

static void what_is_read(void **state)
{
	CLEANUP(runs_clear) struct runs runs = { 0 };
	const struct run *run;

	(void)state;
	assert_null(parse("{\"results\": [" RESULT(
				  "LC_ALL=C  ./crunch -9 a.txt", TWELVE
				  ", \"exit_codes\": [0, 0]") ", " RESULT("./crunch -1 a.txt",
									  ", \"times\": [2]") "]}",
			  &runs));
	assert_int_equal(runs.n, 2);
	run = &runs.items[0];
	assert_string_equal(run->target.program, "./crunch");
	assert_string_equal(run->workload.tasks.items[0], "LC_ALL=C  ./crunch -9 a.txt");
	assert_string_equal(run->command, "hyperfine");
	assert_int_equal(run->race.n, 1);
	assert_int_equal(run->race.items[0].model, MODEL_SEQUENTIAL);
	assert_int_equal(run->race.items[0].walls.n, 12);
	assert_true(fabs(run->race.items[0].walls.items[1] - 0.51e9) < 1);
	assert_int_equal(run->race.conditions.tasks, 1);
	/* Six ratios of neighbours: around 1, and no wider than they are. */
	assert_int_equal(run->race.conditions.noise.n, 6);
	assert_true(run->race.conditions.noise.low >= 0.49 / 0.50 - 1e-9);
	assert_true(run->race.conditions.noise.high <= 0.52 / 0.50 + 1e-9);
	/* One time has no neighbour: how noisy the machine was is not known. */
	assert_int_equal(runs.items[1].race.conditions.noise.n, 0);
	assert_string_not_equal(run->workload.id, runs.items[1].workload.id);
}

static void the_id_is_the_content(void **state)
{
	CLEANUP(runs_clear) struct runs runs = { 0 };
	static const char *const texts[] = {
		"{\"results\": [" RESULT("a", ", \"times\": [1, 2]") "]}",
		"{\"results\": [" RESULT("a", ", \"user\": 3, \"times\": [1, 2]") "]}",
		"{\"results\": [" RESULT("a", ", \"times\": [1, 3]") "]}",
		"{\"results\": [" RESULT("b", ", \"times\": [1, 2]") "]}",
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_null(parse(texts[i], &runs));
	assert_string_equal(runs.items[0].id, runs.items[1].id);
	assert_string_not_equal(runs.items[0].id, runs.items[2].id);
	assert_string_not_equal(runs.items[0].id, runs.items[3].id);
	assert_string_equal(runs.items[0].workload.id, runs.items[2].workload.id);
	assert_int_equal(runs.items[0].id[14], '8'); /* the version */
	assert_int_equal(strlen(runs.items[0].id), UUID_TEXT - 1);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{", "line 1: string or '}' expected near end of file" },
		{ "{\"results\": []}", "results: none" },
		{ "{\"results\": {}}", "results: none" },
		{ "{\"results\": [4]}", "results[0].command: missing" },
		{ "{\"results\": [" RESULT("a", "") "]}", "results[0].times: none" },
		{ "{\"results\": [" RESULT("a", ", \"times\": [1, -2]") "]}",
		  "results[0].times[1]: not a time" },
		{ "{\"results\": [" RESULT("a", ", \"times\": [\"1\"]") "]}",
		  "results[0].times[0]: not a time" },
		{ "{\"results\": [" RESULT("a", TWELVE) ", " RESULT(
			  "a", ", \"times\": [1], \"exit_codes\": [0, 1, null]") "]}",
		  "results[1]: the command failed in 2 of 3 runs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(runs_clear) struct runs runs = { 0 };
		CLEANUP(error_clear) struct error *err = parse(cases[i].text, &runs);

		assert_non_null(err);
		assert_string_equal(err->message, cases[i].message);
		assert_int_equal(err->class, ERROR_INPUT);
		assert_int_equal(runs.n, 0);
	}
}

static void what_it_is(void **state)
{
	(void)state;
	assert_true(hyperfine_is("{\"results\": []}", 15));
	assert_false(hyperfine_is("{\"schema\": \"concur.run/1\", \"results\": []}", 42));
	assert_false(hyperfine_is("[1]", 3));
	assert_false(hyperfine_is("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read),
		cmocka_unit_test(the_id_is_the_content),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
