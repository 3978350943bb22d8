#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/project.h"
#include "base/cleanup.h"
#include "data/data.h"

static void the_embedded_table_loads(void **state)
{
	CLEANUP(catalogue_clear) struct catalogue *cat = NULL;
	const struct catalogue_entry *e;

	(void)state;
	assert_null(catalogue_parse(data_functions_tsv, "functions.tsv", &cat));
	assert_true(catalogue_size(cat) >= 500);
	e = catalogue_find(cat, "recv");
	assert_non_null(e);
	assert_true(e->effects & EFFECT_BIT(EFFECT_NETWORK));
	e = catalogue_find(cat, "strtok");
	assert_string_equal(e->mt_unsafe, "keeps its position in static memory");
	assert_string_equal(e->replacement, "strtok_r()");
	assert_null(catalogue_find(cat, "no_such_function"));
	assert_null(catalogue_find(cat, "strlen")->mt_unsafe);
}

/* Every wait kind must have at least one function, or a kind could never be reported. */
static void every_effect_is_used(void **state)
{
	CLEANUP(catalogue_clear) struct catalogue *cat = NULL;

	(void)state;
	assert_null(catalogue_parse(data_functions_tsv, "functions.tsv", &cat));
	for (int i = 0; i < EFFECT_COUNT; i++) {
		bool found = false;
		const char *line = data_functions_tsv;

		while (!found && line && *line) {
			char name[128];
			size_t n = strcspn(line, "\t\n");

			if (*line != '#' && n && n < sizeof(name)) {
				memcpy(name, line, n);
				name[n] = 0;
				found = catalogue_find(cat, name)->effects & EFFECT_BIT(i);
			}
			line = strchr(line, '\n');
			line = line ? line + 1 : NULL;
		}
		if (!found)
			fail_msg("no function has the effect %s", effect_key(i));
	}
}

static void broken_tables_name_the_line(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "a\tb\n", "t:1: 2 columns, want 7" },
		{ "# head\n\na\th\t-\t-\t-\t-\ts\tmore\n", "t:3: more than 7 columns, want 7" },
		{ "a\th\tnet\t-\t-\t-\ts\n", "t:1: a: unknown effect \"net\"" },
		{ "a\th\t-\tmaybe\t-\t-\ts\n", "t:1: a: mt is \"maybe\": want -, safe, safe: WHY, "
					       "unsafe: WHY, process-wide: WHY or unsafe before "
					       "glibc N.N: WHY" },
		{ "a\th\t-\tunsafe before glibc 2: x\t-\t-\ts\n",
		  "t:1: a: mt is \"unsafe before glibc 2: x\": want a version as 2.32, then a "
		  "colon" },
		{ "a\th\t-\tunsafe before glibc 2.32 x\t-\t-\ts\n",
		  "t:1: a: mt is \"unsafe before glibc 2.32 x\": want a version as 2.32, then a "
		  "colon" },
		{ "a\th\t-\t-\t-\tnever\ts\n",
		  "t:1: a: condition \"never\" begins with none of noblock:arg, mtsafe:arg, "
		  "mtunsafe:arg, writes:arg" },
		{ "a\th\t-\t-\t-\tnoblock:arg0==1\ts\n",
		  "t:1: a: condition \"noblock:arg0==1\": no argument number 1 to 16" },
		{ "a\th\t-\t-\t-\tnoblock:arg1==MAYBE\ts\n",
		  "t:1: a: condition \"noblock:arg1==MAYBE\": unknown value" },
		{ "a\th\t-\t-\t-\tnoblock:arg1\ts\n",
		  "t:1: a: condition \"noblock:arg1\": neither == nor & a value" },
		{ "a\th\t-\t-\t-\t-\ts\na\th\t-\t-\t-\t-\ts\n", "t:2: a: there already" },
		{ "\th\t-\t-\t-\t-\ts\n", "t:1: no name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(catalogue_clear) struct catalogue *cat = NULL;
		CLEANUP(error_clear)
		struct error *err = catalogue_parse(cases[i].text, "t", &cat);

		assert_non_null(err);
		assert_string_equal(err->message, cases[i].message);
		assert_null(cat);
	}
}

static void conditions_are_read(void **state)
{
	CLEANUP(catalogue_clear) struct catalogue *cat = NULL;
	const struct catalogue_entry *e;

	(void)state;
	assert_null(catalogue_parse("a\th\tnetwork dns\tunsafe: x\tb()\t"
				    "noblock:arg4&MSG_DONTWAIT mtsafe:arg1==NULL writes:arg2\ts\n",
				    "t", &cat));
	e = catalogue_find(cat, "a");
	assert_int_equal(e->conditions_n, 3);
	assert_int_equal(e->conditions[0].argument, 3);
	assert_int_equal(e->conditions[0].value, 0x40);
	assert_int_equal(e->conditions[0].test, TEST_BITS);
	assert_int_equal(e->conditions[1].kind, CONDITION_MT_SAFE);
	assert_int_equal(e->conditions[1].test, TEST_EQUAL);
	assert_int_equal(e->conditions[2].kind, CONDITION_WRITES);
	assert_true(catalogue_has(e, CONDITION_WRITES));
	assert_false(catalogue_has(e, CONDITION_MT_UNSAFE));
	assert_int_equal(e->effects, EFFECT_BIT(EFFECT_NETWORK) | EFFECT_BIT(EFFECT_DNS));
}

