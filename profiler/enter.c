/*
 * Who takes part in a race: every harness that fits, at as many numbers of workers as bring something.
 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "profiler/course.h"

#define FAST_NS       100000000.0 /* below it, a trial is repeated within a round */
#define RUNS_MAX      10          /* trials of one lane in a round */
#define CLIMB_GAIN    1.05
#define FAR_BEHIND    0.6  /* of the fastest lane's speed: no winner comes from there */
#define CLEARLY_WORSE 0.85 /* of the speed of the model's own best */
#define FAR_EVERY     3    /* rounds */

static struct lane *add_lane(struct course *c, const struct harness *harness, int workers,
			     size_t base, bool shown)
{
	struct lane *lane = vec_add(&c->lanes);

	*lane = (struct lane){
		.harness = harness, .base = base, .shown = shown, .runs = 1, .every = 1
	};
	if (c->repeat == 1)
		lane->part = field_part(&c->field, workers);
	lane->entry.model = harness->model;
	lane->entry.workers = workers;
	/* A function cannot be executed: see trial.c. */
	if (c->target->unit.types && harness->way == TRIAL_EXEC)
		lane->entry.isolation = xstrdup("fork per task");
	else
		lane->entry.isolation = xstrdup(harness->isolation);
	return lane;
}

static struct error *warm_up(struct course *c, struct lane *lane)
{
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct error *err = course_try(c, lane, 1, true, &t);
	double wall_ns = (double)t.wall_ns * c->repeat;

	if (err || lane->entry.outcome != OUTCOME_OK)
		return err;
	lane->round_ns = (double)t.wall_ns * course_field(c, lane)->scale;
	lane->entry.pss_bytes = t.pss_bytes;
	lane->cores_used = t.wall_ns ? (double)t.cpu_ns / (double)t.wall_ns : 0;
	if (wall_ns > 0 && wall_ns < FAST_NS)
		lane->runs = (unsigned)fmin(ceil(FAST_NS / wall_ns), RUNS_MAX);
	return NULL;
}

static struct lane *find_lane(const struct course *c, const struct harness *harness, int workers)
{
	vec_each (&c->lanes, lane) {
		if (lane->shown && lane->harness == harness && lane->entry.workers == workers)
			return lane;
	}
	return NULL;
}

/* A rung that gains nothing over best_ns gets a second chance. */
static struct error *try_rung(struct course *c, const struct harness *harness, int workers,
			      size_t base, double best_ns, struct lane **ret)
{
	struct lane *lane = add_lane(c, harness, workers, base, true);

	for (int chance = 0; chance < 2; chance++) {
		double was_ns = lane->round_ns;
		struct error *err = warm_up(c, lane);

		if (err)
			return err;
		if (!lane_is_ok(lane))
			break;
		if (chance)
			lane->round_ns = fmin(lane->round_ns, was_ns);
		if (lane->round_ns * CLIMB_GAIN < best_ns)
			break;
	}
	*ret = lane;
	return NULL;
}

/* The steps of a ladder are wide: twice and half the best of them as well. */
static struct error *look_around(struct course *c, const struct harness *harness, size_t base,
				 const struct ladder *ladder, int best)
{
	const int around[] = { best / 2, 2 * best };

	for (size_t i = 0; i < 2; i++) {
		int workers = around[i];
		struct lane *ignored;
		struct error *err;

		if (workers < ladder->workers[0] || workers > ladder->workers[ladder->n - 1] ||
		    find_lane(c, harness, workers))
			continue;
		err = try_rung(c, harness, workers, base, HUGE_VAL, &ignored);
		if (err)
			return err;
	}
	return NULL;
}

/* The harness's ladder. A rung that cannot be measured ends it, and so does one without gain. */
static struct error *enter(struct course *c, const struct harness *harness, size_t base,
			   const struct ladder *ladder)
{
	double best_ns = c->lanes.items[base].round_ns;
	int best = 0;

	for (size_t i = 0; i < ladder->n; i++) {
		struct lane *lane;
		struct error *err = try_rung(c, harness, ladder->workers[i], base,
					     ladder->climb ? best_ns : HUGE_VAL, &lane);

		if (err)
			return err;
		if (lane->entry.outcome == OUTCOME_NOT_MEASURABLE)
			break;
		if (ladder->climb && lane_is_ok(lane) && lane->round_ns * CLIMB_GAIN >= best_ns)
			break;
		if (!lane_is_ok(lane))
			continue;
		best_ns = lane->round_ns;
		best = lane->entry.workers;
	}
	return best && ladder->climb ? look_around(c, harness, base, ladder, best) : NULL;
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
	if (lane_is_ok(lane))
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
	c->lanes.items[1].round_ns = c->lanes.items[0].round_ns;
	c->lanes.items[1].cores_used = c->lanes.items[0].cores_used;
	for (size_t i = 0; lane_is_ok(&c->lanes.items[0]) && i < harnesses_n; i++) {
		size_t base = 0;

		if (harnesses[i].one_worker || !ladder->n ||
		    !harness_fits(&harnesses[i], &c->field.workload))
			continue;
		if (harnesses[i].way != sequential->way)
			base = find_base(c);
		if (base && !lane_is_ok(&c->lanes.items[base]))
			enter_baseless(c, &harnesses[i], ladder->workers[0], base);
		else if (harnesses[i].way != sequential->way && !base)
			err = enter_base(c, harness_of(MODEL_THREADS), ladder->workers[0], &base);
		if (!err && lane_is_ok(&c->lanes.items[base]))
			err = enter(c, &harnesses[i], base, ladder);
		if (err)
			return err;
	}
	return NULL;
}

static double speed(const struct course *c, const struct lane *lane)
{
	return lane_is_ok(lane) ? c->lanes.items[lane->base].round_ns / lane->round_ns : 0;
}

static double best_speed(const struct course *c, enum model model)
{
	double best = 0;

	vec_each (&c->lanes, lane) {
		if (model == MODEL_COUNT || lane->harness->model == model)
			best = fmax(best, speed(c, lane));
	}
	return best;
}

/* Has the budget room for enough rounds with every lane in them? */
static bool has_room(const struct course *c)
{
	double round_ns = 0;
	uint64_t spent_ns = clock_now_ns() - c->started_ns;

	vec_each (&c->lanes, lane) {
		if (lane_is_ok(lane))
			round_ns += lane->round_ns / course_field(c, lane)->scale * c->repeat;
	}
	return (double)spent_ns + ROUNDS_ENOUGH * round_ns < (double)c->opt->budget_ns;
}

/*
 * A rung far behind is on the curve, and can be no winner: it takes part in some rounds only, so
 * that the others get more of them. Where time is short, so does one that is clearly behind its own
 * model's best. Not where the user named the numbers of workers.
 */
static void favour_contenders(struct course *c)
{
	double best = best_speed(c, MODEL_COUNT);
	bool room = has_room(c);

	if (c->opt->workers_n)
		return;
	vec_each (&c->lanes, lane) {
		double of_model = best_speed(c, lane->harness->model);

		if (!lane_is_ok(lane) || !lane->shown || lane->harness->model == MODEL_SEQUENTIAL)
			continue;
		if (speed(c, lane) < FAR_BEHIND * best ||
		    (!room && speed(c, lane) < CLEARLY_WORSE * of_model))
			lane->every = FAR_EVERY;
	}
}

struct error *course_enter(struct course *c)
{
	struct error *err = enter_all(c);

	if (!err)
		favour_contenders(c);
	return err;
}
