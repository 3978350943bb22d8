#include <jansson.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "cli/sarif.h"
#include "golden.h"
#include "report/phrase.h"
#include "report/words.h"

static void put_sarif(const struct run *run, struct strbuf *out)
{
	sarif_text(run, NULL, out);
}

static const struct {
	const char *golden;
	void (*put)(const struct run *run, struct strbuf *out);
} formats[] = {
	{ "page.md", report_markdown },
	{ "page.sarif", put_sarif },
	{ "page.speedscope.json", report_speedscope },
	{ "page.folded", report_folded },
	{ "page.hyperfine.json", report_hyperfine },
	{ "page.chrome-trace.json", report_chrome_trace },
};

#define FORMATS_N (sizeof(formats) / sizeof(*formats))

static void test_golden_files(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");

	(void)state;
	for (size_t i = 0; i < FORMATS_N; i++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		formats[i].put(&run, &text);
		golden_assert(formats[i].golden, text.s);
	}
}

static json_t *document(void (*put)(const struct run *, struct strbuf *), const struct run *run)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	json_t *json;

	put(run, &text);
	json = json_loads(text.s, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

/* Markdown's escapes taken out. */
static char *unescaped(const char *md)
{
	struct strbuf out = { 0 };

	for (; *md; md++) {
		if (*md != '\\' || !md[1] || !strchr("\\`*_{}[]<>#|~&!", md[1]))
			strbuf_addch(&out, *md);
		else
			strbuf_addch(&out, *++md);
	}
	return strbuf_detach(&out);
}

static void assert_markdown_says(const struct run *run)
{
	const struct report_style style = { .unicode = true, .width = 100 };
	CLEANUP(strbuf_clear) struct strbuf md = { 0 }, verdict = { 0 }, terminal = { 0 };
	CLEANUP(cleanup_free) char *text = NULL;

	report_markdown(run, &md);
	report_run(run, &style, &terminal);
	phrase_verdict(&run->verdict, &verdict);
	text = unescaped(md.s);
	assert_non_null(strstr(text, verdict.s));
	assert_non_null(strstr(md.s, terminal.s));
	vec_each (&run->verdict.witnesses, w)
		assert_non_null(strstr(text, w->says));
	vec_each (&run->verdict.hurdles, h)
		assert_non_null(strstr(text, h->text));
	vec_each (&run->race, e) {
		if (e->outcome != OUTCOME_OK || !e->speedup.n)
			continue;
		assert_non_null(strstr(md.s, word_speedup(e->speedup).s));
		assert_non_null(strstr(md.s, word_interval(e->speedup).s));
	}
}

static void assert_sarif_says(const struct run *run)
{
	json_t *root = document(put_sarif, run);
	json_t *one = json_array_get(json_object_get(root, "runs"), 0);
	json_t *results = json_object_get(one, "results"), *result;
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };
	size_t i, hurdles = 0;

	phrase_verdict(&run->verdict, &verdict);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(one, "properties"), "verdict")),
		verdict.s);
	assert_int_equal(json_array_size(results), run->facts.n);
	json_array_foreach (results, i, result) {
		assert_string_equal(json_string_value(json_object_get(result, "ruleId")),
				    run->facts.items[i].check);
		hurdles += json_object_get(result, "properties") != NULL;
	}
	assert_true(hurdles <= run->verdict.hurdles.n);
	json_decref(root);
}

/* Every nanosecond of the profile, once. */
static void assert_stacks_add_up(const struct run *run)
{
	json_t *root = document(report_speedscope, run), *profile;
	CLEANUP(strbuf_clear) struct strbuf folded = { 0 };
	uint64_t sum = 0, weights = 0;
	size_t i;

	report_folded(run, &folded);
	for (char *rest = folded.s, *line; (line = strsep(&rest, "\n")) && *line;)
		sum += strtoull(strrchr(line, ' '), NULL, 10);
	json_array_foreach (json_object_get(root, "profiles"), i, profile) {
		json_t *samples = json_object_get(profile, "samples");
		json_t *list = json_object_get(profile, "weights"), *weight;
		json_int_t end = json_integer_value(json_object_get(profile, "endValue"));
		size_t w;

		assert_int_equal(json_array_size(samples), json_array_size(list));
		json_array_foreach (list, w, weight) {
			weights += (uint64_t)json_integer_value(weight);
			end -= json_integer_value(weight);
		}
		assert_int_equal(end, 0);
	}
	assert_int_equal(sum, run->profile.measured ? run->profile.waits.wall_ns : 0);
	assert_int_equal(weights, sum);
	json_decref(root);
}

