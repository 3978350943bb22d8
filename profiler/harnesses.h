/*
 * harnesses.h - the ways to run a workload that take part in the race: one row each
 */
#ifndef PROFILER_HARNESSES_H
#define PROFILER_HARNESSES_H

#include <stddef.h>

#include "profiler/trial.h"

struct harness {
	const char *id; /* in docs and tests */
	enum model model;
	enum trial_way way;
	bool one_worker;       /* it has no ladder */
	const char *title;     /* in progress and messages */
	const char *isolation; /* how tasks are kept apart (model/race.h) */
	const char *meaning;   /* one line */
};

extern const struct harness harnesses[];
extern const size_t harnesses_n;

/* The one of a model. */
const struct harness *harness_of(enum model model);

#endif
