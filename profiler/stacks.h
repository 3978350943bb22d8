/*
 * stacks.h - the calls that time was spent in, by kind, from dumps
 *
 * Called once, after the run. Waits have the time that was booked at their sites; CPU time is shared
 * out evenly over its samples. Stacks that differ in nothing that is shown become one; of CPU time,
 * the line inside the innermost function does not count as a difference. A function that calls itself
 * is one frame.
 */
#ifndef PROFILER_STACKS_H
#define PROFILER_STACKS_H

#include "model/profile.h"
#include "profiler/dumps.h"
#include "profiler/sites.h"
#include "profiler/unwind.h"

/*
 * At most `max` stacks with frames, and for each kind one without them for the rest of its time, so
 * that each kind's stacks add up to p->waits; `sampled_ns` of the CPU time is what was sampled.
 * p->waits must be complete; appends to p->stacks.
 */
void stacks_fill(const struct sites *sites, const struct dumps *dumps, struct unwinder *unwinder,
		 uint64_t sampled_ns, size_t max, struct profile *p);
/* The calls of one dump, appended. False: the outermost are missing. */
bool stacks_frames(struct unwinder *unwinder, const struct dump *dump, struct stack_frames *ret);

#endif
