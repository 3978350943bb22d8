#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "contract.h"
#include "full_run.h"
#include "model/run_json.h"

#define ID     "0190d5a2-7c4e-7b1a-9f00-0123456789ab"
#define HEAD   "{\"schema\":\"concur.run/1\",\"id\":\"" ID "\""
#define UTF8_3 "\xef\xbf\xbd" /* U+FFFD */

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

static struct run parse(const char *text)
{
	struct run run = { 0 };
	struct error *err = run_json_parse(text, strlen(text), &run);

	if (err) {
		print_error("%s\nin: %.2000s\n", err->message, text);
		error_free(err);
		fail();
	}
	return run;
}

/* Parsing must fail, leave the result alone, and say so. */
static void assert_refused_n(const char *text, size_t n, const char *message)
{
	struct run run, before;
	struct error *err;

	memset(&run, 0x5a, sizeof(run));
	memcpy(&before, &run, sizeof(run));
	err = run_json_parse(text, n, &run);
	if (!err) {
		print_error("accepted, not: %s\nin: %.2000s\n", message ? message : "", text);
		fail();
	}
	assert_memory_equal(&run, &before, sizeof(run));
	assert_int_equal(err->class, ERROR_INPUT);
	if (message)
		assert_string_equal(err->message, message);
	error_free(err);
}

static void assert_refused(const char *text, const char *message)
{
	assert_refused_n(text, strlen(text), message);
}

static char *full_text(void)
{
	struct run run = full_run();
	char *text = run_json_text(&run);

	run_clear(&run);
	return text;
}

static json_t *full_json(void)
{
	CLEANUP(cleanup_free) char *text = full_text();
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return json;
}

/*
 * Every key of `value`, which lies at `path`: fn(parent, key or index, path). fn may change the
 * key's value for the time of the call. Keys and no values, so that what fn does is not walked.
 */
typedef void visit_fn(json_t *top, json_t *parent, const char *key, size_t index, const char *path);

static void walk(json_t *top, json_t *value, const char *path, visit_fn *fn)
{
	const char *key;
	void *next;
	json_t *child;

	for (size_t i = 0; i < json_array_size(value); i++) {
		CLEANUP(cleanup_free) char *here = xasprintf("%s[%zu]", path, i);

		walk(top, json_array_get(value, i), here, fn);
		fn(top, value, NULL, i, here);
	}
	json_object_foreach_safe(value, next, key, child)
	{
		CLEANUP(cleanup_free) char *here = xasprintf("%s%s%s", path, *path ? "." : "", key);

		walk(top, child, here, fn);
		fn(top, value, key, 0, here);
	}
}

static json_t *get(json_t *parent, const char *key, size_t index)
{
	return key ? json_object_get(parent, key) : json_array_get(parent, index);
}

static void set(json_t *parent, const char *key, size_t index, json_t *value)
{
	if (key)
		json_object_set_new(parent, key, value);
	else
		json_array_set_new(parent, index, value);
}

static void is_something(json_t *top, json_t *parent, const char *key, size_t index,
			 const char *path)
{
	const json_t *value = get(parent, key, index);
	bool something = json_is_string(value)    ? *json_string_value(value)
			 : json_is_number(value)  ? json_number_value(value) != 0
			 : json_is_boolean(value) ? json_is_true(value)
			 : json_is_array(value)   ? json_array_size(value) > 0
						  : json_object_size(value) > 0;

	(void)top;
	if (!something) {
		print_error("%s is empty: a loss there would not show\n", path);
		fail();
	}
}

static void the_full_run_has_everything_set(void **state)
{
	(void)state;
	CLEANUP(cleanup_json) json_t *json = full_json();

	walk(json, json, "", is_something);
}

