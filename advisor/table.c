#include "advisor/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "data/data.h"

#define FIELDS_MAX 8

struct parser {
	struct table table;
	bool has_row[ROW_COUNT];
	bool has_limit[LIMIT_COUNT];
};

static const char *const metric_keys[] = {
	[METRIC_OVERLAPPABLE_WAITS] = "overlappable-waits",
	[METRIC_CPU] = "cpu",
	[METRIC_OTHERWISE] = "otherwise",
};

#define X(id, key) [id] = key,
static const char *const limit_keys[LIMIT_COUNT] = { LIMITS(X) };
#undef X

static struct error *parse_number(const char *text, double max, double *ret)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= max))
		return error_new(ERROR_INPUT, "\"%s\" is not a number from 0 to %g", text, max);
	*ret = value;
	return NULL;
}

static struct error *parse_metric(const char *key, enum table_metric *ret)
{
	for (size_t i = 0; i < sizeof(metric_keys) / sizeof(*metric_keys); i++) {
		if (!strcmp(metric_keys[i], key)) {
			*ret = i;
			return NULL;
		}
	}
	return error_new(ERROR_INPUT, "\"%s\" is not a share that can decide a row", key);
}

static struct error *parse_candidates(char *list, struct table_row *row)
{
	for (char *key; (key = strsep(&list, ","));) {
		enum model model;

		if (!model_from_key(key, &model) || model == MODEL_SEQUENTIAL)
			return error_new(ERROR_INPUT, "\"%s\" is not a model to rewrite to", key);
		if (table_row_rank(row, model) < row->n)
			return error_new(ERROR_INPUT, "\"%s\" is named twice", key);
		row->candidates[row->n++] = model;
	}
	return NULL;
}

/* row, key, situation, approach, metric, threshold, candidates; situation and approach are the
 * model's words and stand here for the reader. */
static struct error *parse_row(struct parser *p, char **field, size_t n)
{
	struct table_row row = { 0 };
	struct error *err;

	if (n != 7)
		return error_new(ERROR_INPUT, "a row has 7 fields, this one %zu", n);
	if (!row_from_key(field[1], &row.row))
		return error_new(ERROR_INPUT, "no row is called \"%s\"", field[1]);
	if (p->has_row[row.row])
		return error_new(ERROR_INPUT, "row \"%s\" stands here twice", field[1]);
	if (strcmp(field[2], row_situation(row.row)) || strcmp(field[3], row_approach(row.row)))
		return error_new(ERROR_INPUT, "row \"%s\" is worded otherwise elsewhere", field[1]);
	err = parse_metric(field[4], &row.metric);
	if (!err)
		err = parse_number(field[5], 1, &row.threshold);
	if (!err)
		err = parse_candidates(field[6], &row);
	if (err)
		return err;
	p->table.rows[row.row] = row;
	p->has_row[row.row] = true;
	return NULL;
}

static struct error *parse_limit(struct parser *p, char **field, size_t n)
{
	if (n != 4)
		return error_new(ERROR_INPUT, "a limit has 4 fields, this one %zu", n);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (strcmp(limit_keys[i], field[1]))
			continue;
		if (p->has_limit[i])
			return error_new(ERROR_INPUT, "limit \"%s\" stands here twice", field[1]);
		p->has_limit[i] = true;
		return parse_number(field[2], 1e6, &p->table.limits[i]);
	}
	return error_new(ERROR_INPUT, "no limit is called \"%s\"", field[1]);
}

static struct error *parse_line(struct parser *p, char *line)
{
	char *field[FIELDS_MAX];
	size_t n = 0;

	if (!*line || *line == '#')
		return NULL;
	while (line && n < FIELDS_MAX)
		field[n++] = strsep(&line, "\t");
	if (!strcmp(field[0], "row"))
		return parse_row(p, field, n);
	if (!strcmp(field[0], "limit"))
		return parse_limit(p, field, n);
	return error_new(ERROR_INPUT, "a line is a row or a limit, not \"%s\"", field[0]);
}

static struct error *check_complete(const struct parser *p)
{
	for (int i = 0; i < ROW_COUNT; i++) {
		if (!p->has_row[i])
			return error_new(ERROR_INPUT, "row \"%s\" is missing", row_key(i));
	}
	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (!p->has_limit[i])
			return error_new(ERROR_INPUT, "limit \"%s\" is missing", limit_keys[i]);
	}
	return NULL;
}

struct error *table_parse(const char *text, struct table *ret)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(text);
	struct parser p = { 0 };
	char *rest = copy;
	struct error *err;
	int n = 0;

	for (char *line; (line = strsep(&rest, "\n"));) {
		n++;
		err = parse_line(&p, line);
		if (err)
			return error_wrap(err, "table.tsv:%d", n);
	}
	err = check_complete(&p);
	if (err)
		return error_wrap(err, "table.tsv");
	*ret = p.table;
	return NULL;
}

struct error *table_load(struct table *ret)
{
	return table_parse(data_table_tsv, ret);
}

size_t table_row_rank(const struct table_row *row, enum model model)
{
	size_t i = 0;

	while (i < row->n && row->candidates[i] != model)
		i++;
	return i;
}
