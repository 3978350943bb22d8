/*
 * run_json.h - struct run as JSON, both ways ("schema": "concur.run/1")
 *
 * run_json_parse(run_json_text(run)) gives an equal run. Parsing accepts any text, however hostile:
 * what has the wrong type, is out of range or is missing gives an error that names the key
 * ("race[3].workers: not an integer"); unknown keys are ignored, so that a newer concur's run can
 * be read, and null counts as missing. A figure without interval (n 0) is null, and so is a number
 * that is not finite.
 *
 * After parsing, the strings of facts, hurdles and witnesses are NULL only where their header allows
 * it; a number that is missing is NAN if it is real, else 0; the profile adds up.
 * Two things are not kept: bytes that are not UTF-8, as file names may hold, become U+FFFD, so that
 * a name never costs a run; and counts end at 2^63 - 1. docs/schema/ has the JSON Schemas.
 */
#ifndef MODEL_RUN_JSON_H
#define MODEL_RUN_JSON_H

#include <stddef.h>

#include "base/error.h"
#include "model/run.h"

#define RUN_JSON_SCHEMA "concur.run/1"

/* Owned by the caller; ends with a newline. */
char *run_json_text(const struct run *run);
struct error *run_json_parse(const char *text, size_t n, struct run *ret) ERROR_MUST_CHECK;
/* The same of what jansson parsed already. */
struct json_t;
struct error *run_json_read(const struct json_t *top, struct run *ret) ERROR_MUST_CHECK;

#endif
