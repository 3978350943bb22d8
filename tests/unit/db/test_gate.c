#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "db/gate.h"
#include "sample.h"

static const struct gate_limits limits = { 0.02, 0.95, 6, GATE_ON_REGRESSION, false };

static void race_of(struct run *ret, int i, double wall_ns, double noise)
{
	sample_run(i, ret);
	race_clear(&ret->race);
	ret->race.conditions.tasks = 40;
	sample_add_race(ret, MODEL_SEQUENTIAL, 1, 12, wall_ns);
	sample_add_race(ret, MODEL_ASYNC, 1, 12, 1e9);
	ret->race.conditions.noise = (struct estimate){ 1, 1 - noise, 1 + noise, 12 };
}

static const struct gate_check *check_of(const struct gate *gate, const char *name)
{
	vec_each (&gate->checks, check)
		if (!strcmp(check->name, name))
			return check;
	fail_msg("no check %s", name);
	return NULL;
}

static void test_the_limit(void **state)
{
	static const struct {
		double new_ns, noise, limit;
		enum gate_result result;
		bool passed;
	} cases[] = {
		{ 1.00e9, 0.005, 0.02, GATE_PASSED, true },
		{ 0.80e9, 0.005, 0.02, GATE_PASSED, true },
		{ 1.05e9, 0.005, 0.02, GATE_FAILED, false },
		{ 1.05e9, 0.005, 0.10, GATE_PASSED, true },
		{ 1.05e9, 0.200, 0.02, GATE_CANNOT_TELL, true }, /* within the noise */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(run_clear) struct run a = { 0 };
		CLEANUP(run_clear) struct run b = { 0 };
		CLEANUP(gate_clear) struct gate gate = { 0 };
		struct gate_limits l = limits;

		l.max_regression = cases[i].limit;
		race_of(&a, 1, 1e9, cases[i].noise);
		race_of(&b, 2, cases[i].new_ns, cases[i].noise);
		gate_runs(&a, &b, &l, &gate);
		if (check_of(&gate, "sequential x 1")->result != cases[i].result ||
		    gate.passed != cases[i].passed)
			fail_msg("case %zu: %s", i, check_of(&gate, "sequential x 1")->text);
		gate_clear(&gate);
		l.fail_on |= GATE_ON_CANNOT_TELL;
		gate_runs(&a, &b, &l, &gate);
		assert_int_equal(gate.passed,
				 cases[i].passed && cases[i].result != GATE_CANNOT_TELL);
	}
}

static void test_only_what_is_used_is_judged(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(gate_clear) struct gate gate = { 0 };

	(void)state;
	race_of(&a, 1, 1e9, 0.005);
	race_of(&b, 2, 1e9, 0.005);
	sample_add_race(&a, MODEL_THREADS, 8, 12, 5e8); /* what the verdicts recommend */
	sample_add_race(&b, MODEL_THREADS, 8, 12, 6e8);
	gate_runs(&a, &b, &limits, &gate);
	assert_int_equal(check_of(&gate, "sequential x 1")->result, GATE_PASSED);
	assert_int_equal(check_of(&gate, "threads x 8")->result, GATE_FAILED);
	assert_int_equal(gate.checks.n, 4); /* and verdict and findings; not async */
	assert_false(gate.passed);
}

static void test_nothing_measured_fails(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(gate_clear) struct gate gate = { 0 };
	struct gate_limits l = limits;

	(void)state;
	race_of(&a, 1, 1e9, 0.005);
	race_of(&b, 2, 1e9, 0.005);
	free(b.machine.id);
	b.machine.id = xstrdup("m2");
	gate_runs(&a, &b, &limits, &gate);
	assert_false(gate.passed);
	assert_int_equal(check_of(&gate, "evidence")->result, GATE_NOT_MEASURED);
	assert_int_equal(gate.notes.n, 1);
	gate_clear(&gate);
	l.force = true;
	gate_runs(&a, &b, &l, &gate);
	assert_true(gate.passed);
	gate_clear(&gate);
	race_clear(&a.race);
	l = limits;
	l.fail_on = GATE_ON_FINDINGS; /* no source was analysed */
	gate_runs(&a, &b, &l, &gate);
	assert_false(gate.passed);
}

static void test_verdict_and_findings(void **state)
{
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(gate_clear) struct gate gate = { 0 };
	struct gate_limits l = limits;

	(void)state;
	race_of(&a, 1, 1e9, 0.005);
	race_of(&b, 2, 1e9, 0.005);
	sample_add_findings(&a, 4, 2, 0);
	sample_add_findings(&b, 4, 2, 1);
	sample_add_finding(&b, "mt-unsafe-call", "a.c", 3, "f", "strtok");
	b.verdict.kind = VERDICT_LEAVE;
	l.fail_on = GATE_ON_FINDINGS;
	gate_runs(&a, &b, &l, &gate);
	assert_false(gate.passed);
	assert_string_equal(check_of(&gate, "findings")->text,
			    "findings: 1 new, 0 fixed, 4 remain; the first new one is "
			    "a.c: mt-unsafe-call: strtok in f");
	assert_false(check_of(&gate, "verdict")->fails);
	gate_clear(&gate);
	l.fail_on = GATE_ON_VERDICT;
	gate_runs(&a, &b, &l, &gate);
	assert_false(gate.passed);
	assert_true(check_of(&gate, "verdict")->fails);
	assert_false(check_of(&gate, "findings")->fails);
}

static void test_pairs(void **state)
{
	static const struct {
		struct estimate ratio;
		enum gate_result result;
		bool passed;
	} cases[] = {
		{ { 1.000, 0.992, 1.008, 50 }, GATE_PASSED, true },
		{ { 0.950, 0.942, 0.958, 50 }, GATE_FAILED, false },
		{ { 0.975, 0.960, 0.985, 50 }, GATE_CANNOT_TELL, true },
		{ { 0.800, 0.700, 0.900, 9 }, GATE_CANNOT_TELL, true }, /* too few */
		{ { NAN, NAN, NAN, 0 }, GATE_NOT_MEASURED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(gate_clear) struct gate gate = { 0 };
		const struct run a = { .id = "a" }, b = { .id = "b" };
		const struct pair pair = { .ratio = cases[i].ratio, .p = 0.001, .differ = 2 };
		struct gate_limits l = limits;

		l.min_runs = 10;
		gate_pair(&a, &b, &pair, &l, &gate);
		if (gate.checks.items[0].result != cases[i].result ||
		    gate.passed != cases[i].passed)
			fail_msg("case %zu: %s", i, gate.checks.items[0].text);
		assert_string_equal(gate.notes.items[0], "the two answer 2 tasks differently");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_limit),
		cmocka_unit_test(test_only_what_is_used_is_judged),
		cmocka_unit_test(test_nothing_measured_fails),
		cmocka_unit_test(test_verdict_and_findings),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
