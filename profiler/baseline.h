/*
 * baseline.h - the sequential run: does the program work at all, is its output stable, and where
 * does its time go?
 */
#ifndef PROFILER_BASELINE_H
#define PROFILER_BASELINE_H

#include <stdint.h>

#include "base/error.h"
#include "model/profile.h"
#include "model/recording.h"
#include "model/workload.h"
#include "profiler/trial.h"

/*
 * Runs the tasks one after another twice: once plain, once under the profiler. Fails (ERROR_INPUT)
 * when a task fails, answers nothing in any task, does not end within the time limit, or
 * when the two runs' answers differ: nothing can be compared then. *reference gets the plain run;
 * free it with trial_clear().
 */
struct error *baseline_run(const struct target *target, const struct workload *workload,
			   const struct scratch *scratch, uint64_t timeout_ns, enum tier at_least,
			   struct profile *profile, struct recording *tasks,
			   struct trial *reference) ERROR_MUST_CHECK;
/* Did every task of a trial end by itself, with the expected exit code, and (must_print) did any
 * print something? An error says which did not, and how to see it. */
struct error *baseline_check(const struct target *target, const struct workload *workload,
			     uint64_t timeout_ns, const struct trial *trial,
			     bool must_print) ERROR_MUST_CHECK;

/* One trial under the profiler; plan->on_start is overwritten. A trial that did not end well leaves
 * *profile as it is. `tasks`: NULL, or where each task's segments go. What the harness itself waited for its workers is taken off. */
struct error *baseline_watch(struct trial_plan *plan, enum tier at_least, struct profile *profile,
			     struct recording *tasks, struct trial *ret) ERROR_MUST_CHECK;

#endif
