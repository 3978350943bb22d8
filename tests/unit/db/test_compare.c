#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "db/compare.h"
#include "sample.h"

static void race_of(struct run *ret, size_t n, double wall_ns)
{
	sample_run(1, ret);
	race_clear(&ret->race);
	ret->race = (struct race){ 0 };
	sample_add_race(ret, MODEL_THREADS, 4, n, wall_ns);
}

static void test_the_rule(void **state)
{
	static const struct {
		size_t na, nb;
		double a_ns, b_ns; /* median wall times; spread +-0.5 % */
		double noise;      /* A/A: 1 +- noise; 0: not measured */
		enum change change;
		const char *why;
	} cases[] = {
		{ 10, 10, 1e9, 0.9e9, 0.01, CHANGE_BETTER, NULL },
		{ 10, 10, 1e9, 1.1e9, 0.01, CHANGE_WORSE, NULL },
		{ 6, 6, 1e9, 1.1e9, 0.01, CHANGE_WORSE, NULL },
		{ 10, 10, 1e9, 1e9, 0.01, CHANGE_SAME, NULL },
		/* Clear of chance, but within what the machine does by itself: the same. */
		{ 10, 10, 1e9, 1.03e9, 0.04, CHANGE_SAME, NULL },
		{ 10, 10, 1e9, 1.03e9, 0.01, CHANGE_WORSE, NULL },
		/* A busy machine. */
		{ 10, 10, 1e9, 1.1e9, 0.2, CHANGE_CANNOT_TELL,
		  "the difference is not clear of the noise (+-20.0 %, p = 0.000)" },
		{ 10, 10, 1e9, 1.1e9, 0, CHANGE_CANNOT_TELL,
		  "the noise of the machine was not measured on both sides" },
		{ 10, 10, 1e9, 1e9, 0, CHANGE_SAME, NULL },
		{ 5, 10, 1e9, 2e9, 0.01, CHANGE_CANNOT_TELL, "5 rounds, need 6 on both sides" },
		{ 10, 5, 1e9, 2e9, 0.01, CHANGE_CANNOT_TELL, "5 rounds, need 6 on both sides" },
		{ 10, 1, 1e9, 1e9, 0.01, CHANGE_CANNOT_TELL, "1 round, need 6 on both sides" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run a = { 0 };
		CLEANUP(run_clear) struct run b = { 0 };
		CLEANUP(comparison_clear) struct comparison c = { 0 };
		double noise = cases[i].noise;

		race_of(&a, cases[i].na, cases[i].a_ns);
		race_of(&b, cases[i].nb, cases[i].b_ns);
		a.race.conditions.noise = (struct estimate){ 1, 0.999, 1.001, 10 };
		b.race.conditions.noise =
			(struct estimate){ 1, 1 - noise, 1 + noise, noise > 0 ? 10 : 0 };
		compare_runs(&a, &b, &c);
		assert_true(c.comparable);
		assert_int_equal(c.entries.n, 1);
		assert_int_equal(c.entries.items[0].model, MODEL_THREADS);
		assert_int_equal(c.entries.items[0].workers, 4);
		if (cases[i].change != c.entries.items[0].change)
			fail_msg("case %zu: %s", i, change_key(c.entries.items[0].change));
		if (cases[i].why)
			assert_string_equal(c.entries.items[0].why, cases[i].why);
		else
			assert_null(c.entries.items[0].why);
	}
}

static void test_ratio_above_one_means_b_is_faster(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison there = { 0 };
	CLEANUP(comparison_clear) struct comparison again = { 0 };
	const struct estimate *r;

	(void)state;
	race_of(&a, 9, 2e9);
	race_of(&b, 7, 1e9);
	compare_runs(&a, &b, &there);
	compare_runs(&a, &b, &again);
	r = &there.entries.items[0].ratio;
	assert_true(r->value > 1.98 && r->value < 2.02);
	assert_true(r->low <= r->value && r->value <= r->high);
	assert_int_equal(r->n, 7);
	assert_true(there.entries.items[0].p < 0.001);
	assert_true(r->low == again.entries.items[0].ratio.low);
	assert_string_equal(there.a, a.id);
	assert_string_equal(there.b, b.id);
}

/* A trial that ran the list twice took twice as long for the same work. */
static void test_trials_of_another_length(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };
	const struct estimate *r;

	(void)state;
	race_of(&a, 9, 1e9);
	race_of(&b, 9, 2e9);
	assert_true(a.workload.tasks.n > 0);
	a.race.conditions.tasks = a.workload.tasks.n;
	b.race.conditions.tasks = 2 * b.workload.tasks.n;
	compare_runs(&a, &b, &c);
	assert_true(c.comparable);
	r = &c.entries.items[0].ratio;
	assert_true(r->value > 0.99 && r->value < 1.01);
}

