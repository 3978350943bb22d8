#include "profiler/course.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/answer.h"

static void lane_clear(struct lane *lane)
{
	field_clear(&lane->part);
	vec_clear(&lane->round_latencies);
	vec_clear(&lane->latencies);
	vec_clear(&lane->cpu);
	vec_clear(&lane->switches);
	vec_clear(&lane->faults);
	vec_clear(&lane->major_faults);
	race_entry_clear(&lane->entry);
	vec_clear(&lane->round);
}

void course_clear(struct course *c)
{
	vec_each (&c->lanes, lane)
		lane_clear(lane);
	vec_clear(&c->lanes);
	field_clear(&c->field);
	vec_clear(&c->noise);
	vec_clear(&c->startup);
	vec_clear(&c->ceilings);
	vec_clear(&c->steals);
	vec_clear(&c->loads);
}

bool lane_is_ok(const struct lane *lane)
{
	return lane->entry.outcome == OUTCOME_OK;
}

const struct field *course_field(const struct course *c, const struct lane *lane)
{
	return lane->part.numbers ? &lane->part : &c->field;
}

/* Why a trial's answers are not the reference's, or NULL. Owned by the caller. */
static char *difference(const struct field *f, const struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t task = i % f->workload.tasks.n;
		CLEANUP(cleanup_free)
		char *how = answer_difference(&f->workload, &f->reference.tasks[task],
					      "in the sequential run", &t->tasks[i]);

		if (how)
			return xasprintf("task %zu (%s) %s", f->numbers[task] + 1,
					 f->workload.tasks.items[task], how);
	}
	return NULL;
}

struct trial_plan course_plan(const struct course *c, const struct lane *lane, unsigned repeat)
{
	const struct field *field = course_field(c, lane);

	return (struct trial_plan){ .target = c->target,
				    .workload = &field->workload,
				    .way = lane->harness->way,
				    .workers = lane->entry.workers,
				    .numbers = field->numbers,
				    .scratch = c->opt->scratch,
				    .repeat = repeat,
				    .timeout_ns = c->opt->timeout_ns };
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

struct error *course_try(struct course *c, struct lane *lane, unsigned repeat, bool sample,
			 struct trial *ret)
{
	struct trial_plan plan = course_plan(c, lane, repeat);
	struct error *err;

	plan.sample_memory = sample;
	err = trial_run(&plan, ret);

	if (err)
		return error_wrap(err, "%s with %d workers", lane->harness->title, plan.workers);
	lane->entry.outcome = ret->outcome;
	if (ret->outcome == OUTCOME_OK) {
		lane->entry.why = difference(course_field(c, lane), ret);
		if (lane->entry.why)
			lane->entry.outcome = OUTCOME_WRONG_RESULT;
	} else {
		lane->entry.why = MOVE(ret->why);
	}
	keep_most(c, ret);
	return NULL;
}
