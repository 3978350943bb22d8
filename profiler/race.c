#include "profiler/race.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "profiler/baseline.h"
#include "profiler/course.h"
#include "profiler/proc.h"
#include "profiler/timeline.h"
#include "profiler/where.h"

#define STEAL_MAX     0.06
#define CEILING_MIN   0.8       /* of the cores that the lanes can use */
#define CONTROL_MAX   1.25      /* of one sequential run over the other, in a round */
#define NARROW        0.05      /* half an interval over its value */
#define ROUNDS_NEARLY 3         /* so near to enough that more time is worth it */
#define ROUNDS_MIN    5         /* data/table.tsv: fewer give no verdict */
#define CEILING_TRIES 10        /* at a busy moment; about 0.2 s each */
#define CEILING_PAUSE 100000000 /* ns */

static void end_progress(const int *ignored)
{
	(void)ignored;
	progress_end();
}

static double median(const struct samples *s)
{
	return s->n ? stats_median(s->items, s->n) : 0;
}

static bool takes_part(const struct course *c, const struct lane *lane)
{
	return lane_is_ok(lane) && c->rounds % lane->every == 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* Only clean rounds count towards those that are needed; what comes after them narrows the intervals. */
static void show_progress(const struct course *c, const struct lane *lane)
{
	double share = (double)(clock_now_ns() - c->started_ns) / (double)c->opt->budget_ns;
	char text[96], needed[24] = "", disturbed[32] = "";

	if (c->rounds < ROUNDS_ENOUGH)
		snprintf(needed, sizeof(needed), " of %d or more", ROUNDS_ENOUGH);
	if (c->dirty_rounds)
		snprintf(disturbed, sizeof(disturbed), ", %d left out", c->dirty_rounds);
	snprintf(text, sizeof(text), "round %d%s%s: %s x %d", c->rounds + 1, needed, disturbed,
		 lane->harness->title, lane->entry.workers);
	progress_step((size_t)(1000 * fmin(share, 1)), text);
}

static struct error *time_lane(struct course *c, struct lane *lane, double *steal)
{
	const struct field *field = course_field(c, lane);
	double wall_ns = 0, cpu_ns = 0;

	vec_clear(&lane->round_latencies);
	for (unsigned run = 0; run < lane->runs && lane_is_ok(lane); run++) {
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct error *err = course_try(c, lane, c->repeat, false, &t);

		if (err)
			return err;
		wall_ns += (double)t.wall_ns;
		cpu_ns += (double)t.cpu_ns / (double)t.n;
		*steal = fmax(*steal, t.steal_share);
		race_loop_keep(&lane->entry.loop, &t.loop);
		for (size_t i = 0; i < t.n; i++)
			vec_push(&lane->round_latencies, (double)t.tasks[i].wall_ns);
		timeline_take(&t, field->numbers, field->workload.tasks.n, lane->entry.workers,
			      &lane->round);
		vec_push(&lane->switches, (double)t.switches / (double)t.n);
		vec_push(&lane->faults, (double)t.faults / (double)t.n);
		vec_push(&lane->major_faults, (double)t.major_faults / (double)t.n);
	}
	lane->round_ns = wall_ns / lane->runs * field->scale;
	lane->round_cpu_ns = cpu_ns / lane->runs;
	return NULL;
}

/*
 * Cores that the busiest lane could keep busy: more than that the machine need not have free. Asked is what it wants, workers times
 * the CPU share of a task that runs alone, and not only what it got in its warm-up: on a machine without a core to spare that was one.
 */
static double cores_wanted(const struct course *c)
{
	double share = c->lanes.items[0].cores_used, most = 1;

	vec_each (&c->lanes, lane) {
		if (lane_is_ok(lane))
			most = fmax(most, fmax(lane->cores_used, lane->entry.workers * share));
	}
	return fmin(most, c->cores);
}

/* A clean round's figures become samples. */
static void keep_round(struct course *c)
{
	const struct lane *a = &c->lanes.items[0], *b = &c->lanes.items[1];
	double sequential_ns = (a->round_ns + b->round_ns) / 2;

	vec_push(&c->noise, a->round_ns / b->round_ns);
	for (size_t i = 0; i < c->lanes.n; i++) {
		struct lane *lane = &c->lanes.items[i];
		double base_ns = lane->base ? c->lanes.items[lane->base].round_ns : sequential_ns;

		if (!takes_part(c, lane))
			continue;
		vec_push(&lane->entry.walls, lane->round_ns);
		vec_clear(&lane->entry.timeline);
		lane->entry.timeline = lane->round;
		lane->round = (struct race_timeline){ 0 };
		vec_push(&lane->entry.ratios,
			 i == 0 ? a->round_ns / b->round_ns : base_ns / lane->round_ns);
		vec_push(&lane->cpu, lane->round_cpu_ns);
		vec_each (&lane->round_latencies, ns)
			vec_push(&lane->latencies, *ns);
		if (lane->base == i && i)
			vec_push(&c->startup, (sequential_ns - lane->round_ns) /
						      (double)(c->repeat * c->field.reference.n));
	}
	c->rounds++;
}

/* Without its base a lane has nothing to be compared with. */
static void drop_baseless(struct course *c)
{
	vec_each (&c->lanes, lane) {
		const struct lane *base = &c->lanes.items[lane->base];

		if (!lane_is_ok(lane) || lane_is_ok(base))
			continue;
		lane->entry.outcome = OUTCOME_NOT_MEASURABLE;
		lane->entry.why = xasprintf("with one worker: %s", base->entry.why);
	}
}

/* Whether the machine was ours alone, or as good as. */
static bool is_clean(const struct course *c, double steal)
{
	double a_ns = c->lanes.items[0].round_ns, b_ns = c->lanes.items[1].round_ns;

	return steal <= STEAL_MAX && a_ns <= CONTROL_MAX * b_ns && b_ns <= CONTROL_MAX * a_ns;
}

static bool is_free(const struct course *c, double ceiling)
{
	return ceiling >= CEILING_MIN * cores_wanted(c);
}

/*
 * The ceiling of this moment; a busy moment may pass, and waiting is cheaper than a lost round. What the machine was like is told by
 * the first answer: the one that was waited for is the best of several.
 */
static struct error *await_free(struct course *c, double *ceiling)
{
	const struct timespec pause = { .tv_nsec = CEILING_PAUSE };
	struct error *err = trial_ceiling(c->cores, ceiling);

	if (!err)
		vec_push(&c->ceilings, *ceiling);
	for (int i = 1; !err && !is_free(c, *ceiling) && i < CEILING_TRIES; i++) {
		nanosleep(&pause, NULL);
		err = interrupt_pending() ? interrupt_error() : trial_ceiling(c->cores, ceiling);
	}
	return err;
}

static struct error *run_round(struct course *c)
{
	CLEANUP(cleanup_free) size_t *order = xcalloc(c->lanes.n, sizeof(*order));
	double steal = 0, ceiling = 0;
	struct error *err;

	for (size_t i = 0; i < c->lanes.n; i++)
		order[i] = i;
	rng_shuffle(&c->rng, order, c->lanes.n);
	vec_push(&c->loads, proc_others_running());
	err = await_free(c, &ceiling);
	if (!err && !is_free(c, ceiling)) {
		c->dirty_rounds++;
		return NULL;
	}
	for (size_t i = 0; !err && i < c->lanes.n; i++) {
		struct lane *lane = &c->lanes.items[order[i]];

		if (!takes_part(c, lane))
			continue;
		show_progress(c, lane);
		err = time_lane(c, lane, &steal);
	}
	if (err)
		return err;
	vec_push(&c->steals, steal);
	if (!lane_is_ok(&c->lanes.items[0]) || !lane_is_ok(&c->lanes.items[1]))
		return NULL;
	drop_baseless(c);
	/* Who came meanwhile slowed down what uses all cores, and not the sequential runs. */
	err = trial_ceiling(c->cores, &ceiling);
	if (err)
		return err;
	vec_push(&c->ceilings, ceiling);
	if (is_clean(c, steal) && is_free(c, ceiling))
		keep_round(c);
	else
		c->dirty_rounds++;
	return NULL;
}

static struct estimate estimate(struct course *c, const struct samples *s)
{
	return stats_bootstrap_median(s->items, s->n, 0.95, &c->rng);
}

static bool all_narrow(struct course *c)
{
	if (c->rounds < ROUNDS_ENOUGH)
		return false;
	vec_each (&c->lanes, lane) {
		struct estimate e = { 0 };

		if (!lane_is_ok(lane) || !lane->shown || lane->every > 1)
			continue;
		e = estimate(c, &lane->entry.ratios);
		if (e.high - e.low > 2 * NARROW * e.value)
			return false;
	}
	return true;
}

static bool time_is_up(const struct course *c)
{
	uint64_t spent_ns = clock_now_ns() - c->started_ns;

	if (c->rounds + c->dirty_rounds == 0)
		return false;
	/* Too few rounds say nothing: they may take as long again, and once more where few are missing. */
	return spent_ns >= c->opt->budget_ns &&
	       (c->rounds >= ROUNDS_MIN ||
		spent_ns >= (c->rounds >= ROUNDS_NEARLY ? 3 : 2) * c->opt->budget_ns);
}

static struct error *run_rounds(struct course *c)
{
	while (lane_is_ok(&c->lanes.items[0]) && lane_is_ok(&c->lanes.items[1]) && !time_is_up(c) &&
	       !all_narrow(c)) {
		struct error *err = run_round(c);

		if (err)
			return err;
	}
	return NULL;
}

/* --- why a model stops scaling ---------------------------------------------------------------- */

/* The fastest rung of a model, or NULL. An event loop is watched by its own figures: the threads it
 * keeps parked would drown what it waits for. */
static struct lane *best_lane(struct course *c, enum model model)
{
	struct lane *best = NULL;

	vec_each (&c->lanes, lane) {
		if (!lane_is_ok(lane) || !lane->shown || lane->entry.model != model ||
		    !lane->entry.ratios.n || model == MODEL_ASYNC || model == MODEL_HYBRID)
			continue;
		if (!best || median(&lane->entry.ratios) > median(&best->entry.ratios))
			best = lane;
	}
	return best;
}

/* One more trial of each model's best, under the profiler. It is in no figure. */
static struct error *watch_best(struct course *c)
{
	for (int model = MODEL_SEQUENTIAL + 1; model < MODEL_COUNT; model++) {
		CLEANUP(trial_clear) struct trial t = { 0 };
		CLEANUP(profile_clear) struct profile seen = { 0 };
		struct lane *lane = best_lane(c, (enum model)model);
		struct trial_plan plan;
		struct error *err;

		if (!lane)
			continue;
		plan = course_plan(c, lane, c->repeat);
		err = baseline_watch(&plan, TIER_0, &seen, NULL, &t);
		if (err)
			return err;
		if (seen.measured)
			lane->entry.profile = seen.waits;
	}
	return NULL;
}

/* --- the result ------------------------------------------------------------------------------- */

/* An entry that is out keeps its name and its reason, and no figures. */
static void finish_entry(struct course *c, struct lane *lane)
{
	struct race_entry *e = &lane->entry;

	if (lane_is_ok(lane)) {
		e->speedup = estimate(c, &e->ratios);
		where_name_loop(c->target->program, &e->loop);
		e->cpu_ns_per_task = median(&lane->cpu);
		e->switches_per_task = median(&lane->switches);
		e->faults_per_task = median(&lane->faults);
		e->major_faults_per_task = median(&lane->major_faults);
		if (e->walls.n)
			e->tasks_per_s =
				1e9 * c->repeat * (double)c->field.reference.n / median(&e->walls);
		if (lane->latencies.n) {
			e->p50_ns = (uint64_t)stats_quantile(lane->latencies.items,
							     lane->latencies.n, 0.5);
			e->p95_ns = (uint64_t)stats_quantile(lane->latencies.items,
							     lane->latencies.n, 0.95);
			e->p99_ns = (uint64_t)stats_quantile(lane->latencies.items,
							     lane->latencies.n, 0.99);
		}
		return;
	}
	vec_clear(&e->ratios);
	vec_clear(&e->walls);
	vec_clear(&e->timeline);
	e->speedup = (struct estimate){ NAN, NAN, NAN, 0 };
	e->pss_bytes = 0;
	race_loop_clear(&e->loop);
}

static struct race_conditions conditions(struct course *c, uint64_t seed)
{
	return (struct race_conditions){
		.seed = seed,
		.tasks = c->repeat * c->field.reference.n,
		.rounds = c->rounds,
		.dirty_rounds = c->dirty_rounds,
		.noise = estimate(c, &c->noise),
		.ceiling = c->ceilings.n ? stats_median(c->ceilings.items, c->ceilings.n) : 0,
		.steal_share = c->steals.n ? stats_mean(c->steals.items, c->steals.n) : 0,
		.load = c->loads.n ? stats_mean(c->loads.items, c->loads.n) : 0,
		.leaked_fds = c->leaked_fds,
		.recycled = c->recycled,
		.kept_bytes = c->kept_bytes,
		.strays = c->strays,
		.startup_ns = estimate(c, &c->startup),
	};
}

/* By the table of harnesses, then by workers: rungs were tried in another order. */
static int compare_entries(const void *a, const void *b)
{
	const struct race_entry *x = a, *y = b;

	if (x->model != y->model)
		return (int)x->model - (int)y->model;
	return x->workers - y->workers;
}

static void finish(struct course *c, uint64_t seed, struct race *ret)
{
	struct race race = { .measured = true };

	vec_each (&c->lanes, lane) {
		if (!lane_is_ok(lane) && lane->harness->model == MODEL_SEQUENTIAL &&
		    race.measured) {
			race.measured = false;
			race.why = xasprintf("the sequential run does not answer the same every "
					     "time: %s",
					     lane->entry.why);
		}
		if (!lane->shown)
			continue;
		finish_entry(c, lane);
		vec_push(&race, lane->entry);
		lane->entry = (struct race_entry){ 0 };
	}
	timeline_keep_best(&race);
	qsort(race.items, race.n, sizeof(*race.items), compare_entries);
	race.conditions = conditions(c, seed);
	*ret = race;
}

static int count_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

struct error *race_run(const struct target *target, const struct workload *workload,
		       const struct profile *profile, const struct trial *reference,
		       const struct race_options *opt, struct race *ret)
{
	CLEANUP(course_clear)
	struct course c = {
		.target = target, .opt = opt, .cores = count_cores(), .started_ns = clock_now_ns()
	};
	uint64_t seed = opt->seed ? opt->seed : c.started_ns;
	CLEANUP(end_progress) int showing = 0;
	struct error *err;

	(void)showing;
	if (workload->tasks.n < 2) {
		*ret = (struct race){ .why = xstrdup("one task alone leaves nothing to run at the "
						     "same time") };
		return NULL;
	}
	c.ladder = ladder_choose(profile, c.cores, workload->tasks.n, opt->workers, opt->workers_n);
	c.field = field_choose(workload, reference, opt->budget_ns,
			       c.ladder.n ? c.ladder.workers[c.ladder.n - 1] : 1);
	c.repeat = field_repeat(&c.field);
	c.rng.state = seed;
	progress_start("race", 1000);
	err = course_enter(&c);
	if (!err)
		err = run_rounds(&c);
	if (!err)
		err = watch_best(&c);
	if (err)
		return err;
	finish(&c, seed, ret);
	return NULL;
}
