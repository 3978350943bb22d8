/*
 * identifier.h - a run's id as text and as the 16 bytes stored (private to db/)
 */
#ifndef DB_IDENTIFIER_H
#define DB_IDENTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "db/query.h"

/* The range of ids that begin with `prefix` (hexadecimal digits, "-" ignored); returns the number
 * of digits, 0 when it is none. 32: one id, low == high. */
int identifier_range(const char *prefix, uint8_t low[BLOB_SIZE], uint8_t high[BLOB_SIZE]);
void identifier_text(const uint8_t id[BLOB_SIZE], char ret[UUID_TEXT]);

#endif
