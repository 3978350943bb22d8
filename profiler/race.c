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
#include "profiler/answer.h"
#include "profiler/baseline.h"
#include "profiler/harnesses.h"
#include "profiler/ladder.h"
#include "profiler/proc.h"
#include "profiler/timeline.h"
#include "profiler/where.h"

#define TRIAL_NS         400000000.0 /* a sequential trial is at least about this long */
#define SHORT_NS         200000000.0 /* below it, the tasks are repeated within a trial */
#define FAST_NS          100000000.0 /* below it, a trial is repeated within a round */
#define JOBS_MAX         50000       /* per trial */
#define TRIALS_IN_BUDGET 60          /* sequential ones that the budget must have room for */
#define RUNS_MAX         10          /* trials of one lane in a round */
#define STEAL_MAX        0.06
#define CEILING_MIN      0.8  /* of the cores that the lanes can use */
#define CONTROL_MAX      1.25 /* of one sequential run over the other, in a round */
#define CLIMB_GAIN       1.05
#define FAR_BEHIND       0.6  /* of the fastest lane's speed: no winner comes from there */
#define FAR_EVERY        3    /* rounds */
#define NARROW           0.05 /* half an interval over its value */
#define ROUNDS_ENOUGH    6
#define ROUNDS_MIN       5         /* data/table.tsv: fewer give no verdict */
#define CEILING_TRIES    10        /* at a busy moment; about 0.2 s each */
#define CEILING_PAUSE    100000000 /* ns */

/* The tasks that are raced: all, or some of them evenly spread where all would take too long. */
struct field {
	struct workload workload;
	struct trial reference;
	size_t *numbers; /* of the tasks in the user's list */
};

/*
 * What is timed in a round. The first two are the sequential run, twice: their ratio is the noise.
 * A way that starts its tasks differently has a sequential lane of its own as the base of its
 * ratios, so that a speedup is what concurrency gains and nothing else.
 */
struct lane {
	const struct harness *harness;
	size_t base;     /* index of the lane its ratios are formed with */
	bool shown;      /* becomes an entry */
	unsigned runs;   /* trials in a round */
	double round_ns; /* mean wall time of the round that is going on */
	double round_cpu_ns;
	double cores_used; /* CPU time over wall time, of the warm-up */
	int every;         /* it runs in every so many rounds */
	struct samples round_latencies, latencies, cpu, switches, faults, major_faults;
	struct race_entry entry;
	struct race_timeline round; /* of the round that is going on */
};

struct lanes {
	VEC_FIELDS(struct lane);
};

struct course {
	const struct target *target;
	const struct workload *workload; /* of `field`, as is the reference */
	const struct trial *reference;
	const struct race_options *opt;
	struct field field;
	struct ladder ladder;
	struct lanes lanes;
	unsigned repeat;
	int cores;
	struct rng rng;
	uint64_t started_ns;
	struct samples noise, startup, ceilings, steals, loads;
	int rounds, dirty_rounds;
	uint64_t leaked_fds, strays, recycled, kept_bytes; /* most of any trial */
};

static void lane_clear(struct lane *lane)
{
	vec_clear(&lane->round_latencies);
	vec_clear(&lane->latencies);
	vec_clear(&lane->cpu);
	vec_clear(&lane->switches);
	vec_clear(&lane->faults);
	vec_clear(&lane->major_faults);
	race_entry_clear(&lane->entry);
	vec_clear(&lane->round);
}

static void course_clear(struct course *c)
{
	vec_each (&c->lanes, lane)
		lane_clear(lane);
	vec_clear(&c->lanes);
	workload_clear(&c->field.workload);
	trial_clear(&c->field.reference);
	free(c->field.numbers);
	vec_clear(&c->noise);
	vec_clear(&c->startup);
	vec_clear(&c->ceilings);
	vec_clear(&c->steals);
	vec_clear(&c->loads);
}

static void end_progress(const int *ignored)
{
	(void)ignored;
	progress_end();
}

static double median(const struct samples *s)
{
	return s->n ? stats_median(s->items, s->n) : 0;
}

/* --- one trial -------------------------------------------------------------------------------- */