static void a_full_run_survives_the_round_trip(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *text = full_text();
	CLEANUP(run_clear) struct run run = parse(text);
	CLEANUP(run_clear) struct run want = full_run();
	CLEANUP(cleanup_free) char *again = run_json_text(&run);

	assert_string_equal(again, text);
	assert_int_equal(text[strlen(text) - 1], '\n');

	/* What a table without the row would lose on both ways. */
	assert_string_equal(run.id, want.id);
	assert_int_equal(run.started_ns, want.started_ns);
	assert_int_equal(run.took_ns, want.took_ns);
	assert_string_equal(run.machine.cpu, want.machine.cpu);
	assert_int_equal(run.machine.memory_bytes, want.machine.memory_bytes);
	assert_int_equal(run.target.git_dirty, 1);
	assert_int_equal(run.workload.tasks.n, 2);
	assert_string_equal(run.workload.tasks.items[1], want.workload.tasks.items[1]);
	assert_int_equal(run.workload.expected_exit, 3);
	assert_string_equal(run.facts.items[0].sites.items[0].access, "write");
	assert_string_equal(run.facts.failures.items[0].why, "no such header");
	assert_true(run.facts.analysed);
	assert_int_equal(run.facts.units, 9);
	assert_memory_equal(&run.profile.waits, &want.profile.waits, sizeof(want.profile.waits));
	assert_int_equal(run.profile.tier, TIER_1);
	assert_int_equal(run.profile.sites.items[0].waits, 17);
	assert_string_equal(run.profile.wakers.items[0].name, "holder");
	assert_int_equal(run.profile.wakers.items[0].tid, 43);
	assert_false(run.profile.stacks.items[0].on_cpu);
	assert_int_equal(run.profile.stacks.items[0].kind, WAIT_LOCK);
	assert_true(run.profile.stacks.items[0].cut);
	assert_string_equal(run.profile.stacks.items[1].frames.items[0].file, "a.c");
	assert_true(run.profile.stacks.items[1].frames.items[0].inlined);
	assert_true(run.profile.stacks.items[1].on_cpu);
	assert_int_equal(run.profile.stacks.items[1].count, 3);
	assert_true(run.profile.lost_share == want.profile.lost_share);
	assert_int_equal(run.race.n, MODEL_COUNT);
	assert_int_equal(run.race.items[3].model, MODEL_ASYNC);
	assert_int_equal(run.race.items[3].outcome, OUTCOME_HANG);
	assert_memory_equal(&run.race.items[2].speedup, &want.race.items[2].speedup,
			    sizeof(struct estimate));
	assert_memory_equal(run.race.items[2].ratios.items, want.race.items[2].ratios.items,
			    2 * sizeof(double));
	assert_true(run.race.items[2].walls.items[0] == want.race.items[2].walls.items[0]);
	assert_true(run.race.measured);
	assert_true(run.race.conditions.seed == UINT64_MAX);
	assert_memory_equal(&run.race.conditions.noise, &want.race.conditions.noise,
			    sizeof(struct estimate));
	assert_true(run.race.conditions.ceiling == want.race.conditions.ceiling);
	assert_int_equal(run.verdict.kind, VERDICT_RECOMMEND);
	assert_int_equal(run.verdict.model, MODEL_PROCESSES);
	assert_true(run.verdict.has_row);
	assert_int_equal(run.verdict.row, ROW_COMPUTE);
	assert_int_equal(run.verdict.ties.items[0].workers, 2);
	assert_int_equal(run.verdict.hurdles.items[0].sites, 4);
	assert_true(run.verdict.witnesses.items[0].heard);
}

static void an_empty_run_survives_the_round_trip(void **state)
{
	(void)state;
	CLEANUP(run_clear) struct run run = { .id = ID };
	CLEANUP(cleanup_free) char *text = run_json_text(&run);
	CLEANUP(run_clear) struct run back = parse(text);
	CLEANUP(cleanup_free) char *again = run_json_text(&back);

	assert_string_equal(again, text);
	assert_null(back.machine.cpu);
	assert_null(back.race.items);
	assert_false(back.verdict.has_row);
	assert_true(isnan(back.verdict.speedup.value));
}

static void add_key(struct strbuf *sb, const char *path)
{
	strbuf_addf(sb, "%s\n", path);
}

