#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "sandbox.h"

static void libclang_is_whole(void **state)
{
	CLEANUP(error_clear) struct error *err = analyzer_self_test();
	CLEANUP(cleanup_free) char *version = analyzer_version();

	(void)state;
	if (err)
		fail_msg("%s", err->message);
	assert_true(!strncmp(version, "libclang ", 9));
}

static size_t sites(const struct fact *f, const char *access)
{
	size_t n = 0;

	vec_each (&f->sites, s)
		n += !strcmp(s->access, access);
	return n;
}

static void writers_have_places(void **state)
{
	struct sandbox s;
	const struct fact *f;

	(void)state;
	sandbox_init(&s);
	sandbox_file(&s, "a.h",
		     "extern int total;\nstatic inline void add(int n)\n{\n"
		     "\ttotal += n;\n}\n");
	sandbox_unit(&s, "a.c", "", "#include \"a.h\"\nint total;\nvoid f(void) { total = 1; }\n");
	sandbox_unit(&s, "b.c", "",
		     "#include \"a.h\"\nint g(void)\n{\n\tadd(2);\n\treturn total;\n}\n");
	sandbox_run(&s);
	assert_null(s.err);
	assert_int_equal(s.facts.units, 2);
	assert_int_equal(s.facts.failures.n, 0);
	assert_int_equal(facts_count(&s.facts, "shared-state"), 1);
	f = sandbox_fact(&s, "shared-state", "total");
	assert_string_equal(f->file, "a.c"); /* the definition, not the declaration */
	assert_int_equal(f->line, 2);
	assert_string_equal(f->effect, "file-scope");
	assert_string_equal(f->detail, "file-scope total (int): 2 writes");
	assert_int_equal(sites(f, "write"), 2); /* the header's once, though two units saw it */
	assert_int_equal(sites(f, "read"), 1);
	assert_string_equal(f->sites.items[0].file, "a.c");
	assert_string_equal(f->sites.items[0].function, "f");
	assert_string_equal(f->sites.items[1].file, "a.h");
	assert_int_equal(f->sites.items[1].line, 4);
	assert_string_equal(f->sites.items[1].function, "add");
	assert_string_equal(f->sites.items[2].file, "b.c");
	sandbox_clear(&s);
}

static void relative_options_are_relative_to_the_entry(void **state)
{
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_file(&s, "lib/include/depth.h", "extern int depth;\n");
	sandbox_file(&s, "lib/src/a.c",
		     "#include <depth.h>\nint depth;\n"
		     "void f(void) { depth++; }\n");
	sandbox_entry(&s, "\"directory\": \"lib/src\", \"file\": \"a.c\", "
			  "\"arguments\": [\"cc\", \"-I\", \"../include\", \"-c\", \"a.c\"]");
	sandbox_entry(&s, "\"directory\": \"nowhere\", \"file\": \"../lib/src/a.c\", "
			  "\"arguments\": [\"cc\", \"-DB\", \"../lib/src/a.c\"]");
	sandbox_run(&s);
	assert_null(s.err);
	assert_int_equal(s.facts.failures.n, 1);
	assert_string_equal(sandbox_failure(&s, "lib/src/a.c"),
			    "the directory it was built in is gone: build again");
	assert_string_equal(sandbox_fact(&s, "shared-state", "depth")->detail,
			    "file-scope depth (int): 1 write, all in f()");
	assert_string_equal(sandbox_fact(&s, "shared-state", "depth")->file, "lib/src/a.c");
	sandbox_clear(&s);
}

/* Nothing in a finding may depend on where the project lies. */
static void types_without_a_name_have_no_place(void **state)
{
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "a.c", "",
		     "static struct { int n; } s[2];\nvoid f(void) { s[1].n = 1; }\n");
	sandbox_run(&s);
	assert_string_equal(sandbox_fact(&s, "shared-state", "s")->detail,
			    "file-scope s (struct (unnamed struct)[2]): 1 write, all in f()");
	sandbox_clear(&s);
}

