#include <string.h>

#include "base/cleanup.h"
#include "report/page.h"
#include "report/pages.h"
#include "report/parts.h"
#include "report/words.h"

#define UNIT "UNIT"

/* One line of code, indented, its tabs as four spaces, with the unit's own name. */
static void put_line(const struct page *p, const char *line, size_t n, const char *unit)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(cleanup_free) char *clean = NULL;

	while (n) {
		if (n >= strlen(UNIT) && !strncmp(line, UNIT, strlen(UNIT))) {
			strbuf_add(&text, unit);
			line += strlen(UNIT);
			n -= strlen(UNIT);
			continue;
		}
		if (*line == '\t')
			strbuf_add(&text, "    ");
		else
			strbuf_addch(&text, *line);
		line++;
		n--;
	}
	clean = word_clean(strbuf_str(&text), p->style->unicode);
	strbuf_addf(p->out, "%s%s\n", *clean ? "    " : "", clean);
}

void put_sketch(const struct page *p, const struct verdict *v)
{
	const char *unit = v->unit && *v->unit ? v->unit : "run_task", *code;
	CLEANUP(cleanup_free) char *title = NULL;
	struct topic topic;
	size_t n;

	if (v->kind != VERDICT_RECOMMEND || !pages_find(model_key(v->model), &topic))
		return;
	code = topic_code(&topic, &n);
	if (!code)
		return;
	title = xasprintf("The shape of %s", model_title(v->model));
	page_heading(p, title, "a sketch: one task is called by its own name");
	for (const char *end = code + n; code < end;) {
		size_t length = strcspn(code, "\n");

		put_line(p, code, length, unit);
		code += length + 1;
	}
}
