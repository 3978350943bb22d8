/*
 * offcpu.h - account every nanosecond of a process tree's life: on-CPU, run-queue, or waiting, by
 * kind
 *
 * A session is opened on a process that is still held at its gate (base/subprocess.h) or, with
 * `attach`, on one that runs; it follows threads and children, and is closed after the tree has
 * ended (attach: whenever you like). The tier is found by trying. Source of the method:
 * docs/method.md. Ownership: offcpu_open's session goes to offcpu_close or offcpu_abort. One reader
 * thread inside.
 *
 * CPU time is split into user and system in the proportion of getrusage(RUSAGE_CHILDREN) between
 * open and close: reap the tree in this process before closing, and nothing else meanwhile.
 */
#ifndef PROFILER_OFFCPU_H
#define PROFILER_OFFCPU_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/profile.h"
#include "model/recording.h"

struct offcpu;
struct lock_functions;
struct unit;

struct offcpu_options {
	double overhead;    /* the share of its time that watching may cost the program; 0: 0.05 */
	bool skip_root;     /* do not account the opened process itself, only what it starts */
	bool attach;        /* it runs already: account its threads and children from now on */
	enum tier at_least; /* TIER_0: the best there is; higher numbers force a poorer tier (tests)
			     */
	/* T0: functions whose calls are recorded, and where to: recordings[i] of units[i]. */
	const struct unit *units;
	struct recording *recordings;
	size_t units_n;
	struct recording *tasks; /* each program that the root starts, as a call of it; NULL: not */
	/* The locks that are held within these calls, those on files and those of these functions. */
	const struct lock_functions *locks; /* NULL: none */
};

struct error *offcpu_open(pid_t pid, const struct offcpu_options *opt,
			  struct offcpu **ret) ERROR_MUST_CHECK;
/* Call after the tree ended. Fills all of *ret but `tasks`. Frees the session, also on failure. */
struct error *offcpu_close(struct offcpu *session, struct profile *ret) ERROR_MUST_CHECK;
void offcpu_abort(struct offcpu *session);

/* The best tier here, and why not a better one (owned by the caller, NULL at T0). */
enum tier offcpu_probe(char **why);
/* Whether the processor's own counters can be read here: most virtual machines have none. */
bool offcpu_counts_cycles(void);

#endif