/* A wide sample whose median did not move: neither better nor worse nor the same. */
static void test_a_wide_interval_cannot_tell(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };

	(void)state;
	race_of(&a, 8, 1e9);
	race_of(&b, 8, 1e9);
	for (size_t i = 0; i < 8; i++)
		b.race.items[0].walls.items[i] *= 0.7 + 0.09 * (double)i;
	compare_runs(&a, &b, &c);
	assert_int_equal(c.entries.items[0].change, CHANGE_CANNOT_TELL);
	assert_non_null(strstr(c.entries.items[0].why, "is too wide"));
}

static void test_entries_are_the_union(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };
	static const struct {
		enum model model;
		int workers;
		enum change change;
		const char *why;
	} expected[] = {
		{ MODEL_SEQUENTIAL, 1, CHANGE_SAME, NULL },
		{ MODEL_THREADS, 4, CHANGE_NOT_MEASURED, "not in the race of run 01900010-0001" },
		{ MODEL_THREADS, 8, CHANGE_NOT_MEASURED, "crash in run 01900020-0002: killed" },
		{ MODEL_PROCESSES, 2, CHANGE_NOT_MEASURED, "no clean round in run 01900010-0001" },
		{ MODEL_ASYNC, 1, CHANGE_NOT_MEASURED,
		  "crash in run 01900010-0001: killed by SIGSEGV" },
	};

	(void)state;
	sample_run(1, &a);
	sample_run(2, &b);
	sample_add_race(&b, MODEL_THREADS, 4, 8, 1e9);
	sample_add_race(&a, MODEL_PROCESSES, 2, 0, 1e9);
	sample_add_race(&b, MODEL_PROCESSES, 2, 8, 1e9);
	b.race.items[1].outcome = OUTCOME_CRASH;
	b.race.items[1].why = xstrdup("killed");
	compare_runs(&a, &b, &c);
	assert_int_equal(c.entries.n, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct comparison_entry *e = &c.entries.items[i];

		assert_int_equal(e->model, expected[i].model);
		assert_int_equal(e->workers, expected[i].workers);
		assert_int_equal(e->change, expected[i].change);
		if (expected[i].why) {
			assert_string_equal(e->why, expected[i].why);
			assert_int_equal(e->ratio.n, 0);
		}
	}
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

static void other_machine(struct run *b)
{
	replace(&b->machine.id, "m2");
	replace(&b->machine.hostname, "den");
	b->machine.cores = 8;
}

static void other_workload(struct run *b)
{
	replace(&b->workload.id, "ffff");
	strings_add(&b->workload.tasks, "c");
}

static void other_tier(struct run *b)
{
	b->profile.tier = TIER_3;
}

static void other_tool(struct run *b)
{
	replace(&b->tool_version, "0.2.0");
}

static void other_trials(struct run *b)
{
	b->race.conditions.tasks = 39; /* a part of the list */
}

