/*
 * trend.h - one workload over time
 */
#ifndef DB_TREND_H
#define DB_TREND_H

#include "db/db.h"
#include "model/trend.h"

/*
 * The runs of one workload on the machine of its newest run, at most `limit` of them (0: all), with
 * the points where a series takes another level. which: the beginning of a workload's id, the name
 * of a program, or a run (as db_load() takes it); NULL: the workload of the newest run that has one.
 */
struct error *db_trend(struct db *db, const char *which, size_t limit,
		       struct trend *ret) ERROR_MUST_CHECK;

#endif
