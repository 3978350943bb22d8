/*
 * What an analysis reads besides source: the table of functions, a project's own additions to it, and
 * comments that suppress findings; all made of the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "analyzer/project.h"
#include "analyzer/suppressions.h"
#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_table(const char *text)
{
	struct catalogue *cat = NULL;
	struct error *err = catalogue_parse(text, "table", &cat);

	if (!err && catalogue_size(cat) && catalogue_has_own(cat))
		abort(); /* a table is nobody's own */
	error_free(err);
	catalogue_free(cat);
}

static void fuzz_project(const char *text, size_t n)
{
	static const char table[] = "recv\th\tnetwork\tsafe\t-\tnoblock:arg4&MSG_DONTWAIT\ts\n";
	struct catalogue *cat = NULL;
	struct error *err = catalogue_parse(table, "table", &cat);

	if (err)
		abort();
	err = project_parse(text, n, "project", cat);
	if (!catalogue_find(cat, "recv")) /* nothing is ever taken out */
		abort();
	if (err && strncmp(err->message, "project:", strlen("project:")) != 0)
		abort(); /* an error names the line */
	error_free(err);
	catalogue_free(cat);
}

static void fuzz_suppressions(const char *text)
{
	struct suppressions list = { 0 };

	suppressions_read(text, "file", &list);
	vec_each (&list, s) {
		if (!s->at_line || !s->at_column || !*s->check)
			abort();
		if (s->line && s->line < s->at_line)
			abort();
	}
	suppressions_clear(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);

	fuzz_table(text);
	fuzz_project((const char *)data, size);
	fuzz_suppressions(text);
	free(text);
	return 0;
}
