/*
 * record.h - run a command and record the calls of a function of it; find the function
 *
 * The command runs as it would by hand, but with an empty standard input and its output discarded,
 * from its start to its end; it must do the same each time. Or a process that runs already
 * is watched: then argv is not looked at, and there is one run. Needs tier T0.
 */
#ifndef PROFILER_RECORD_H
#define PROFILER_RECORD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/stats.h"
#include "model/profile.h"
#include "model/recording.h"
#include "model/workload.h"
#include "profiler/disk.h"
#include "profiler/units.h"

struct record_options {
	const char *program;
	pid_t pid; /* 0: the command is run; else this process, which runs already, is watched, */
	uint64_t duration_ns; /* for so long; 0: until it ends, or Ctrl-C */
	uint64_t timeout_ns;
	struct disk_uses *uses; /* of files, while calls are recorded, are added here; NULL: not */
	const struct workload *workload; /* the exit codes of a run that went well */
};

/*
 * Fills *profile and, of each unit, its recording. Fails when the command does.
 */
struct error *record_run(const char *const *argv, const struct record_options *opt,
			 const struct unit *units, size_t units_n, struct profile *profile,
			 struct recording *recordings) ERROR_MUST_CHECK;

/* The calls of one unit. Fails as well when they are too short: marking them would be most of what
 * is measured. */
struct error *record_calls(const char *const *argv, const struct record_options *opt,
			   const struct unit *unit, struct profile *profile,
			   struct recording *ret) ERROR_MUST_CHECK;

/*
 * How much more CPU time the program takes when as many copies as there are cores run at once: what
 * the cores take from one another (memory bandwidth, shared caches, hardware threads). 1: nothing.
 */
struct error *record_slowdown(const char *const *argv, const struct record_options *opt, int cores,
			      struct estimate *ret) ERROR_MUST_CHECK;

/*
 * The outermost function that is called again and again and holds most of the time. Runs the command
 * twice, and fills *profile. When there is none ret->name stays NULL, and *why_none, owned by the
 * caller, says what there is.
 */
struct error *record_find_unit(const char *const *argv, const struct record_options *opt,
			       struct profile *profile, struct unit *ret,
			       char **why_none) ERROR_MUST_CHECK;

#endif
