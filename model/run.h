/*
 * run.h - one run of concur: everything that was read, measured and concluded
 *
 * The product. Whatever happens after measuring (advice, reports, comparison) is a pure function of
 * one struct run. Ownership: a run owns all it holds; run_clear() frees. {0} is a valid empty run.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <stdint.h>

#include "base/uuid.h"
#include "model/fact.h"
#include "model/machine.h"
#include "model/profile.h"
#include "model/race.h"
#include "model/recording.h"
#include "model/verdict.h"
#include "model/workload.h"

struct run {
	char id[UUID_TEXT];
	char *tool_version;
	char *command;      /* "advise", "analyze", "profile", "race" */
	int64_t started_ns; /* since 1970 */
	uint64_t took_ns;
	struct machine machine;
	struct target target;
	struct workload workload;
	struct facts facts;
	struct profile profile;
	struct recording recording;
	struct race race;
	struct verdict verdict;
};

struct runs {
	VEC_FIELDS(struct run);
};

void run_clear(struct run *run);
void runs_clear(struct runs *runs);

#endif
