#include "report/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/grid.h"
#include "report/phrase.h"
#include "report/words.h"

#define ROWS_SHOWN 5

/* In the order of the page; checks that are not named here come last. */
static const struct section {
	const char *check, *title;
	size_t rows; /* of a page that is brief */
} sections[] = {
	{ "present-model", "The program today", ROWS_SHOWN },
	{ "unit-of-work", "What one task could be", ROWS_SHOWN },
	{ "fork-hazard", "Hazards around fork", ROWS_SHOWN },
	{ "gil-held", "Waits and work under the GIL", ROWS_SHOWN },
	{ "blocking-under-lock", "Waits under a lock", ROWS_SHOWN },
	{ "mt-unsafe-call", "Calls that are not thread-safe", ROWS_SHOWN },
	{ "shared-state", "Shared mutable state", ROWS_SHOWN },
	{ "io-loop", "Loops whose every round waits", ROWS_SHOWN },
	{ "suppression", "Suppressions that do not hold", ROWS_SHOWN },
	{ "blocking-call", "Blocking calls", ROWS_SHOWN },
	/* What is there, to be looked up: */
	{ "blocking-function", "Functions that may block", 0 },
	{ "concurrency-present", "Concurrency already there", 0 },
	{ "could-be-const", "State that could be const", 0 },
};

/* A row of a section: a finding, and those that say the same of other places. */
struct line {
	const struct fact *fact;
	size_t places, weight;
};

struct lines {
	VEC_FIELDS(struct line);
};

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool is_section(const struct section *s, const struct fact *f)
{
	return same(s->check, f->check);
}

/* Candidates are numbered by how likely they are: "candidate 2: ...". */
static size_t weight_of(const struct fact *f)
{
	unsigned rank;

	if (f->detail && sscanf(f->detail, "candidate %u:", &rank) == 1)
		return SIZE_MAX - rank;
	return fact_is_chain(f) ? 0 : f->sites.n;
}

/* The weightiest first: a variable that many places touch, a call that is made often. */
static int by_weight(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->places != y->places)
		return x->places > y->places ? -1 : 1;
	return x->fact < y->fact ? -1 : x->fact > y->fact;
}

static struct line *find_line(struct lines *lines, const struct fact *f)
{
	vec_each (lines, line)
		if (same(line->fact->symbol, f->symbol) && same(line->fact->effect, f->effect) &&
		    (!f->sites.n || fact_is_chain(f)))
			return line;
	return NULL;
}

static struct lines lines_of(const struct facts *facts, const struct section *s, bool brief)
{
	struct lines lines = { 0 };

	vec_each (facts, f) {
		struct line *line = brief && is_section(s, f) ? find_line(&lines, f) : NULL;

		if (line)
			line->places++;
		else if (is_section(s, f))
			vec_push(&lines, ((struct line){ f, 1, weight_of(f) }));
	}
	if (brief && lines.n)
		qsort(lines.items, lines.n, sizeof(*lines.items), by_weight);
	return lines;
}

/* Advice that the row above gave already is not repeated. */
static void put_rows(const struct page *p, const struct lines *lines, size_t n)
{
	static const struct grid_column columns[] = { { "WHERE", GRID_PATH },
						      { "WHAT", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 2);
	const char *advice = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct line *line = &lines->items[i];
		const struct fact *f = line->fact;
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };
		size_t row = grid_row(g);

		strbuf_add(&text, phrase_or(f->detail, f->symbol));
		if (f->advice && !same(f->advice, advice))
			strbuf_addf(&text, " (%s)", f->advice);
		if (line->places > 1)
			strbuf_addf(&text, "; and in %s",
				    word_count(line->places - 1, "more place").s);
		advice = f->advice;
		grid_set(g, row, 0, INK_BOLD, "%s:%d", f->file, f->line);
		grid_set(g, row, 1, INK_PLAIN, "%s", text.s);
	}
	grid_print(g);
}

static void put_section(const struct page *p, const struct facts *facts, const struct section *s)
{
	bool brief = !p->style->verbose;
	CLEANUP(cleanup_free) char *note = NULL;
	struct lines lines = lines_of(facts, s, brief);
	size_t n = !brief || lines.n < s->rows ? lines.n : s->rows;

	if (n) {
		note = xasprintf("%s: %zu", s->check, facts_count(facts, s->check));
		page_heading(p, s->title, note);
		put_rows(p, &lines, n);
		if (n < lines.n)
			page_item(p, "  ", INK_PLAIN, 2, "... and %zu more: -v shows all.",
				  lines.n - n);
	}
	vec_clear(&lines);
}

static bool is_listed(const struct fact *f)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (is_section(&sections[i], f))
			return true;
	return false;
}

static bool is_first(const struct facts *facts, const struct fact *f)
{
	for (const struct fact *g = facts->items; g < f; g++)
		if (same(g->check, f->check))
			return false;
	return true;
}

static void put_sections(const struct page *p, const struct facts *facts)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		put_section(p, facts, &sections[i]);
	vec_each (facts, f) { /* of a newer concur */
		const struct section s = { .check = f->check,
					   .title = f->check,
					   .rows = ROWS_SHOWN };

		if (!is_listed(f) && is_first(facts, f))
			put_section(p, facts, &s);
	}
}

void source_put(const struct page *p, const struct facts *facts, bool rows)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	page_heading(p, "Source", NULL);
	if (!facts->analysed) {
		page_item(p, "  ", INK_PLAIN, 2, "Not analysed%s%s.", facts->why_not ? ": " : "",
			  phrase_or(facts->why_not, ""));
		return;
	}
	phrase_facts(facts, &text);
	page_item(p, "  ", INK_PLAIN, 2, "%s", text.s);
	vec_each (&facts->failures, f)
		page_item(p, "  not read: ", INK_DOUBT, 4, "%s: %s", f->file, f->why);
	if (rows)
		put_sections(p, facts);
}
