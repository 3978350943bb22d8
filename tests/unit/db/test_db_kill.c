/*
 * A writer is killed at random moments. What it had reported as stored must be there, whole, and of
 * what it was storing either all or nothing. CONCUR_DB_KILLS sets the number of kills (20).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "db/db.h"
#include "sample.h"

#define FINDINGS 300

static void make_run(int i, struct run *ret)
{
	sample_run(i, ret);
	sample_add_findings(ret, FINDINGS, 10, i);
}

/* Reports each number once its run is stored. Opens anew now and then: that, too, is killed. */
static void write_runs(const char *path, int first, int report)
{
	struct db *db = NULL;

	for (int i = first;; i++) {
		struct run run;

		make_run(i, &run);
		if (!db && db_open(path, DB_WRITE, &db))
			_exit(1);
		if (db_store(db, &run))
			_exit(2);
		if (write(report, &i, sizeof(i)) != sizeof(i))
			_exit(3);
		run_clear(&run);
		if (i % 3 == 0) {
			db_close(db);
			db = NULL;
		}
	}
}

static void wait_ns(long ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&ts, NULL);
}

/* Returns the number of the last run reported, or first - 1. */
static int run_and_kill(const char *path, int first, long delay_ns)
{
	int fds[2], i, last = first - 1, status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		write_runs(path, first, fds[1]);
	}
	close(fds[1]);
	wait_ns(delay_ns);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &i, sizeof(i)) == sizeof(i))
		last = i;
	close(fds[0]);
	return last;
}

static void assert_whole(struct db *db, int i)
{
	CLEANUP(run_clear) struct run expected = { 0 };
	CLEANUP(run_clear) struct run run = { 0 };

	make_run(i, &expected);
	sample_assert_ok(db_load(db, expected.id, &run));
	assert_string_equal(run.id, expected.id);
	assert_int_equal(run.race.n, expected.race.n);
	assert_int_equal(run.facts.n, FINDINGS);
	for (size_t f = 0; f < FINDINGS; f++)
		assert_int_equal(run.facts.items[f].line, expected.facts.items[f].line);
}

static void assert_rows_agree(const char *path)
{
	CLEANUP(cleanup_free) char *check = sample_sql(path, "PRAGMA integrity_check");
	CLEANUP(cleanup_free) char *keys = sample_sql(path, "PRAGMA foreign_key_check");

	assert_string_equal(check, "ok");
	assert_null(keys);
	assert_int_equal(
		sample_sql_int(path,
			       "SELECT count(*) FROM run AS r WHERE"
			       " (SELECT count(*) FROM race WHERE run_no = r.run_no) <> 3 OR"
			       " (SELECT count(*) FROM wait WHERE run_no = r.run_no) <> 5 OR"
			       " (SELECT count(*) FROM run_source WHERE run_no = r.run_no) <> 10"),
		0);
	assert_int_equal(sample_sql_int(path, "SELECT count(*) FROM source WHERE source_no NOT IN"
					      " (SELECT source_no FROM run_source)"),
			 0);
}

static void test_a_killed_writer_leaves_whole_runs(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	const char *set = getenv("CONCUR_DB_KILLS");
	int kills = set ? atoi(set) : 20, next = 0, checked = 0;
	struct rng rng = { (uint64_t)time(NULL) };

	(void)state;
	print_message("seed %llu\n", (unsigned long long)rng.state);
	sample_place_init(&place);
	for (int k = 0; k < kills; k++) {
		CLEANUP(db_clear) struct db *db = NULL;
		long delay_ns = (long)rng_below(&rng, 150000000);
		int last = run_and_kill(place.db, next, delay_ns);
		long long stored;

		/* The first may have been killed before there was a file. */
		if (last < 0)
			continue;
		sample_assert_ok(db_open(place.db, DB_READ, &db));
		for (; checked <= last; checked++)
			assert_whole(db, checked);
		assert_rows_agree(place.db);
		/* One more than reported: stored, and killed before it could say so. */
		stored = sample_sql_int(place.db, "SELECT count(*) FROM run");
		assert_in_range(stored, last + 1, last + 2);
		if (stored == last + 2)
			assert_whole(db, last + 1);
		next = (int)stored;
	}
	print_message("%d kills, %d runs\n", kills, next);
	assert_true(next > 0);
}

/* Killed while the tables are being made: the next one makes them, or finds them. */
static void test_a_killed_maker_leaves_a_usable_file(void **state)
{
	struct rng rng = { (uint64_t)time(NULL) };

	(void)state;
	for (int k = 0; k < 30; k++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(db_clear) struct db *db = NULL;
		CLEANUP(run_clear) struct run run = { 0 };

		sample_place_init(&place);
		run_and_kill(place.db, 0, (long)rng_below(&rng, 12000000));
		sample_run(1000, &run);
		sample_assert_ok(db_open(place.db, DB_WRITE, &db));
		sample_assert_ok(db_store(db, &run));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_killed_writer_leaves_whole_runs),
		cmocka_unit_test(test_a_killed_maker_leaves_a_usable_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
