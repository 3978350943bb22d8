#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyzer/compdb.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

static struct error *parse(const char *json, struct compdb *ret)
{
	return compdb_parse(json, strlen(json), "/p", ret);
}

static char *join(const struct strings *argv)
{
	struct strbuf out = { 0 };

	vec_each (argv, arg)
		strbuf_addf(&out, "%s%s", out.len ? "|" : "", *arg);
	return strbuf_detach(&out);
}

static void arguments_are_cleaned(void **state)
{
	static const struct {
		const char *command, *argv;
	} cases[] = {
		{ "gcc -O2 -c -o a.o a.c", "gcc|-O2" },
		{ "gcc -oa.o a.c", "gcc" },
		{ "gcc -DX=1 -D Y -I inc -Iinc2 a.c", "gcc|-DX=1|-D|Y|-I|inc|-Iinc2" },
		{ "gcc -MD -MP -MF a.d -MT a.o -MQ a.o a.c", "gcc" },
		{ "gcc -Wall -Wno-x -Wp,-D_FORTIFY_SOURCE=2 -Wp,-MMD,a.d -Wl,-z,now a.c",
		  "gcc|-Wp,-D_FORTIFY_SOURCE=2" },
		{ "gcc -save-temps=obj -pipe a.c", "gcc" },
		{ "ccache gcc -O1 a.c", "gcc|-O1" },
		{ "/usr/bin/ccache cc a.c", "cc" },
		{ "gcc -include config.h a.c", "gcc|-include|config.h" },
		{ "gcc -include other.c a.c", "gcc|-include|other.c" },
		{ "gcc '-DS=\\\"a b\\\"' a.c", "gcc|-DS=\"a b\"" },
		{ "gcc -DS=\\\\\\\"a\\\\\\\" a.c", "gcc|-DS=\"a\"" },
		{ "gcc /p/a.c ./a.c x.o liby.a", "gcc" },
		{ "gcc -x c -std=gnu11 -- a.c", "gcc|-x|c|-std=gnu11" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };
		CLEANUP(cleanup_free)
		char *json = xasprintf("[{\"directory\":\"/p\",\"file\":\"a.c\","
				       "\"command\":\"%s\"}]",
				       cases[i].command);
		CLEANUP(cleanup_free) char *got = NULL;

		assert_null(parse(json, &db));
		assert_int_equal(db.n, 1);
		got = join(&db.items[0].argv);
		assert_string_equal(got, cases[i].argv);
	}
}

static void paths_become_absolute(void **state)
{
	static const struct {
		const char *directory, *file, *want_directory, *want_file;
	} cases[] = {
		{ "/b", "a.c", "/b", "/b/a.c" },
		{ "build", "../a.c", "/p/build", "/p/a.c" },
		{ ".", "src/a.c", "/p", "/p/src/a.c" },
		{ "/b", "/x/./a.c", "/b", "/x/a.c" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };
		CLEANUP(cleanup_free)
		char *json = xasprintf("[{\"directory\":\"%s\",\"file\":\"%s\","
				       "\"arguments\":[\"cc\"]}]",
				       cases[i].directory, cases[i].file);

		assert_null(parse(json, &db));
		assert_string_equal(db.items[0].directory, cases[i].want_directory);
		assert_string_equal(db.items[0].file, cases[i].want_file);
	}
}

#define ENTRY(file, args)                                                                          \
	"{\"directory\":\"/p\",\"file\":\"" file "\",\"arguments\":[\"cc\"" args "]}"

static void paths_are_told_from_the_common_directory(void **state)
{
	static const struct {
		const char *a, *b, *root;
	} cases[] = {
		/* the database lies in /p/build */
		{ "/p/build/a.c", "/p/build/x/b.c", "/p/build" },
		{ "/p/src/a.c", "/p/src/b.c", "/p" },
		{ "/p/build/gen.c", "/p/a.c", "/p" },
		{ "/p/builder/a.c", "/p/build/b.c", "/p" },
		{ "/p/src/a.c", "/tmp/conftest.c", "/p/build" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };
		CLEANUP(cleanup_free)
		char *json = xasprintf(
			"[{\"directory\":\"/p/build\",\"file\":\"%s\",\"command\":\"cc\"},"
			"{\"directory\":\"/p/build\",\"file\":\"%s\",\"command\":\"cc\"}]",
			cases[i].a, cases[i].b);
		struct error *err = compdb_parse(json, strlen(json), "/p/build", &db);

		assert_null(err);
		assert_string_equal(db.root, cases[i].root);
	}
}

