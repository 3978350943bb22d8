/*
 * measure.h - the measuring steps that advise, analyze and race share
 */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "base/strbuf.h"
#include "base/error.h"
#include "cli/options.h"
#include "db/db.h"
#include "model/run.h"

/* The source. Units that could not be analysed are warned of, and are no error. Unless it is needed, nor is it
 * that nobody named a compile database and none is found. */
struct error *measure_facts(const struct options *options, bool is_needed,
			    struct run *run) ERROR_MUST_CHECK;
/* The sequential baseline under the profiler, then the tournament. */
struct error *measure_race(const struct options *options, struct run *run) ERROR_MUST_CHECK;

/* Program, profile and the calls of its unit: options->unit, or the one that is found. */
struct error *measure_calls(const struct options *options, struct run *run) ERROR_MUST_CHECK;

/* What each model would make of the recorded calls. */
struct error *measure_simulation(const struct options *options, struct db *db,
				 struct run *run) ERROR_MUST_CHECK;
/* Put the source lines around each hurdle into the verdict, as they are now. A file that cannot be read has none. */
void measure_excerpts(struct run *run);
/* The run's page, with its history. */
void measure_page_text(struct db *db, const struct run *run, struct strbuf *out);
/* The page of --html, with the history of the run's workload. */
struct error *measure_page(const struct options *options, struct db *db,
			   const struct run *run) ERROR_MUST_CHECK;

#endif