/* Why a trial's answers are not the reference's, or NULL. Owned by the caller. */
static char *difference(const struct course *c, const struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t task = i % c->workload->tasks.n;
		CLEANUP(cleanup_free)
		char *how = answer_difference(c->workload, &c->reference->tasks[task],
					      "in the sequential run", &t->tasks[i]);

		if (how)
			return xasprintf("task %zu (%s) %s", c->field.numbers[task] + 1,
					 c->workload->tasks.items[task], how);
	}
	return NULL;
}

static struct trial_plan plan_of(const struct course *c, const struct lane *lane, unsigned repeat)
{
	return (struct trial_plan){ .target = c->target,
				    .workload = c->workload,
				    .way = lane->harness->way,
				    .workers = lane->entry.workers,
				    .numbers = c->field.numbers,
				    .scratch = c->opt->scratch,
				    .repeat = repeat,
				    .timeout_ns = c->opt->timeout_ns };
}

/* Runs it and takes the lane out of the race if it did not answer well. */
static struct error *run_trial(struct course *c, struct lane *lane, unsigned repeat, bool sample,
			       struct trial *ret)
{
	struct trial_plan plan = plan_of(c, lane, repeat);
	struct error *err;

	plan.sample_memory = sample;
	err = trial_run(&plan, ret);

	if (err)
		return error_wrap(err, "%s with %d workers", lane->harness->title, plan.workers);
	lane->entry.outcome = ret->outcome;
	if (ret->outcome == OUTCOME_OK) {
		lane->entry.why = difference(c, ret);
		if (lane->entry.why)
			lane->entry.outcome = OUTCOME_WRONG_RESULT;
	} else {
		lane->entry.why = MOVE(ret->why);
	}
	return NULL;
}

/* --- who takes part --------------------------------------------------------------------------- */

