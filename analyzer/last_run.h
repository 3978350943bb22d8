/*
 * last_run.h - what the whole program said the last time
 *
 * When nothing at all changed, neither the units need to be read from the cache nor the checks to be
 * run: the findings are the same. One file for each project, and each part of it that was asked for,
 * holds the question (which units, compiled how, by which concur, with what known of functions), the
 * digests of every file and directory that was looked at to answer it, and the findings. A run in
 * which a unit could not be read in full is not kept: the next may find what was missing. Damaged
 * files are as good as none.
 */
#ifndef ANALYZER_LAST_RUN_H
#define ANALYZER_LAST_RUN_H

#include "analyzer/analyzer.h"
#include "analyzer/cache.h"

struct last_run {
	struct digest place;    /* names the file */
	struct digest question; /* what it must answer */
};

/* `glibc`: whose thread-safety is judged by. */
struct last_run last_run_of(const struct cache *c, const struct compdb *db,
			    const struct analyzer_options *opt, const char *glibc);
/* False: find them out. */
bool last_run_load(struct cache *c, struct last_run run, struct facts *ret);
/* Best effort. */
void last_run_store(struct cache *c, struct last_run run, const struct facts *facts);

#endif
