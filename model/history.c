#include "model/history.h"

#include <stdlib.h>

#include "model/fields.h"

void history_clear(struct history *h)
{
	vec_each (h, row) {
		free(row->program);
		free(row->source);
		free(row->command);
		free(row->git_commit);
		free(row->verdict);
		free(row->model);
		free(row->row);
	}
	vec_clear(h);
}

static const struct field row_fields[] = {
	ROW(history_row, UUID, "id", id),
	ROW(history_row, TIME, "started_ns", started_ns),
	ROW(history_row, TEXT, "program", program),
	ROW(history_row, TEXT, "source", source),
	ROW(history_row, TEXT, "command", command),
	ROW(history_row, TEXT, "git_commit", git_commit),
	ROW(history_row, TEXT, "verdict", verdict),
	ROW(history_row, TEXT, "model", model),
	ROW(history_row, TEXT, "row", row),
	ROW(history_row, INT, "workers", workers),
	ROW(history_row, SPREAD, "speedup", speedup),
};
static const struct shape row_shape = SHAPE(history_row, row_fields);

static const struct field history_fields[] = {
	{ .key = "runs", .type = FIELD_OBJECTS, .shape = &row_shape },
};
static const struct shape history_shape = SHAPE(history, history_fields);

char *history_json_text(const struct history *h)
{
	return fields_text(&history_shape, "concur.runs/1", h);
}
