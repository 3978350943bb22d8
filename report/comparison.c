#include <math.h>

#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/words.h"

static enum ink ink_of(enum change change)
{
	switch (change) {
	case CHANGE_BETTER:
		return INK_GOOD;
	case CHANGE_WORSE:
		return INK_BAD;
	case CHANGE_CANNOT_TELL:
		return INK_DOUBT;
	default:
		return INK_PLAIN;
	}
}

static void put_runs(const struct page *p, const struct comparison *c)
{
	size_t left_out = c->a_left_out + c->b_left_out;

	if (c->a_runs <= 1 && c->b_runs <= 1) {
		page_item(p, "Runs:", INK_BOLD, 6, " A %s, B %s", c->a ? c->a : "?",
			  c->b ? c->b : "?");
		return;
	}
	page_item(p, "Runs:", INK_BOLD, 6,
		  " A %zu up to %s, B %zu up to %s; each run is one sample, by its median. Verdict "
		  "and "
		  "findings are those of the newest.",
		  c->a_runs, c->a ? c->a : "?", c->b_runs, c->b ? c->b : "?");
	if (left_out)
		page_item(p, "Left out:", INK_DOUBT, 4,
			  " %zu runs of other workloads, of other machines, or beyond the newest "
			  "100.",
			  left_out);
}

static void put_top(const struct page *p, const struct comparison *c)
{
	page_item(p, "Verdict:", INK_BOLD, 9, " %s%s%s",
		  c->verdict_changed ? "changed" : "the same", c->verdict ? ": " : ".",
		  c->verdict ? c->verdict : "");
	put_runs(p, c);
	if (c->comparable)
		return;
	page_item(p, "Not comparable:", INK_DOUBT, 4, "%s",
		  c->forced ? " compared all the same (--force)."
			    : " no figure below says better or worse.");
	vec_each (&c->why_not, why)
		page_item(p, "  - ", INK_PLAIN, 4, "%s", *why);
}

static void put_entries(const struct page *p, const struct comparison *c)
{
	static const struct grid_column columns[] = {
		{ "MODEL", GRID_WRAP },
		{ "W", GRID_RIGHT },
		{ "CHANGE", GRID_LEFT },
		{ "A / B", GRID_RIGHT },
		{ "95 % INTERVAL", GRID_LEFT },
		{ "N", GRID_RIGHT },
		{ "P", GRID_RIGHT },
		{ "WHY", GRID_WRAP },
	};
	CLEANUP(grid_free) struct grid *g = NULL;

	if (!c->entries.n)
		return;
	page_heading(p, "Time", "A / B is the ratio of wall times: above 1, B is faster");
	g = grid_new(p, columns, sizeof(columns) / sizeof(*columns));
	grid_spare(g, 6);
	vec_each (&c->entries, e) {
		size_t row = grid_row(g);

		grid_set(g, row, 0, INK_PLAIN, "%s", model_title(e->model));
		grid_set(g, row, 1, INK_PLAIN, "%d", e->workers);
		grid_set(g, row, 2, ink_of(e->change), "%s", change_key(e->change));
		grid_set(g, row, 7, INK_PLAIN, "%s", e->why ? e->why : "");
		if (!e->ratio.n)
			continue;
		grid_set(g, row, 3, INK_PLAIN, "%s", word_speedup(e->ratio).s);
		grid_set(g, row, 4, INK_PLAIN, "%s", word_interval(e->ratio).s);
		grid_set(g, row, 5, INK_PLAIN, "%zu", e->ratio.n);
		grid_set(g, row, 6, INK_PLAIN, "%.3f", e->p);
	}
	grid_print(g);
}

static void put_waits(const struct page *p, const struct comparison *c)
{
	static const struct grid_column columns[] = {
		{ "KIND", GRID_LEFT },   { "A", GRID_RIGHT },        { "B", GRID_RIGHT },
		{ "MOVED", GRID_RIGHT }, { "PER TASK", GRID_RIGHT }, { "", GRID_LEFT },
	};
	CLEANUP(grid_free) struct grid *g = NULL;

	if (!c->waits.n)
		return;
	page_heading(p, "Waits",
		     "share of the sequential wall time, one run each; moved: in points of it, and "
		     "in time per task");
	g = grid_new(p, columns, sizeof(columns) / sizeof(*columns));
	vec_each (&c->waits, w) {
		CLEANUP(cleanup_free) char *bar = page_bar(p, w->after, 24);
		size_t row = grid_row(g);

		grid_set(g, row, 0, INK_PLAIN, "%s", w->kind);
		grid_set(g, row, 1, INK_PLAIN, "%s", word_share(w->before).s);
		grid_set(g, row, 2, INK_PLAIN, "%s", word_share(w->after).s);
		grid_set(g, row, 3, INK_PLAIN, "%+.1f", 100 * (w->after - w->before));
		if (!isnan(w->after_ns - w->before_ns))
			grid_set(g, row, 4, INK_PLAIN, "%s",
				 word_moved(w->after_ns - w->before_ns).s);
		grid_set(g, row, 5, INK_OTHER, "%s", bar);
	}
	grid_print(g);
}

static void put_findings(const struct page *p, const struct comparison *c)
{
	if (!c->new_findings.n && !c->fixed_findings.n && !c->remaining_findings)
		return;
	page_heading(p, "Findings", NULL);
	vec_each (&c->new_findings, f)
		page_item(p, "  new    ", INK_BAD, 9, "%s", *f);
	vec_each (&c->fixed_findings, f)
		page_item(p, "  fixed  ", INK_GOOD, 9, "%s", *f);
	page_item(p, "  ", INK_PLAIN, 2, "%zu new, %zu fixed, %zu remain.", c->new_findings.n,
		  c->fixed_findings.n, c->remaining_findings);
}

void report_comparison(const struct comparison *c, const struct report_style *style,
		       struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_top(&p, c);
	put_entries(&p, c);
	put_waits(&p, c);
	put_findings(&p, c);
}
