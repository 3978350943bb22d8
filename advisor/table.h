/*
 * table.h - the "when to use what" table and the verdict's limits, as data
 *
 * Read from data/table.tsv, which is embedded: a broken one is our own mistake, but it is reported
 * as an error that names the line, because its reader has just edited it. Every row and every limit
 * is present after a successful table_parse(). Plain data: copy with '=', no destructor.
 */
#ifndef ADVISOR_TABLE_H
#define ADVISOR_TABLE_H

#include <stddef.h>

#include "base/error.h"
#include "model/concurrency.h"

#define LIMITS(X) /* id, key in table.tsv */                                                       \
	X(LIMIT_EQUIVALENCE, "equivalence-margin")                                                 \
	X(LIMIT_LEAVE_GAIN, "leave-gain")                                                          \
	X(LIMIT_MIN_ROUNDS, "min-rounds")                                                          \
	X(LIMIT_GOOD_ROUNDS, "good-rounds")                                                        \
	X(LIMIT_WIDTH, "interval-width")                                                           \
	X(LIMIT_LOST, "lost-share")                                                                \
	X(LIMIT_UNKNOWN, "unknown-share")                                                          \
	X(LIMIT_STEAL, "steal-share")                                                              \
	X(LIMIT_CEILING, "ceiling-share")                                                          \
	X(LIMIT_BUSY_CORES, "busy-cores")                                                          \
	X(LIMIT_OTHERS, "other-tasks")                                                             \
	X(LIMIT_LIMITING, "limiting-share")                                                        \
	X(LIMIT_SMALL_TASK_MS, "small-task-ms")

#define X(id, ...) id,
enum limit { LIMITS(X) LIMIT_COUNT };
#undef X

enum table_metric { METRIC_OVERLAPPABLE_WAITS, METRIC_CPU, METRIC_OTHERWISE };

struct table_row {
	enum row row;
	enum table_metric metric;
	double threshold; /* share, 0..1 */
	enum model candidates[MODEL_COUNT];
	size_t n;
};

struct table {
	struct table_row rows[ROW_COUNT];
	double limits[LIMIT_COUNT];
};

/* The embedded table. */
struct error *table_load(struct table *ret) ERROR_MUST_CHECK;
struct error *table_parse(const char *text, struct table *ret) ERROR_MUST_CHECK;

/* 0 for the row's first choice, 1 for the next ...; row->n when it is not the row's approach. */
size_t table_row_rank(const struct table_row *row, enum model model);

#endif
