#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "db/db.h"
#include "sample.h"

static void make_history(const struct sample_place *place)
{
	CLEANUP(db_clear) struct db *db = NULL;

	sample_assert_ok(db_open(place->db, DB_WRITE, &db));
	for (int i = 1; i <= 2; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		sample_add_findings(&run, 3, 3, i);
		if (i == 2) { /* nothing measured, nothing known */
			run.verdict.kind = VERDICT_CANNOT_TELL;
			run.verdict.speedup.n = 0;
			run.verdict.has_row = false;
			run.profile.measured = false;
			run.target.git_dirty = -1;
		}
		sample_assert_ok(db_store(db, &run));
	}
	sample_assert_ok(db_tag(db, "last~1", "v1"));
	sample_assert_ok(db_tag(db, "last~1", "good"));
}

/* One row of a view as "a|b|..."; "-" is NULL. */
static void assert_row(const struct sample_place *place, const char *columns, const char *from,
		       const char *expected)
{
	CLEANUP(strbuf_clear) struct strbuf sql = { 0 };
	CLEANUP(cleanup_free) char *list = xstrdup(columns);
	CLEANUP(cleanup_free) char *got = NULL;
	const char *between = "SELECT ";

	for (char *c = strtok(list, " "); c; c = strtok(NULL, " ")) {
		strbuf_addf(&sql, "%sifnull(%s, '-')", between, c);
		between = " || '|' || ";
	}
	strbuf_addf(&sql, " FROM %s", from);
	got = sample_sql(place->db, strbuf_str(&sql));
	assert_non_null(got);
	assert_string_equal(got, expected);
}

static void test_v_run(void **state)
{
	static const struct {
		const char *columns, *first, *second;
	} cases[] = {
		{ "id", "01900010-0001-7000-8000-0123456789ab",
		  "01900020-0002-7000-8000-0123456789ab" },
		{ "program command verdict", "fetch|advise|recommend", "fetch|advise|cannot-tell" },
		{ "model workers speedup low high n", "threads|8|3.9|3.7|4.1|12", "-|-|-|-|-|0" },
		{ "\"row\" tier cpu_share overlappable_share unknown_share",
		  "io-waits|T1|0.1|0.8|0.01", "-|-|-|-|-" },
		{ "git_commit git_branch git_dirty",
		  "1f00ba5e1f00ba5e1f00ba5e1f00ba5e1f00ba5e|main|1",
		  "1f00ba5e1f00ba5e1f00ba5e1f00ba5e1f00ba5e|main|-" },
		{ "tags program_path program_digest",
		  "good v1|/home/ann/demo/fetch|00112233445566778899aabbccddeeff",
		  "-|/home/ann/demo/fetch|00112233445566778899aabbccddeeff" },
		{ "workload machine hostname cpu cores tool_version took_s",
		  "aaaabbbbccccddddaaaabbbbccccdddd|m1|box|CPU \\ 3|2|0.1.0|12.346",
		  "aaaabbbbccccddddaaaabbbbccccdddd|m1|box|CPU \\ 3|2|0.1.0|12.346" },
		{ "started_ns", "1700000001123456789", "1700000002123456789" },
	};
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_row(&place, cases[i].columns, "v_run LIMIT 1 OFFSET 1", cases[i].first);
		assert_row(&place, cases[i].columns, "v_run LIMIT 1", cases[i].second);
	}
}

static void test_v_run_shows_local_time(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place);
	setenv("TZ", "UTC-2", 1);
	tzset();
	assert_row(&place, "started", "v_run LIMIT 1", "2023-11-15 00:13:22");
	unsetenv("TZ");
	tzset();
}

static void test_v_race_v_wait_v_finding(void **state)
{
	static const struct {
		const char *columns, *from, *expected;
	} cases[] = {
		{ "model workers outcome speedup low high n wall_s isolation",
		  "v_race WHERE model = 'threads'", "threads|8|ok|2.0|1.9|2.1|8|0.250125|exec" },
		{ "cpu_s_per_task pss_bytes p50_s p99_s", "v_race WHERE model = 'threads'",
		  "0.000333333|1048576|5.0e-06|9.0e-06" },
		{ "outcome speedup low high n wall_s pss_bytes why", "v_race WHERE model = 'async'",
		  "crash|-|-|-|-|-|-|killed by SIGSEGV" },
		{ "group_concat(kind||share)", "v_wait WHERE run LIKE '01900010%'",
		  "cpu0.1,run-queue0.04,network0.8,lock0.05,unknown0.01" },
		{ "count(*)", "v_wait WHERE run LIKE '01900020%'", "0" },
		{ "file line \"check\" function symbol effect detail advice",
		  "v_finding WHERE run LIKE '01900010%'",
		  "src/f0.c|2|blocking-call|work0|recv|network|it blocks|-" },
		{ "count(*)", "v_finding", "6" },
		{ "count(distinct(identity))", "v_finding", "3" },
	};
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_row(&place, cases[i].columns, cases[i].from, cases[i].expected);
}

/* The views use nothing that a careful reader's connection refuses. */
static void test_views_work_on_a_hardened_connection(void **state)
{
	static const char *const views[] = { "v_run", "v_race", "v_wait", "v_finding" };
	CLEANUP(sample_place_clear) struct sample_place place;
	sqlite3 *db;

	(void)state;
	sample_place_init(&place);
	make_history(&place);
	assert_int_equal(sqlite3_open_v2(place.db, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		CLEANUP(cleanup_free) char *sql = xasprintf("SELECT * FROM %s", views[i]);

		if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s: %s", views[i], sqlite3_errmsg(db));
	}
	sqlite3_close(db);
}

/* The part of docs/schema.md about a view. Owned by the caller. */
static char *section(const char *view)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(cleanup_free) char *title = xasprintf("\n## %s:", view);
	const char *start, *end;

	sample_assert_ok(file_read(SOURCE_DIR "/docs/schema.md", &text));
	start = strstr(strbuf_str(&text), title);
	assert_non_null(start);
	end = strstr(start + 1, "\n## ");
	assert_non_null(end);
	return xstrndup(start, (size_t)(end - start));
}

/* Names in the first cells of a section's table: "| `a`, `b` | what it is |". */
static int count_names(const char *text)
{
	int marks = 0;

	for (const char *row = strstr(text, "\n| `"); row; row = strstr(row + 1, "\n| `"))
		for (const char *p = row + 3; *p != '|'; p++)
			marks += *p == '`';
	return marks / 2;
}

static void test_every_column_is_documented(void **state)
{
	static const char *const views[] = { "v_run", "v_race", "v_wait", "v_finding" };
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		CLEANUP(cleanup_free) char *text = section(views[i]);
		CLEANUP(cleanup_free)
		char *sql = xasprintf("SELECT group_concat(name, ' ') FROM pragma_table_info('%s')",
				      views[i]);
		CLEANUP(cleanup_free) char *names = sample_sql(place.db, sql);
		int n = 0;

		for (char *name = strtok(names, " "); name; name = strtok(NULL, " "), n++) {
			CLEANUP(cleanup_free) char *quoted = xasprintf("`%s`", name);

			if (!strstr(text, quoted))
				fail_msg("%s.%s is not in docs/schema.md", views[i], name);
		}
		assert_int_equal(count_names(text), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v_run),
		cmocka_unit_test(test_v_run_shows_local_time),
		cmocka_unit_test(test_v_race_v_wait_v_finding),
		cmocka_unit_test(test_views_work_on_a_hardened_connection),
		cmocka_unit_test(test_every_column_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
