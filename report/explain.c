#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "data/data.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/pages.h"

/* --- the table, as data/table.tsv has it --- */

static void put_table_row(struct grid *g, char *line)
{
	char *field[7] = { 0 };
	size_t n = 0, row;

	while (line && n < 7)
		field[n++] = strsep(&line, "\t");
	if (n < 7 || strcmp(field[0], "row"))
		return;
	row = grid_row(g);
	grid_set(g, row, 0, INK_PLAIN, "%s", field[2]);
	grid_set(g, row, 1, INK_BOLD, "%s", field[3]);
	if (strcmp(field[4], "otherwise"))
		grid_set(g, row, 2, INK_PLAIN, "%s >= %s", field[4], field[5]);
	else
		grid_set(g, row, 2, INK_PLAIN, "neither of the others");
	grid_set(g, row, 3, INK_PLAIN, "%s", field[6]);
}

static void put_table(const struct page *p)
{
	static const struct grid_column columns[] = { { "SITUATION", GRID_WRAP },
						      { "APPROACH", GRID_WRAP },
						      { "MEASURED AS", GRID_WRAP },
						      { "CANDIDATES", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 4);
	CLEANUP(cleanup_free) char *copy = xstrdup(data_table_tsv);
	char *rest = copy;

	page_heading(p, "When to use what", NULL);
	for (char *line; (line = strsep(&rest, "\n"));)
		put_table_row(g, line);
	grid_print(g);
}

/* --- a topic --- */

static void put_paragraph(const struct page *p, struct strbuf *paragraph)
{
	bool item = !strncmp(strbuf_str(paragraph), "- ", 2);

	if (paragraph->len)
		page_item(p, item ? "  - " : "  ", INK_PLAIN, item ? 4 : 2, "%s",
			  paragraph->s + (item ? 2 : 0));
	strbuf_reset(paragraph);
}

/* Markdown as the documentation uses it: paragraphs, items, and indented lines that stay as they
 * are. */
static void put_body(const struct page *p, const struct topic *t)
{
	CLEANUP(cleanup_free) char *copy = xstrndup(t->body, t->body_n);
	CLEANUP(strbuf_clear) struct strbuf paragraph = { 0 };
	char *rest = copy;
	bool gap = false;

	for (char *line; (line = strsep(&rest, "\n"));) {
		bool code = *line == '\t' || !strncmp(line, "    ", 4);

		if (!*line || code || !strncmp(line, "- ", 2))
			put_paragraph(p, &paragraph);
		if (!*line) {
			gap = true;
			continue;
		}
		if (gap && !paragraph.len)
			page_blank(p);
		gap = false;
		if (code)
			strbuf_addf(p->out, "    %s\n", line + strspn(line, "\t "));
		else
			strbuf_addf(&paragraph, "%s%s", paragraph.len ? " " : "",
				    line + (paragraph.len ? strspn(line, " ") : 0));
	}
	put_paragraph(p, &paragraph);
}

static void put_topic(const struct page *p, const struct topic *t)
{
	CLEANUP(cleanup_free) char *heading = xstrndup(t->heading, t->heading_n);

	page_heading(p, heading, NULL);
	put_body(p, t);
}

/* --- the list of topics --- */

static void put_topics(const struct page *p)
{
	struct topic t = { 0 };
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };
	CLEANUP(cleanup_free) char *chapter = NULL;

	page_heading(p, "Topics", "concur explain TOPIC");
	while (pages_next(&t)) {
		if (t.level == 1 &&
		    !(t.heading[0] == 'R' && t.heading[1] >= '0' && t.heading[1] <= '9')) {
			if (names.len)
				page_item(p, chapter, INK_DIM, 14, "%s", names.s);
			strbuf_reset(&names);
			free(chapter);
			chapter = xasprintf("  %-11.*s ", (int)t.heading_n, t.heading);
			continue;
		}
		strbuf_addf(&names, "%s%.*s", names.len ? ", " : "", (int)topic_name_n(&t),
			    t.heading);
	}
	if (names.len)
		page_item(p, chapter, INK_DIM, 14, "%s", names.s);
}

bool report_explain(const char *topic, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);
	struct topic t;

	if (!topic) {
		put_table(&p);
		put_topics(&p);
		return true;
	}
	if (!pages_find(topic, &t))
		return false;
	put_topic(&p, &t);
	if (!strcasecmp(topic, "table"))
		put_table(&p);
	return true;
}
