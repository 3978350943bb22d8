#include "model/trend.h"

#include <stdlib.h>

#include "model/fields.h"

static void series_clear(struct trend_series *s)
{
	free(s->name);
	vec_clear(&s->values);
	vec_clear(&s->changes);
}

void trend_clear(struct trend *t)
{
	free(t->workload);
	free(t->program);
	free(t->machine);
	free(t->hostname);
	vec_each (&t->runs, run) {
		free(run->git_commit);
		free(run->tool_version);
		free(run->verdict);
		free(run->model);
	}
	vec_clear(&t->runs);
	vec_each (&t->series, series)
		series_clear(series);
	vec_clear(&t->series);
	*t = (struct trend){ 0 };
}

static const struct field run_fields[] = {
	ROW(trend_run, UUID, "id", id),
	ROW(trend_run, TIME, "started_ns", started_ns),
	ROW(trend_run, TEXT, "git_commit", git_commit),
	ROW(trend_run, TEXT, "tool_version", tool_version),
	ROW(trend_run, TEXT, "verdict", verdict),
	ROW(trend_run, TEXT, "model", model),
	ROW(trend_run, INT, "workers", workers),
	ROW(trend_run, BOOL, "verdict_changed", verdict_changed),
};
static const struct shape run_shape = SHAPE(trend_run, run_fields);

static const struct field value_fields[] = {
	ROW(trend_value, SIZE, "run", run),
	ROW(trend_value, SPREAD, "ns", ns),
};
static const struct shape value_shape = SHAPE(trend_value, value_fields);

static const struct field change_fields[] = {
	ROW(trend_change, SIZE, "run", run),       ROW(trend_change, SPREAD, "ratio", ratio),
	ROW(trend_change, SIZE, "before", before), ROW(trend_change, SIZE, "after", after),
	ROW(trend_change, REAL, "p", p),
};
static const struct shape change_shape = SHAPE(trend_change, change_fields);

static const struct field series_fields[] = {
	ROW(trend_series, BOOL, "is_wait", is_wait),
	ROW(trend_series, TEXT, "name", name),
	ROW(trend_series, INT, "workers", workers),
	ROW_OBJECTS(trend_series, "values", values, value_shape, trend_value),
	ROW_OBJECTS(trend_series, "changes", changes, change_shape, trend_change),
	ROW(trend_series, ESTIMATE, "level_ns", level),
};
static const struct shape series_shape = SHAPE(trend_series, series_fields);

static const struct field trend_fields[] = {
	ROW(trend, TEXT, "workload", workload),
	ROW(trend, TEXT, "program", program),
	ROW(trend, TEXT, "machine", machine),
	ROW(trend, TEXT, "hostname", hostname),
	ROW(trend, SIZE, "elsewhere", elsewhere),
	ROW(trend, SIZE, "older", older),
	ROW_OBJECTS(trend, "runs", runs, run_shape, trend_run),
	ROW_OBJECTS(trend, "series", series, series_shape, trend_series),
};
static const struct shape trend_shape = SHAPE(trend, trend_fields);

char *trend_json_text(const struct trend *t)
{
	return fields_text(&trend_shape, "concur.history/1", t);
}