static void list_keys(const json_t *value, const char *path, struct strbuf *out)
{
	const char *key;
	json_t *child;

	if (json_is_array(value))
		list_keys(json_array_get(value, 0), path, out);
	json_object_foreach ((json_t *)value, key, child) {
		CLEANUP(cleanup_free) char *here = xasprintf("%s%s%s", path, *path ? "." : "", key);

		add_key(out, here);
		list_keys(child, here, out);
	}
}

static void the_keys_are_the_contract(void **state)
{
	(void)state;
	CLEANUP(cleanup_json) json_t *json = full_json();
	CLEANUP(strbuf_clear) struct strbuf got = { 0 };
	size_t lines = 0, wanted = 0;

	strbuf_add(&got, "\n");
	list_keys(json, "", &got);
	for (size_t i = 0; i < sizeof(contract) / sizeof(*contract); i++) {
		CLEANUP(cleanup_free) char *list = xstrdup(contract[i]);
		const char *prefix = "";
		char *save;

		for (char *word = strtok_r(list, " ", &save); word;
		     word = strtok_r(NULL, " ", &save)) {
			CLEANUP(cleanup_free) char *line = xasprintf("\n%s%s\n", prefix, word);

			if (word[strlen(word) - 1] == '.') {
				prefix = word;
				continue;
			}
			wanted++;
			if (!strstr(got.s, line)) {
				print_error("not written: %s%s\n", prefix, word);
				fail();
			}
		}
	}
	for (const char *c = got.s + 1; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, wanted); /* and no other */
}

/* Unlike any good value: an object where an array should be, else an array. */
static void wrong_type_is_refused(json_t *top, json_t *parent, const char *key, size_t index,
				  const char *path)
{
	CLEANUP(cleanup_json) json_t *kept = json_incref(get(parent, key, index));
	CLEANUP(cleanup_free) char *text = NULL, *begin = xasprintf("%s: not ", path);
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;

	set(parent, key, index, json_is_array(kept) ? json_object() : json_array());
	text = json_dumps(top, 0);
	err = run_json_parse(text, strlen(text), &run);
	if (!err || strncmp(err->message, begin, strlen(begin)) != 0) {
		print_error("%s: got %s\n", begin, err ? err->message : "no error");
		fail();
	}
	set(parent, key, index, json_incref(kept));
}

static void every_wrong_type_is_refused_by_name(void **state)
{
	(void)state;
	CLEANUP(cleanup_json) json_t *json = full_json();

	walk(json, json, "", wrong_type_is_refused);
}

static bool is_required(const char *path)
{
	static const char *const required[] = {
		"schema",
		"id",
		"facts[0].check",
		"facts[0].file",
		"profile.sites[0].kind",
		"profile.stacks[0].kind",
		"profile.wakers[0].kind",
		"profile.wakers[0]",
		"profile.stacks[1].kind",
		"profile.stacks[0]",
		"profile.stacks[1]",
		"verdict.model",
		"verdict.workers",
		"verdict.bounds[0].model",
		"verdict.scaling[0].model",
		"verdict.scaling[0]",
		"verdict.ties[0].model",
		"verdict.ties[0].workers",
	};
	unsigned i;
	char key[20];

	for (size_t k = 0; k < sizeof(required) / sizeof(*required); k++)
		if (!strcmp(path, required[k]))
			return true;
	if (!strcmp(path, "facts[0]") || !strcmp(path, "profile.sites[0]") ||
	    !strcmp(path, "verdict.ties[0]") || !strcmp(path, "verdict.bounds[0]"))
		return true;
	if (sscanf(path, "race[%u].%19s", &i, key) == 2)
		return !strcmp(key, "model") || !strcmp(key, "workers") || !strcmp(key, "outcome");
	return sscanf(path, "race[%u]%19s", &i, key) == 1;
}

/* Parts of the sum: without them it is another one. */
static bool breaks_the_sum(const char *path)
{
	size_t n = strlen("profile.");

	if (strncmp(path, "profile.", n) != 0)
		return false;
	return !strncmp(path + n, "waits", 5) || !strcmp(path + n, "wall_ns") ||
	       !strcmp(path + n, "user_ns") || !strcmp(path + n, "system_ns") ||
	       !strcmp(path + n, "runqueue_ns") || !strcmp(path + n, "unknown_ns");
}

