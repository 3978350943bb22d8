#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/fingerprints.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "sandbox.h"

static const char before[] = "#include <string.h>\nvoid f(char *s)\n{\n\tstrtok(s, \" \");\n"
			     "\tstrtok(s, \",\");\n}\n";
/* Lines moved; one call more in f(), one in a new function. */
static const char after[] = "/* new\n\n */\n#include <string.h>\nvoid g(char *s)\n{\n"
			    "\tstrtok(s, \".\");\n}\nvoid f(char *s)\n{\n\tstrtok(s, \" \");\n"
			    "\tstrtok(s, \",\");\n\tstrtok(s, \";\");\n}\n";

static void a_baseline_outlives_edits(void **state)
{
	CLEANUP(strings_clear) struct strings known = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	path = path_join(s.dir, "baseline");
	sandbox_unit(&s, "a.c", "", before);
	sandbox_run(&s);
	assert_int_equal(s.facts.n, 2);
	assert_null(fingerprints_write(path, &s.facts));
	assert_null(file_read(path, &text));
	assert_string_equal(strbuf_str(&text),
			    "# Findings that are known: check, file, function, symbol, effect.\n"
			    "# concur analyze --update-baseline writes this file.\n"
			    "mt-unsafe-call\ta.c\tf\tstrtok\tmt-unsafe\n"
			    "mt-unsafe-call\ta.c\tf\tstrtok\tmt-unsafe\t2\n");
	facts_clear(&s.facts);
	sandbox_file(&s, "a.c", after);
	sandbox_run(&s);
	assert_int_equal(s.facts.n, 4);
	assert_null(fingerprints_read(path, &known));
	assert_int_equal(fingerprints_drop(&s.facts, &known), 2);
	assert_int_equal(s.facts.n, 2);
	assert_string_equal(s.facts.items[0].function, "g");
	assert_int_equal(s.facts.items[1].line, 13);
	sandbox_clear(&s);
}

static void bad_baselines_name_the_line(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "# c\n\na\tb\tc\td\te\na b\n", "4: 1 columns, want 5 or 6" },
		{ "a\tb\tc\td\te\t2\tx\n", "1: 7 columns, want 5 or 6" },
	};
	struct sandbox s;
	CLEANUP(cleanup_free) char *path = NULL;

	(void)state;
	sandbox_init(&s);
	path = path_join(s.dir, "baseline");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(strings_clear) struct strings known = { 0 };
		CLEANUP(error_clear) struct error *err = NULL;
		CLEANUP(cleanup_free) char *want = xasprintf("%s:%s", path, cases[i].message);

		sandbox_file(&s, "baseline", cases[i].text);
		err = fingerprints_read(path, &known);
		assert_non_null(err);
		assert_string_equal(err->message, want);
		assert_int_equal(known.n, 0);
	}
	sandbox_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_baseline_outlives_edits),
		cmocka_unit_test(bad_baselines_name_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
