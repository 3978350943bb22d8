#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "db/db.h"
#include "db/migrate.h"
#include "sample.h"

static void make_history(const struct sample_place *place, int runs)
{
	CLEANUP(db_clear) struct db *db = NULL;

	sample_assert_ok(db_open(place->db, DB_WRITE, &db));
	for (int i = 0; i < runs; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		sample_add_findings(&run, 20, 3, i);
		sample_assert_ok(db_store(db, &run));
	}
}

static void make_text(const struct sample_place *place)
{
	char text[3000];

	memset(text, 'x', sizeof(text));
	sample_assert_ok(file_write(place->db, text, sizeof(text)));
}

static void make_short_text(const struct sample_place *place)
{
	sample_assert_ok(file_write(place->db, "hi\n", 3));
}

static void make_empty(const struct sample_place *place)
{
	sample_assert_ok(file_write(place->db, "", 0));
}

static void make_directory(const struct sample_place *place)
{
	assert_int_equal(mkdir(place->db, 0777), 0);
}

static void make_pipe(const struct sample_place *place)
{
	assert_int_equal(mkfifo(place->db, 0666), 0);
}

static void make_foreign(const struct sample_place *place)
{
	free(sample_sql(place->db, "PRAGMA application_id = 77; PRAGMA user_version = 1;"
				   "CREATE TABLE run (id)"));
}

static void make_unlabelled(const struct sample_place *place)
{
	free(sample_sql(place->db, "CREATE TABLE run (id)"));
}

static void make_newer(const struct sample_place *place)
{
	make_history(place, 1);
	free(sample_sql(place->db, "PRAGMA user_version = 99"));
}

static void make_truncated(const struct sample_place *place)
{
	make_history(place, 3);
	assert_int_equal(truncate(place->db, 16384), 0);
}

static void make_hostile_view(const struct sample_place *place)
{
	make_history(place, 1);
	free(sample_sql(place->db, "PRAGMA foreign_keys = OFF; ALTER TABLE wait RENAME TO old;"
				   "CREATE VIEW wait AS SELECT * FROM old"));
}

static void make_hostile_column(const struct sample_place *place)
{
	make_history(place, 1);
	free(sample_sql(place->db, "ALTER TABLE tag ADD COLUMN evil TEXT DEFAULT 'x'"));
}

static void test_files_that_are_no_history(void **state)
{
	static const struct {
		void (*make)(const struct sample_place *place);
		enum error_class class;
		const char *read, *write; /* messages; NULL: it opens */
		const char *hint;
	} cases[] = {
		{ NULL, ERROR_USAGE, "no history at @", NULL,
		  "run 'concur advise' first, or name another file with --db FILE" },
		{ make_empty, ERROR_USAGE, "no history at @", NULL,
		  "run 'concur advise' first, or name another file with --db FILE" },
		{ make_directory, ERROR_USAGE, "@ is a directory", "@ is a directory",
		  "name a file with --db FILE" },
		{ make_pipe, ERROR_USAGE, "@ is not a regular file", "@ is not a regular file",
		  "name a file with --db FILE" },
		{ make_text, ERROR_INPUT, "@ is not a database", "@ is not a database",
		  "choose another file with --db FILE" },
		{ make_short_text, ERROR_INPUT, "@ is not a database", "@ is not a database",
		  "choose another file with --db FILE" },
		{ make_foreign, ERROR_INPUT, "@ is a database of another program",
		  "@ is a database of another program", "choose another file with --db FILE" },
		{ make_unlabelled, ERROR_INPUT, "@ is a database of another program",
		  "@ is a database of another program", "choose another file with --db FILE" },
		{ make_newer, ERROR_INPUT,
		  "@ was written by a newer concur (schema 99, this one knows 3)",
		  "@ was written by a newer concur (schema 99, this one knows 3)",
		  "update concur, or choose another file with --db FILE" },
		{ make_truncated, ERROR_INPUT, "@ is damaged (database disk image is malformed)",
		  "@ is damaged (database disk image is malformed)",
		  "move it away to start a new history; 'sqlite3 @ .recover' shows what can be "
		  "saved" },
		{ make_hostile_view, ERROR_INPUT, "the tables of @ are not those of concur",
		  "the tables of @ are not those of concur", NULL },
		{ make_hostile_column, ERROR_INPUT, "the tables of @ are not those of concur",
		  "the tables of @ are not those of concur", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(db_clear) struct db *db = NULL;

		sample_place_init(&place);
		if (cases[i].make)
			cases[i].make(&place);
		sample_assert_error(db_open(place.db, DB_READ, &db), cases[i].class, place.db,
				    cases[i].read, cases[i].hint);
		assert_null(db);
		if (cases[i].write)
			sample_assert_error(db_open(place.db, DB_WRITE, &db), cases[i].class,
					    place.db, cases[i].write, cases[i].hint);
		else
			sample_assert_ok(db_open(place.db, DB_WRITE, &db));
	}
}

static void test_a_refused_file_is_not_changed(void **state)
{
	static void (*const makers[])(const struct sample_place *place) = {
		make_text, make_short_text, make_foreign, make_unlabelled, make_newer,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(strbuf_clear) struct strbuf before = { 0 };
		CLEANUP(strbuf_clear) struct strbuf after = { 0 };
		struct db *db = NULL;

		sample_place_init(&place);
		makers[i](&place);
		sample_assert_ok(file_read(place.db, &before));
		error_free(db_open(place.db, DB_WRITE, &db));
		assert_null(db);
		sample_assert_ok(file_read(place.db, &after));
		assert_int_equal(after.len, before.len);
		assert_memory_equal(after.s, before.s, before.len);
	}
}

/* What users add stays and does nothing to us; a trigger does not fire. */
static void test_additions_do_no_harm(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place, 1);
	free(sample_sql(place.db,
			"CREATE INDEX mine ON run (program);"
			"CREATE VIEW slow AS SELECT * FROM run;"
			"CREATE TRIGGER evil AFTER INSERT ON run BEGIN DELETE FROM race; END;"
			"ANALYZE"));
	make_history(&place, 2);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM race"), 6);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM slow"), 2);
}

