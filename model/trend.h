/*
 * trend.h - one workload over time, on one machine
 *
 * A series is one figure over the runs: the wall time per task of a model at one number of workers,
 * or the time per task of a kind of wait. Ownership: strings and arrays owned; trend_clear() frees.
 */
#ifndef MODEL_TREND_H
#define MODEL_TREND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "base/uuid.h"
#include "base/vec.h"

struct trend_run {
	char id[UUID_TEXT];
	int64_t started_ns; /* since 1970 */
	char *git_commit, *tool_version;
	char *verdict; /* kind's key */
	char *model;   /* key, or NULL */
	int workers;
	bool verdict_changed; /* another kind or model than in the last run that had a verdict */
};

struct trend_runs {
	VEC_FIELDS(struct trend_run); /* oldest first */
};

struct trend_value {
	size_t run;         /* index of the run */
	struct estimate ns; /* per task; of one profiled run n is 1, without an interval */
};

struct trend_values {
	VEC_FIELDS(struct trend_value);
};

struct trend_change {          /* another level begins */
	size_t run;            /* index of its first run */
	struct estimate ratio; /* of the level to the one before: above 1, slower */
	size_t before, after;  /* runs of the two levels */
	double p;              /* Mann-Whitney, two-sided, of the two levels */
};

struct trend_changes {
	VEC_FIELDS(struct trend_change);
};

struct trend_series {
	bool is_wait;
	char *name;  /* a model's or wait kind's key, "cpu", "run-queue", "unknown" */
	int workers; /* 0 for waits */
	struct trend_values values;
	struct trend_changes changes;
	struct estimate level; /* ns per task: median of the runs since the last change */
};

struct trend_all_series {
	VEC_FIELDS(struct trend_series); /* models first, then waits */
};

struct trend {
	char *workload; /* its id */
	char *program, *machine, *hostname;
	size_t elsewhere; /* runs on other machines, which are left out */
	size_t older;     /* runs left out by the limit */
	struct trend_runs runs;
	struct trend_all_series series;
};

void trend_clear(struct trend *t);
/* As JSON ("schema": "concur.history/1"), owned by the caller. */
char *trend_json_text(const struct trend *t);

#endif
