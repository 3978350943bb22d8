/*
 * json.h - foreign text and whole documents as JSON (private to report/)
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>

#include "base/strbuf.h"

/* The text, cleaned (words.h); null for NULL. A new reference, for json_pack's "o". */
json_t *json_clean(const char *text);
/* For CLEANUP(): lets go of a reference. */
void json_release(json_t **json);
/* Appends the document with a newline, and lets go of it. */
void json_put(json_t *root, struct strbuf *out);

#endif
