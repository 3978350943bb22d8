/*
 * The tournament: who takes part, who is out and why, and what the figures rest on. Rounds may all
 * be dirty on a busy machine; what holds then holds for n = 0 as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/subprocess.h"
#include "profiler/harnesses.h"
#include "profiler/ladder.h"
#include "profiler/race.h"
#include "target_workload.h"

struct raced {
	struct job job;
	struct profile profile;
	struct trial reference;
	struct race race;
};

static void raced_clear(struct raced *r)
{
	job_clear(&r->job);
	profile_clear(&r->profile);
	trial_clear(&r->reference);
	race_clear(&r->race);
}

static void run(struct raced *r, const char *target, const char *arg, size_t tasks,
		const struct race_options *opt)
{
	struct trial_plan plan;

	job_init(&r->job, target, arg, tasks);
	plan = job_plan(&r->job, TRIAL_EXEC, 1);
	assert_no_error(trial_run(&plan, &r->reference));
	assert_no_error(race_run(&r->job.target, &r->job.workload, &r->profile, &r->reference, opt,
				 &r->race));
}

static const struct race_entry *entry(const struct race *race, enum model model, int workers)
{
	vec_each (race, e) {
		if (e->model == model && e->workers == workers)
			return e;
	}
	fail_msg("no entry for %s x %d", model_key(model), workers);
	return NULL;
}

static const int two_and_four[] = { 4, 2 };

static struct race_options options(uint64_t budget_ms)
{
	return (struct race_options){ .timeout_ns = 60000000000,
				      .budget_ns = budget_ms * 1000000,
				      .seed = 7,
				      .workers = two_and_four,
				      .workers_n = 2 };
}

/* Whatever was measured, it hangs together. */
static void assert_sound(const struct race *race)
{
	assert_true(race->measured);
	assert_int_equal(race->conditions.seed, 7);
	assert_true(race->conditions.rounds + race->conditions.dirty_rounds > 0);
	vec_each (race, e) {
		assert_int_equal(e->ratios.n, e->outcome == OUTCOME_OK ? e->speedup.n : 0);
		assert_int_equal(e->walls.n, e->ratios.n);
		assert_true((e->outcome == OUTCOME_OK) == !e->why);
		assert_non_null(e->isolation);
		if (!e->speedup.n) {
			assert_true(isnan(e->speedup.value));
			continue;
		}
		assert_int_equal(e->speedup.n, race->conditions.rounds);
		assert_true(e->speedup.low <= e->speedup.value);
		assert_true(e->speedup.value <= e->speedup.high);
		assert_true(e->p50_ns <= e->p99_ns);
		assert_true(e->cpu_ns_per_task > 0);
	}
}

static void all_models_take_part(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(2000);
	int before = open_descriptors();

	(void)state;
	run(&r, "target_faulty", "writes-globals", 12, &opt);
	assert_sound(&r.race);
	/* Two for each model; one for a model that is out, as tasks so small may be for an event loop. */
	assert_in_range(r.race.n, 1 + 2 * 2 + 2, 1 + 4 * 2);
	assert_int_equal(entry(&r.race, MODEL_SEQUENTIAL, 1)->outcome, OUTCOME_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(entry(&r.race, MODEL_THREADS, two_and_four[i])->outcome,
				 OUTCOME_OK);
		assert_int_equal(entry(&r.race, MODEL_PROCESSES, two_and_four[i])->outcome,
				 OUTCOME_OK);
	}
	/* 12 tasks of a millisecond are too short for a trial. */
	assert_true(r.race.conditions.tasks > 12 && r.race.conditions.tasks % 12 == 0);
	assert_string_equal(entry(&r.race, MODEL_THREADS, 2)->isolation, "private copies");
	assert_nothing_left(before);
}

static void assert_mostly_sleeps(const struct wait_profile *p)
{
	assert_true(p->wall_ns > 0);
	assert_true(wait_profile_adds_up(p));
	if (p->wait_ns[WAIT_SLEEP] < p->wall_ns / 2)
		fail_msg("sleep %llu of %llu ns, lock %llu, child %llu",
			 (unsigned long long)p->wait_ns[WAIT_SLEEP], (unsigned long long)p->wall_ns,
			 (unsigned long long)p->wait_ns[WAIT_LOCK],
			 (unsigned long long)p->wait_ns[WAIT_CHILD]);
}

