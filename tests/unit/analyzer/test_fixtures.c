/*
 * Each file in tests/fixtures/analyzer says on its lines what must be found there, and nothing else
 * may be:
 *
 *	recv(fd, b, n, 0);        //~ blocking-call network
 *	p = &counter; *p = 1;     //~ missed shared-state file-scope     (known: the test fails once
 *	                                                                   it is found)
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/analyzer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "sandbox.h"

struct expectation {
	int line;
	bool missed;
	char check[64], effect[64];
	bool met;
};

struct expectations {
	VEC_FIELDS(struct expectation);
};

static struct expectations read_expectations(const char *text)
{
	struct expectations list = { 0 };
	int line = 1;

	for (const char *at = text; *at; line++) {
		const char *end = strchrnul(at, '\n');
		CLEANUP(cleanup_free) char *copy = xstrndup(at, (size_t)(end - at));

		for (char *s = strstr(copy, "//~ "); s; s = strstr(s, "//~ ")) {
			struct expectation e = { .line = line };

			s += strlen("//~ ");
			e.missed = !strncmp(s, "missed ", 7);
			if (sscanf(s + (e.missed ? 7 : 0), "%63s %63s", e.check, e.effect) != 2)
				fail_msg("line %d: want CHECK EFFECT after //~", line);
			vec_push(&list, e);
		}
		at = *end ? end + 1 : end;
	}
	return list;
}

static size_t compare(const char *name, const struct facts *facts, struct expectations *want)
{
	size_t wrong = 0;

	vec_each (facts, f) {
		bool expected = false;

		vec_each (want, e) {
			if (e->line != f->line || strcmp(e->check, f->check) != 0 ||
			    strcmp(e->effect, f->effect) != 0)
				continue;
			e->met = true;
			expected = true;
		}
		if (!expected) {
			print_error("%s:%d: not expected: %s %s (%s: %s)\n", name, f->line,
				    f->check, f->effect, f->symbol, f->detail);
			wrong++;
		}
	}
	vec_each (want, e) {
		if (e->met == !e->missed)
			continue;
		print_error("%s:%d: %s: %s %s\n", name, e->line,
			    e->missed ? "known to be missed, but found" : "not found", e->check,
			    e->effect);
		wrong++;
	}
	return wrong;
}

static size_t check_fixture(const char *name, struct strings *checks_seen)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(cleanup_free) char *path = path_join(FIXTURES, name);
	CLEANUP(cleanup_free) char *json = NULL;
	struct expectations want;
	struct sandbox s;
	size_t wrong;

	assert_null(file_read(path, &text));
	want = read_expectations(strbuf_str(&text));
	json = xasprintf("\"directory\": \"%s\", \"file\": \"%s\", "
			 "\"arguments\": [\"cc\", \"-fopenmp\", \"%s\"]",
			 FIXTURES, name, name);
	sandbox_init(&s);
	sandbox_entry(&s, json);
	sandbox_run(&s);
	assert_null(s.err);
	vec_each (&s.facts.failures, f)
		print_error("%s: %s\n", f->file, f->why);
	wrong = compare(name, &s.facts, &want) + s.facts.failures.n;
	vec_each (&want, e)
		if (e->met)
			strings_add(checks_seen, e->check);
	vec_clear(&want);
	sandbox_clear(&s);
	return wrong;
}

static void fixtures_hold(void **state)
{
	CLEANUP(strings_clear) struct strings seen = { 0 };
	CLEANUP(cleanup_dir) DIR *dir = opendir(FIXTURES);
	struct dirent *entry;
	size_t wrong = 0, files = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".c") != 0)
			continue;
		wrong += check_fixture(entry->d_name, &seen);
		files++;
	}
	assert_true(files > 0);
	assert_int_equal(wrong, 0);
	for (size_t i = 0; i < analyzer_checks(); i++) {
		bool found = false;

		vec_each (&seen, id)
			found |= !strcmp(*id, analyzer_check(i)->id);
		if (!found)
			fail_msg("no fixture shows %s", analyzer_check(i)->id);
	}
}

static void expectations_are_read(void **state)
{
	struct expectations e = read_expectations("int x; //~ a b\n\ny //~ missed c d //~ e f\n");

	(void)state;
	assert_int_equal(e.n, 3);
	assert_int_equal(e.items[0].line, 1);
	assert_string_equal(e.items[0].check, "a");
	assert_int_equal(e.items[1].line, 3);
	assert_true(e.items[1].missed);
	assert_string_equal(e.items[2].effect, "f");
	vec_clear(&e);
}

/* The comparison itself must be able to fail. */
static void comparison_can_fail(void **state)
{
	struct fact fact = { .check = (char *)"a",
			     .effect = (char *)"b",
			     .line = 1,
			     .symbol = (char *)"s",
			     .detail = (char *)"d" };
	struct facts facts = { .items = &fact, .n = 1 };
	struct expectations right = read_expectations("//~ a b\n");
	struct expectations other = read_expectations("//~ a c\n");
	struct expectations none = read_expectations("\n");
	struct expectations known = read_expectations("//~ missed a b\n");

	(void)state;
	print_message("the complaints that follow are wanted:\n");
	assert_int_equal(compare("right", &facts, &right), 0);
	assert_int_equal(compare("other", &facts, &other), 2);
	assert_int_equal(compare("none", &facts, &none), 1);
	assert_int_equal(compare("known", &facts, &known), 1);
	vec_clear(&right);
	vec_clear(&other);
	vec_clear(&none);
	vec_clear(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expectations_are_read),
		cmocka_unit_test(comparison_can_fail),
		cmocka_unit_test(fixtures_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