static void versions_are_read(void **state)
{
	static const struct {
		const char *text;
		unsigned version;
	} cases[] = { { "2.32", 2032 }, { "2.9", 2009 }, { "2.36.9000", 2036 },
		      { "3.0", 3000 },  { "2", 0 },      { "", 0 },
		      { "2.x", 0 },     { "-2.3", 0 },   { "2.36-9", 0 } };
	CLEANUP(catalogue_clear) struct catalogue *cat = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(catalogue_version(cases[i].text), cases[i].version);
	assert_null(catalogue_parse("a\th\t-\tunsafe before glibc 2.32: x\t-\t-\ts\n", "t", &cat));
	assert_int_equal(catalogue_find(cat, "a")->safe_since, 2032);
	assert_string_equal(catalogue_find(cat, "a")->mt_unsafe, "x");
}

static void a_project_extends_the_table(void **state)
{
	static const char yaml[] =
		"# comment\nfunctions:\n"
		"  - name: recv\n    conditions: [\"noblock:arg3==7\"]\n"
		"  - name: my_lock\n    effects: acquire\n"
		"    mt: \"unsafe: why: with a colon\"\n    replacement: other()\n"
		"  - {name: strtok, mt: \"safe: ours\", effects: []}\n";
	CLEANUP(catalogue_clear) struct catalogue *cat = NULL;
	const struct catalogue_entry *e;
	size_t before;

	(void)state;
	assert_null(catalogue_parse(data_functions_tsv, "functions.tsv", &cat));
	before = catalogue_size(cat);
	assert_false(catalogue_has_own(cat));
	assert_null(project_parse(yaml, strlen(yaml), "p", cat));
	assert_true(catalogue_has_own(cat));
	assert_int_equal(catalogue_size(cat), before + 1);
	e = catalogue_find(cat, "recv");
	assert_true(e->effects & EFFECT_BIT(EFFECT_NETWORK)); /* not named, so it stays */
	assert_int_equal(e->conditions_n, 1);
	assert_int_equal(e->conditions[0].value, 7);
	e = catalogue_find(cat, "my_lock");
	assert_int_equal(e->effects, EFFECT_BIT(EFFECT_ACQUIRE));
	assert_string_equal(e->mt_unsafe, "why: with a colon");
	assert_string_equal(e->replacement, "other()");
	assert_true(e->is_own);
	assert_null(catalogue_find(cat, "strtok")->mt_unsafe);
	assert_false(catalogue_find(cat, "strlen")->is_own);
	assert_null(project_parse("", 0, "p", cat));
}

static void broken_project_files_name_key_and_line(void **state)
{
	static const struct {
		const char *yaml, *message;
	} cases[] = {
		{ "- a\n", "p:1: want keys: functions" },
		{ "functions: yes\n", "p:1: functions: want a list of entries, each with a name" },
		{ "functions:\n  - a\n",
		  "p:2: functions: want a list of entries, each with a name" },
		{ "functions:\n\n  - effects: disk\n", "p:3: functions: an entry has no name" },
		{ "functions:\n  - name: a\n    effect: disk\n",
		  "p:3: unknown key \"effect\": want name, header, effects, mt, replacement, "
		  "conditions or source" },
		{ "functions:\n  - name: a\n    effects: [disk, net]\n",
		  "p:3: a: effects: unknown effect \"net\"" },
		{ "functions:\n  - name: a\n    effects: {disk: 1}\n",
		  "p:3: effects: want a word or a list of words" },
		{ "functions:\n  - name: a\n    effects:\n      - [disk]\n",
		  "p:4: effects: want words" },
		{ "functions:\n  - name: a\n    name: b\n", "p:3: name: there already" },
		{ "functions:\n  - name: []\n", "p:2: name: want a text" },
		{ "functions:\n  - name: a\n    conditions: never\n",
		  "p:3: a: conditions: condition \"never\" begins with none of noblock:arg, "
		  "mtsafe:arg, mtunsafe:arg, writes:arg" },
		{ "functions: [\n", "p:2: did not find expected node content" },
		{ "functions:\n\n  - name: \x01\n", "p:3: control characters are not allowed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(catalogue_clear) struct catalogue *cat = NULL;
		CLEANUP(error_clear) struct error *err = NULL;

		assert_null(catalogue_parse("", "t", &cat));
		err = project_parse(cases[i].yaml, strlen(cases[i].yaml), "p", cat);
		assert_non_null(err);
		assert_string_equal(err->message, cases[i].message);
		assert_int_equal(err->class, ERROR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_embedded_table_loads),
		cmocka_unit_test(every_effect_is_used),
		cmocka_unit_test(broken_tables_name_the_line),
		cmocka_unit_test(conditions_are_read),
		cmocka_unit_test(versions_are_read),
		cmocka_unit_test(a_project_extends_the_table),
		cmocka_unit_test(broken_project_files_name_key_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
