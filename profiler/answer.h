/*
 * answer.h - is what a task answered what it answered before?
 *
 * What counts is the workload's to say (enum compare): exit code, standard output and output files;
 * standard error as well; or the exit code alone.
 */
#ifndef PROFILER_ANSWER_H
#define PROFILER_ANSWER_H

#include "model/workload.h"
#include "profiler/trial.h"

/* How `is` differs from `was`, which was `where`: "printed 3 bytes, 5 before"; NULL: it does not.
 * Owned by the caller. */
char *answer_difference(const struct workload *w, const struct task_result *was, const char *where,
			const struct task_result *is);

#endif