static struct lane *add_lane(struct course *c, const struct harness *harness, int workers,
			     size_t base, bool shown)
{
	struct lane *lane = vec_add(&c->lanes);

	*lane = (struct lane){
		.harness = harness, .base = base, .shown = shown, .runs = 1, .every = 1
	};
	lane->entry.model = harness->model;
	lane->entry.workers = workers;
	/* A function cannot be executed: see trial.c. */
	if (c->target->unit.types && harness->way == TRIAL_EXEC)
		lane->entry.isolation = xstrdup("fork per task");
	else
		lane->entry.isolation = xstrdup(harness->isolation);
	return lane;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What tasks have left behind. */
static void keep_most(struct course *c, const struct trial *t)
{
	c->leaked_fds = most(c->leaked_fds, t->leaked_fds);
	c->strays = most(c->strays, t->strays);
	c->recycled = most(c->recycled, t->recycled);
	c->kept_bytes = most(c->kept_bytes, t->kept_bytes);
}

static struct error *warm_up(struct course *c, struct lane *lane)
{
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct error *err = run_trial(c, lane, 1, true, &t);
	double wall_ns = (double)t.wall_ns * c->repeat;

	if (err || lane->entry.outcome != OUTCOME_OK)
		return err;
	lane->round_ns = (double)t.wall_ns;
	lane->entry.pss_bytes = t.pss_bytes;
	keep_most(c, &t);
	lane->cores_used = t.wall_ns ? (double)t.cpu_ns / (double)t.wall_ns : 0;
	if (wall_ns > 0 && wall_ns < FAST_NS)
		lane->runs = (unsigned)fmin(ceil(FAST_NS / wall_ns), RUNS_MAX);
	return NULL;
}

static bool is_ok(const struct lane *lane)
{
	return lane->entry.outcome == OUTCOME_OK;
}

/*
 * The harness's ladder. A rung that cannot be measured ends it, and so does one without gain, which
 * gets a second chance first.
 */
static struct error *enter(struct course *c, const struct harness *harness, size_t base,
			   const struct ladder *ladder)
{
	double best_ns = c->lanes.items[base].round_ns;

	for (size_t i = 0; i < ladder->n; i++) {
		struct lane *lane = add_lane(c, harness, ladder->workers[i], base, true);

		for (int chance = 0; chance < 2; chance++) {
			double was_ns = lane->round_ns;
			struct error *err = warm_up(c, lane);

			if (err)
				return err;
			if (!is_ok(lane) || !ladder->climb)
				break;
			if (chance)
				lane->round_ns = fmin(lane->round_ns, was_ns);
			if (lane->round_ns * CLIMB_GAIN < best_ns)
				break;
		}
		if (lane->entry.outcome == OUTCOME_NOT_MEASURABLE)
			return NULL;
		if (ladder->climb && is_ok(lane) && lane->round_ns * CLIMB_GAIN >= best_ns)
			return NULL;
		if (is_ok(lane))
			best_ns = lane->round_ns;
	}
	return NULL;
}

/* The sequential run in one process is the same for all ways that do not start a process for each
 * task: threads' with one worker. 0: there is none yet. */
static size_t find_base(const struct course *c)
{
	for (size_t i = 2; i < c->lanes.n; i++) {
		if (c->lanes.items[i].base == i)
			return i;
	}
	return 0;
}

/* Without a base there is nothing to measure by: for the reason that the base has. */
static void enter_baseless(struct course *c, const struct harness *harness, int workers,
			   size_t base)
{
	struct lane *lane = add_lane(c, harness, workers, base, true);

	lane->entry.outcome = OUTCOME_NOT_MEASURABLE;
	lane->entry.why = xstrdup(c->lanes.items[base].entry.why);
}

/* A way's own sequential run must answer as the program on its own does, or the way is out. */
static struct error *enter_base(struct course *c, const struct harness *harness, int workers,
				size_t *base)
{
	struct lane *lane;
	struct error *err;

	*base = c->lanes.n;
	lane = add_lane(c, harness, 1, *base, false);
	err = warm_up(c, lane);
	if (err)
		return err;
	if (is_ok(lane))
		return NULL;
	if (lane->entry.outcome != OUTCOME_NOT_MEASURABLE) {
		char *why =
			xasprintf("in one process the program does not answer as on its own: %s",
				  lane->entry.why);

		free(lane->entry.why);
		lane->entry.why = why;
		lane->entry.outcome = OUTCOME_NOT_MEASURABLE;
	}
	lane->shown = true;
	lane->entry.workers = workers;
	return NULL;
}

static struct error *enter_all(struct course *c)
{
	const struct ladder *ladder = &c->ladder;
	const struct harness *sequential = harness_of(MODEL_SEQUENTIAL);
	struct error *err;

	add_lane(c, sequential, 1, 0, true);
	add_lane(c, sequential, 1, 0, false);
	err = warm_up(c, &c->lanes.items[0]);
	if (err)
		return err;
	c->lanes.items[1].runs = c->lanes.items[0].runs;
	c->lanes.items[1].cores_used = c->lanes.items[0].cores_used;
	for (size_t i = 0; is_ok(&c->lanes.items[0]) && i < harnesses_n; i++) {
		size_t base = 0;

		if (harnesses[i].one_worker || !ladder->n ||
		    !harness_fits(&harnesses[i], c->workload))
			continue;
		if (harnesses[i].way != sequential->way)
			base = find_base(c);
		if (base && !is_ok(&c->lanes.items[base]))
			enter_baseless(c, &harnesses[i], ladder->workers[0], base);
		else if (harnesses[i].way != sequential->way && !base)
			err = enter_base(c, harness_of(MODEL_THREADS), ladder->workers[0], &base);
		if (!err && is_ok(&c->lanes.items[base]))
			err = enter(c, &harnesses[i], base, ladder);
		if (err)
			return err;
	}
	return NULL;
}

/*
 * A rung far behind is on the curve, and can be no winner: it takes part in some rounds only, so
 * that the others get more of them. Not where the user named the numbers of workers.
 */
static void favour_contenders(struct course *c)
{
	double best = 0;

	for (int pass = 0; pass < 2 && !c->opt->workers_n; pass++) {
		vec_each (&c->lanes, lane) {
			const struct lane *base = &c->lanes.items[lane->base];
			double speed = is_ok(lane) ? base->round_ns / lane->round_ns : 0;

			if (!is_ok(lane) || !lane->shown ||
			    lane->base == (size_t)(lane - c->lanes.items))
				continue;
			if (pass && speed < FAR_BEHIND * best)
				lane->every = FAR_EVERY;
			best = fmax(best, speed);
		}
	}
}

static bool takes_part(const struct course *c, const struct lane *lane)
{
	return is_ok(lane) && c->rounds % lane->every == 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */

static void show_progress(const struct course *c, const struct lane *lane)
{
	double share = (double)(clock_now_ns() - c->started_ns) / (double)c->opt->budget_ns;
	char text[96];

	snprintf(text, sizeof(text), "round %d: %s x %d", c->rounds + c->dirty_rounds + 1,
		 lane->harness->title, lane->entry.workers);
	progress_step((size_t)(1000 * fmin(share, 1)), text);
}

static struct error *time_lane(struct course *c, struct lane *lane, double *steal)
{
	double wall_ns = 0, cpu_ns = 0;

	vec_clear(&lane->round_latencies);
	for (unsigned run = 0; run < lane->runs && is_ok(lane); run++) {
		CLEANUP(trial_clear) struct trial t = { 0 };
		struct error *err = run_trial(c, lane, c->repeat, false, &t);

		if (err)
			return err;
		wall_ns += (double)t.wall_ns;
		cpu_ns += (double)t.cpu_ns / (double)t.n;
		*steal = fmax(*steal, t.steal_share);
		race_loop_keep(&lane->entry.loop, &t.loop);
		for (size_t i = 0; i < t.n; i++)
			vec_push(&lane->round_latencies, (double)t.tasks[i].wall_ns);
		timeline_take(&t, c->field.numbers, c->workload->tasks.n, lane->entry.workers,
			      &lane->round);
		vec_push(&lane->switches, (double)t.switches / (double)t.n);
		vec_push(&lane->faults, (double)t.faults / (double)t.n);
		vec_push(&lane->major_faults, (double)t.major_faults / (double)t.n);
		keep_most(c, &t);
	}
	lane->round_ns = wall_ns / lane->runs;
	lane->round_cpu_ns = cpu_ns / lane->runs;
	return NULL;
}

/* Cores that the busiest lane keeps busy: more than that the machine need not have free. */
static double cores_wanted(const struct course *c)
{
	double most = 1;

	vec_each (&c->lanes, lane)
		most = fmax(most, is_ok(lane) ? lane->cores_used : 0);
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
						      (double)(c->repeat * c->workload->tasks.n));
	}
	c->rounds++;
}