/* Whatever bytes are wrong: an answer or an error, and the same file can be asked on. */
static void test_damage_anywhere_does_no_harm(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(strbuf_clear) struct strbuf sound = { 0 };
	struct rng rng = { 42 };
	int refused = 0;

	(void)state;
	sample_place_init(&place);
	make_history(&place, 5);
	sample_assert_ok(file_read(place.db, &sound));
	for (int round = 0; round < 300; round++) {
		CLEANUP(cleanup_free) char *bytes = xmalloc(sound.len);
		CLEANUP(db_clear) struct db *db = NULL;
		CLEANUP(history_clear) struct history history = { 0 };
		CLEANUP(run_clear) struct run run = { 0 };
		struct error *err;

		memcpy(bytes, sound.s, sound.len);
		for (int i = 0; i < 20; i++) /* half of it in the first pages, where most is */
			bytes[rng_below(&rng, i % 2 ? sound.len : 8192)] = (char)rng_next(&rng);
		sample_assert_ok(file_write(place.db, bytes, sound.len));
		err = db_open(place.db, round % 2 ? DB_READ : DB_WRITE, &db);
		if (!err)
			err = db_list(db, 0, &history);
		if (!err)
			err = db_load(db, "last~2", &run);
		refused += !!err;
		error_free(err);
	}
	assert_in_range(refused, 100, 300);
}

/* Runs fn in a child as an unprivileged user, if this is root; it must return 0. */
static void as_nobody(int (*fn)(const struct sample_place *), const struct sample_place *place)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!geteuid() && (setgroups(0, NULL) || setegid(65534) || seteuid(65534)))
			_exit(99);
		_exit(fn(place));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0: exactly this message of class ERROR_USAGE. For children, where cmocka cannot report. */
static int expect(struct error *err, const char *what, const char *path)
{
	CLEANUP(cleanup_free) char *message = xasprintf("%s %s: Permission denied", what, path);
	bool same = err && err->class == ERROR_USAGE && !strcmp(err->message, message);

	if (!same)
		fprintf(stderr, "expected: %s\n     got: %s\n", message,
			err ? err->message : "no error");
	error_free(err);
	return !same;
}

static int write_refused_file(const struct sample_place *place)
{
	struct db *db;

	return expect(db_open(place->db, DB_WRITE, &db), "cannot write", place->db);
}

static int write_refused_directory(const struct sample_place *place)
{
	struct db *db;

	return expect(db_open(place->db, DB_WRITE, &db), "cannot write", place->dir);
}

static int read_refused_file(const struct sample_place *place)
{
	struct db *db;

	return expect(db_open(place->db, DB_READ, &db), "cannot read", place->db);
}

static int read_works(const struct sample_place *place)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	struct error *err = db_open(place->db, DB_READ, &db);

	if (!err)
		err = db_load(db, "last", &run);
	if (err)
		fprintf(stderr, "%s\n", err->message);
	return err || run.facts.n != 20;
}