/* The medians' ratio is the speedup's, as far as one machine state can make it. */
static void assert_hyperfine_says(const struct run *run)
{
	json_t *root = document(report_hyperfine, run), *result;
	size_t i, want = 0;

	vec_each (&run->race, e)
		want += e->outcome == OUTCOME_OK && e->walls.n;
	assert_int_equal(json_array_size(json_object_get(root, "results")), want);
	json_array_foreach (json_object_get(root, "results"), i, result) {
		double median = json_number_value(json_object_get(result, "median"));
		double low = json_number_value(json_object_get(result, "min"));
		double high = json_number_value(json_object_get(result, "max"));
		double mean = json_number_value(json_object_get(result, "mean"));

		assert_true(low > 0 && low <= median && median <= high);
		assert_true(low <= mean && mean <= high);
	}
	json_decref(root);
}

/* Every task of every timeline, in its place. */
static void assert_trace_says(const struct run *run)
{
	json_t *root = document(report_chrome_trace, run), *event;
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };
	size_t i, tasks = 0;
	double us = 0;

	phrase_verdict(&run->verdict, &verdict);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(root, "otherData"), "verdict")),
		verdict.s);
	json_array_foreach (json_object_get(root, "traceEvents"), i, event) {
		const char *category = json_string_value(json_object_get(event, "cat"));

		if (!category || strcmp(category, "task"))
			continue;
		tasks++;
		us += json_number_value(json_object_get(event, "dur"));
	}
	vec_each (&run->race, e) {
		if (e->outcome != OUTCOME_OK)
			continue;
		tasks -= e->timeline.n;
		vec_each (&e->timeline, t)
			us -= (double)(t->end_ns - t->start_ns) / 1e3;
	}
	assert_int_equal(tasks, 0);
	assert_true(us > -0.01 && us < 0.01);
	json_decref(root);
}

static void test_formats_say_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i <= golden_runs_n; i++) {
		CLEANUP(run_clear)
		struct run run = golden_run(i < golden_runs_n ? golden_runs[i] : "page");

		assert_markdown_says(&run);
		assert_sarif_says(&run);
		assert_stacks_add_up(&run);
		assert_hyperfine_says(&run);
		assert_trace_says(&run);
	}
}

#define HOSTILE "<script>|`@all [x](y:z) **b** ;\n# \xff\xe2\x80\xae```\"\\"

static void poison(char **name)
{
	free(*name);
	*name = xstrdup(HOSTILE);
}

static void test_hostile_names(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(strbuf_clear) struct strbuf md = { 0 };

	(void)state;
	vec_each (&run.facts, f) {
		poison(&f->check);
		poison(&f->file);
		poison(&f->function);
		poison(&f->symbol);
		poison(&f->detail);
	}
	vec_each (&run.profile.stacks, s)
		vec_each (&s->frames, f)
			poison(&f->function);
	vec_each (&run.verdict.hurdles, h) {
		poison(&h->file);
		poison(&h->text);
	}
	vec_each (&run.verdict.witnesses, w)
		poison(&w->says);
	poison(&run.target.program);
	json_decref(document(put_sarif, &run));
	json_decref(document(report_speedscope, &run));
	assert_stacks_add_up(&run);
	report_markdown(&run, &md);
	*strstr(md.s, "<details>") = '\0'; /* what follows is fenced */
	assert_null(strstr(md.s, "\n# "));
	for (const char *s = md.s; (s = strstr(s, "<script")); s++)
		assert_int_equal(s[-1], '\\');
	assert_null(strstr(md.s, "@all"));
	assert_null(strstr(md.s, "[x]("));
	assert_null(strstr(md.s, " **b**"));
	assert_null(strstr(md.s, "\xff"));
	assert_non_null(strstr(md.s, "\\<script\\>\\|\\`@<!-- -->all \\[x\\](y:z)"));
}

/* A baseline tells new from known, by fingerprints that an edit above does not change. */
static void test_baseline(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("page");
	CLEANUP(strings_clear) struct strings known = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	(void)state;
	strings_add(&known, "shared-state\tfetch.c\t\ttotal\tfile-scope");
	vec_each (&run.facts, f)
		f->line += 100;
	sarif_text(&run, &known, &text);
	assert_non_null(strstr(text.s, "\"baselineState\": \"unchanged\""));
	assert_non_null(strstr(text.s, "\"baselineState\": \"new\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_files),
		cmocka_unit_test(test_formats_say_the_same),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_baseline),
	};

	setlocale(LC_CTYPE, "C.UTF-8"); // concur: ignore[mt-unsafe-call] before any test runs
	return cmocka_run_group_tests(tests, NULL, NULL);
}
