#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/table.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "data/data.h"

static void test_the_embedded_table(void **state)
{
	struct table t;

	(void)state;
	assert_null(table_load(&t));
	assert_int_equal(t.rows[ROW_WAITS].candidates[0], MODEL_ASYNC);
	assert_int_equal(t.rows[ROW_WAITS].candidates[1], MODEL_THREADS);
	assert_int_equal(t.rows[ROW_COMPUTE].candidates[0], MODEL_PROCESSES);
	assert_int_equal(t.rows[ROW_COMPUTE].metric, METRIC_CPU);
	assert_int_equal(t.rows[ROW_MIX].candidates[0], MODEL_HYBRID);
	assert_true(t.rows[ROW_WAITS].threshold == 0.80);
	assert_true(t.limits[LIMIT_EQUIVALENCE] == 0.05);
	assert_true(t.limits[LIMIT_LEAVE_GAIN] == 0.10);
	assert_true(t.limits[LIMIT_LOST] == 0.01);
}

/* At most one row may claim a program: two thresholds that add up to 1 or less would overlap. */
static void test_rows_exclude_each_other(void **state)
{
	struct table t;

	(void)state;
	assert_null(table_load(&t));
	assert_true(t.rows[ROW_WAITS].threshold + t.rows[ROW_COMPUTE].threshold > 1);
}

static void test_rank(void **state)
{
	struct table t;

	(void)state;
	assert_null(table_load(&t));
	assert_int_equal(table_row_rank(&t.rows[ROW_COMPUTE], MODEL_PROCESSES), 0);
	assert_int_equal(table_row_rank(&t.rows[ROW_COMPUTE], MODEL_THREADS), 1);
	assert_int_equal(table_row_rank(&t.rows[ROW_COMPUTE], MODEL_ASYNC), 2);
}

/* The embedded table with `old` replaced, or a line added when old is NULL. Owned by the caller. */
static char *edited(const char *old, const char *new)
{
	const char *at = old ? strstr(data_table_tsv, old) : NULL;
	struct strbuf sb = { 0 };

	if (!old) {
		strbuf_addf(&sb, "%s%s", data_table_tsv, new);
		return strbuf_detach(&sb);
	}
	assert_non_null(at);
	strbuf_addn(&sb, data_table_tsv, (size_t)(at - data_table_tsv));
	strbuf_addf(&sb, "%s%s", new, at + strlen(old));
	return strbuf_detach(&sb);
}

static void test_broken_tables(void **state)
{
	static const struct {
		const char *old, *new, *message;
	} cases[] = {
		{ "0.80\tasync", "80 %\tasync", "\"80 %\" is not a number from 0 to 1" },
		{ "0.80\tasync", "1.5\tasync", "\"1.5\" is not a number from 0 to 1" },
		{ "0.80\tasync", "nan\tasync", "\"nan\" is not a number from 0 to 1" },
		{ "async,threads\n", "async,fibres\n", "\"fibres\" is not a model to rewrite to" },
		{ "async,threads\n", "sequential\n",
		  "\"sequential\" is not a model to rewrite to" },
		{ "async,threads\n", "async,async\n", "\"async\" is named twice" },
		{ "overlappable-waits\t", "waits\t", "\"waits\" is not a share" },
		{ "row\tcompute", "row\tcomputing", "no row is called \"computing\"" },
		{ "row\tcompute", "row\tmix", "is worded otherwise elsewhere" },
		{ "heavy computation\t", "hard work\t", "row \"compute\" is worded otherwise" },
		{ "row\tcompute", "# row\tcompute", "row \"compute\" is missing" },
		{ "limit\tlost-share", "#", "limit \"lost-share\" is missing" },
		{ "limit\tlost-share", "limit\tlost", "no limit is called \"lost\"" },
		{ "limit\tlost-share\t0.01\t", "limit\tlost-share\t0.01 ", "4 fields, this one 3" },
		{ "row\tmix\t", "row\tmix ", "7 fields, this one 6" },
		{ NULL, "limit\tlost-share\t0.02\ttwice\n",
		  "limit \"lost-share\" stands here twice" },
		{ NULL, "column\tx\n", "a line is a row or a limit, not \"column\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free) char *text = edited(cases[i].old, cases[i].new);
		struct table untouched = { .limits = { 42 } }, t = untouched;
		CLEANUP(error_clear) struct error *err = table_parse(text, &t);

		assert_non_null(err);
		if (!strstr(err->message, cases[i].message) ||
		    strncmp(err->message, "table.tsv", 9))
			fail_msg("case %zu: \"%s\"", i, err->message);
		assert_memory_equal(&t, &untouched, sizeof(t));
	}
}

static void test_an_error_names_the_line(void **state)
{
	CLEANUP(error_clear) struct error *err = NULL;
	struct table t;

	(void)state;
	err = table_parse("# one\n# two\nrubbish\n", &t);
	assert_non_null(err);
	assert_string_equal(err->message,
			    "table.tsv:3: a line is a row or a limit, not \"rubbish\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_embedded_table),
		cmocka_unit_test(test_rows_exclude_each_other),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_broken_tables),
		cmocka_unit_test(test_an_error_names_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