static void test_rights(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;

	(void)state;
	sample_place_init(&place);
	make_history(&place, 2);
	assert_int_equal(chmod(place.dir, 0777), 0);
	assert_int_equal(chmod(place.db, 0444), 0);
	as_nobody(write_refused_file, &place);
	as_nobody(read_works, &place);
	assert_int_equal(chmod(place.dir, 0555), 0);
	as_nobody(write_refused_directory, &place);
	as_nobody(read_works, &place); /* though SQLite can make no shared memory there */
	assert_int_equal(chmod(place.db, 0000), 0);
	as_nobody(read_refused_file, &place);
	assert_int_equal(chmod(place.dir, 0777), 0);
}

static void test_a_directory_that_is_not_there(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(cleanup_free) char *dir = NULL;
	CLEANUP(cleanup_free) char *message = NULL;
	CLEANUP(cleanup_free) char *hint = NULL;
	struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	dir = path_join(place.dir, "no");
	path = path_join(place.dir, "no/h.db");
	message = xasprintf("cannot write %s: no directory %s", path, dir);
	hint = xasprintf("make it with 'mkdir -p %s'", dir);
	sample_assert_error(db_open(path, DB_WRITE, &db), ERROR_USAGE, "", message, hint);
	sample_assert_error(db_open(path, DB_READ, &db), ERROR_USAGE, path, "no history at @",
			    NULL);
	assert_false(file_exists(dir));
}

static void test_the_directory_ignores_itself(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(cleanup_free) char *ignore = NULL;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;

	(void)state;
	sample_place_init(&place);
	path = path_join(place.dir, ".concur/history.db");
	ignore = path_join(place.dir, ".concur/.gitignore");
	sample_assert_ok(db_open(path, DB_WRITE, &db));
	sample_assert_ok(file_read(ignore, &text));
	assert_string_equal(strbuf_str(&text), "*\n");
}

static void test_default_path(void **state)
{
	static const struct {
		const char *make; /* a directory below the place */
		const char *expected;
	} cases[] = {
		{ "a/b/c", "a/b/c/.concur/history.db" },
		{ "a/.git", "a/.concur/history.db" },
		{ "a/b/.concur", "a/b/.concur/history.db" },
	};
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(cleanup_free) char *start = NULL;

	(void)state;
	sample_place_init(&place);
	unsetenv("CONCUR_DB");
	start = path_join(place.dir, "a/b/c");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free)
		char *make = xasprintf("mkdir -p %s/%s", place.dir, cases[i].make);
		CLEANUP(cleanup_free) char *expected = path_join(place.dir, cases[i].expected);
		CLEANUP(cleanup_free) char *path = NULL;

		assert_int_equal(system(make), 0);
		path = db_default_path(start);
		assert_string_equal(path, expected);
	}
	setenv("CONCUR_DB", "/elsewhere/x.db", 1);
	free(start);
	start = db_default_path(place.dir);
	assert_string_equal(start, "/elsewhere/x.db");
	unsetenv("CONCUR_DB");
}

/* What a name could mean to SQLite, it does not mean to us. */
static void test_strange_names(void **state)
{
	static const char *const names[] = { ":memory:", "file:x?mode=memory", "a?b#c%41.db", "-",
					     " ",        "\xc3\xa4.db" };
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(cleanup_free) char *cwd = getcwd(NULL, 0);

	(void)state;
	sample_place_init(&place);
	assert_int_equal(chdir(place.dir), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CLEANUP(db_clear) struct db *db = NULL;

		sample_assert_ok(db_open(names[i], DB_WRITE, &db));
		assert_true(file_exists(names[i]));
		db_close(MOVE(db));
		sample_assert_ok(db_open(names[i], DB_READ, &db));
	}
	assert_int_equal(chdir(cwd), 0);
}

static void test_a_locked_history(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	sqlite3 *other;

	(void)state;
	sample_place_init(&place);
	make_history(&place, 1);
	sample_assert_ok(db_open(place.db, DB_WRITE, &db));
	assert_int_equal(sqlite3_open(place.db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sample_run(7, &run);
	sample_assert_error(db_store(db, &run), ERROR_MACHINE, place.db,
			    "cannot store the run: @ is locked by another process",
			    "wait until it has ended ('fuser @' names it), then try again");
	sqlite3_close(other);
	sample_assert_ok(db_store(db, &run));
}

/* Stores until the place is full: the message, and that all runs before are there and whole. */
static int fill(const char *path)
{
	struct error *err = NULL;
	struct db *db = NULL;
	int stored = 0;
	int n;

	err = db_open(path, DB_WRITE, &db);
	while (!err && stored < 1000) {
		struct run run;

		sample_run(stored, &run);
		sample_add_findings(&run, 200, 1, stored);
		err = db_store(db, &run);
		stored += !err;
		run_clear(&run);
	}
	if (!err || err->class != ERROR_MACHINE || !strstr(err->message, "no space left for"))
		fprintf(stderr, "after %d runs: %s\n", stored, err ? err->message : "no error");
	n = err && err->class == ERROR_MACHINE && strstr(err->message, "no space left for") ? stored
											    : -1;
	error_free(err);
	db_close(db);
	for (int i = 0; i < n; i++) {
		struct run run = { 0 };
		char id[UUID_TEXT];

		sample_id(i, id);
		if (db_open(path, DB_READ, &db) || db_load(db, id, &run) || run.facts.n != 200)
			return -1;
		run_clear(&run);
		db_close(db);
	}
	return n;
}

static void expect_in_child(int (*fn)(const struct sample_place *),
			    const struct sample_place *place, const char *what)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(fn(place));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("not tested: %s is not permitted here\n", what);
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static int fill_with_file_limit(const struct sample_place *place)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return fill(place->db) < 1;
}

static int fill_small_disk(const struct sample_place *place)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("concur-test", place->dir, "tmpfs", 0, "size=1m"))
		return 77;
	return fill(place->db) < 1;
}

