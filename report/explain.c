#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "data/data.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/pages.h"
#include "report/words.h"

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

/* "| a | b |" as an item "a: b"; the line of dashes is left out. */
static void put_table_line(const struct page *p, char *line)
{
	char *rest = line + 1;
	char *first = strsep(&rest, "|");
	char *second = rest ? strsep(&rest, "|") : NULL;

	if (!second || !strncmp(first, "---", 3))
		return;
	first += strspn(first, " ");
	for (size_t n = strlen(first); n && first[n - 1] == ' '; n--)
		first[n - 1] = '\0';
	page_item(p, "  - ", INK_PLAIN, 4, "%s:%s", first, second);
}

static void put_code(const struct page *p, const char *line)
{
	CLEANUP(strbuf_clear) struct strbuf spaced = { 0 };
	CLEANUP(cleanup_free) char *clean = NULL;

	for (; *line; line++) {
		if (*line == '\t')
			strbuf_addn(&spaced, "        ", 8 - spaced.len % 8);
		else
			strbuf_addch(&spaced, *line);
	}
	clean = word_clean(strbuf_str(&spaced), p->style->unicode);
	strbuf_addf(p->out, "%s%s\n", *clean ? "    " : "", clean);
}

struct body { /* of a topic, on its way to the page */
	const struct page *page;
	struct strbuf paragraph;
	bool fenced; /* between ``` and ``` */
	bool gap;    /* an empty line is due */
};

static void put_text_line(struct body *b, char *line)
{
	bool starts = *line == '|' || *line == '#' || !strncmp(line, "- ", 2);

	if (starts)
		put_paragraph(b->page, &b->paragraph);
	if (*line == '|')
		put_table_line(b->page, line);
	else if (*line == '#')
		page_item(b->page, line + strspn(line, "# "), INK_BOLD, 0, "%s", "");
	else
		strbuf_addf(&b->paragraph, "%s%s", b->paragraph.len ? " " : "",
			    line + (b->paragraph.len ? strspn(line, " ") : 0));
}

static void put_line(struct body *b, char *line)
{
	bool fence = !strncmp(line, "```", 3);
	bool empty = !*line && !b->fenced;
	bool code = b->fenced || !strncmp(line, "    ", 4);

	if (empty || fence || code)
		put_paragraph(b->page, &b->paragraph);
	b->gap = b->gap || empty;
	b->fenced = b->fenced != fence;
	if (empty || fence)
		return;
	if (b->gap && !b->paragraph.len)
		page_blank(b->page);
	b->gap = false;
	if (code)
		put_code(b->page, b->fenced ? line : line + 4);
	else
		put_text_line(b, line);
}

/* Markdown as the documentation uses it: paragraphs, items, tables of two columns, and code, which
 * stays as it is. */
static void put_body(const struct page *p, const struct topic *t)
{
	CLEANUP(cleanup_free) char *copy = xstrndup(t->body, t->body_n);
	struct body body = { .page = p };
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));)
		put_line(&body, line);
	put_paragraph(p, &body.paragraph);
	strbuf_clear(&body.paragraph);
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
	bool rules = false;

	page_heading(p, "Topics", "concur explain TOPIC");
	while (pages_next(&t)) {
		if (t.level == 1 && !rules) { /* after this chapter each page is a topic */
			if (names.len)
				page_item(p, chapter, INK_DIM, 14, "%s", names.s);
			strbuf_reset(&names);
			free(chapter);
			chapter = xasprintf("  %-11.*s ", (int)t.heading_n, t.heading);
			rules = !strncmp(t.heading, "Rules", t.heading_n);
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
