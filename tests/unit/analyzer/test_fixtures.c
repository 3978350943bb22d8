/*
 * Each file in tests/fixtures/analyzer says on its lines what must be found there, and nothing else
 * may be:
 *
 *	recv(fd, b, n, 0);        //~ blocking-call network
 *
 * Where the analyzer is known to be wrong, they say so, and why: what it misses, and what it finds that
 * is not true. The test fails once it is right there. docs/known-wrong.md lists all of these:
 *
 *	p = &counter; *p = 1;     //~ missed shared-state file-scope: through an alias
 *	recv(fd, b, n, 0);        //~ false blocking-call network: the socket does not block
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

enum truth { TRUTH_FOUND, TRUTH_MISSED, TRUTH_FALSE };

struct expectation {
	int line;
	enum truth truth;
	char check[64], effect[64];
	bool met;
};

struct expectations {
	VEC_FIELDS(struct expectation);
};

/* The word that says the analyzer is wrong here, which then needs a reason. */
static enum truth read_truth(const char **at)
{
	static const char *const words[] = { [TRUTH_MISSED] = "missed ", [TRUTH_FALSE] = "false " };

	for (int truth = TRUTH_MISSED; truth <= TRUTH_FALSE; truth++) {
		size_t n = strlen(words[truth]);

		if (strncmp(*at, words[truth], n) != 0)
			continue;
		*at += n;
		return (enum truth)truth;
	}
	return TRUTH_FOUND;
}

/* "CHECK EFFECT", and ": WHY" where the analyzer is wrong. */
static bool read_expectation(const char *s, struct expectation *e)
{
	int end = 0;

	e->truth = read_truth(&s);
	if (sscanf(s, "%63s %63[a-z-]%n", e->check, e->effect, &end) != 2)
		return false;
	return e->truth == TRUTH_FOUND || !strncmp(s + end, ": ", 2);
}

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
			if (!read_expectation(s, &e))
				fail_msg("line %d: want CHECK EFFECT after //~, or missed (false) "
					 "CHECK EFFECT: WHY",
					 line);
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
		if (e->met == (e->truth != TRUTH_MISSED))
			continue;
		print_error("%s:%d: %s: %s %s\n", name, e->line,
			    e->truth == TRUTH_FOUND
				    ? "not found"
				    : "right now: take it off the list (missed, false)",
			    e->check, e->effect);
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
		if (e->met && e->truth == TRUTH_FOUND)
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
	struct expectations e =
		read_expectations("int x; //~ a b\n\n"
				  "y //~ missed c d: as is //~ e f //~ false g h: so\n");
	struct expectation one;

	(void)state;
	assert_int_equal(e.n, 4);
	assert_int_equal(e.items[0].line, 1);
	assert_string_equal(e.items[0].check, "a");
	assert_int_equal(e.items[1].line, 3);
	assert_int_equal(e.items[1].truth, TRUTH_MISSED);
	assert_string_equal(e.items[1].effect, "d");
	assert_string_equal(e.items[2].effect, "f");
	assert_int_equal(e.items[3].truth, TRUTH_FALSE);
	assert_false(read_expectation("a", &one));
	assert_false(read_expectation("missed a b", &one)); /* why? */
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
	struct expectations missed = read_expectations("//~ missed a b: why\n");
	struct expectations wrong = read_expectations("//~ false a b: why\n");
	struct expectations mended = read_expectations("//~ a b //~ false a c: why\n");

	(void)state;
	print_message("the complaints that follow are wanted:\n");
	assert_int_equal(compare("right", &facts, &right), 0);
	assert_int_equal(compare("other", &facts, &other), 2);
	assert_int_equal(compare("none", &facts, &none), 1);
	assert_int_equal(compare("missed", &facts, &missed), 1);
	assert_int_equal(compare("wrong", &facts, &wrong), 0);
	assert_int_equal(compare("mended", &facts, &mended), 1);
	vec_clear(&right);
	vec_clear(&other);
	vec_clear(&none);
	vec_clear(&missed);
	vec_clear(&wrong);
	vec_clear(&mended);
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
