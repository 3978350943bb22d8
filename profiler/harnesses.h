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
	const char *title;          /* in progress and messages */
	const char *isolation;      /* how tasks are kept apart (model/race.h) */
	const char *meaning;        /* one line */
	bool one_worker;            /* it has no ladder */
	bool shared;                /* threads only: for workloads that share one copy */
	enum process_way processes; /* processes only: for workloads that ask for it */
};

extern const struct harness harnesses[];
extern const size_t harnesses_n;

/* Whether it is this workload's way of its model. */
bool harness_fits(const struct harness *h, const struct workload *w);
/* The first one of a model. */
const struct harness *harness_of(enum model model);

#endif
