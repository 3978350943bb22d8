/* A comparison and the list of runs, as JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "full_run.h"

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

/* Takes the text. */
static json_t *load(char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	return json;
}

static void assert_json(const json_t *value, const char *want)
{
	CLEANUP(cleanup_free) char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	assert_string_equal(got ? got : "(none)", want);
}

static void a_comparison_has_the_keys_of_the_contract(void **state)
{
	(void)state;
	CLEANUP(comparison_clear) struct comparison c = full_comparison();
	CLEANUP(cleanup_json) json_t *json = load(comparison_json_text(&c));
	const json_t *entries = json_object_get(json, "entries");

	assert_json(json_object_get(json, "schema"), "\"concur.comparison/1\"");
	assert_json(json_object_get(json, "a"), "\"0190d5a2-7c4e-7b1a-9f00-0123456789ab\"");
	assert_json(json_object_get(json, "b"), "\"0190d5a2-7c4e-7b1a-9f00-0123456789ac\"");
	assert_json(json_object_get(json, "comparable"), "true");
	assert_json(json_object_get(json, "why_not"), "[\"other machine\"]");
	assert_json(json_object_get(json, "verdict_changed"), "true");
	assert_json(json_object_get(json, "verdict"), "\"It was threads, it is processes.\"");
	assert_int_equal(json_array_size(entries), 2);
	assert_json(json_object_get(json, "waits"),
		    "[{\"kind\":\"run-queue\",\"before\":0.25,\"after\":0.125,"
		    "\"before_ns\":4000000.0,\"after_ns\":2000000.0}]");
	assert_json(json_object_get(json, "new_findings"), "[\"a.c: shared-state: x in f\"]");
	assert_json(json_object_get(json, "fixed_findings"),
		    "[\"b.c: mt-unsafe-call: strtok in g\"]");
	assert_json(json_object_get(json, "remaining_findings"), "7");
	assert_json(json_object_get(json, "stacks"),
		    "[{\"stack\":\"main;[disk]\",\"before_ns\":2.0,\"after_ns\":3.0}]");
	assert_int_equal(json_object_size(json), 18);
}

static void an_entry_without_figures_says_null(void **state)
{
	(void)state;
	CLEANUP(comparison_clear) struct comparison c = full_comparison();
	CLEANUP(cleanup_json) json_t *json = NULL;
	const json_t *entries;

	c.entries.items[0].ratio = (struct estimate){ 1.25, 1.125, 1.5, 8 };
	c.entries.items[0].p = 0.5;
	c.entries.items[1].p = NAN;
	json = load(comparison_json_text(&c));
	entries = json_object_get(json, "entries");
	assert_json(json_array_get(entries, 0),
		    "{\"model\":\"async\",\"workers\":1,\"change\":\"better\",\"ratio\":1.25,"
		    "\"low\":1.125,\"high\":1.5,\"n\":8,\"p\":0.5,"
		    "\"test\":\"Mann-Whitney\",\"why\":\"why\"}");
	assert_json(json_array_get(entries, 1),
		    "{\"model\":\"threads\",\"workers\":4,\"change\":\"not-measured\",\"ratio\":"
		    "null,\"low\":null,\"high\":null,\"n\":0,\"p\":null,"
		    "\"test\":null,\"why\":\"only in one of the two\"}");
}

static void an_empty_comparison_is_complete(void **state)
{
	(void)state;
	const struct comparison c = { 0 };
	CLEANUP(cleanup_json) json_t *json = load(comparison_json_text(&c));

	assert_json(
		json,
		"{\"schema\":\"concur.comparison/"
		"1\",\"a\":null,\"b\":null,\"a_runs\":0,\"b_runs\":0,\"a_left_out\":0,\"b_left_"
		"out\":0,"
		"\"comparable\":false,\"forced\":false,\"why_not\":[],\"verdict_changed\":false,"
		"\"verdict\":null,\"entries\":[],\"waits\":[],\"stacks\":[],\"new_findings\":[],"
		"\"fixed_findings\":[],\"remaining_findings\":0}");
}

static void runs_are_a_list(void **state)
{
	(void)state;
	CLEANUP(history_clear) struct history h = full_history();
	CLEANUP(cleanup_json) json_t *json = NULL;
	const json_t *runs;

	h.items[0].speedup = (struct estimate){ 1.75, 1.5, 2, 9 };
	json = load(history_json_text(&h));
	runs = json_object_get(json, "runs");
	assert_int_equal(json_object_size(json), 2);
	assert_json(json_object_get(json, "schema"), "\"concur.runs/1\"");
	assert_int_equal(json_array_size(runs), 2);
	assert_json(json_array_get(runs, 0),
		    "{\"id\":\"0190d5a2-7c4e-7b1a-9f00-0123456789ab\","
		    "\"started_ns\":1721320000123456789,\"program\":\"/opt/bzip2\",\"source\":null,"
		    "\"command\":\"advise\",\"git_commit\":\"92c4629\",\"verdict\":\"recommend\","
		    "\"model\":\"processes\",\"row\":\"compute\",\"workers\":2,\"speedup\":1.75,"
		    "\"low\":1.5,\"high\":2.0,\"n\":9}");
	assert_json(json_array_get(runs, 1),
		    "{\"id\":\"0190d5a2-7c4e-7b1a-9f00-0123456789ac\",\"started_ns\":1,"
		    "\"program\":null,\"source\":null,\"command\":null,\"git_commit\":null,"
		    "\"verdict\":\"none\","
		    "\"model\":null,\"row\":null,\"workers\":0,\"speedup\":null,\"low\":null,"
		    "\"high\":null,\"n\":0}");
}

static void no_runs_are_an_empty_list(void **state)
{
	(void)state;
	const struct history h = { 0 };
	CLEANUP(cleanup_json) json_t *json = load(history_json_text(&h));

	assert_json(json, "{\"schema\":\"concur.runs/1\",\"runs\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comparison_has_the_keys_of_the_contract),
		cmocka_unit_test(an_entry_without_figures_says_null),
		cmocka_unit_test(an_empty_comparison_is_complete),
		cmocka_unit_test(runs_are_a_list),
		cmocka_unit_test(no_runs_are_an_empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