static void null_is_missing(json_t *top, json_t *parent, const char *key, size_t index,
			    const char *path)
{
	CLEANUP(cleanup_json) json_t *kept = json_incref(get(parent, key, index));
	CLEANUP(cleanup_free) char *text = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	bool refused = is_required(path) || breaks_the_sum(path);

	set(parent, key, index, json_null());
	text = json_dumps(top, 0);
	err = run_json_parse(text, strlen(text), &run);
	if (!err == refused) {
		print_error("%s null: %s\n", path, err ? err->message : "no error");
		fail();
	}
	if (is_required(path))
		assert_int_equal(strncmp(err->message, path, strlen(path)), 0);
	if (!err) { /* what is read of it can be written and read again */
		CLEANUP(cleanup_free) char *once = run_json_text(&run);
		CLEANUP(run_clear) struct run back = parse(once);
		CLEANUP(cleanup_free) char *twice = run_json_text(&back);

		assert_string_equal(once, twice);
	}
	set(parent, key, index, json_incref(kept));
}

static void optional_keys_may_be_null(void **state)
{
	(void)state;
	CLEANUP(cleanup_json) json_t *json = full_json();

	walk(json, json, "", null_is_missing);
}

static void optional_keys_may_be_missing(void **state)
{
	(void)state;
	CLEANUP(run_clear)
	struct run run =
		parse(HEAD ",\"facts\":[{\"check\":\"c\",\"file\":\"f\"}],\"verdict\":{},"
			   "\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"ok\"}]}");

	assert_string_equal(run.id, ID);
	assert_null(run.command);
	assert_int_equal(run.target.git_dirty, -1);
	assert_true(isnan(run.profile.lost_share)); /* not known, not none */
	assert_true(isnan(run.race.items[0].speedup.value));
	assert_true(isnan(run.race.items[0].cpu_ns_per_task));
	assert_true(isnan(run.race.conditions.noise.low));
	assert_int_equal(run.race.conditions.noise.n, 0);
	assert_int_equal(run.verdict.kind, VERDICT_NONE);
	/* Words a report prints are there. */
	assert_string_equal(run.facts.items[0].symbol, "");
	assert_null(run.facts.items[0].advice);
}