/* What waits, gains by waiting together, on however busy a machine. */
static void waits_overlap(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(3000);

	(void)state;
	run(&r, "target_faulty", "sleeps", 16, &opt);
	assert_sound(&r.race);
	if (r.race.conditions.rounds == 0)
		skip(); /* no clean round: the machine was too busy to say anything */
	assert_true(entry(&r.race, MODEL_THREADS, 4)->speedup.value > 1.5);
	assert_true(entry(&r.race, MODEL_PROCESSES, 4)->speedup.value > 1.5);
	assert_true(entry(&r.race, MODEL_PROCESSES, 4)->speedup.value >
		    entry(&r.race, MODEL_PROCESSES, 2)->speedup.value);
	assert_ptr_equal(race_best(&r.race, MODEL_THREADS), entry(&r.race, MODEL_THREADS, 4));
	/* The best of each was watched: what sleeps is seen to sleep, and the harness's threads are
	 * not seen at all. */
	assert_mostly_sleeps(&entry(&r.race, MODEL_THREADS, 4)->profile);
	assert_mostly_sleeps(&entry(&r.race, MODEL_PROCESSES, 4)->profile);
	assert_int_equal(entry(&r.race, MODEL_PROCESSES, 2)->profile.wall_ns, 0);
}

/* What is far behind misses rounds; who may win never does, or a race would end with too few of them. */
static void the_fastest_runs_in_every_round(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(3000);
	size_t most = 0;

	(void)state;
	opt.workers_n = 0;
	run(&r, "target_faulty", "sleeps", 16, &opt);
	vec_each (&r.race, e) {
		if (e->model != MODEL_SEQUENTIAL && e->speedup.n > most)
			most = e->speedup.n;
	}
	assert_int_equal(most, r.race.conditions.rounds);
	if (r.race.conditions.rounds > 1)
		assert_int_equal(race_best(&r.race, MODEL_THREADS)->speedup.n,
				 r.race.conditions.rounds);
}

static const struct {
	const char *target, *fault;
	enum outcome threads, processes;
	const char *why_threads, *why_processes;
} out[] = {
	{ "target_faulty", "needs-lock-file", OUTCOME_WRONG_RESULT, OUTCOME_WRONG_RESULT,
	  "bytes, 11 in the sequential run", "bytes, 11 in the sequential run" },
	{ "target_faulty", "answers-otherwise", OUTCOME_NOT_MEASURABLE, OUTCOME_OK,
	  "in one process the program does not answer as on its own: task 1 (1) printed", NULL },
	{ "target_faulty", "crashes-beside-others", OUTCOME_NOT_MEASURABLE, OUTCOME_OK,
	  "does not answer as on its own: task 3 (3): killed by SIGSEGV in crashes_beside_others (",
	  NULL },
	{ "target_faulty", "becomes-another", OUTCOME_NOT_MEASURABLE, OUTCOME_OK,
	  "it replaces itself by another program (exec)", NULL },
	{ "target_tls", NULL, OUTCOME_OK, OUTCOME_OK, NULL, NULL },
	{ "target_static", NULL, OUTCOME_NOT_MEASURABLE, OUTCOME_OK, "it is statically linked",
	  NULL },
};

