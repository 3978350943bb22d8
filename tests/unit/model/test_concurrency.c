/* The enums, their keys and words; facts in order; the best entry of a race. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "full_run.h"
#include "model/comparison.h"
#include "model/concurrency.h"
#include "model/profile.h"

static void models_have_the_keys_of_the_contract(void **state)
{
	(void)state;
	static const char *const keys[] = { "sequential", "threads", "processes", "async",
					    "hybrid" };
	enum model model = MODEL_COUNT;

	assert_int_equal(sizeof(keys) / sizeof(*keys), MODEL_COUNT);
	for (unsigned i = 0; i < MODEL_COUNT; i++) {
		assert_string_equal(model_key(i), keys[i]);
		assert_true(model_from_key(keys[i], &model));
		assert_int_equal(model, i);
		assert_true(strlen(model_title(i)) > 0);
		assert_true(strlen(model_meaning(i)) > 0);
	}
	assert_string_equal(model_title(MODEL_HYBRID), "async + thread pool");
	assert_string_equal(model_meaning(MODEL_ASYNC), "one thread, one event loop");
}

static void rows_say_the_table(void **state)
{
	(void)state;
	static const struct {
		const char *key, *situation, *approach;
	} rows[] = {
		{ "io-waits", "many API calls / I/O waits", "async or threads" },
		{ "compute", "heavy computation", "multiprocessing" },
		{ "mix", "small I/O + light CPU mix", "async + thread pool" },
	};
	enum row row = ROW_COUNT;

	assert_int_equal(sizeof(rows) / sizeof(*rows), ROW_COUNT);
	for (unsigned i = 0; i < ROW_COUNT; i++) {
		assert_string_equal(row_key(i), rows[i].key);
		assert_string_equal(row_situation(i), rows[i].situation);
		assert_string_equal(row_approach(i), rows[i].approach);
		assert_true(row_from_key(rows[i].key, &row));
		assert_int_equal(row, i);
	}
}

static void outcomes_tiers_verdicts_and_changes_have_keys(void **state)
{
	(void)state;
	static const char *const outcomes[] = { "ok", "wrong-result", "crash", "hang",
						"not-measurable" };
	static const char *const tiers[] = { "T0", "T1", "T2", "T3" };
	static const char *const kinds[] = { "none", "recommend", "leave", "raise-workers",
					     "cannot-tell" };
	static const char *const changes[] = { "better", "worse", "same", "cannot-tell",
					       "not-measured" };
	enum outcome outcome = OUTCOME_COUNT;
	enum tier tier = TIER_COUNT;
	enum verdict_kind kind = VERDICT_KIND_COUNT;

	assert_int_equal(sizeof(outcomes) / sizeof(*outcomes), OUTCOME_COUNT);
	assert_int_equal(sizeof(tiers) / sizeof(*tiers), TIER_COUNT);
	assert_int_equal(sizeof(kinds) / sizeof(*kinds), VERDICT_KIND_COUNT);
	assert_int_equal(sizeof(changes) / sizeof(*changes), CHANGE_COUNT);
	for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
		assert_string_equal(outcome_key(i), outcomes[i]);
		assert_true(outcome_from_key(outcomes[i], &outcome) && outcome == i);
	}
	for (unsigned i = 0; i < TIER_COUNT; i++) {
		assert_string_equal(tier_key(i), tiers[i]);
		assert_true(tier_from_key(tiers[i], &tier) && tier == i);
		assert_null(strchr(tier_meaning(i), '\n'));
		assert_true(strlen(tier_meaning(i)) > 20);
	}
	for (unsigned i = 0; i < VERDICT_KIND_COUNT; i++) {
		assert_string_equal(verdict_kind_key(i), kinds[i]);
		assert_true(verdict_kind_from_key(kinds[i], &kind) && kind == i);
	}
	for (unsigned i = 0; i < CHANGE_COUNT; i++)
		assert_string_equal(change_key(i), changes[i]);
}

static void unknown_keys_change_nothing(void **state)
{
	(void)state;
	static const char *const keys[] = { NULL, "", "Threads", "threads ", "thread", "T", "OK" };
	enum model model = MODEL_ASYNC;
	enum row row = ROW_MIX;
	enum outcome outcome = OUTCOME_HANG;
	enum tier tier = TIER_2;
	enum verdict_kind kind = VERDICT_LEAVE;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		assert_false(model_from_key(keys[i], &model));
		assert_false(row_from_key(keys[i], &row));
		assert_false(outcome_from_key(keys[i], &outcome));
		assert_false(tier_from_key(keys[i], &tier));
		assert_false(verdict_kind_from_key(keys[i], &kind));
	}
	assert_int_equal(model, MODEL_ASYNC);
	assert_int_equal(row, ROW_MIX);
	assert_int_equal(outcome, OUTCOME_HANG);
	assert_int_equal(tier, TIER_2);
	assert_int_equal(kind, VERDICT_LEAVE);
}

static void facts_sort_by_file_line_column_check_symbol(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		int line, column;
		const char *check, *symbol;
	} sorted[] = {
		{ NULL, 9, 9, "z", "z" },     { "a.c", 1, 1, "b", "x" },  { "a.c", 1, 2, "a", "x" },
		{ "a.c", 1, 2, "b", NULL },   { "a.c", 1, 2, "b", "s" },  { "a.c", 1, 2, "b", "t" },
		{ "a.c", 2, 1, "a", "x" },    { "a.c", 10, 1, "a", "x" }, { "b.c", 1, 1, "a", "x" },
		{ "b.c", 1, 1000, "a", "x" },
	};
	enum { N = sizeof(sorted) / sizeof(*sorted) };
	struct facts facts = { 0 };

	for (size_t i = 0; i < N; i++) { /* 7 and 10 have no common factor */
		const size_t k = i * 7 % N;
		struct fact f = { .line = sorted[k].line, .column = sorted[k].column };

		f.file = xstrdup(sorted[k].file);
		f.check = xstrdup(sorted[k].check);
		f.symbol = xstrdup(sorted[k].symbol);
		vec_push(&facts, f);
	}
	facts_sort(&facts);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(facts.items[i].line, sorted[i].line);
		assert_int_equal(facts.items[i].column, sorted[i].column);
		assert_string_equal(facts.items[i].check, sorted[i].check);
		if (sorted[i].symbol)
			assert_string_equal(facts.items[i].symbol, sorted[i].symbol);
		else
			assert_null(facts.items[i].symbol);
	}
	facts_clear(&facts);
	facts_sort(&facts); /* none */
}

