/*
 * yaml_file.h - a YAML document, and errors that name the line
 *
 * Nothing in a document is ever run: tags are not looked at. Ownership: yaml_document_delete() frees
 * what yaml_file_parse() gave. Errors: ERROR_USAGE, "FILE:LINE: what is wrong".
 */
#ifndef BASE_YAML_FILE_H
#define BASE_YAML_FILE_H

#include <stddef.h>
#include <yaml.h>

#include "base/error.h"

/* `what` names the file in errors. */
struct error *yaml_file_parse(const char *text, size_t n, const char *what,
			      yaml_document_t *ret) ERROR_MUST_CHECK;
/* NULL: it is no text, or one with a NUL byte. */
const char *yaml_text(const yaml_node_t *node);
struct error *yaml_wrong(const char *what, const yaml_node_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