static void check_why(const char *fault, const struct race_entry *e, enum outcome outcome,
		      const char *why)
{
	if (e->outcome != outcome)
		fail_msg("%s: %s is %s: %s", fault, model_key(e->model), outcome_key(e->outcome),
			 e->why ? e->why : "");
	if (why && !strstr(e->why, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", fault, e->why, why);
}

static void who_is_out_says_why(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++) {
		CLEANUP(raced_clear) struct raced r = { 0 };
		struct race_options opt = options(300);

		run(&r, out[i].target, out[i].fault, 8, &opt);
		assert_sound(&r.race);
		check_why(out[i].fault, entry(&r.race, MODEL_THREADS, 2), out[i].threads,
			  out[i].why_threads);
		check_why(out[i].fault, entry(&r.race, MODEL_PROCESSES, 2), out[i].processes,
			  out[i].why_processes);
		assert_nothing_left(before);
	}
}

static void an_unsteady_program_is_not_raced(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(300);

	(void)state;
	run(&r, "target_faulty", "tells-time", 4, &opt);
	assert_false(r.race.measured);
	assert_non_null(strstr(r.race.why, "does not answer the same every time: task 1 (1)"));
}

static void one_task_is_not_raced(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(300);

	(void)state;
	run(&r, "target_faulty", "plain", 1, &opt);
	assert_false(r.race.measured);
	assert_non_null(strstr(r.race.why, "one task"));
}

static void the_budget_is_kept(void **state)
{
	CLEANUP(raced_clear) struct raced r = { 0 };
	struct race_options opt = options(1);

	(void)state;
	run(&r, "target_faulty", "sleeps", 4, &opt);
	/* Three rounds are tried for, and given up at twice the budget. */
	assert_true(r.race.conditions.rounds + r.race.conditions.dirty_rounds <= 3);
	assert_true(r.race.measured);
}

/* --- ladder ----------------------------------------------------------------------------------- */

static struct profile profile_of(uint64_t cpu_ns, uint64_t wait_ns)
{
	struct profile p = { .measured = true };

	p.waits.wall_ns = cpu_ns + wait_ns;
	p.waits.user_ns = cpu_ns;
	p.waits.wait_ns[WAIT_NETWORK] = wait_ns;
	return p;
}

static const struct {
	uint64_t cpu_ns, wait_ns;
	int cores;
	size_t tasks;
	int asked[4];
	int expected[10];
} ladders[] = {
	{ 90, 10, 2, 40, { 0 }, { 2, 4 } },
	{ 90, 10, 8, 40, { 0 }, { 8, 16 } },
	{ 90, 10, 8, 10, { 0 }, { 8, 10 } },
	{ 90, 10, 1, 40, { 0 }, { 2 } },
	{ 10, 90, 2, 40, { 0 }, { 2, 8, 32, 40 } },
	{ 10, 90, 6, 500, { 0 }, { 2, 6, 8, 32, 128, 256 } },
	{ 10, 90, 2, 3, { 0 }, { 2, 3 } },
	{ 10, 90, 2, 40, { 8, 3, 3, 1 }, { 3, 8 } },
};

static void the_ladder_fits_the_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ladders) / sizeof(*ladders); i++) {
		struct profile p = profile_of(ladders[i].cpu_ns, ladders[i].wait_ns);
		size_t asked_n = 0;
		struct ladder l;

		while (asked_n < 4 && ladders[i].asked[asked_n])
			asked_n++;
		l = ladder_choose(&p, ladders[i].cores, ladders[i].tasks, ladders[i].asked,
				  asked_n);
		assert_int_equal(l.climb, asked_n == 0);
		for (size_t k = 0; k <= l.n; k++)
			assert_int_equal(k < l.n ? l.workers[k] : 0, ladders[i].expected[k]);
	}
}

static void every_harness_has_its_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < harnesses_n; i++) {
		/* The default of each model has its name; the others, "shared", "prefork", "fork". */
		assert_true(!strcmp(harnesses[i].id, model_key(harnesses[i].model)) ==
			    (harness_of(harnesses[i].model) == &harnesses[i]));
		assert_true(*harnesses[i].title && *harnesses[i].isolation &&
			    *harnesses[i].meaning);
	}
}

static char workplace[] = "/tmp/concur-race-XXXXXX";

static int setup(void **state)
{
	(void)state;
	subprocess_init();
	log_set_level(LOG_QUIET);
	return mkdtemp(workplace) ? chdir(workplace) : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(workplace); /* fails if a task left something */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_models_take_part),
		cmocka_unit_test(waits_overlap),
		cmocka_unit_test(the_fastest_runs_in_every_round),
		cmocka_unit_test(who_is_out_says_why),
		cmocka_unit_test(an_unsteady_program_is_not_raced),
		cmocka_unit_test(one_task_is_not_raced),
		cmocka_unit_test(the_budget_is_kept),
		cmocka_unit_test(the_ladder_fits_the_profile),
		cmocka_unit_test(every_harness_has_its_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
