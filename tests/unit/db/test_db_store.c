#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "db/db.h"
#include "model/run_json.h"
#include "sample.h"

static struct db *open_db(const struct sample_place *place, enum db_mode mode)
{
	struct db *db = NULL;

	sample_assert_ok(db_open(place->db, mode, &db));
	return db;
}

static void store(struct db *db, int i)
{
	CLEANUP(run_clear) struct run run = { 0 };

	sample_run(i, &run);
	sample_assert_ok(db_store(db, &run));
}

static void assert_loads_as(struct db *db, const char *ref, const struct run *expected)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(cleanup_free) char *text = run_json_text(expected);
	CLEANUP(cleanup_free) char *again = NULL;

	sample_assert_ok(db_load(db, ref, &run));
	again = run_json_text(&run);
	for (size_t i = 0; again[i] || text[i]; i++)
		if (again[i] != text[i]) /* cmocka's message holds no whole run */
			fail_msg("run %s differs: \"%.60s\" became \"%.60s\"", ref, text + i,
				 again + i);
}

static void test_a_loaded_run_is_the_stored_one(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	sample_run(1, &run);
	sample_add_findings(&run, 50, 7, 0);
	/* The order of findings is kept even if it is not the usual one. */
	sample_add_finding(&run, "mt-unsafe-call", "src/f0.c", 3, NULL, "strtok");
	sample_add_finding(&run, "mt-unsafe-call", "src/f0.c", 2, "f", "strtok");
	sample_add_finding(&run, "shared-state", "src/f6.c", 1, "f", "count");
	sample_add_finding(&run, "shared-state", "src/f0.c", 3, NULL, "strtok");
	vec_push(&run.facts.items[3].sites,
		 ((struct fact_site){ xstrdup("src/f1.c"), 9, NULL, xstrdup("write") }));
	vec_push(&run.facts.failures,
		 ((struct unit_failure){ xstrdup("bad.c"), xstrdup("no header x.h") }));
	run.facts.units = 8;
	sample_assert_ok(db_store(db, &run));
	assert_loads_as(db, "last", &run);
	db_close(MOVE(db));
	db = open_db(&place, DB_READ);
	assert_loads_as(db, run.id, &run);
}

static void test_a_run_without_measurements_is_kept(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(run_clear) struct run run = { .command = xstrdup("analyze"), .started_ns = 5 };
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	sample_id(9, run.id);
	run.target.git_dirty = -1;
	run.facts.why_not = xstrdup("no compile_commands.json");
	run.race.conditions.noise = (struct estimate){ NAN, NAN, NAN, 0 };
	run.verdict.speedup = (struct estimate){ NAN, NAN, NAN, 0 };
	db = open_db(&place, DB_WRITE);
	sample_assert_ok(db_store(db, &run));
	assert_loads_as(db, "last", &run);
}

/* All rows of all tables, as text. */
static char *dump(const char *path)
{
	return sample_sql(path,
			  "SELECT (SELECT group_concat(run_no || hex(id) || document) FROM run)"
			  "|| (SELECT count(*) FROM race) || (SELECT count(*) FROM wait)"
			  "|| (SELECT count(*) FROM run_source)"
			  "|| (SELECT group_concat(finding_no || rest) FROM finding)"
			  "|| (SELECT count(*) FROM machine) || (SELECT count(*) FROM workload)");
}

static void test_storing_twice_changes_nothing(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *before = NULL;
	CLEANUP(cleanup_free) char *after = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	sample_run(1, &run);
	sample_add_findings(&run, 20, 2, 0);
	sample_assert_ok(db_store(db, &run));
	before = dump(place.db);
	sample_assert_ok(db_store(db, &run));
	after = dump(place.db);
	assert_string_equal(before, after);
}

static void test_equal_parts_are_stored_once(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	for (int i = 0; i < 20; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		/* From the eleventh on, the first of ten files is another. */
		sample_add_findings(&run, 1000, 10, i >= 10);
		sample_assert_ok(db_store(db, &run));
		assert_loads_as(db, "last", &run);
	}
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM run"), 20);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM finding"), 1000 + 100);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM source"), 10 + 1);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM run_source"), 20 * 10);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM machine"), 1);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM workload"), 1);
	/* A finding that only moved has the same identity. */
	assert_int_equal(sample_sql_int(place.db, "SELECT count(DISTINCT identity) FROM finding"),
			 1000);
}