static void hostile_texts_are_refused_with_a_reason(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "not JSON: line 1, column 0: '[' or '{' expected near end of file" },
		{ "null", "not JSON: line 1, column 4: '[' or '{' expected near 'null'" },
		{ "[]", "not an object" },
		{ "{}", "schema: missing" },
		{ "{\"schema\":1}", "schema: not a string" },
		{ "{\"schema\":null}", "schema: missing" },
		{ "{\"schema\":\"concur.run/2\"}",
		  "schema: \"concur.run/2\" is not \"concur.run/1\"" },
		{ "{\"schema\":\"\\u001b[2J\\u00e4\"}",
		  "schema: \"?[2J\?\?\" is not \"concur.run/1\"" },
		{ "{\"schema\":\"concur.run/1\"}", "id: missing" },
		{ "{\"schema\":\"concur.run/1\",\"id\":\"\"}",
		  "id: not a UUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)" },
		{ "{\"schema\":\"concur.run/1\",\"id\":\"" ID "0\"}",
		  "id: not a UUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)" },
		{ "{\"schema\":\"concur.run/1\",\"id\":\"0190d5a2-7c4e-7b1a-9f00-0123456789ag\"}",
		  "id: not a UUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)" },
		{ HEAD ",\"id\":\"" ID "\"}",
		  "not JSON: line 1, column 73: duplicate object key near '\"id\"'" },
		{ HEAD ",\"x\":{\"a\":1,\"a\":1}}",
		  "not JSON: line 1, column 83: duplicate object key near '\"a\"'" },
		{ HEAD "} {}", "not JSON: line 1, column 71: end of file expected near '{'" },
		{ HEAD ",\"took_ns\":-1}", "took_ns: -1 is less than 0" },
		{ HEAD ",\"took_ns\":1.5}", "took_ns: not an integer" },
		{ HEAD ",\"took_ns\":1e3}", "took_ns: not an integer" },
		{ HEAD ",\"took_ns\":18446744073709551616}",
		  "not JSON: line 1, column 99: too big integer near '18446744073709551616'" },
		{ HEAD ",\"machine\":{\"cores\":2147483648}}",
		  "machine.cores: 2147483648 is more than 2147483647" },
		{ HEAD ",\"machine\":{\"memory_bytes\":-4}}",
		  "machine.memory_bytes: -4 is less than 0" },
		{ HEAD ",\"machine\":[]}", "machine: not an object" },
		{ HEAD ",\"target\":{\"program\":\"a\\u0000b\"}}",
		  "not JSON: line 1, column 99: \\u0000 is not allowed without JSON_ALLOW_NUL "
		  "near '\"a\\u0000b\"'" },
		{ HEAD ",\"target\":{\"git_dirty\":1}}", "target.git_dirty: not true or false" },
		{ HEAD ",\"workload\":{\"tasks\":[\"a\",7]}}", "workload.tasks[1]: not a string" },
		{ HEAD ",\"workload\":{\"expected_exits\":[9,256]}}",
		  "workload.expected_exits[1]: not an exit code" },
		{ HEAD ",\"facts\":[{}]}", "facts[0].check: missing" },
		{ HEAD
		  ",\"facts\":[{\"check\":\"a\",\"file\":\"b\",\"sites\":[{},{\"line\":-1}]}]}",
		  "facts[0].sites[1].line: -1 is less than 0" },
		{ HEAD ",\"analysis\":{\"failures\":[3]}}", "analysis.failures[0]: not an object" },
		{ HEAD ",\"profile\":{\"tier\":\"T9\"}}",
		  "profile.tier: \"T9\" is none of T0, T1, T2, T3" },
		{ HEAD ",\"profile\":{\"lost_share\":1.25}}",
		  "profile.lost_share: 1.25 is not a share: more than 1" },
		{ HEAD ",\"profile\":{\"steal_share\":-0.5}}",
		  "profile.steal_share: -0.5 is less than 0" },
		{ HEAD ",\"profile\":{\"wall_ns\":10,\"user_ns\":4,\"runqueue_ns\":1,"
		       "\"waits\":{\"disk\":2,\"lock\":1},\"unknown_ns\":3}}",
		  "profile: its parts add up to 11 ns, but wall_ns is 10" },
		{ HEAD ",\"profile\":{\"wall_ns\":1,\"user_ns\":9223372036854775807,"
		       "\"system_ns\":9223372036854775807,\"unknown_ns\":3}}",
		  "profile: its parts add up to 18446744073709551615 ns, but wall_ns is 1" },
		{ HEAD ",\"profile\":{\"wall_ns\":3,\"user_ns\":1,\"system_ns\":2,\"cpu_ns\":4}}",
		  "profile.cpu_ns: 4, but user_ns + system_ns is 3" },
		{ HEAD ",\"profile\":{\"sites\":[{\"kind\":\"coffee\"}]}}",
		  "profile.sites[0].kind: \"coffee\" is none of network, disk, pipe, lock, sleep, "
		  "child, poll, page-fault, other" },
		{ HEAD ",\"race\":[{}]}", "race[0].model: missing" },
		{ HEAD ",\"race\":[{\"model\":\"fibers\"}]}",
		  "race[0].model: \"fibers\" is none of sequential, threads, processes, async, "
		  "hybrid" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":0,\"outcome\":\"ok\"}]}",
		  "race[0].workers: 0 is less than 1" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"fine\"}]}",
		  "race[0].outcome: \"fine\" is none of ok, wrong-result, crash, hang, "
		  "not-measurable" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"ok\","
		       "\"speedup\":-1,\"n\":9}]}",
		  "race[0].speedup: -1 is less than 0" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"ok\","
		       "\"n\":-9}]}",
		  "race[0].n: -9 is less than 0" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"ok\","
		       "\"low\":2,\"high\":1.5,\"n\":9}]}",
		  "race[0].low: 2 is more than high, 1.5" },
		{ HEAD ",\"race\":[{\"model\":\"async\",\"workers\":1,\"outcome\":\"ok\","
		       "\"ratios\":[1,\"2\"]}]}",
		  "race[0].ratios[1]: not a number" },
		{ HEAD ",\"race_conditions\":{\"seed\":7}}", "race_conditions.seed: not a string" },
		{ HEAD ",\"race_conditions\":{\"seed\":\"-7\"}}",
		  "race_conditions.seed: not a decimal number of 64 bits" },
		{ HEAD ",\"race_conditions\":{\"seed\":\"18446744073709551616\"}}",
		  "race_conditions.seed: not a decimal number of 64 bits" },
		{ HEAD ",\"race_conditions\":{\"noise\":{\"value\":\"1\"}}}",
		  "race_conditions.noise.value: not a number" },
		{ HEAD ",\"race_conditions\":{\"rounds\":1e400}}",
		  "not JSON: line 1, column 102: real number overflow near '1e400'" },
		{ HEAD ",\"verdict\":{\"kind\":\"guess\"}}",
		  "verdict.kind: \"guess\" is none of none, recommend, leave, raise-workers, "
		  "cannot-tell" },
		{ HEAD ",\"verdict\":{\"kind\":\"recommend\"}}", "verdict.model: missing" },
		{ HEAD ",\"verdict\":{\"kind\":\"leave\",\"model\":\"sequential\"}}",
		  "verdict.workers: 0 is less than 1" },
		{ HEAD ",\"verdict\":{\"row\":\"fourth\"}}",
		  "verdict.row: \"fourth\" is none of io-waits, compute, mix" },
		{ HEAD ",\"verdict\":{\"model\":\"\"}}",
		  "verdict.model: \"\" is none of sequential, threads, processes, async, hybrid" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_refused(cases[i].text, cases[i].message);
}

