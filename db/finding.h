/*
 * finding.h - one finding as a row (private to db/)
 *
 * Two findings with equal check, file, function and symbol have an equal identity, whatever line
 * they moved to. Several in one function (two calls of strtok) share it: count them.
 *
 * The keys people ask for are columns; what else a finding's JSON has stays JSON, in the column
 * `rest`. Nothing is kept twice, and a key that is added to findings later is not lost.
 */
#ifndef DB_FINDING_H
#define DB_FINDING_H

#include <jansson.h>

#include "base/digest.h"
#include "db/query.h"
#include "model/fact.h"

/* In SQL, in the order of finding_bind() and finding_read(). */
#define FINDING_COLUMNS "line, check_id, function, symbol, effect, detail, advice, rest"

struct digest finding_identity(const struct fact *fact);

/* Bind the columns. `json` loses the keys that went into columns of their own, and its file. */
void finding_bind(struct query *q, json_t *json);
/* From the columns of the current row, of which `first` is the file and FINDING_COLUMNS follow.
 * NULL when the row is damaged. */
json_t *finding_read(const struct query *q, int first);

#endif