static void test_what_cannot_be_compared_is_named(void **state)
{
	static const struct {
		void (*change)(struct run *b);
		const char *why;
	} cases[] = {
		{ other_machine,
		  "other machine: box (CPU \\ 3, 2 cores), then den (CPU \\ 3, 8 cores)" },
		{ other_workload, "other workload: 2 tasks (aaaabbbbccccddddaaaabbbbccccdddd), "
				  "then 3 tasks (ffff)" },
		{ other_tier, "other measuring tier: T1, then T3" },
		{ other_tool, "other version of concur: 0.1.0, then 0.2.0" },
		{ other_trials, "other trials: 40 tasks each, then 39" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run a = { 0 };
		CLEANUP(run_clear) struct run b = { 0 };
		CLEANUP(comparison_clear) struct comparison c = { 0 };

		sample_run(1, &a);
		sample_run(2, &b);
		/* A difference that would be called worse. */
		vec_each (&b.race.items[0].walls, wall)
			*wall *= 2;
		cases[i].change(&b);
		compare_runs(&a, &b, &c);
		assert_false(c.comparable);
		assert_int_equal(c.why_not.n, 1);
		assert_string_equal(c.why_not.items[0], cases[i].why);
		assert_int_equal(c.entries.items[0].change, CHANGE_CANNOT_TELL);
		assert_string_equal(c.entries.items[0].why, "the runs are not comparable");
		assert_int_equal(c.entries.items[0].ratio.n, 8); /* the figures are shown */
	}
}

static void test_verdicts(void **state)
{
	static const struct {
		enum verdict_kind kind;
		enum model model;
		int workers;
		enum model tie;
		bool changed;
		const char *is;
	} cases[] = {
		{ VERDICT_RECOMMEND, MODEL_THREADS, 8, MODEL_PROCESSES, false,
		  "threads x 8 (3.90x [3.70, 4.10], n=12)" },
		{ VERDICT_RECOMMEND, MODEL_THREADS, 4, MODEL_PROCESSES, false,
		  "threads x 4 (3.90x [3.70, 4.10], n=12)" },
		{ VERDICT_RECOMMEND, MODEL_ASYNC, 1, MODEL_PROCESSES, true,
		  "async x 1 (3.90x [3.70, 4.10], n=12)" },
		/* Tied on both sides: which comes first is chance. */
		{ VERDICT_RECOMMEND, MODEL_PROCESSES, 8, MODEL_THREADS, false,
		  "processes x 8 (3.90x [3.70, 4.10], n=12): the two tied both times" },
		{ VERDICT_RECOMMEND, MODEL_PROCESSES, 8, MODEL_ASYNC, true,
		  "processes x 8 (3.90x [3.70, 4.10], n=12)" },
		{ VERDICT_LEAVE, MODEL_SEQUENTIAL, 1, MODEL_THREADS, true,
		  "\"leave it sequential\" (3.90x [3.70, 4.10], n=12)" },
		{ VERDICT_RAISE, MODEL_THREADS, 9, MODEL_PROCESSES, true,
		  "\"raise the workers\" to threads x 9 (3.90x [3.70, 4.10], n=12)" },
		{ VERDICT_CANNOT_TELL, MODEL_SEQUENTIAL, 0, MODEL_THREADS, true,
		  "\"cannot tell\"" },
		{ VERDICT_NONE, MODEL_SEQUENTIAL, 0, MODEL_THREADS, true, "no verdict" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run a = { 0 };
		CLEANUP(run_clear) struct run b = { 0 };
		CLEANUP(comparison_clear) struct comparison c = { 0 };
		CLEANUP(cleanup_free) char *sentence = NULL;

		sample_run(1, &a);
		sample_run(2, &b);
		b.verdict.kind = cases[i].kind;
		b.verdict.model = cases[i].model;
		b.verdict.workers = cases[i].workers;
		b.verdict.ties.items[0].model = cases[i].tie;
		compare_runs(&a, &b, &c);
		sentence = xasprintf("it was threads x 8 (3.90x [3.70, 4.10], n=12), and is %s",
				     cases[i].is);
		assert_string_equal(c.verdict, sentence);
		assert_int_equal(c.verdict_changed, cases[i].changed);
	}
}

static void test_waits(void **state)
{
	static const struct {
		const char *kind;
		double before, after;
	} expected[] = {
		{ "cpu", 0.1, 0.05 }, { "run-queue", 0.04, 0.02 }, { "network", 0.8, 0.4 },
		{ "disk", 0, 0.5 },   { "lock", 0.05, 0.025 },     { "unknown", 0.01, 0.005 },
	};
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };

	(void)state;
	sample_run(1, &a);
	sample_run(2, &b);
	b.profile.waits.wait_ns[WAIT_DISK] = 1000;
	b.profile.waits.wall_ns = 2000;
	compare_runs(&a, &b, &c);
	assert_int_equal(c.waits.n, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < c.waits.n; i++) {
		assert_string_equal(c.waits.items[i].kind, expected[i].kind);
		assert_true(fabs(c.waits.items[i].before - expected[i].before) < 1e-12);
		assert_true(fabs(c.waits.items[i].after - expected[i].after) < 1e-12);
	}
	comparison_clear(&c);
	b.profile.measured = false;
	compare_runs(&a, &b, &c);
	assert_int_equal(c.waits.n, 0);
}

static void test_findings(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };

	(void)state;
	sample_run(1, &a);
	sample_run(2, &b);
	sample_add_finding(&a, "blocking-call", "a.c", 10, "f", "recv");
	sample_add_finding(&a, "blocking-call", "a.c", 12, "f", "recv"); /* two of them */
	sample_add_finding(&a, "mt-unsafe-call", "a.c", 20, "g", "strtok");
	sample_add_finding(&a, "shared-state", "z.c", 1, NULL, "count");
	sample_add_finding(&a, "shared-state", "broken.c", 1, NULL, "x");

	sample_add_finding(&b, "shared-state", "n.c", 7, NULL, "fresh");
	sample_add_finding(&b, "blocking-call", "a.c", 110, "f", "recv");    /* moved; one left */
	sample_add_finding(&b, "mt-unsafe-call", "a.c", 120, "h", "strtok"); /* other function */
	sample_add_finding(&b, "shared-state", "z.c", 1, NULL, "count");
	/* b could not read broken.c: that is no fix. */
	vec_push(&b.facts.failures,
		 ((struct unit_failure){ xstrdup("broken.c"), xstrdup("no header") }));
	compare_runs(&a, &b, &c);
	assert_int_equal(c.remaining_findings, 2);
	assert_int_equal(c.new_findings.n, 2);
	assert_string_equal(c.new_findings.items[0], "n.c: shared-state: fresh");
	assert_string_equal(c.new_findings.items[1], "a.c: mt-unsafe-call: strtok in h");
	assert_int_equal(c.fixed_findings.n, 2);
	assert_string_equal(c.fixed_findings.items[0], "a.c: blocking-call: recv in f");
	assert_string_equal(c.fixed_findings.items[1], "a.c: mt-unsafe-call: strtok in g");
	comparison_clear(&c);
	/* Without an analysis nothing is fixed. */
	b.facts.analysed = false;
	compare_runs(&a, &b, &c);
	assert_int_equal(c.fixed_findings.n + c.new_findings.n + c.remaining_findings, 0);
}

static void test_empty_runs(void **state)
{
	const struct run a = { 0 }, b = { 0 };
	CLEANUP(comparison_clear) struct comparison c = { 0 };

	(void)state;
	compare_runs(&a, &b, &c);
	assert_true(c.comparable);
	assert_false(c.verdict_changed);
	assert_string_equal(c.verdict, "neither run has a verdict");
	assert_int_equal(c.entries.n + c.waits.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_rule),
		cmocka_unit_test(test_ratio_above_one_means_b_is_faster),
		cmocka_unit_test(test_trials_of_another_length),
		cmocka_unit_test(test_a_wide_interval_cannot_tell),
		cmocka_unit_test(test_entries_are_the_union),
		cmocka_unit_test(test_what_cannot_be_compared_is_named),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_empty_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
