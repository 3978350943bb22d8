/*
 * subject.h - from the command line to what is to be measured: target, workload, machine, history
 *
 * Everything wrong with the input is found here, before anything is measured.
 */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "base/error.h"
#include "cli/options.h"
#include "db/db.h"
#include "model/run.h"

/* Give *run its id, time, command, version and machine. */
void subject_begin(struct run *run, const char *command);
/* The program alone, for profile: options->args. */
struct error *subject_program(const struct options *options, struct run *run) ERROR_MUST_CHECK;
/* Program, arguments with {}, the tasks, and what is a right answer. */
struct error *subject_workload(struct options *options, struct run *run) ERROR_MUST_CHECK;
/* What is known of the source below `root`: its commit. */
void subject_source(const char *root, struct run *run);
/* Whether tasks were given: if not, the unit of work is a function of one run of the program. */
bool subject_has_tasks(const struct options *options);
/* Program and arguments of that run, and what the unit is. */
struct error *subject_calls(const struct options *options, struct run *run) ERROR_MUST_CHECK;
/* Open the history of --db, CONCUR_DB or the working directory's project. *path is owned by the caller. */
struct error *subject_history(const struct options *options, enum db_mode mode, struct db **ret,
			      char **path) ERROR_MUST_CHECK;
/* options->each etc. in ns */
uint64_t subject_ns(double seconds);

#endif