static int open_on_full_disk(const struct sample_place *place)
{
	CLEANUP(cleanup_free) char *path = path_join(place->dir, "ballast");
	CLEANUP(error_clear) struct error *err = NULL;
	char block[4096] = { 1 };
	struct db *db = NULL;
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("concur-test", place->dir, "tmpfs", 0, "size=64k"))
		return 77;
	fd = open(path, O_WRONLY | O_CREAT, 0666);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	err = db_open(place->db, DB_WRITE, &db);
	if (err && err->class == ERROR_MACHINE && strstr(err->message, "no space left for"))
		return 0;
	fprintf(stderr, "%s\n", err ? err->message : "no error");
	return 1;
}

static void test_a_full_disk(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place limited;
	CLEANUP(sample_place_clear) struct sample_place small;

	(void)state;
	sample_place_init(&limited);
	sample_place_init(&small);
	expect_in_child(fill_with_file_limit, &limited, "a file size limit");
	expect_in_child(fill_small_disk, &small, "mounting");
	expect_in_child(open_on_full_disk, &small, "mounting");
}

static void open_plain(const struct sample_place *place, struct db *ret)
{
	ret->path = xstrdup(place->db);
	assert_int_equal(sqlite3_open(place->db, &ret->sqlite), SQLITE_OK);
}

static void close_plain(struct db *db)
{
	sqlite3_close(db->sqlite);
	free(db->path);
}

static void test_migration(void **state)
{
	static const char *const steps[] = { "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
					     "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1",
					     "CREATE TABLE b (z); SELECT no_such_function()" };
	static const struct schema one = { steps, 1, "" }, two = { steps, 2, "" },
				   broken = { steps, 3, "" };
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(close_plain) struct db db = { 0 };
	CLEANUP(cleanup_free) char *copy = NULL;
	enum schema_state schema;

	(void)state;
	sample_place_init(&place);
	open_plain(&place, &db);
	copy = xasprintf("%s.v1.bak", place.db);
	sample_assert_ok(schema_migrate(&db, &one));
	assert_false(file_exists(copy));
	sample_assert_ok(schema_state(&db, &two, &schema));
	assert_int_equal(schema, SCHEMA_OLD);
	sample_assert_ok(schema_migrate(&db, &two));
	assert_int_equal(sample_sql_int(place.db, "SELECT y FROM a"), 2);
	assert_int_equal(sample_sql_int(place.db, "PRAGMA user_version"), 2);
	assert_int_equal(sample_sql_int(copy, "PRAGMA user_version"), 1);
	assert_int_equal(sample_sql_int(copy, "SELECT x FROM a"), 1);
	sample_assert_ok(schema_verify(&db, &two));
	/* One that fails leaves all as it was. */
	sample_assert_error(schema_migrate(&db, &broken), ERROR_INPUT, place.db,
			    "@: no such function: no_such_function", NULL);
	assert_int_equal(sample_sql_int(place.db, "PRAGMA user_version"), 2);
	assert_int_equal(sample_sql_int(place.db, "SELECT count(*) FROM sqlite_schema"), 1);
	sample_assert_error(schema_state(&db, &one, &schema), ERROR_INPUT, place.db,
			    "@ was written by a newer concur (schema 2, this one knows 1)", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_that_are_no_history),
		cmocka_unit_test(test_a_refused_file_is_not_changed),
		cmocka_unit_test(test_additions_do_no_harm),
		cmocka_unit_test(test_damage_anywhere_does_no_harm),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_a_directory_that_is_not_there),
		cmocka_unit_test(test_the_directory_ignores_itself),
		cmocka_unit_test(test_default_path),
		cmocka_unit_test(test_strange_names),
		cmocka_unit_test(test_a_locked_history),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_migration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