static void a_truncated_run_is_refused_at_every_byte(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *text = full_text();
	size_t n = strlen(text);

	for (size_t i = 0; i + 1 < n; i++) { /* only the newline may be missing */
		CLEANUP(cleanup_free) char *head = xmalloc(i);

		memcpy(head, text, i); /* of its exact size: a read beyond it is seen */
		assert_refused_n(head, i, NULL);
	}
	text[n - 1] = '\0';
	run_clear(&(struct run[]){ parse(text) }[0]);
}

static void a_changed_byte_never_breaks_the_parser(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *text = full_text();
	static const char bytes[] = { '\0', '"', '{', ']', ',', '9', '-', '\\', '\xff', ' ' };
	size_t n = strlen(text), refused = 0;

	for (size_t i = 0; i < n; i++) {
		struct run run = { 0 };
		struct error *err;
		char kept = text[i];

		text[i] = bytes[i % sizeof(bytes)];
		err = run_json_parse(text, n, &run);
		text[i] = kept;
		refused += err != NULL;
		error_free(err);
		run_clear(&run);
	}
	assert_in_range(refused, n / 4, n);
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	strbuf_add(&sb, HEAD ",\"x\":");
	for (int i = 0; i < 1000000; i++)
		strbuf_add(&sb, i % 2 ? "[" : "{\"x\":");
	assert_refused(sb.s, NULL);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	(void)state;
	static const struct {
		const char *text, *stored;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb5\xef\xbf\xbf\xf4\x8f\xbf\xbf",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb5\xef\xbf\xbf\xf4\x8f\xbf\xbf" },
		{ "caf\xe9.txt", "caf" UTF8_3 ".txt" },
		{ "\xff", UTF8_3 },
		{ "a\xc3", "a" UTF8_3 },
		{ "\x80\xbf", UTF8_3 UTF8_3 },
		{ "\xc0\xaf", UTF8_3 UTF8_3 },                       /* overlong '/' */
		{ "\xe0\x80\xaf", UTF8_3 UTF8_3 UTF8_3 },            /* the same in three */
		{ "\xed\xa0\x80", UTF8_3 UTF8_3 UTF8_3 },            /* a surrogate */
		{ "\xf4\x90\x80\x80", UTF8_3 UTF8_3 UTF8_3 UTF8_3 }, /* above U+10FFFF */
		{ "\xf0\x8f\xbf\xbf", UTF8_3 UTF8_3 UTF8_3 UTF8_3 },
		{ "\xf5z", UTF8_3 "z" },
		{ "\xe2\x82", UTF8_3 UTF8_3 },
		{ "\xe2\x82\xc3\xa4", UTF8_3 UTF8_3 "\xc3\xa4" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run run = { .id = ID };
		CLEANUP(run_clear) struct run back = { 0 };
		CLEANUP(cleanup_free) char *text = NULL;

		strings_add(&run.workload.tasks, cases[i].text);
		text = run_json_text(&run);
		back = parse(text);
		assert_string_equal(back.workload.tasks.items[0], cases[i].stored);
	}
}