static void test_a_run_that_cannot_be_read_again_is_refused(void **state)
{
	static const struct {
		const char *id;
		uint64_t wall_ns;
		const char *message;
	} cases[] = {
		{ "", 1000, "cannot store the run: id: not a UUID..." },
		{ "019", 1000, "cannot store the run: id: not a UUID..." },
		{ "01900000-0000-7000-8000-0123456789ab", 999,
		  "cannot store the run: profile: ..." },
	};
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(1, &run);
		strcpy(run.id, cases[i].id);
		run.profile.waits.wall_ns = cases[i].wall_ns;
		sample_assert_error(db_store(db, &run), ERROR_INPUT, place.db, cases[i].message,
				    NULL);
	}
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM run"), 0);
}

static void test_references(void **state)
{
	static const char commit[] = "abcdef0123456789abcdef0123456789abcdef01";
	static const struct {
		const char *ref;
		int run;           /* expected, or */
		const char *error; /* this message */
	} cases[] = {
		{ "last", 4, NULL },
		{ "last~0", 4, NULL },
		{ "last~3", 1, NULL },
		{ "last~4", 0, "no run last~4: @ has 4" },
		{ "last~99999999999999999999", 0, "no run \"last~99999999999999999999\" in @" },
		{ "last~", 0, "no run \"last~\" in @" },
		{ "lastly", 0, "no run \"lastly\" in @" },
		{ "01900020", 2, NULL },
		{ "01900020-0002-7000-8000-0123456789ab", 2, NULL },
		{ "01900020-0002-7000-8000-0123456789AB", 2, NULL },
		{ "01900020-0002-7000-8000-0123456789ab0", 0,
		  "no run \"01900020-0002-7000-8000-0123456789ab0\" in @" },
		{ "0190", 0,
		  "\"0190\" is the beginning of several runs: "
		  "01900040-0004-7000-8000-0123456789ab, 01900030-0003-7000-8000-0123456789ab, "
		  "01900020-0002-7000-8000-0123456789ab, 01900010-0001-7000-8000-0123456789ab" },
		{ "019", 0, "no run \"019\" in @" },
		{ "release", 1, NULL },
		{ "abcdef0", 3, NULL },
		{ "abcdef0123456789abcdef0123456789abcdef01", 3, NULL },
		{ "abcdef", 0, "no run \"abcdef\" in @" },
		{ "1f00ba5", 0, NULL /* see below */ },
		{ "", 0, "no run \"\" in @" },
		{ "' OR 1 --", 0, "no run \"' OR 1 --\" in @" },
	};
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	for (int i = 1; i <= 4; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		if (i == 2 || i == 3) { /* two runs of one commit: the newest counts */
			free(run.target.git_commit);
			run.target.git_commit = xstrdup(commit);
		} else if (i == 4) { /* two commits with one beginning */
			run.target.git_commit[39] = 'f';
		}
		sample_assert_ok(db_store(db, &run));
	}
	sample_assert_ok(db_tag(db, "last", "release"));
	sample_assert_ok(db_tag(db, "last~3", "release")); /* it moves */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run run = { 0 };
		struct error *err = db_load(db, cases[i].ref, &run);
		char id[UUID_TEXT];

		if (cases[i].error) {
			sample_assert_error(err, ERROR_USAGE, place.db, cases[i].error, NULL);
		} else if (cases[i].run) {
			sample_assert_ok(err);
			sample_id(cases[i].run, id);
			assert_string_equal(run.id, id);
		} else {
			sample_assert_error(err, ERROR_USAGE, place.db,
					    "\"1f00ba5\" is the beginning of several commits: "
					    "1f00ba5e1f00ba5e1f00ba5e1f00ba5e1f00ba5e, "
					    "1f00ba5e1f00ba5e1f00ba5e1f00ba5e1f00ba5f",
					    "give more digits");
		}
	}
}

static void test_tags_cannot_be_mistaken(void **state)
{
	static const char *const bad[] = { "", "last", "last~1", "abcd", "0190-0010", "a b" };
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	store(db, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP(cleanup_free) char *message = xasprintf("\"%s\" cannot be a tag", bad[i]);

		sample_assert_error(db_tag(db, "last", bad[i]), ERROR_USAGE, "", message, NULL);
	}
	sample_assert_error(db_tag(db, "nope", "v1"), ERROR_USAGE, place.db, "no run \"nope\" in @",
			    NULL);
	sample_assert_ok(db_tag(db, "last", "v1.0"));
}

