#include <locale.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "golden.h"

static char *report_text(const struct run *run, const struct report_style *style)
{
	struct strbuf out = { 0 };

	report_run(run, style, &out);
	return strbuf_detach(&out);
}

static void test_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < golden_runs_n; i++) {
		CLEANUP(run_clear) struct run run = golden_run(golden_runs[i]);
		struct report_style plain = golden_plain(80), rich = golden_rich(110);
		CLEANUP(cleanup_free) char *plain_text = report_text(&run, &plain);
		CLEANUP(cleanup_free) char *rich_text = report_text(&run, &rich);
		CLEANUP(cleanup_free) char *plain_file = xasprintf("%s.80.txt", golden_runs[i]);
		CLEANUP(cleanup_free) char *rich_file = xasprintf("%s.110.txt", golden_runs[i]);

		golden_assert(plain_file, plain_text);
		golden_assert(rich_file, rich_text);
	}
}

/* The first line is the verdict; with the row and the ties it ends before the first blank line. */
static void test_verdict_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < golden_runs_n; i++) {
		CLEANUP(run_clear) struct run run = golden_run(golden_runs[i]);
		struct report_style style = golden_plain(120);
		CLEANUP(cleanup_free) char *text = report_text(&run, &style);
		const char *row = strstr(text, "\nRow: ");

		assert_int_equal(strncmp(text, "Verdict: ", 9), 0);
		assert_non_null(row);
		assert_true(row < strstr(text, "\n\n"));
	}
}

/* --- every figure of the report is one of the run --- */

static void add_figures(struct strbuf *known, struct estimate e)
{
	int d = e.high < 9.995 ? 2 : e.high < 99.95 ? 1 : 0;

	if (e.n)
		strbuf_addf(known, " %.*fx [%.*f, %.*f] n = %zu;", d, e.value, d, e.low, d, e.high,
			    e.n);
}

static void add_sentences(struct strbuf *known, const struct strings *list)
{
	vec_each (list, text)
		strbuf_addf(known, " %s;", *text);
}

static void collect_figures(const struct run *run, struct strbuf *known)
{
	const struct verdict *v = &run->verdict;

	strbuf_addf(known, " n = 1, %.2fx ", run->race.conditions.ceiling);
	vec_each (&run->race, e)
		add_figures(known, e->speedup);
	add_figures(known, run->race.conditions.noise);
	add_figures(known, run->race.conditions.startup_ns);
	add_figures(known, v->speedup);
	vec_each (&v->ties, t)
		add_figures(known, t->speedup);
	add_sentences(known, &v->reasons);
	add_sentences(known, &v->missing);
}

static size_t assert_known(const char *pattern, const char *text, const struct strbuf *known)
{
	regmatch_t at;
	regex_t re;
	size_t found = 0;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	for (; !regexec(&re, text, 1, &at, 0); text += at.rm_eo) {
		CLEANUP(cleanup_free)
		char *figure = xstrndup(text + at.rm_so, (size_t)(at.rm_eo - at.rm_so));

		found++;
		if (!strstr(strbuf_str(known), figure))
			fail_msg("\"%s\" is not a figure of the run", figure);
	}
	regfree(&re);
	return found;
}

static void test_every_figure_is_of_the_run(void **state)
{
	(void)state;
	for (size_t i = 0; i < golden_runs_n; i++) {
		CLEANUP(run_clear) struct run run = golden_run(golden_runs[i]);
		struct report_style style = golden_plain(100000);
		CLEANUP(cleanup_free) char *text = report_text(&run, &style);
		CLEANUP(strbuf_clear) struct strbuf known = { 0 };
		size_t speedups;

		collect_figures(&run, &known);
		speedups = assert_known("[0-9][0-9.]*x", text, &known);
		if (run.race.measured)
			assert_true(speedups > run.race.n);
		assert_known("\\[[0-9.]+, [0-9.]+\\]", text, &known);
		assert_known("n = [0-9]+", text, &known);
	}
}

/* --- the style is kept --- */

static void test_styles(void **state)
{
	static const int widths[] = { 72, 80, 96, 110, 160 };

	(void)state;
	for (size_t i = 0; i < golden_runs_n; i++) {
		for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
			CLEANUP(run_clear) struct run run = golden_run(golden_runs[i]);
			struct report_style plain = golden_plain(widths[w]);
			struct report_style rich = golden_rich(widths[w]);
			CLEANUP(cleanup_free) char *plain_text = report_text(&run, &plain);
			CLEANUP(cleanup_free) char *rich_text = report_text(&run, &rich);

			golden_assert_harmless(&plain, plain_text);
			golden_assert_harmless(&rich, rich_text);
			golden_assert_width(&plain, plain_text);
			golden_assert_width(&rich, rich_text);
			assert_non_null(strstr(rich_text, "\033["));
		}
	}
}