static void equal_entries_are_merged(void **state)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };

	(void)state;
	assert_null(
		parse("[" ENTRY("a.c", ",\"-c\",\"-o\",\"a.o\"") "," ENTRY("./a.c", "") "," ENTRY(
			      "a.c", ",\"-DB\"") "," ENTRY("b.c", "") "]",
		      &db));
	assert_int_equal(db.n, 3); /* a.c, a.c with -DB, b.c */
}

static void only_c_is_kept(void **state)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };

	(void)state;
	assert_null(
		parse("[" ENTRY("a.c", "") "," ENTRY("b.cpp", "") "," ENTRY("c.S", "") "," ENTRY(
			      "d.c", ",\"-x\",\"c++\"") "," ENTRY("e.inc", "") "]",
		      &db));
	assert_int_equal(db.n, 2);
	assert_string_equal(db.items[1].file, "/p/e.inc");
	assert_int_equal(db.not_c.n, 2);
	assert_string_equal(db.not_c.items[0], "/p/b.cpp");
}

static void broken_databases_are_refused(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "", "line 1: '[' or '{' expected near end of file" },
		{ "{}", "not a list of compile commands" },
		{ "[1]", "entry 1: not an object" },
		{ "[{}]", "entry 1: no \"file\"" },
		{ "[" ENTRY("a.c", "") ",{\"file\":\"b.c\"}]",
		  "entry 2: b.c: neither \"arguments\" nor \"command\"" },
		{ "[{\"file\":\"a.c\",\"arguments\":[1]}]",
		  "entry 1: a.c: \"arguments\" holds something not a string" },
		{ "[{\"file\":\"a.c\",\"arguments\":[]}]",
		  "entry 1: a.c: neither \"arguments\" nor \"command\"" },
		{ "[{\"file\":\"a.c\",\"command\":\"cc 'a.c\"}]",
		  "entry 1: a.c: \"command\" has an unclosed quote" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };
		CLEANUP(error_clear) struct error *err = parse(cases[i].json, &db);

		assert_non_null(err);
		assert_string_equal(err->message, cases[i].message);
		assert_int_equal(err->class, ERROR_INPUT);
		assert_int_equal(db.n, 0);
	}
}

static void a_missing_database_says_what_to_type(void **state)
{
	char dir[] = "/tmp/concur-compdb-XXXXXX";
	CLEANUP(compdb_clear) struct compdb db = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	CLEANUP(error_clear) struct error *up = NULL;
	CLEANUP(cleanup_free) char *message = NULL;
	CLEANUP(cleanup_free) char *message_up = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	err = compdb_load(dir, NULL, &db);
	up = compdb_load(NULL, dir, &db);
	rmdir(dir);
	message = xasprintf("no compile_commands.json in %s", dir);
	message_up = xasprintf("no compile_commands.json in %s or above", dir);
	assert_non_null(err);
	assert_string_equal(err->message, message);
	assert_int_equal(err->class, ERROR_USAGE);
	assert_string_equal(err->hint, "run: bear -- make   (or cmake "
				       "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON), or give -p DIR");
	assert_non_null(up);
	assert_string_equal(up->message, message_up);
}

