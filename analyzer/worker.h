/*
 * worker.h - parse many translation units in processes that may die
 *
 * A pool of forked workers, each parsing one unit after another. One that crashes, exceeds its time
 * or its memory costs the unit it was at; a fresh one takes its place. What a worker sends is
 * checked before it is used. No worker outlives the call, or concur itself. The calling process
 * loads libclang, and must not use it. Main thread only.
 */
#ifndef ANALYZER_WORKER_H
#define ANALYZER_WORKER_H

#include "analyzer/compdb.h"
#include "analyzer/tu.h"
#include "base/error.h"

struct worker_options {
	int jobs;           /* 0: one a core */
	unsigned timeout_s; /* for one unit; 0: 120 */
};

/* Called once for each entry, in the order in which they end. */
struct worker_sink {
	void *data;
	void (*parsed)(void *data, size_t index, struct tu *tu);   /* takes tu over */
	void (*failed)(void *data, size_t index, const char *why); /* borrows why */
};

struct error *worker_run(const struct compdb_entry *entries, size_t n,
			 const struct worker_options *opt,
			 const struct worker_sink *sink) ERROR_MUST_CHECK;

#endif