static void test_list_is_newest_first(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(history_clear) struct history all = { 0 };
	CLEANUP(history_clear) struct history two = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	char id[UUID_TEXT];

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	store(db, 2);
	store(db, 3);
	store(db, 1);
	sample_assert_ok(db_list(db, 0, &all));
	sample_assert_ok(db_list(db, 2, &two));
	assert_int_equal(all.n, 3);
	assert_int_equal(two.n, 2);
	for (int i = 0; i < 3; i++) {
		sample_id(3 - i, id);
		assert_string_equal(all.items[i].id, id);
	}
	assert_string_equal(all.items[0].program, "/home/ann/demo/fetch");
	assert_string_equal(all.items[0].command, "advise");
	assert_string_equal(all.items[0].verdict, "recommend");
	assert_string_equal(all.items[0].model, "threads");
	assert_string_equal(all.items[0].row, "io-waits");
	assert_int_equal(all.items[0].workers, 8);
	assert_int_equal(all.items[0].speedup.n, 12);
	assert_true(all.items[0].speedup.low == 3.7);
	assert_int_equal(all.items[0].started_ns, 1700000003123456789);
}

static pid_t start_writer(const struct sample_place *place, int first, int n)
{
	pid_t pid = fork();
	struct db *db = NULL;

	if (pid)
		return pid;
	for (int i = first; i < first + n; i++) {
		struct run run;

		/* Opened anew each time, as each command does: making the tables races, too. */
		sample_run(i, &run);
		if (db_open(place->db, DB_WRITE, &db) || db_store(db, &run))
			_exit(1);
		db_close(db);
		run_clear(&run);
	}
	_exit(0);
}

static void test_two_writers_both_succeed(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	pid_t writers[3];

	(void)state;
	sample_place_init(&place);
	for (int i = 0; i < 3; i++)
		writers[i] = start_writer(&place, i * 100, 30);
	for (int i = 0; i < 3; i++) {
		int status;

		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM run"), 90);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM race"), 270);
}

static void test_a_reader_sees_a_whole_state_while_others_write(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	pid_t writer;
	int status;

	(void)state;
	sample_place_init(&place);
	db = open_db(&place, DB_WRITE);
	store(db, 0);
	db_close(MOVE(db));
	writer = start_writer(&place, 1, 40);
	db = open_db(&place, DB_READ);
	do {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_assert_ok(db_load(db, "last", &run));
		assert_int_equal(run.race.n, 3);
	} while (!waitpid(writer, &status, WNOHANG));
	assert_int_equal(status, 0);
}

static void test_a_damaged_run_is_named(void **state)
{
	static const struct {
		const char *sql, *message;
	} cases[] = {
		{ "UPDATE run SET document = '{'",
		  "cannot read run last of @: string or '}' expected near end of file" },
		{ "UPDATE run SET document = '[]'", "cannot read run last of @: not an object" },
		{ "UPDATE machine SET document = 'x'",
		  "cannot read run last of @: machine: invalid token near 'x'" },
		{ "DELETE FROM workload", "cannot read run last of @: parts of it are missing" },
		{ "UPDATE finding SET rest = '{' WHERE finding_no = 2",
		  "cannot read run last of @: finding 1 cannot be read" },
		{ "UPDATE run SET id = zeroblob(16)",
		  "cannot read run last of @: its document says it is "
		  "01900010-0001-7000-8000-0123456789ab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(run_clear) struct run run = { 0 };
		CLEANUP(run_clear) struct run loaded = { 0 };
		CLEANUP(db_clear) struct db *db = NULL;

		sample_place_init(&place);
		db = open_db(&place, DB_WRITE);
		sample_run(1, &run);
		sample_add_findings(&run, 3, 1, 0);
		sample_assert_ok(db_store(db, &run));
		free(sample_sql(place.db, cases[i].sql));
		sample_assert_error(db_load(db, "last", &loaded), ERROR_INPUT, place.db,
				    cases[i].message, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_loaded_run_is_the_stored_one),
		cmocka_unit_test(test_a_run_without_measurements_is_kept),
		cmocka_unit_test(test_storing_twice_changes_nothing),
		cmocka_unit_test(test_equal_parts_are_stored_once),
		cmocka_unit_test(test_a_run_that_cannot_be_read_again_is_refused),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_tags_cannot_be_mistaken),
		cmocka_unit_test(test_list_is_newest_first),
		cmocka_unit_test(test_two_writers_both_succeed),
		cmocka_unit_test(test_a_reader_sees_a_whole_state_while_others_write),
		cmocka_unit_test(test_a_damaged_run_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