/* Without its base a lane has nothing to be compared with. */
static void drop_baseless(struct course *c)
{
	vec_each (&c->lanes, lane) {
		const struct lane *base = &c->lanes.items[lane->base];

		if (!is_ok(lane) || is_ok(base))
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

/* The ceiling of this moment; a busy moment may pass, and waiting is cheaper than a lost round. */
static struct error *await_free(struct course *c, double *ceiling)
{
	const struct timespec pause = { .tv_nsec = CEILING_PAUSE };
	struct error *err = trial_ceiling(c->cores, ceiling);

	for (int i = 1; !err && !is_free(c, *ceiling) && i < CEILING_TRIES; i++) {
		nanosleep(&pause, NULL);
		err = interrupt_pending() ? interrupt_error() : trial_ceiling(c->cores, ceiling);
	}
	vec_push(&c->ceilings, *ceiling);
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
	if (!is_ok(&c->lanes.items[0]) || !is_ok(&c->lanes.items[1]))
		return NULL;
	drop_baseless(c);
	/* Who came meanwhile slowed down what uses all cores, and not the sequential runs. */
	err = trial_ceiling(c->cores, &ceiling);
	if (err)
		return err;
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

		if (!is_ok(lane) || !lane->shown || lane->every > 1)
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
	/* Too few rounds say nothing: they may take as long again. */
	return spent_ns >= c->opt->budget_ns &&
	       (c->rounds >= ROUNDS_MIN || spent_ns >= 2 * c->opt->budget_ns);
}

static struct error *run_rounds(struct course *c)
{
	while (is_ok(&c->lanes.items[0]) && is_ok(&c->lanes.items[1]) && !time_is_up(c) &&
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
		if (!is_ok(lane) || !lane->shown || lane->entry.model != model ||
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
		plan = plan_of(c, lane, c->repeat);
		err = baseline_watch(&plan, TIER_0, &seen, &t);
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

	if (is_ok(lane)) {
		e->speedup = estimate(c, &e->ratios);
		where_name_loop(c->target->program, &e->loop);
		e->cpu_ns_per_task = median(&lane->cpu);
		e->switches_per_task = median(&lane->switches);
		e->faults_per_task = median(&lane->faults);
		e->major_faults_per_task = median(&lane->major_faults);
		if (e->walls.n)
			e->tasks_per_s =
				1e9 * c->repeat * (double)c->workload->tasks.n / median(&e->walls);
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
		.tasks = c->repeat * c->workload->tasks.n,
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

static void finish(struct course *c, uint64_t seed, struct race *ret)
{
	struct race race = { .measured = true };

	vec_each (&c->lanes, lane) {
		if (!is_ok(lane) && lane->harness->model == MODEL_SEQUENTIAL && race.measured) {
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
	race.conditions = conditions(c, seed);
	*ret = race;
}

static int count_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

/* --- the tasks -------------------------------------------------------------------------------- */

/*
 * How many tasks a trial can have so that enough rounds fit into the budget. A round takes up to
 * eight times the sequential run, where nothing gains much. Whole turns of the widest rung, so that
 * no worker idles at the end that would not in the full list.
 */
static size_t choose_tasks(const struct course *c, const struct trial *reference)
{
	double share =
		(double)c->opt->budget_ns / TRIALS_IN_BUDGET / fmax((double)reference->wall_ns, 1);
	size_t widest = c->ladder.n ? (size_t)c->ladder.workers[c->ladder.n - 1] : 1;
	size_t n = (size_t)ceil(share * (double)reference->n);

	if (share >= 1)
		return reference->n;
	if (n < 2 * widest)
		n = 2 * widest;
	n += (widest - n % widest) % widest;
	return n < reference->n ? n : reference->n;
}

/* n of the tasks, evenly spread, with their part of the reference. */
static struct field choose_field(const struct workload *w, const struct trial *reference, size_t n)
{
	struct field f = { .numbers = xcalloc(n, sizeof(*f.numbers)) };

	for (size_t i = 0; i < n; i++)
		f.numbers[i] = i * w->tasks.n / n;
	f.workload = workload_subset(w, f.numbers, n);
	f.reference.n = n;
	f.reference.tasks = xcalloc(n, sizeof(*f.reference.tasks));
	for (size_t i = 0; i < n; i++) {
		size_t k = f.numbers[i];

		f.reference.tasks[i] = reference->tasks[k];
		f.reference.wall_ns += reference->tasks[k].wall_ns;
	}
	return f;
}

/*
 * How often the list of tasks has to be run for a trial long enough to time. Output files have one
 * name for each task: two runs of a task at the same time would write the same file.
 */
static unsigned choose_repeat(const struct workload *w, const struct trial *reference)
{
	double wall_ns = fmax((double)reference->wall_ns, 1);
	double most = (double)JOBS_MAX / (double)reference->n;

	if (wall_ns >= SHORT_NS || w->outputs.n || workload_names(w, "{out}"))
		return 1;
	/* A power of two: two races of the same job then mostly agree, and can be compared. */
	return (unsigned)fmax(1, fmin(exp2(ceil(log2(TRIAL_NS / wall_ns))), floor(most)));
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
	c.field = choose_field(workload, reference, choose_tasks(&c, reference));
	c.workload = &c.field.workload;
	c.reference = &c.field.reference;
	c.repeat = choose_repeat(c.workload, c.reference);
	c.rng.state = seed;
	progress_start("race", 1000);
	err = enter_all(&c);
	favour_contenders(&c);
	if (!err)
		err = run_rounds(&c);
	if (!err)
		err = watch_best(&c);
	if (err)
		return err;
	finish(&c, seed, ret);
	return NULL;
}