static void real_numbers_survive_exactly(void **state)
{
	(void)state;
	static const double values[] = { 0.1,      1.0 / 3,         DBL_MAX, DBL_MIN, 5e-324,
					 1e22 + 1, 1 + DBL_EPSILON, 0,       3e300 };
	CLEANUP(run_clear) struct run run = { .id = ID };
	CLEANUP(run_clear) struct run back = { 0 };
	CLEANUP(cleanup_free) char *text = NULL;
	struct race_entry e = { .workers = 1 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		vec_push(&e.walls, values[i]);
	vec_push(&run.race, e);
	text = run_json_text(&run);
	back = parse(text);
	assert_memory_equal(back.race.items[0].walls.items, values, sizeof(values));
}

static void figures_without_a_sample_are_null(void **state)
{
	(void)state;
	static const struct {
		struct estimate e;
		const char *json;
	} cases[] = {
		{ { 1, 0.5, 2, 0 }, "\"speedup\": null, \"low\": null, \"high\": null, \"n\": 0" },
		{ { NAN, NAN, NAN, 0 },
		  "\"speedup\": null, \"low\": null, \"high\": null, \"n\": 0" },
		{ { INFINITY, 1, INFINITY, 3 },
		  "\"speedup\": null, \"low\": 1.0, \"high\": null, \"n\": 3" },
		{ { 1.5, 1, 2, 3 }, "\"speedup\": 1.5, \"low\": 1.0, \"high\": 2.0, \"n\": 3" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run run = { .id = ID };
		CLEANUP(cleanup_free) char *text = NULL, *flat = NULL;
		CLEANUP(cleanup_json) json_t *json = NULL;

		run.verdict.speedup = cases[i].e;
		text = run_json_text(&run);
		json = json_loads(text, 0, NULL);
		flat = json_dumps(json_object_get(json, "verdict"), 0);
		assert_non_null(strstr(flat, cases[i].json));
		run_clear(&(struct run[]){ parse(text) }[0]);
	}
}

static void a_figure_without_n_is_no_figure(void **state)
{
	(void)state;
	CLEANUP(run_clear)
	struct run run =
		parse(HEAD ",\"verdict\":{\"speedup\":3.5,\"low\":3,\"high\":4,\"n\":0},"
			   "\"race_conditions\":{\"noise\":{\"value\":1,\"low\":1,\"high\":1}}}");

	assert_true(isnan(run.verdict.speedup.value));
	assert_true(isnan(run.verdict.speedup.high));
	assert_true(isnan(run.race.conditions.noise.value));
}

static void a_difference_may_be_negative(void **state)
{
	(void)state;
	CLEANUP(run_clear) struct run run = { .id = ID };
	CLEANUP(run_clear) struct run back = { 0 };
	CLEANUP(cleanup_free) char *text = NULL;

	run.race.conditions.startup_ns = (struct estimate){ -5, -20, 3, 9 };
	text = run_json_text(&run);
	back = parse(text);
	assert_memory_equal(&back.race.conditions.startup_ns, &run.race.conditions.startup_ns,
			    sizeof(struct estimate));
}

static void numbers_of_64_bits_are_kept(void **state)
{
	(void)state;
	static const uint64_t seeds[] = { 0, 1, INT64_MAX, 1ull << 63, UINT64_MAX };

	for (size_t i = 0; i < sizeof(seeds) / sizeof(*seeds); i++) {
		CLEANUP(run_clear) struct run run = { .id = ID, .started_ns = INT64_MIN };
		CLEANUP(run_clear) struct run back = { 0 };
		CLEANUP(cleanup_free) char *text = NULL;

		run.race.conditions.seed = seeds[i];
		run.took_ns = seeds[i];
		text = run_json_text(&run);
		back = parse(text);
		assert_true(back.race.conditions.seed == seeds[i]);
		assert_true(back.started_ns == INT64_MIN);
		/* Counts end at 2^63 - 1: never negative, never refused. */
		assert_true(back.took_ns == (seeds[i] > INT64_MAX ? INT64_MAX : seeds[i]));
	}
}

static void the_verdict_names_a_model_when_there_is_one(void **state)
{
	(void)state;
	static const bool named[] = { [VERDICT_NONE] = false,
				      [VERDICT_RECOMMEND] = true,
				      [VERDICT_LEAVE] = true,
				      [VERDICT_RAISE] = true,
				      [VERDICT_CANNOT_TELL] = false };

	for (unsigned kind = 0; kind < VERDICT_KIND_COUNT; kind++) {
		CLEANUP(run_clear) struct run run = full_run();
		CLEANUP(run_clear) struct run back = { 0 };
		CLEANUP(cleanup_free) char *text = NULL;

		run.verdict.kind = kind;
		run.verdict.has_row = false;
		text = run_json_text(&run);
		back = parse(text);
		assert_int_equal(back.verdict.kind, kind);
		assert_int_equal(back.verdict.model,
				 named[kind] ? MODEL_PROCESSES : MODEL_SEQUENTIAL);
		assert_false(back.verdict.has_row);
	}
}

static void unknown_keys_are_ignored(void **state)
{
	(void)state;
	CLEANUP(cleanup_json) json_t *json = full_json();
	CLEANUP(cleanup_free) char *text = NULL, *again = NULL, *want = full_text();
	CLEANUP(run_clear) struct run run = { 0 };
	const char *const objects[] = { "machine", "profile", "race_conditions", "verdict" };

	json_object_set_new(json, "later", json_pack("{s:[i,n]}", "a", 1));
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		json_object_set_new(json_object_get(json, objects[i]), "later", json_integer(-1));
	json_object_set_new(json_array_get(json_object_get(json, "race"), 0), "later", json_null());
	text = json_dumps(json, JSON_REAL_PRECISION(17));
	run = parse(text);
	again = run_json_text(&run);
	assert_string_equal(again, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_full_run_has_everything_set),
		cmocka_unit_test(a_full_run_survives_the_round_trip),
		cmocka_unit_test(an_empty_run_survives_the_round_trip),
		cmocka_unit_test(the_keys_are_the_contract),
		cmocka_unit_test(every_wrong_type_is_refused_by_name),
		cmocka_unit_test(optional_keys_may_be_null),
		cmocka_unit_test(optional_keys_may_be_missing),
		cmocka_unit_test(hostile_texts_are_refused_with_a_reason),
		cmocka_unit_test(a_truncated_run_is_refused_at_every_byte),
		cmocka_unit_test(a_changed_byte_never_breaks_the_parser),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(real_numbers_survive_exactly),
		cmocka_unit_test(figures_without_a_sample_are_null),
		cmocka_unit_test(a_figure_without_n_is_no_figure),
		cmocka_unit_test(a_difference_may_be_negative),
		cmocka_unit_test(numbers_of_64_bits_are_kept),
		cmocka_unit_test(the_verdict_names_a_model_when_there_is_one),
		cmocka_unit_test(unknown_keys_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
