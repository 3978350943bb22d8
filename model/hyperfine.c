#include "model/hyperfine.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "model/concurrency.h"

#define NS_PER_S   1e9
#define S_MOST     1e9 /* longer than anyone measured */
#define CONFIDENCE 0.95
#define SEED       1 /* equal files give equal runs */

static void json_clear(json_t **json)
{
	json_decref(*json);
}

static json_t *parse(const char *text, size_t n, json_error_t *error)
{
	return json_loadb(text, n, JSON_REJECT_DUPLICATES, error);
}

bool hyperfine_is(const char *text, size_t n)
{
	CLEANUP(json_clear) json_t *root = parse(text, n, NULL);

	return json_is_array(json_object_get(root, "results")) && !json_object_get(root, "schema");
}

/* The first word; assignments before it are the shell's. */
static char *program_of(const char *command)
{
	for (const char *at = command; *at;) {
		size_t blank = strspn(at, " \t\n"), n = strcspn(at + blank, " \t\n");
		CLEANUP(cleanup_free) char *word = xstrndup(at + blank, n);

		if (n && !strchr(word, '='))
			return MOVE(word);
		at += blank + n;
	}
	return NULL;
}

static struct error *read_times(const json_t *times, size_t index, struct samples *ret)
{
	if (!json_array_size(times))
		return error_hint(error_new(ERROR_INPUT, "results[%zu].times: none", index),
				  "hyperfine --export-json FILE keeps them");
	for (size_t i = 0; i < json_array_size(times); i++) {
		double s = json_number_value(json_array_get(times, i));

		if (!(s > 0 && s < S_MOST))
			return error_new(ERROR_INPUT, "results[%zu].times[%zu]: not a time", index,
					 i);
		vec_push(ret, s * NS_PER_S);
	}
	return NULL;
}

/* null: ended by a signal. A command that fails did not do its work; its time says nothing. */
static struct error *check_exits(const json_t *codes, size_t index)
{
	size_t failed = 0;

	for (size_t i = 0; i < json_array_size(codes); i++) {
		const json_t *code = json_array_get(codes, i);

		failed += !json_is_integer(code) || json_integer_value(code) != 0;
	}
	if (!failed)
		return NULL;
	return error_hint(error_new(ERROR_INPUT,
				    "results[%zu]: the command failed in %zu of %zu runs", index,
				    failed, json_array_size(codes)),
			  "measure it again without --ignore-failure");
}

static struct estimate noise_of(const struct samples *walls)
{
	struct samples ratios = { 0 };
	struct rng rng = { SEED };
	struct estimate e;

	for (size_t i = 0; i + 1 < walls->n; i += 2)
		vec_push(&ratios, walls->items[i] / walls->items[i + 1]);
	e = stats_bootstrap_median(ratios.items, ratios.n, CONFIDENCE, &rng);
	vec_clear(&ratios);
	return e;
}

static void name_run(const char *command, const struct samples *walls, struct run *run)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	char hex[DIGEST_HEX];

	strbuf_addf(&all, "hyperfine%c%s%c", 0, command, 0);
	digest_hex(digest_bytes(all.s, all.len), hex);
	run->workload.id = xstrdup(hex);
	vec_each (walls, ns)
		strbuf_addf(&all, "%.0f ", *ns);
	digest_hex(digest_bytes(all.s, all.len), hex);
	snprintf(run->id, sizeof(run->id), "%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12,
		 hex + 15, hex + 18);
}

static struct run run_of(const char *command, const struct samples *walls)
{
	struct run run = { 0 };

	name_run(command, walls, &run);
	run.command = xstrdup("hyperfine");
	run.target.program = program_of(command);
	run.target.git_dirty = -1;
	run.workload.unit = xstrdup("main");
	strings_add(&run.workload.argv, "sh");
	strings_add(&run.workload.argv, "-c");
	strings_add(&run.workload.argv, "{}");
	strings_add(&run.workload.tasks, command);
	run.facts.why_not = xstrdup("imported from hyperfine");
	run.profile.why = xstrdup("imported from hyperfine");
	run.race.measured = true;
	run.race.conditions.tasks = 1;
	run.race.conditions.rounds = (int)walls->n;
	run.race.conditions.noise = noise_of(walls);
	vec_each (walls, ns)
		run.took_ns += (uint64_t)*ns;
	vec_push(&run.race, race_entry_timed(walls));
	return run;
}

static struct error *read_result(const json_t *result, size_t index, struct runs *ret)
{
	const char *command = json_string_value(json_object_get(result, "command"));
	struct samples walls = { 0 };
	struct error *err;

	if (!command)
		return error_new(ERROR_INPUT, "results[%zu].command: missing", index);
	err = check_exits(json_object_get(result, "exit_codes"), index);
	err = err ? err : read_times(json_object_get(result, "times"), index, &walls);
	if (!err)
		vec_push(ret, run_of(command, &walls));
	vec_clear(&walls);
	return err;
}

struct error *hyperfine_parse(const char *text, size_t n, struct runs *ret)
{
	CLEANUP(runs_clear) struct runs runs = { 0 };
	json_error_t error;
	CLEANUP(json_clear) json_t *root = parse(text, n, &error);
	const json_t *results = json_object_get(root, "results");

	if (!root)
		return error_new(ERROR_INPUT, "line %d: %s", error.line, error.text);
	if (!json_array_size(results))
		return error_new(ERROR_INPUT, "results: none");
	for (size_t i = 0; i < json_array_size(results); i++) {
		struct error *err = read_result(json_array_get(results, i), i, &runs);

		if (err)
			return err;
	}
	vec_each (&runs, run)
		vec_push(ret, *run);
	runs.n = 0; /* now the caller's */
	return NULL;
}
