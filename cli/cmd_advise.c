#include <stdio.h>
#include <string.h>

#include "advisor/advisor.h"
#include "analyzer/analyzer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/subject.h"

#define CANDIDATES_TOLD 3

/* Tasks are raced; without any, the calls of a function are recorded and simulated. */
static struct error *measure(struct options *options, bool tasks, struct db *db, struct run *run)
{
	struct error *err;

	if (tasks)
		return measure_race(options, run);
	err = measure_calls(options, run);
	return err ? err : measure_simulation(options, db, run);
}

/* "candidate 2: f, int (char *); called in ...": 2, or 0. */
static unsigned rank_of(const struct fact *f)
{
	unsigned rank = 0;

	if (strcmp(f->check, "unit-of-work") != 0 || !f->detail ||
	    sscanf(f->detail, "candidate %u:", &rank) != 1)
		return 0;
	return rank;
}

/* What runs once for each task is main(): that needs no change to the program. Functions inside it that
 * could be the unit of a rewrite are the analyzer's to name. */
static void tell_unit(const struct run *run)
{
	const struct facts *facts = &run->facts;
	const struct fact *best = NULL;

	log_note("unit of work: %s, once for each task: the program runs as it is",
		 run->workload.unit);
	for (unsigned rank = 1; rank <= CANDIDATES_TOLD; rank++)
		vec_each (facts, f) {
			if (rank_of(f) != rank)
				continue;
			best = best ? best : f;
			log_note("inside it, %s:%d: %s", f->file, f->line, f->detail);
		}
	if (best)
		log_note("to have the calls of one recorded and simulated, give no tasks: concur "
			 "advise --unit %s -- PROGRAM ARGS",
			 best->symbol);
}

struct error *cmd_advise(const struct command *command, struct options *options, int argc,
			 char **argv, int *exit_code)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	struct advisor_options policy = { 0 };
	struct error *err;
	bool tasks;

	options_parse(command, options, command->groups, argc, argv);
	policy.policy = options->policy_table ? POLICY_TABLE : POLICY_MEASURED;
	policy.cores = options->cores.items;
	policy.cores_n = options->cores.n;
	subject_begin(&run, command->name);
	tasks = subject_has_tasks(options);
	err = tasks ? subject_workload(options, &run) : subject_calls(options, &run);
	/* Before the long work: what cannot be written would lose it. */
	err = err ? err : output_page_check(options);
	err = err ? err : subject_history(options, DB_WRITE, &db, &path);
	err = err ? err : measure_facts(options, false, &run);
	if (!err && tasks)
		tell_unit(&run);
	err = err ? err : measure(options, tasks, db, &run);
	err = err ? err : advisor_advise(&run, &policy, &run.verdict);
	if (err)
		return err;
	measure_excerpts(&run);
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	err = db_store(db, &run);
	if (err)
		return err;
	if (!options->html || strcmp(options->html, "-"))
		output_run(options, &run);
	log_note("stored as %.13s in %s", run.id, path);
	if (options->html)
		err = measure_page(options, db, &run);
	if (err)
		return err;
	if (facts_failed(&run.facts))
		*exit_code = ERROR_INPUT;
	return NULL;
}
