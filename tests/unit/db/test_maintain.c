#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "db/maintain.h"
#include "db/trend.h"
#include "sample.h"

#define SECOND 1000000000ll

static struct db *filled(const char *path, int first, int end)
{
	struct db *db = NULL;

	sample_assert_ok(db_open(path, DB_WRITE, &db));
	for (int i = first; i < end; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		sample_run(i, &run);
		sample_add_findings(&run, 6, 3, i);
		sample_assert_ok(db_store(db, &run));
	}
	return db;
}

static void test_merging_twice_changes_nothing(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place here;
	CLEANUP(sample_place_clear) struct sample_place there;
	CLEANUP(db_clear) struct db *a = NULL;
	CLEANUP(db_clear) struct db *b = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	size_t added = 0, known = 0;
	char id[UUID_TEXT];

	(void)state;
	sample_place_init(&here);
	sample_place_init(&there);
	a = filled(here.db, 0, 5);
	b = filled(there.db, 3, 9);
	sample_assert_ok(db_merge(a, b, &added, &known));
	assert_int_equal(added, 4);
	assert_int_equal(known, 2);
	sample_assert_ok(db_merge(a, b, &added, &known));
	assert_int_equal(added, 4);
	assert_int_equal(known, 8);
	assert_int_equal(sample_sql_int(here.db, "SELECT count(*) FROM v_run"), 9);
	sample_id(8, id);
	sample_assert_ok(db_load(a, id, &run));
	assert_int_equal(run.facts.n, 6);
}

static void test_pruning_keeps_the_medians(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(trend_clear) struct trend before = { 0 };
	CLEANUP(trend_clear) struct trend after = { 0 };
	struct db_pruned pruned = { 0 };
	char id[UUID_TEXT];
	int64_t first_ns;

	(void)state;
	sample_place_init(&place);
	db = filled(place.db, 0, 6);
	sample_run(0, &run);
	first_ns = run.started_ns;
	run_clear(&run);
	sample_id(0, id);
	sample_assert_ok(db_tag(db, id, "baseline"));
	sample_assert_ok(db_trend(db, NULL, 0, &before));
	/* Of 0 (tagged), 1, 2, 3, 4 and 5: 1 goes, 2 and 3 lose their samples. */
	sample_assert_ok(db_prune(db, first_ns + 4 * SECOND, first_ns + 2 * SECOND, &pruned));
	assert_int_equal(pruned.runs, 1);
	assert_int_equal(pruned.samples, 2);
	sample_id(0, id);
	sample_assert_ok(db_load(db, id, &run));
	assert_int_equal(run.race.items[0].walls.n, 8);
	run_clear(&run);
	sample_id(2, id);
	sample_assert_ok(db_load(db, id, &run));
	assert_int_equal(run.race.items[0].walls.n, 0);
	assert_int_equal(run.race.items[0].wall.n, 8);
	assert_int_equal(run.facts.n, 6);
	sample_assert_ok(db_trend(db, NULL, 0, &after));
	assert_int_equal(after.runs.n, 5);
	assert_true(after.series.items[0].values.items[1].ns.value ==
		    before.series.items[0].values.items[2].ns.value);
	pruned = (struct db_pruned){ 0 };
	sample_assert_ok(db_prune(db, first_ns + 4 * SECOND, first_ns + 2 * SECOND, &pruned));
	assert_int_equal(pruned.runs + pruned.samples, 0);
	assert_int_equal(sample_sql_int(place.db,
					"SELECT count(*) FROM source WHERE source_no NOT IN"
					" (SELECT source_no FROM run_source)"),
			 0);
}

static void test_backup_and_check(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(db_clear) struct db *copy = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	size_t runs = 0;

	(void)state;
	sample_place_init(&place);
	db = filled(place.db, 0, 4);
	path = xasprintf("%s/copy.db", place.dir);
	sample_assert_ok(db_backup(db, path));
	sample_assert_error(db_backup(db, path), ERROR_USAGE, path, "@ is there already", NULL);
	sample_assert_ok(db_open(path, DB_READ, &copy));
	sample_assert_ok(db_check(copy, &runs));
	assert_int_equal(runs, 4);
	/* A document that is no run any more is found, though the file is sound. */
	free(sample_sql(place.db, "UPDATE run SET document = '{}' WHERE run_no = 2"));
	sample_assert_error(db_check(db, &runs), ERROR_INPUT, place.db, "cannot read run ...",
			    NULL);
}

/* Only the last to close can take -wal and -shm away, and a reader may be that. */
static void test_a_reader_leaves_nothing_behind(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(cleanup_free) char *wal = NULL;
	CLEANUP(cleanup_free) char *shm = NULL;
	CLEANUP(history_clear) struct history all = { 0 };
	struct db *db;

	(void)state;
	sample_place_init(&place);
	db_close(filled(place.db, 0, 2));
	wal = xasprintf("%s-wal", place.db);
	shm = xasprintf("%s-shm", place.db);
	sample_assert_ok(db_open(place.db, DB_READ, &db));
	sample_assert_ok(db_list(db, 0, &all));
	db_close(db);
	assert_int_equal(all.n, 2);
	assert_false(file_exists(wal));
	assert_false(file_exists(shm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merging_twice_changes_nothing),
		cmocka_unit_test(test_pruning_keeps_the_medians),
		cmocka_unit_test(test_backup_and_check),
		cmocka_unit_test(test_a_reader_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
