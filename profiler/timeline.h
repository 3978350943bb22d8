/*
 * timeline.h - when each task of a trial began and ended, and on which worker
 *
 * A worker takes the next task when it is done with one, so starts and ends tell which tasks one
 * worker may have run after one another; which of several free ones took a task is not kept.
 */
#ifndef PROFILER_TIMELINE_H
#define PROFILER_TIMELINE_H

#include "model/race.h"
#include "profiler/trial.h"

/* The first RACE_TIMELINE tasks of `t`, instead of what is in *ret. Result i is of the task
 * numbers[i % n]. */
void timeline_take(const struct trial *t, const size_t *numbers, size_t n, int workers,
		   struct race_timeline *ret);
/* Only a model's best entry is worth the room. */
void timeline_keep_best(struct race *race);

#endif