/* libclang names statics by the file's base name alone. */
static void statics_of_equal_names_stay_apart(void **state)
{
	static const char text[] = "static int state;\nvoid %s(void) { state++; }\n";
	CLEANUP(cleanup_free) char *a = xasprintf(text, "fa");
	CLEANUP(cleanup_free) char *b = xasprintf(text, "fb");
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "a/util.c", "", a);
	sandbox_unit(&s, "b/util.c", "", b);
	sandbox_run(&s);
	assert_null(s.err);
	assert_int_equal(facts_count(&s.facts, "shared-state"), 2);
	vec_each (&s.facts, f)
		assert_int_equal(f->sites.n, 1);
	sandbox_clear(&s);
}

static char *else_if_chain(int n)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "int seen;\nint f(int x)\n{\n\tif (x == -1)\n\t\treturn 0;\n");
	for (int i = 0; i < n; i++)
		strbuf_addf(&out, "\telse if (x == %d)\n\t\treturn %d;\n", i, i + 1);
	strbuf_add(&out, "\tseen = 1;\n\treturn x;\n}\n");
	return strbuf_detach(&out);
}

static char *long_sum(int n)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "int seen;\nint f(int x)\n{\n\tseen = x");
	for (int i = 0; i < n; i++)
		strbuf_addf(&out, " +%s x", i % 10 ? "" : "\n");
	strbuf_add(&out, ";\n\treturn seen;\n}\n");
	return strbuf_detach(&out);
}

static void deep_source_is_read(void **state)
{
	CLEANUP(cleanup_free) char *chain = else_if_chain(6000);
	CLEANUP(cleanup_free) char *sum = long_sum(12000);
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "chain.c", "", chain);
	sandbox_unit(&s, "sum.c", "", sum);
	sandbox_run(&s);
	assert_null(s.err);
	assert_null(sandbox_failure(&s, "chain.c"));
	assert_null(sandbox_failure(&s, "sum.c"));
	assert_non_null(sandbox_fact(&s, "shared-state", "seen"));
	sandbox_clear(&s);
}

/* Each costs one clear line and nothing else. */
static void hostile_units_cost_themselves(void **state)
{
	static const char good[] = "int kept;\nvoid g(void) { kept = 1; }\n";
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "header.c", "", "#include \"made.h\"\nint x;\n");
	sandbox_unit(&s, "refused.c", "-target nonsense-nowhere", "int x;\n");
	sandbox_unit(&s, "binary.c", "", "\177ELF\2\1\1\f\xff\xfe\x01{{{(((\n");
	sandbox_unit(&s, "gcc.c", "-fno-ipa-sra -mpreferred-stack-boundary=3 -fanalyzer", good);
	sandbox_entry(&s, "\"directory\": \".\", \"file\": \"gone.c\", \"command\": \"cc gone.c\"");
	sandbox_entry(&s, "\"directory\": \".\", \"file\": \"x.cc\", \"command\": \"c++ x.cc\"");
	sandbox_unit(&s, "good.c", "", good);
	sandbox_run(&s);
	assert_null(s.err);
	assert_string_equal(sandbox_failure(&s, "gone.c"),
			    "no such file: is it made by the build? Build first");
	assert_string_equal(sandbox_failure(&s, "x.cc"), "not C: left out");
	assert_non_null(strstr(sandbox_failure(&s, "header.c"), "'made.h' file not found"));
	assert_non_null(sandbox_failure(&s, "binary.c"));
	assert_null(sandbox_failure(&s, "gcc.c"));
	assert_null(sandbox_failure(&s, "good.c"));
	assert_string_equal(sandbox_failure(&s, "refused.c"),
			    "read without -target nonsense-nowhere, which libclang does not know");
	assert_int_equal(facts_failed(&s.facts), s.facts.failures.n - 1); /* without x.cc */
	assert_non_null(sandbox_fact(&s, "shared-state", "kept"));
	sandbox_clear(&s);
}

