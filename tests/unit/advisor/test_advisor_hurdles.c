#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/hurdles.h"

static struct fact *add_fact(struct facts *facts, const char *check, const char *symbol, int line)
{
	struct fact f = {
		.check = xstrdup(check),
		.file = xstrdup("a.c"),
		.line = line,
		.symbol = xstrdup(symbol),
		.function = xstrdup("f"),
	};

	facts->analysed = true;
	vec_push(facts, f);
	return &facts->items[facts->n - 1];
}

static void add_site(struct fact *f, const char *function, const char *access)
{
	struct fact_site s = {
		.file = xstrdup("a.c"),
		.line = 10 + (int)f->sites.n,
		.function = xstrdup(function),
		.access = xstrdup(access),
	};

	vec_push(&f->sites, s);
}

static void list(const struct facts *facts, enum model chosen, struct verdict *v)
{
	struct run run = { .facts = *facts };
	struct table table;
	struct advice a;

	assert_null(table_load(&table));
	assert_null(advice_init(&a, &run, &table, POLICY_MEASURED, v));
	a.chosen = chosen;
	v->kind = VERDICT_RECOMMEND;
	hurdles_list(&a);
}

static void test_only_written_state_counts(void **state)
{
	struct facts facts = { 0 };

	(void)state;
	add_site(add_fact(&facts, "shared-state", "only_read", 1), "f", "read");
	add_site(add_fact(&facts, "shared-state", "pointed_to", 2), "f", "address");
	add_site(add_fact(&facts, "shared-state", "written", 3), "f", "write");
	add_site(add_fact(&facts, "shared-state", "buffer", 4), "f", "write-through");
	assert_int_equal(hurdles_count(&facts, MODEL_THREADS), 3);
	facts_clear(&facts);
}

static void test_each_model_has_its_own(void **state)
{
	struct facts facts = { 0 };

	(void)state;
	add_site(add_fact(&facts, "shared-state", "count", 1), "f", "write");
	add_fact(&facts, "mt-unsafe-call", "strtok", 2);
	add_fact(&facts, "blocking-call", "read", 3);
	assert_int_equal(hurdles_count(&facts, MODEL_SEQUENTIAL), 0);
	assert_int_equal(hurdles_count(&facts, MODEL_PROCESSES), 0);
	assert_int_equal(hurdles_count(&facts, MODEL_THREADS), 2);
	assert_int_equal(hurdles_count(&facts, MODEL_ASYNC), 3);
	assert_int_equal(hurdles_count(&facts, MODEL_HYBRID), 3);
	facts_clear(&facts);
}

static void test_calls_of_one_function_are_one_change(void **state)
{
	struct facts facts = { 0 };
	struct verdict v = { 0 };

	(void)state;
	add_fact(&facts, "mt-unsafe-call", "strtok", 9)->advice = xstrdup("use strtok_r");
	add_fact(&facts, "mt-unsafe-call", "strtok", 5)->advice = xstrdup("use strtok_r");
	add_fact(&facts, "mt-unsafe-call", "gmtime", 7);
	list(&facts, MODEL_THREADS, &v);
	assert_int_equal(v.hurdles.n, 2);
	assert_string_equal(v.hurdles.items[0].symbol, "strtok");
	assert_int_equal(v.hurdles.items[0].line, 5);
	assert_int_equal(v.hurdles.items[0].sites, 2);
	assert_string_equal(v.hurdles.items[0].text,
			    "strtok() is not for several threads at once, called in 2 places: "
			    "use strtok_r");
	assert_string_equal(v.hurdles.items[1].text,
			    "gmtime() is not for several threads at once, called in 1 place: "
			    "guard it or replace it");
	verdict_clear(&v);
	facts_clear(&facts);
}

static void test_most_writers_first(void **state)
{
	struct facts facts = { 0 };
	struct verdict v = { 0 };
	struct fact *f;

	(void)state;
	f = add_fact(&facts, "shared-state", "one_writer", 1);
	add_site(f, "f", "write");
	add_site(f, "f", "write");
	add_site(f, "f", "write");
	f = add_fact(&facts, "shared-state", "two_writers", 2);
	add_site(f, "f", "write");
	add_site(f, "g", "write");
	add_site(f, "h", "read");
	list(&facts, MODEL_THREADS, &v);
	assert_int_equal(v.hurdles.n, 2);
	assert_string_equal(v.hurdles.items[0].text,
			    "global two_writers is written in 2 places by 2 functions: give each "
			    "worker its own");
	assert_string_equal(v.hurdles.items[1].text,
			    "global one_writer is written in 3 places by 1 function: give each "
			    "worker its own");
	verdict_clear(&v);
	facts_clear(&facts);
}

/* Static functions of one name in two files are two writers. */
static void test_same_name_in_two_files(void **state)
{
	struct facts facts = { 0 };
	struct verdict v = { 0 };
	struct fact *f = add_fact(&facts, "shared-state", "x", 1);

	(void)state;
	add_site(f, "init", "write");
	add_site(f, "init", "write");
	free(f->sites.items[1].file);
	f->sites.items[1].file = xstrdup("b.c");
	list(&facts, MODEL_THREADS, &v);
	assert_non_null(strstr(v.hurdles.items[0].text, "by 2 functions"));
	verdict_clear(&v);
	facts_clear(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_written_state_counts),
		cmocka_unit_test(test_each_model_has_its_own),
		cmocka_unit_test(test_calls_of_one_function_are_one_change),
		cmocka_unit_test(test_most_writers_first),
		cmocka_unit_test(test_same_name_in_two_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