/* A path gives way in its middle: its beginning and its end, which has the line, are kept. */
static void test_long_paths(void **state)
{
	static const int widths[] = { 64, 80, 120 };
	const char *file =
		"src/a/directory/with/a/very/long/name/and/another/inside/it/of_a_file.c";

	(void)state;
	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
		CLEANUP(run_clear) struct run run = golden_run("compute");
		struct report_style style = golden_plain(widths[w]);
		CLEANUP(cleanup_free) char *text = NULL;

		vec_each (&run.facts, f) {
			free(f->file);
			f->file = xstrdup(file);
		}
		vec_each (&run.verdict.hurdles, h) {
			free(h->file);
			h->file = xstrdup(file);
		}
		text = report_text(&run, &style);
		golden_assert_width(&style, text);
		assert_non_null(strstr(text, "  src/a"));
		assert_non_null(strstr(text, "of_a_file.c:"));
	}
}

static void poison(char **name)
{
	free(*name);
	*name = xstrdup("x\033]0;owned\007\033[2J\r\nVerdict: forged\n\xff\xe2\x80\xae"
			"c.c\x9b"
			"1m");
}

/* Names from the program, the file system or a stored run do nothing to the terminal. */
static void test_hostile_names(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("compute");
	struct report_style plain = golden_plain(100), rich = golden_rich(100);
	CLEANUP(cleanup_free) char *plain_text = NULL;
	CLEANUP(cleanup_free) char *rich_text = NULL;

	(void)state;
	vec_each (&run.facts, f) {
		poison(&f->file);
		poison(&f->symbol);
		poison(&f->detail);
		poison(&f->check);
		poison(&f->effect);
	}
	vec_each (&run.race, e) {
		poison(&e->why);
		poison(&e->isolation);
	}
	vec_each (&run.verdict.hurdles, h) {
		poison(&h->file);
		poison(&h->text);
	}
	vec_each (&run.verdict.witnesses, w) {
		poison(&w->name);
		poison(&w->says);
		poison(&w->on);
	}
	vec_each (&run.verdict.reasons, text)
		poison(text);
	vec_each (&run.verdict.rules, text)
		poison(text);
	poison(&run.verdict.agreement);
	poison(&run.machine.cpu);
	poison(&run.profile.why);
	plain_text = report_text(&run, &plain);
	rich_text = report_text(&run, &rich);
	golden_assert_harmless(&plain, plain_text);
	golden_assert_harmless(&rich, rich_text);
	assert_null(strstr(plain_text, "\nVerdict: forged"));
	assert_null(strstr(rich_text, "\xe2\x80\xae"));
	assert_null(strstr(rich_text, "\xff"));
	assert_null(strstr(rich_text, "\x9b"));
	assert_non_null(strstr(plain_text, "\\033]0;owned\\007"));
}

static void test_an_empty_run(void **state)
{
	struct run run = { 0 };
	struct report_style style = golden_plain(80);
	CLEANUP(cleanup_free) char *text = report_text(&run, &style);

	(void)state;
	assert_int_equal(strncmp(text, "Verdict: none was asked for.\n", 29), 0);
	assert_non_null(strstr(text, "Not run"));
	assert_non_null(strstr(text, "Not profiled"));
	assert_non_null(strstr(text, "Not analysed"));
}

static void test_more_is_said_when_asked(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("compute");
	struct report_style brief = golden_plain(100), full = brief;
	CLEANUP(cleanup_free) char *brief_text = NULL;
	CLEANUP(cleanup_free) char *full_text = NULL;

	(void)state;
	full.verbose = true;
	brief_text = report_text(&run, &brief);
	full_text = report_text(&run, &full);
	assert_non_null(strstr(brief_text, "... and 3 more: -v shows all."));
	assert_null(strstr(full_text, "-v shows all"));
	assert_null(strstr(brief_text, "table6"));
	assert_non_null(strstr(full_text, "table6"));
}

static void test_memory_for_tasks_in_flight(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("io-waits");
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style = golden_plain(200);

	(void)state;
	run.machine.memory_bytes = 8ull << 30;
	vec_each (&run.race, e) {
		e->loop.measured = true;
		e->loop.busy_share = 0.5;
		e->pss_bytes = (uint64_t)e->workers << 20;
	}
	report_race(&run, &style, &text);
	assert_non_null(strstr(text.s, "One task in flight takes 1.0 MiB: half of the"));
	assert_non_null(strstr(text.s, "machine's memory holds 4096."));
}

static void test_parts_alone(void **state)
{
	CLEANUP(run_clear) struct run run = golden_run("io-waits");
	CLEANUP(strbuf_clear) struct strbuf facts = { 0 }, profile = { 0 }, race = { 0 };
	struct report_style style = golden_plain(80);

	(void)state;
	report_facts(&run.facts, &style, &facts);
	report_profile(&run.profile, &style, &profile);
	report_race(&run, &style, &race);
	assert_non_null(strstr(facts.s, "fetch.c:80"));
	assert_non_null(strstr(facts.s, "use getaddrinfo"));
	assert_non_null(strstr(profile.s, "tcp_recvmsg"));
	assert_non_null(strstr(race.s, "14.2x"));
	assert_null(strstr(race.s, "verdict"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_files),
		cmocka_unit_test(test_verdict_comes_first),
		cmocka_unit_test(test_every_figure_is_of_the_run),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_memory_for_tasks_in_flight),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_an_empty_run),
		cmocka_unit_test(test_more_is_said_when_asked),
		cmocka_unit_test(test_parts_alone),
	};

	setlocale(LC_CTYPE, "C.UTF-8"); /* libsmartcols counts columns with it */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