static void what_is_named_is_kept(void **state)
{
	static const struct {
		const char *names[3];
		size_t kept, not_c;
		const char *message;
	} cases[] = {
		{ { "/p/src/a.c" }, 2, 0, NULL },
		{ { "/p/src" }, 3, 1, NULL },
		{ { "/p/src/a.c", "/p/lib" }, 3, 0, NULL },
		{ { "/p" }, 4, 1, NULL },
		{ { "/p/s" }, 0, 0, "/p/s is not in /p/compile_commands.json" },
		{ { "/p/src/a.c", "/p/x.c" }, 0, 0, "/p/x.c is not in /p/compile_commands.json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };
		CLEANUP(error_clear) struct error *err = NULL;
		size_t n = 0;

		assert_null(
			parse("[" ENTRY("src/a.c", "") "," ENTRY("src/a.c", ",\"-DB\"") "," ENTRY(
				      "src/b.c", "") "," ENTRY("src/c.cc", "") "," ENTRY("lib/d.c",
											 "") "]",
			      &db));
		while (cases[i].names[n])
			n++;
		err = compdb_select(&db, (char *const *)cases[i].names, n);
		if (cases[i].message) {
			assert_non_null(err);
			assert_string_equal(err->message, cases[i].message);
			continue;
		}
		assert_null(err);
		assert_int_equal(db.n, cases[i].kept);
		assert_int_equal(db.not_c.n, cases[i].not_c);
	}
}

/* All shards together are the whole, and none overlaps another. */
static void shards_are_a_partition(void **state)
{
	size_t seen[5] = { 0 }, left_out = 0;

	(void)state;
	for (unsigned shard = 1; shard <= 3; shard++) {
		CLEANUP(compdb_clear) struct compdb db = { 0 };

		assert_null(parse(
			"[" ENTRY("0.c", "") "," ENTRY("1.c", "") "," ENTRY("2.c", "") "," ENTRY(
				"3.c", "") "," ENTRY("4.c", "") "," ENTRY("x.cc", "") "]",
			&db));
		compdb_shard(&db, shard, 3);
		assert_true(db.n <= 2);
		vec_each (&db, entry)
			seen[entry->file[3] - '0']++;
		left_out += db.not_c.n;
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(left_out, 1);
}

static void files_need_no_database(void **state)
{
	char path[] = "/tmp/concur-compdb-XXXXXX.c", other[] = "/tmp/concur-compdb-XXXXXX.cc";
	char *files[] = { path, other, (char *)"/tmp/concur-no-such-file.c" };
	char *flags[] = { (char *)"-I", (char *)"inc", (char *)"-c", (char *)"-DX", NULL };
	CLEANUP(compdb_clear) struct compdb db = { 0 };
	CLEANUP(error_clear) struct error *missing = NULL;
	CLEANUP(error_clear) struct error *not_c = NULL;
	CLEANUP(cleanup_free) char *argv = NULL;
	int fds[] = { mkstemps(path, 2), mkstemps(other, 3) };

	(void)state;
	assert_null(compdb_of_files(files, 1, flags, &db));
	not_c = compdb_of_files(files, 2, flags, &db);
	missing = compdb_of_files(files + 2, 1, flags, &db);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		unlink(files[i]);
	}
	assert_int_equal(db.n, 1);
	assert_string_equal(db.items[0].file, path);
	argv = join(&db.items[0].argv);
	assert_string_equal(argv, "cc|-I|inc|-DX");
	assert_non_null(not_c);
	assert_true(!strncmp(not_c->message, "not C: ", 7));
	assert_non_null(missing);
	assert_string_equal(missing->message, "no such file: /tmp/concur-no-such-file.c");
}

static void twenty_thousand_entries_load(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf json = { 0 };
	CLEANUP(compdb_clear) struct compdb db = { 0 };

	(void)state;
	strbuf_addch(&json, '[');
	for (int i = 0; i < 20000; i++)
		strbuf_addf(&json, "%s" ENTRY("d%d/a.c", ",\"-O2\""), i ? "," : "", i);
	strbuf_addch(&json, ']');
	assert_null(parse(strbuf_str(&json), &db));
	assert_int_equal(db.n, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_cleaned),
		cmocka_unit_test(paths_become_absolute),
		cmocka_unit_test(paths_are_told_from_the_common_directory),
		cmocka_unit_test(equal_entries_are_merged),
		cmocka_unit_test(only_c_is_kept),
		cmocka_unit_test(what_is_named_is_kept),
		cmocka_unit_test(shards_are_a_partition),
		cmocka_unit_test(files_need_no_database),
		cmocka_unit_test(broken_databases_are_refused),
		cmocka_unit_test(a_missing_database_says_what_to_type),
		cmocka_unit_test(twenty_thousand_entries_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
