#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "db/maintain.h"
#include "db/shards.h"
#include "sample.h"

#define MOST 8

struct given { /* a shard's file */
	const char *campaign;
	int number, of;
	const char *commit;
	int id; /* of sample_id() */
};

static struct error *store(const char *path, const struct given *given)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };

	sample_run(given->id, &run);
	run.facts.analysed = true;
	run.facts.root = xstrdup("/src");
	run.facts.campaign = xstrdup(given->campaign);
	run.facts.shard = given->number;
	run.facts.shards = given->of;
	free(run.target.git_commit);
	run.target.git_commit = xstrdup(given->commit);
	for (size_t i = 0; i < 3; i++) {
		size_t place = i * (size_t)given->of + (size_t)given->number - 1;

		vec_push(&run.facts.records,
			 ((struct unit_record){ place, xasprintf("unit %zu", place), 6 }));
	}
	sample_assert_ok(db_open(path, DB_WRITE, &db));
	return db_store(db, &run);
}

/* Several files, looked at as concur db merge does. */
static struct error *find_all(const struct sample_place *place, const struct given *given, size_t n,
			      struct db_shards *ret, char names[MOST][100])
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < n; i++) {
		CLEANUP(db_clear) struct db *db = NULL;

		snprintf(names[i], 100, "%.60s/%zu.db", place->dir, i);
		sample_assert_ok(store(names[i], &given[i]));
		sample_assert_ok(db_open(names[i], DB_READ, &db));
		err = db_shards_find(db, names[i], ret);
	}
	return err ? err : db_shards_check(ret);
}

static void test_what_is_no_whole_is_refused(void **state)
{
	static const struct {
		struct given given[3];
		size_t n;
		const char *message, *hint;
	} cases[] = {
		{ { { "c", 1, 3, "a", 1 }, { "c", 3, 3, "a", 3 } },
		  2,
		  "1 of 3 shards is missing: 2",
		  "concur analyze --store --shard 2/3 --db FILE, then merge all of them" },
		{ { { "c", 4, 20, "a", 1 } },
		  1,
		  "19 of 20 shards are missing: 1, 2, 3, 5, 6, 7, 8, 9, ...",
		  NULL },
		{ { { "c", 1, 2, "a", 1 }, { "c", 2, 2, "a", 2 }, { "c", 2, 2, "a", 3 } },
		  3,
		  "shard 2/2 is there twice, in @/1.db and @/2.db",
		  "take one of the two out of the list" },
		{ { { "c", 1, 2, "a", 1 }, { "d", 2, 2, "a", 2 } },
		  2,
		  "@/0.db and @/1.db are shards of different analyses",
		  "take old files out of the list, or make all shards anew" },
		/* The trap: 8 old shards among 16 new ones. */
		{ { { "c", 1, 2, "a", 1 }, { "c", 2, 4, "a", 2 } },
		  2,
		  "@/0.db is one of 2 shards, and @/1.db one of 4",
		  NULL },
		{ { { "c", 1, 2, "a", 1 }, { "c", 2, 2, "b", 2 } },
		  2,
		  "@/0.db and @/1.db are shards of different source (concur 0.1.0, commit a with "
		  "changes; "
		  "concur 0.1.0, commit b with changes)",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(sample_place_clear) struct sample_place place;
		CLEANUP(db_shards_clear) struct db_shards shards = { 0 };
		char names[MOST][100];

		sample_place_init(&place);
		sample_assert_error(find_all(&place, cases[i].given, cases[i].n, &shards, names),
				    ERROR_INPUT, place.dir, cases[i].message, cases[i].hint);
	}
}

struct seen {
	size_t n, places[9];
};

static struct error *see(void *data, size_t place, const void *bytes, size_t n)
{
	struct seen *seen = data;
	char expected[20];

	snprintf(expected, sizeof(expected), "unit %zu", place);
	assert_int_equal(n, 6);
	assert_memory_equal(bytes, expected, n);
	seen->places[seen->n++] = place;
	return NULL;
}

static void test_a_whole(void **state)
{
	/* In any order, and with a copy of one. */
	static const struct given given[] = { { "c", 3, 3, "a", 5 },
					      { "c", 1, 3, "a", 6 },
					      { "c", 2, 3, "a", 4 },
					      { "c", 1, 3, "a", 6 } };
	CLEANUP(sample_place_clear) struct sample_place place;
	CLEANUP(db_shards_clear) struct db_shards shards = { 0 };
	struct seen seen = { 0 };
	char names[MOST][100], id[UUID_TEXT], again[UUID_TEXT];

	(void)state;
	sample_place_init(&place);
	sample_assert_ok(find_all(&place, given, 4, &shards, names));
	assert_int_equal(shards.n, 3);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(db_clear) struct db *db = NULL;

		assert_int_equal(shards.items[i].number, i + 1);
		sample_assert_ok(db_open(shards.items[i].path, DB_READ, &db));
		sample_assert_ok(db_shard_records(db, &shards.items[i], see, &seen));
	}
	assert_int_equal(seen.n, 9);
	assert_int_equal(seen.places[0], 0);
	assert_int_equal(seen.places[1], 3);
	assert_int_equal(seen.places[8], 8);
	db_shards_id(&shards, id);
	db_shards_id(&shards, again);
	assert_string_equal(id, again);
	assert_int_equal(id[14], '7');
}

/* A shard is no run of a history: merging the file alone takes the others. */
static void test_merging_leaves_shards_out(void **state)
{
	CLEANUP(sample_place_clear) struct sample_place here;
	CLEANUP(sample_place_clear) struct sample_place there;
	CLEANUP(db_clear) struct db *a = NULL;
	CLEANUP(db_clear) struct db *b = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	size_t added = 0, known = 0;

	(void)state;
	sample_place_init(&here);
	sample_place_init(&there);
	sample_assert_ok(store(there.db, &(struct given){ "c", 1, 2, "a", 1 }));
	sample_assert_ok(db_open(here.db, DB_WRITE, &a));
	sample_assert_ok(db_open(there.db, DB_WRITE, &b));
	sample_run(7, &run);
	sample_assert_ok(db_store(b, &run));
	sample_assert_ok(db_merge(a, b, &added, &known));
	assert_int_equal(added, 1);
	assert_int_equal(known, 0);
	assert_int_equal(sample_sql_int(here.db, "SELECT count(*) FROM shard_unit"), 0);
	/* What a removed shard said goes with it. */
	free(sample_sql(there.db, "PRAGMA foreign_keys = ON; DELETE FROM run"));
	assert_int_equal(sample_sql_int(there.db, "SELECT count(*) FROM shard_unit"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_whole_is_refused),
		cmocka_unit_test(test_a_whole),
		cmocka_unit_test(test_merging_leaves_shards_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
