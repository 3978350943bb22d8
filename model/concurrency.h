/*
 * concurrency.h - the models, the table's rows and the outcomes: names, keys and one-line meanings
 *
 * One X-macro each; enum, JSON key, title and help derive from it. Keys are part of the run JSON
 * and of the command line.
 */
#ifndef MODEL_CONCURRENCY_H
#define MODEL_CONCURRENCY_H

#include <stdbool.h>

#define MODELS(X) /* id, key, title, what it is */                                                 \
	X(MODEL_SEQUENTIAL, "sequential", "sequential", "one task after another")                  \
	X(MODEL_THREADS, "threads", "threads", "many threads in one process")                      \
	X(MODEL_PROCESSES, "processes", "processes", "one process for each worker")                \
	X(MODEL_ASYNC, "async", "async", "one thread, one event loop")                             \
	X(MODEL_HYBRID, "hybrid", "async + thread pool",                                           \
	  "one event loop, and a pool of threads for CPU slices")

#define ROWS(X) /* id, key, situation, approach */                                                 \
	X(ROW_WAITS, "io-waits", "many API calls / I/O waits", "async or threads")                 \
	X(ROW_COMPUTE, "compute", "heavy computation", "multiprocessing")                          \
	X(ROW_MIX, "mix", "small I/O + light CPU mix", "async + thread pool")

#define OUTCOMES(X) /* id, key, may its figures be used? */                                        \
	X(OUTCOME_OK, "ok", true)                                                                  \
	X(OUTCOME_WRONG_RESULT, "wrong-result", false)                                             \
	X(OUTCOME_CRASH, "crash", false)                                                           \
	X(OUTCOME_HANG, "hang", false)                                                             \
	X(OUTCOME_NOT_MEASURABLE, "not-measurable", false)

#define X(id, ...) id,
enum model { MODELS(X) MODEL_COUNT };
enum row { ROWS(X) ROW_COUNT };
enum outcome { OUTCOMES(X) OUTCOME_COUNT };
#undef X

const char *model_key(enum model model);
const char *model_title(enum model model);
const char *model_meaning(enum model model);
bool model_from_key(const char *key, enum model *ret);

const char *row_key(enum row row);
const char *row_situation(enum row row);
const char *row_approach(enum row row);
bool row_from_key(const char *key, enum row *ret);

const char *outcome_key(enum outcome outcome);
bool outcome_from_key(const char *key, enum outcome *ret);

#endif