/* What only gcc knows and says how to compile costs nothing; the rest is told, and the unit read. */
static void options_of_gcc_are_passed_over(void **state)
{
	static const struct {
		const char *flags, *told;
	} rows[] = {
		{ "-mfunction-return=thunk -mindirect-branch=thunk", NULL },
		{ "-fno-var-tracking -fconserve-stack -fstack-clash-protection", NULL },
		{ "-fno-such-flag", "read without -fno-such-flag, which libclang does not know" },
		{ "--no-such-flag", "read without --no-such-flag, which libclang does not know" },
		{ "-std=c99999", "read without -std=c99999, which libclang does not know" },
		{ "-mfunction-return=thunk -march=no-such",
		  "read without -march=no-such, which libclang does not know" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *told;
		struct sandbox s;

		sandbox_init(&s);
		sandbox_unit(&s, "a.c", rows[i].flags, "int x;\nvoid f(void) { x = 1; }\n");
		sandbox_run(&s);
		assert_null(s.err);
		told = sandbox_failure(&s, "a.c");
		if (rows[i].told)
			assert_string_equal(told, rows[i].told);
		else
			assert_null(told);
		assert_non_null(sandbox_fact(&s, "shared-state", "x"));
		sandbox_clear(&s);
	}
}

/* make tries out what the compiler takes; bear writes it down all the same. */
static void source_meant_to_fail_is_told_as_such(void **state)
{
	static const char text[] = "char a[1 - 2 * (sizeof(int) != 1)];\n";
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_file(&s, "made.o", "");
	sandbox_file(&s, "made.c", text);
	sandbox_file(&s, "probe.c", text);
	sandbox_entry(&s, "\"directory\": \".\", \"file\": \"made.c\", "
			  "\"arguments\": [\"cc\", \"-c\", \"-o\", \"made.o\", \"made.c\"]");
	sandbox_entry(&s, "\"directory\": \".\", \"file\": \"probe.c\", \"output\": \"p.o\", "
			  "\"command\": \"cc -c probe.c\"");
	sandbox_run(&s);
	assert_null(strstr(sandbox_failure(&s, "made.c"), "not there"));
	assert_non_null(strstr(sandbox_failure(&s, "probe.c"),
			       "negative size; the file it makes is not there"));
	sandbox_clear(&s);
}

/* The preprocessor makes 2^40 tokens of this: the clock, or the memory limit, must end it. */
static void endless_units_are_ended(void **state)
{
	struct strbuf text = { 0 };
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	strbuf_add(&text, "#define A0 1 +\n");
	for (int i = 1; i <= 40; i++)
		strbuf_addf(&text, "#define A%d A%d A%d\n", i, i - 1, i - 1);
	strbuf_add(&text, "#if A40 1\nint x;\n#endif\n");
	sandbox_unit(&s, "endless.c", "", strbuf_str(&text));
	sandbox_unit(&s, "good.c", "", "int kept;\nvoid g(void) { kept = 1; }\n");
	strbuf_clear(&text);
	s.unit_timeout_s = 2;
	sandbox_run(&s);
	assert_null(s.err);
	assert_non_null(sandbox_failure(&s, "endless.c"));
	assert_non_null(sandbox_fact(&s, "shared-state", "kept"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no worker is left */
	sandbox_clear(&s);
}

/* Two million parentheses are more than any stack holds: libclang really crashes. */
static void a_crash_costs_one_unit(void **state)
{
	struct strbuf text = { 0 };
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	strbuf_add(&text, "int f(void) { return ");
	for (int i = 0; i < 2000000; i++)
		strbuf_addch(&text, '(');
	strbuf_add(&text, "1; }\n");
	sandbox_unit(&s, "a.c", "", "int first;\nvoid f(void) { first = 1; }\n");
	sandbox_unit(&s, "deep.c", "-fbracket-depth=100000000", strbuf_str(&text));
	sandbox_unit(&s, "z.c", "", "int last;\nvoid g(void) { last = 1; }\n");
	strbuf_clear(&text);
	sandbox_run(&s);
	assert_null(s.err);
	assert_int_equal(s.facts.failures.n, 1);
	assert_string_equal(sandbox_failure(&s, "deep.c"), "the parser crashed on it (SIGSEGV)");
	assert_non_null(sandbox_fact(&s, "shared-state", "first"));
	assert_non_null(sandbox_fact(&s, "shared-state", "last"));
	sandbox_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libclang_is_whole),
		cmocka_unit_test(writers_have_places),
		cmocka_unit_test(relative_options_are_relative_to_the_entry),
		cmocka_unit_test(types_without_a_name_have_no_place),
		cmocka_unit_test(statics_of_equal_names_stay_apart),
		cmocka_unit_test(deep_source_is_read),
		cmocka_unit_test(hostile_units_cost_themselves),
		cmocka_unit_test(options_of_gcc_are_passed_over),
		cmocka_unit_test(source_meant_to_fail_is_told_as_such),
		cmocka_unit_test(a_crash_costs_one_unit),
		cmocka_unit_test(endless_units_are_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
