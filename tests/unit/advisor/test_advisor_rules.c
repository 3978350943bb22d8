/*
 * Each run in tests/rules/ gets the verdict that stands in it; each rule has its page, a run it
 * applies to and a run it does not apply to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/rules.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "stored.h"

static bool has(const struct strings *list, const char *part)
{
	vec_each (list, text) {
		if (strstr(*text, part))
			return true;
	}
	return false;
}

static const char *expected_text(const struct stored *s, const char *key)
{
	return json_string_value(json_object_get(s->expect, key));
}

static void assert_all_in(const struct stored *s, const char *key, const struct strings *list)
{
	size_t i;
	json_t *part;

	json_array_foreach (json_object_get(s->expect, key), i, part) {
		if (has(list, json_string_value(part)))
			continue;
		vec_each (list, text)
			print_error("  %s\n", *text);
		fail_msg("%s: no sentence of \"%s\" has \"%s\"", s->name, key,
			 json_string_value(part));
	}
}

static void assert_none_in(const struct stored *s, const char *key, const struct strings *list)
{
	size_t i;
	json_t *part;

	json_array_foreach (json_object_get(s->expect, key), i, part) {
		if (has(list, json_string_value(part)))
			fail_msg("%s: %s applied", s->name, json_string_value(part));
	}
}

static void assert_list(const struct stored *s, const char *key, const struct strings *got)
{
	json_t *expected = json_object_get(s->expect, key);

	if (!expected)
		return;
	for (size_t i = 0; i < got->n && i < json_array_size(expected); i++)
		assert_string_equal(got->items[i], json_string_value(json_array_get(expected, i)));
	if (got->n != json_array_size(expected))
		fail_msg("%s: %zu %s instead of %zu", s->name, got->n, key,
			 json_array_size(expected));
}

static void check_ties(const struct stored *s, const struct verdict *v)
{
	struct strings got = { 0 };

	vec_each (&v->ties, t) {
		strings_add(&got, model_key(t->model));
		assert_true(t->speedup.n > 0);
		assert_true(t->workers > 0);
	}
	assert_list(s, "ties", &got);
	strings_clear(&got);
}

static void check_hurdles(const struct stored *s, const struct verdict *v)
{
	struct strings got = { 0 };

	vec_each (&v->hurdles, h) {
		CLEANUP(cleanup_free)
		char *text = xasprintf("%s:%d %s %d", h->file, h->line, h->symbol, h->sites);

		strings_add(&got, text);
		assert_true(*h->text && *h->check);
	}
	assert_list(s, "hurdles", &got);
	strings_clear(&got);
}

static void check_witnesses(const struct stored *s, const struct verdict *v)
{
	static const char *const names[] = { "code", "clock", "table" };
	struct strings says = { 0 };

	assert_int_equal(v->witnesses.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(v->witnesses.items[i].name, names[i]);
		assert_true(*v->witnesses.items[i].says);
		strings_add(&says, v->witnesses.items[i].says);
	}
	assert_all_in(s, "witnesses", &says);
	strings_clear(&says);
}

/* No number without n and an interval. */
static void check_figure(const struct verdict *v)
{
	bool has_model = v->kind != VERDICT_CANNOT_TELL;

	assert_int_equal(v->speedup.n > 0, has_model);
	if (!has_model)
		return;
	assert_true(v->speedup.low <= v->speedup.value && v->speedup.value <= v->speedup.high);
	assert_true(v->workers >= 1);
}

static void check_run(void **state)
{
	const struct stored *s = *state;
	const char *first = expected_text(s, "first_missing");
	const char *row = expected_text(s, "row");
	struct verdict v = stored_advise(s);

	if (!json_is_object(s->expect))
		fail_msg("%s: no \"expect\"", s->name);
	assert_string_equal(verdict_kind_key(v.kind), expected_text(s, "kind"));
	if (v.kind != VERDICT_CANNOT_TELL) {
		assert_string_equal(model_key(v.model), expected_text(s, "model"));
		assert_int_equal(v.workers,
				 json_integer_value(json_object_get(s->expect, "workers")));
	}
	assert_string_equal(v.has_row ? row_key(v.row) : "(none)", row ? row : "(none)");
	assert_string_equal(v.agreement, expected_text(s, "agreement"));
	assert_true(v.rules.n > 0);
	assert_all_in(s, "rules", &v.rules);
	assert_none_in(s, "not_rules", &v.rules);
	assert_all_in(s, "reasons", &v.reasons);
	assert_all_in(s, "missing", &v.missing);
	if (first && (!v.missing.n || strncmp(v.missing.items[0], first, strlen(first))))
		fail_msg("%s: missing begins with \"%s\"", s->name,
			 v.missing.n ? v.missing.items[0] : "");
	check_ties(s, &v);
	check_hurdles(s, &v);
	check_witnesses(s, &v);
	check_figure(&v);
	verdict_clear(&v);
}

static bool names_rule(const struct stored_runs *list, const char *key, const char *id)
{
	vec_each (list, s) {
		size_t i;
		json_t *rule;

		json_array_foreach (json_object_get(s->expect, key), i, rule) {
			if (!strcmp(json_string_value(rule), id))
				return true;
		}
	}
	return false;
}

static void test_every_rule_has_runs(void **state)
{
	const struct stored_runs *list = *state;

	for (size_t i = 0; i < rules_n; i++) {
		const char *id = rules[i].id;

		if (!names_rule(list, "rules", id))
			fail_msg("no run to which %s applies", id);
		if (!names_rule(list, "not_rules", id))
			fail_msg("no run to which %s does not apply", id);
	}
}

static void test_every_rule_has_a_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_n; i++) {
		CLEANUP(strbuf_clear) struct strbuf page = { 0 };
		CLEANUP(cleanup_free) char *path = xasprintf(PAGES_DIR "/%s.md", rules[i].id);
		CLEANUP(cleanup_free)
		char *title = xasprintf("# %s: %s\n\n", rules[i].id, rules[i].title);

		assert_null(file_read(path, &page));
		assert_int_equal(strncmp(page.s, title, strlen(title)), 0);
	}
}

static void test_rule_ids_leave_no_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_n; i++) {
		CLEANUP(cleanup_free) char *id = xasprintf("R%02zu", i + 1);
		size_t n = 0;

		for (size_t j = 0; j < rules_n; j++)
			n += !strcmp(rules[j].id, id);
		assert_int_equal(n, 1);
	}
}

int main(void)
{
	struct stored_runs list = stored_load();
	struct CMUnitTest *tests = xcalloc(list.n + 3, sizeof(*tests));
	size_t n = 0;
	int ret;

	vec_each (&list, s)
		tests[n++] = (struct CMUnitTest){ .name = s->name,
						  .test_func = check_run,
						  .initial_state = s };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_prestate(test_every_rule_has_runs, &list);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_rule_has_a_page);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rule_ids_leave_no_gap);
	ret = _cmocka_run_group_tests("advisor rules", tests, n, NULL, NULL);
	free(tests);
	stored_clear(&list);
	return ret;
}