static void facts_are_counted_by_check(void **state)
{
	(void)state;
	struct facts facts = { 0 };
	static const char *const checks[] = { "a", "b", "a", "ab", "a" };

	for (size_t i = 0; i < 5; i++) {
		struct fact f = { .check = xstrdup(checks[i]) };

		vec_push(&facts, f);
	}
	assert_int_equal(facts_count(&facts, "a"), 3);
	assert_int_equal(facts_count(&facts, "ab"), 1);
	assert_int_equal(facts_count(&facts, "c"), 0);
	facts_clear(&facts);
	assert_int_equal(facts_count(&facts, "a"), 0);
}

static void the_best_entry_is_the_fastest_that_may_be_used(void **state)
{
	(void)state;
	static const struct race_entry entries[] = {
		{ .model = MODEL_THREADS, .workers = 1, .speedup = { 1.0, 1, 1, 9 } },
		{ .model = MODEL_THREADS, .workers = 2, .speedup = { 1.9, 1, 2, 9 } },
		{ .model = MODEL_THREADS, .workers = 4, .speedup = { 1.7, 1, 2, 9 } },
		{ .model = MODEL_THREADS,
		  .workers = 8,
		  .outcome = OUTCOME_WRONG_RESULT,
		  .speedup = { 9, 9, 9, 9 } },
		{ .model = MODEL_THREADS, .workers = 16, .speedup = { 8, 8, 8, 0 } },
		{ .model = MODEL_PROCESSES, .workers = 32, .speedup = { 3, 3, 3, 9 } },
		{ .model = MODEL_ASYNC, .workers = 1, .outcome = OUTCOME_CRASH },
		{ .model = MODEL_HYBRID, .workers = 1, .speedup = { NAN, NAN, NAN, 3 } },
	};
	struct race race = { 0 };

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		vec_push(&race, entries[i]);
	assert_int_equal(race_best(&race, MODEL_THREADS)->workers, 2);
	assert_int_equal(race_best(&race, MODEL_PROCESSES)->workers, 32);
	assert_null(race_best(&race, MODEL_ASYNC));
	assert_null(race_best(&race, MODEL_HYBRID));
	assert_null(race_best(&race, MODEL_SEQUENTIAL));
	race_clear(&race);
	assert_null(race_best(&race, MODEL_THREADS));
}

static void cleared_is_empty_and_may_be_cleared_again(void **state)
{
	(void)state;
	static const struct run no_run;
	static const struct comparison no_comparison;
	static const struct history no_history;
	struct run run = full_run();
	struct comparison c = full_comparison();
	struct history h = full_history();

	for (int twice = 0; twice < 2; twice++) {
		run_clear(&run);
		comparison_clear(&c);
		history_clear(&h);
	}
	assert_memory_equal(&run, &no_run, sizeof(run));
	assert_memory_equal(&c, &no_comparison, sizeof(c));
	assert_memory_equal(&h, &no_history, sizeof(h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_have_the_keys_of_the_contract),
		cmocka_unit_test(rows_say_the_table),
		cmocka_unit_test(outcomes_tiers_verdicts_and_changes_have_keys),
		cmocka_unit_test(unknown_keys_change_nothing),
		cmocka_unit_test(facts_sort_by_file_line_column_check_symbol),
		cmocka_unit_test(facts_are_counted_by_check),
		cmocka_unit_test(the_best_entry_is_the_fastest_that_may_be_used),
		cmocka_unit_test(cleared_is_empty_and_may_be_cleared_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
