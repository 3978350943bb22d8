#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/suppressions.h"
#include "base/cleanup.h"
#include "sandbox.h"

static void places_and_reasons(void **state)
{
	static const struct {
		const char *text;
		const char *check; /* of the last; NULL: there is none */
		uint32_t line, at_line, at_column;
		bool has_reason;
	} cases[] = {
		{ "x; // concur: ignore[a] why\n", "a", 1, 1, 7, true },
		{ "// concur: ignore[a] why\n\n  x;\n", "a", 3, 1, 4, true },
		{ "/* concur: ignore[a] why\n\n */\n x;\n", "a", 4, 1, 4, true },
		{ "/* text\n * concur: ignore[a] why */ x;\n", "a", 2, 2, 4, true },
		{ "// concur: ignore[a] why\n", "a", 0, 1, 4, true },
		{ "x; // concur: ignore[a]\n", "a", 1, 1, 7, false },
		{ "x; // concur: ignore[a] -- // b\n", "a", 1, 1, 7, false },
		{ "x; // concur: ignore[a, b ] why", "b", 1, 1, 7, true },
		{ "x; // NOLINT(other,concur-a): why\n", "a", 1, 1, 7, true },
		{ "// NOLINTNEXTLINE(concur-a) why\n\nx;\n", "a", 2, 1, 4, true },
		{ "// concur: ignore-begin[a] why\nx;\n", "a", 1, 1, 4, true },
		{ "x; // NOLINTBEGIN(concur-a): why\n", "a", 1, 1, 7, true },
		{ "// NOLINTBEGIN(a): why\nx;\n// NOLINTEND(a)\n", NULL },
		{ "x; // see concur: ignore[a] why\n", NULL },
		{ "/*\n * f(); // concur: ignore[a] why\n */\n", NULL },
		{ "x; // NOLINT(other): why\n", NULL },
		{ "x; // NOLINT\n", NULL },
		{ "x; // concur: ignore[a\n", NULL },
		{ "x; // concur: ignore[] why\n", NULL },
		{ "\"// concur: ignore[a] why\";\n", NULL },
		{ "'\"' \"\\\"// concur: ignore[a] why\";\n", NULL },
		{ "#error don't\nx; // concur: ignore[a] why\n", "a", 2, 2, 7, true },
		{ "\"a\\\n// b\"; x; // concur: ignore[a] why\n", "a", 2, 2, 14, true },
		{ "/* concur: ignore[a] why", "a", 0, 1, 4, true },
		{ "/* concur: ignore[", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(suppressions_clear) struct suppressions list = { 0 };
		const struct suppression *s;

		suppressions_read(cases[i].text, "f", &list);
		if (!cases[i].check) {
			assert_int_equal(list.n, 0);
			continue;
		}
		if (!list.n)
			fail_msg("nothing in %s", cases[i].text);
		s = &list.items[list.n - 1];
		assert_string_equal(s->check, cases[i].check);
		if (s->line != cases[i].line || s->at_line != cases[i].at_line ||
		    s->at_column != cases[i].at_column)
			fail_msg("%s: of line %u, at %u:%u", cases[i].text, s->line, s->at_line,
				 s->at_column);
		assert_int_equal(s->reason != NULL, cases[i].has_reason);
	}
}

/* Only all units together show that a suppression is unused. */
static void what_is_read_in_part_is_not_called_unused(void **state)
{
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "a.c", "", "int f(void) { return 0; } // concur: ignore[io-loop] why\n");
	sandbox_run(&s);
	assert_int_equal(facts_count(&s.facts, "suppression"), 1);
	facts_clear(&s.facts);
	sandbox_unit(&s, "b.c", "", "#include \"none.h\"\n");
	sandbox_run(&s);
	assert_int_equal(s.facts.failures.n, 1);
	assert_int_equal(facts_count(&s.facts, "suppression"), 0);
	sandbox_clear(&s);
}

static void what_is_suppressed_is_counted(void **state)
{
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "a.c", "",
		     "#include \"a.h\"\nint f(void)\n{\n"
		     "\treturn level++; // concur: ignore[shared-state] not here\n}\n");
	sandbox_file(&s, "a.h", "// concur: ignore[shared-state] one thread\nstatic int level;\n");
	sandbox_run(&s);
	assert_int_equal(s.facts.suppressed, 1);
	assert_int_equal(s.facts.silenced.n, 1);
	assert_string_equal(s.facts.silenced.items[0].excuse, "one thread");
	assert_int_equal(s.facts.n, 1);
	assert_string_equal(s.facts.items[0].effect, "unused");
	assert_int_equal(s.facts.items[0].line, 4);
	sandbox_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_and_reasons),
		cmocka_unit_test(what_is_read_in_part_is_not_called_unused),
		cmocka_unit_test(what_is_suppressed_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
