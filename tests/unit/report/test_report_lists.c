/*
 * The history and the comparison.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "golden.h"

static void add_run(struct history *h, const char *id, const char *program, const char *verdict,
		    const char *model, struct estimate speedup)
{
	struct history_row row = {
		.started_ns = INT64_C(1700000000) * 1000000000 + (int64_t)h->n * 60000000000,
		.program = xstrdup(program),
		.command = xstrdup("advise"),
		.verdict = xstrdup(verdict),
		.model = xstrdup(model),
		.row = xstrdup(model ? "compute" : NULL),
		.workers = 2,
		.speedup = speedup,
	};

	snprintf(row.id, sizeof(row.id), "%s", id);
	vec_push(h, row);
}

static struct history sample_history(void)
{
	struct estimate e = { .value = 1.93, .low = 1.88, .high = 1.97, .n = 9 };
	struct history h = { 0 };

	add_run(&h, "01890000-0002-7000-8000-000000000003", "/usr/bin/bzip2", "recommend", "hybrid",
		e);
	add_run(&h, "01890000-0001-7000-8000-000000000002", "/tmp/a\033[2Jb", "leave", "sequential",
		e);
	add_run(&h, "01880000-0001-7000-8000-000000000001", "/usr/bin/gzip", "cannot-tell", NULL,
		(struct estimate){ 0 });
	return h;
}

static void test_history(void **state)
{
	CLEANUP(history_clear) struct history h = sample_history();
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct report_style style = golden_plain(110);

	(void)state;
	report_history(&h, &style, &out);
	golden_assert("history.110.txt", out.s);
	golden_assert_harmless(&style, out.s);
	golden_assert_width(&style, out.s);
}

/* Narrow pages drop the row, then the time, and cut the program; the verdict and its figures stay. */
static void test_history_fits(void **state)
{
	static const int widths[] = { 68, 72, 80, 100, 160 };

	(void)state;
	for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
		CLEANUP(history_clear) struct history h = sample_history();
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };
		struct report_style style = golden_plain(widths[w]);

		add_run(&h, "01890000-0003-7000-8000-000000000004",
			"/usr/bin/a-program-with-a-name-of-its-own-kind", "recommend", "processes",
			h.items[0].speedup);
		report_history(&h, &style, &out);
		golden_assert_width(&style, out.s);
		assert_non_null(strstr(out.s, "1.93x [1.88, 1.97]"));
		assert_int_equal(!!strstr(out.s, "2023-11-14"), widths[w] >= 100);
		assert_non_null(strstr(out.s, "kind "));
		assert_int_equal(!!strstr(out.s, "ROW"), widths[w] > 80);
	}
}

/* What is shown of an id is enough to name the run, and no more than needed. */
static void test_ids_are_unique_prefixes(void **state)
{
	CLEANUP(history_clear) struct history h = sample_history();
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct report_style style = golden_plain(110);

	(void)state;
	report_history(&h, &style, &out);
	assert_non_null(strstr(out.s, "01890000-0002 "));
	assert_non_null(strstr(out.s, "01890000-0001 "));
}

static void test_empty_history_says_what_to_do(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct history h = { 0 };
	struct report_style style = golden_plain(80);

	(void)state;
	report_history(&h, &style, &out);
	assert_string_equal(out.s,
			    "No runs are stored yet: concur advise --each FILE -- PROGRAM {}\n");
}

static struct comparison sample_comparison(void)
{
	struct comparison c = {
		.a = xstrdup("01890000-0001-7000-8000-000000000002"),
		.b = xstrdup("01890000-0002-7000-8000-000000000003"),
		.comparable = true,
		.verdict_changed = true,
		.verdict = xstrdup("it was \"leave it sequential\", and is \"processes\""),
		.remaining_findings = 12,
	};
	struct comparison_entry better = {
		.model = MODEL_PROCESSES,
		.workers = 2,
		.change = CHANGE_BETTER,
		.ratio = { .value = 1.21, .low = 1.17, .high = 1.26, .n = 9 },
		.p = 0.002,
	};
	struct comparison_entry missing = {
		.model = MODEL_ASYNC,
		.workers = 64,
		.change = CHANGE_NOT_MEASURED,
		.why = xstrdup("only B raced it"),
	};
	struct comparison_wait wait = { .kind = xstrdup("network"),
					.before = 0.94,
					.after = 0.5,
					.before_ns = 9.4e6,
					.after_ns = 3.1e6 };

	vec_push(&c.entries, better);
	vec_push(&c.entries, missing);
	vec_push(&c.waits, wait);
	strings_add(&c.new_findings, "fetch.c: shared-state: total in ask");
	strings_add(&c.fixed_findings, "fetch.c: mt-unsafe-call: strtok in parse");
	return c;
}

static void test_comparison(void **state)
{
	CLEANUP(comparison_clear) struct comparison c = sample_comparison();
	CLEANUP(strbuf_clear) struct strbuf out = { 0 }, rich_out = { 0 };
	struct report_style style = golden_plain(80), rich = golden_rich(100);

	(void)state;
	report_comparison(&c, &style, &out);
	report_comparison(&c, &rich, &rich_out);
	golden_assert("comparison.80.txt", out.s);
	golden_assert("comparison.100.txt", rich_out.s);
	golden_assert_width(&style, out.s);
	golden_assert_width(&rich, rich_out.s);
	assert_int_equal(strncmp(out.s, "Verdict: changed: it was \"leave", 30), 0);
}

static void test_not_comparable(void **state)
{
	CLEANUP(comparison_clear) struct comparison c = sample_comparison();
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct report_style style = golden_plain(80);

	(void)state;
	c.comparable = false;
	strings_add(&c.why_not, "the machines differ: 2 cores and 16 cores");
	report_comparison(&c, &style, &out);
	assert_non_null(strstr(out.s, "Not comparable:"));
	assert_non_null(strstr(out.s, "  - the machines differ: 2 cores and 16 cores\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_history_fits),
		cmocka_unit_test(test_ids_are_unique_prefixes),
		cmocka_unit_test(test_empty_history_says_what_to_do),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_not_comparable),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
