#include "base/yaml_file.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

struct error *yaml_file_parse(const char *text, size_t n, const char *what, yaml_document_t *ret)
{
	struct error *err = NULL;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	if (!yaml_parser_load(&parser, ret)) {
		size_t line = parser.problem_mark.line;

		if (parser.error == YAML_READER_ERROR) /* tells an offset only */
			for (size_t i = 0; i < n && i < parser.problem_offset; i++)
				line += text[i] == '\n';
		err = error_new(ERROR_USAGE, "%s:%zu: %s", what, line + 1,
				parser.problem ? parser.problem : "cannot be read");
	}
	yaml_parser_delete(&parser);
	return err;
}

const char *yaml_text(const yaml_node_t *node)
{
	const char *s = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE && strlen(s) == node->data.scalar.length ? s : NULL;
}

struct error *yaml_wrong(const char *what, const yaml_node_t *at, const char *fmt, ...)
{
	CLEANUP(cleanup_free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return error_new(ERROR_USAGE, "%s:%zu: %s", what, at->start_mark.line + 1, text);
}
