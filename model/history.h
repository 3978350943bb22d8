/*
 * history.h - the list of stored runs, a line each
 */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stdint.h>

#include "base/stats.h"
#include "base/uuid.h"
#include "base/vec.h"

struct history_row {
	char id[UUID_TEXT];
	int64_t started_ns; /* since 1970 */
	char *program, *command, *git_commit;
	char *source;  /* without a program: where its compile_commands.json lies, or NULL */
	char *verdict; /* kind's key */
	char *model;   /* key, or NULL */
	char *row;     /* key, or NULL */
	int workers;
	struct estimate speedup;
};

struct history {
	VEC_FIELDS(struct history_row); /* newest first */
};

void history_clear(struct history *h);
/* As JSON ("schema": "concur.runs/1"), owned by the caller. */
char *history_json_text(const struct history *h);

#endif
