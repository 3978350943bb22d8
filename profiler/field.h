/*
 * field.h - the tasks that a race runs, and the part of them in each trial
 *
 * The list of tasks may be longer than a race has time for. The field is what is raced: all tasks, or some of them evenly
 * spread. A lane's trial may be shorter still: with few workers it takes a part of the field, so that one slow lane does not
 * eat the time of all others. A part's wall time times `scale` stands for the field's: scale is the ratio of the times
 * that its workers would need for the two if each task took as long as in the reference run. Invariant: every task has its reference beside it, and its number in the user's list.
 */
#ifndef PROFILER_FIELD_H
#define PROFILER_FIELD_H

#include "model/workload.h"
#include "profiler/trial.h"

struct field {
	struct workload workload;
	struct trial
		reference; /* wall_ns, n and tasks; what the tasks own is the whole reference's */
	size_t *numbers;   /* of the tasks in the user's list */
	double scale;      /* the whole field's time over this part's; 1: it is whole */
};

void field_clear(struct field *f);

/* The field of a race with up to `widest` workers, for a budget of budget_ns. */
struct field field_choose(const struct workload *w, const struct trial *reference,
			  uint64_t budget_ns, int widest);

/* How often a trial runs the field, so that it is long enough to be timed. */
unsigned field_repeat(const struct field *f);

/*
 * The part for a lane of W workers, {0} for the whole field. W workers that gain all they can take 1 / W of the sequential
 * time: so many tasks, in whole turns, that this is long enough to be timed.
 */
struct field field_part(const struct field *whole, int workers);

#endif
