#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "golden.h"
#include "model/profile.h"
#include "report/pages.h"

/* Owned by the caller; NULL: no such topic. */
static char *explain(const char *topic, const struct report_style *style)
{
	struct strbuf out = { 0 };

	if (report_explain(topic, style, &out))
		return strbuf_detach(&out);
	assert_int_equal(out.len, 0);
	return NULL;
}

static void assert_topic(const char *topic)
{
	struct report_style style = golden_plain(80);
	CLEANUP(cleanup_free) char *text = explain(topic, &style);

	if (!text)
		fail_msg("no topic \"%s\"", topic);
	else
		assert_true(strlen(text) > 60);
}

static void test_the_table(void **state)
{
	struct report_style style = golden_plain(80);
	CLEANUP(cleanup_free) char *text = explain(NULL, &style);

	(void)state;
	assert_non_null(strstr(text, "When to use what"));
	assert_non_null(strstr(text, "heavy computation  multiprocessing   cpu >= 0.80"));
	assert_non_null(strstr(text, "  Models      sequential, concurrency"));
	assert_non_null(strstr(text, "  Rules       R01, R02"));
	for (int r = 0; r < ROW_COUNT; r++)
		assert_topic(row_key(r));
}

static void test_what_concur_names_it_explains(void **state)
{
	(void)state;
	for (int m = 0; m < MODEL_COUNT; m++) {
		assert_topic(model_key(m));
		assert_topic(model_title(m));
	}
	for (int k = 0; k < WAIT_KIND_COUNT; k++)
		assert_topic(wait_kind_key(k));
	for (int t = 0; t < TIER_COUNT; t++)
		assert_topic(tier_key(t));
	assert_topic("run-queue");
	assert_topic("unknown");
	assert_topic("gil");
	assert_topic("report");
	assert_topic("table");
	assert_topic("isolation");
}

static void test_examples_from_everyday_life(void **state)
{
	static const struct {
		const char *topic, *example;
	} cases[] = {
		{ "sequential", "tea, then toast" }, { "async", "one cook, many pots" },
		{ "threads", "many at one desk" },   { "processes", "one desk each" },
		{ "hybrid", "a cook with helpers" }, { "GIL", "talking stick" },
	};
	struct report_style style = golden_plain(80);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free) char *text = explain(cases[i].topic, &style);

		assert_non_null(strstr(text, cases[i].example));
	}
}

static void test_rules_have_their_pages(void **state)
{
	struct report_style style = golden_plain(80);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	for (int i = 1; i <= 23; i++) {
		CLEANUP(cleanup_free) char *id = xasprintf("R%02d", i);

		assert_topic(id);
	}
	text = explain("r04", &style);
	golden_assert("explain-R04.80.txt", text);
}

/* The pages of the checks have headings, tables and code of their own. */
static void test_checks_have_their_pages(void **state)
{
	struct report_style style = golden_plain(80);
	CLEANUP(cleanup_free) char *text = explain("shared-state", &style);
	CLEANUP(cleanup_free) char *other = explain("What to do", &style);

	(void)state;
	assert_non_null(text);
	assert_non_null(strstr(text, "\nWhy it matters\n"));
	assert_non_null(strstr(text, "\n  - processes: each has its own copy"));
	assert_null(strstr(text, "```"));
	assert_null(strstr(text, "|---"));
	assert_null(other);
}

static void test_no_such_topic(void **state)
{
	static const char *const topics[] = { "", "fibres", "R99", "R1", "thread", "#", ":" };
	struct report_style style = golden_plain(80);

	(void)state;
	for (size_t i = 0; i < sizeof(topics) / sizeof(*topics); i++) {
		CLEANUP(cleanup_free) char *text = explain(topics[i], &style);

		assert_null(text);
	}
}

static void test_every_page_is_well_formed(void **state)
{
	struct report_style plain = golden_plain(80), rich = golden_rich(60);
	struct topic t = { 0 };
	size_t n = 0;

	(void)state;
	while (pages_next(&t)) {
		CLEANUP(cleanup_free) char *name = xstrndup(t.heading, topic_name_n(&t));
		CLEANUP(cleanup_free) char *text = explain(name, &plain);
		CLEANUP(cleanup_free) char *rich_text = explain(name, &rich);

		n++;
		assert_non_null(text);
		golden_assert_harmless(&plain, text);
		if (memmem(t.body, t.body_n, "\n    ", 5) || memmem(t.body, t.body_n, "```", 3))
			continue; /* examples stay as they are */
		golden_assert_width(&plain, text);
		golden_assert_width(&rich, rich_text);
		assert_null(strstr(text, "](")); /* a link means nothing on a terminal */
	}
	assert_true(n > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_what_concur_names_it_explains),
		cmocka_unit_test(test_examples_from_everyday_life),
		cmocka_unit_test(test_rules_have_their_pages),
		cmocka_unit_test(test_checks_have_their_pages),
		cmocka_unit_test(test_no_such_topic),
		cmocka_unit_test(test_every_page_is_well_formed),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
