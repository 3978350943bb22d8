#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/parts.h"
#include "report/phrase.h"

static void put_row(const struct page *p, const struct verdict *v)
{
	if (v->has_row)
		page_item(p, "  Row:", INK_PLAIN, 7, " %s %s %s.", row_situation(v->row),
			  page_arrow(p), row_approach(v->row));
}

static void put_bounds(const struct page *p, const struct model_bounds *bounds)
{
	static const struct grid_column columns[] = { { "MODEL", GRID_LEFT },
						      { "AT MOST", GRID_RIGHT },
						      { "FROM W", GRID_RIGHT },
						      { "BOUNDED BY", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 4);

	vec_each (bounds, b) {
		size_t row = grid_row(g);

		grid_set(g, row, 0, INK_PLAIN, "%s", model_title(b->model));
		grid_set(g, row, 1, INK_BOLD, "%s", phrase_bound(b).s);
		if (b->workers)
			grid_set(g, row, 2, INK_PLAIN, "%d", b->workers);
		grid_set(g, row, 3, INK_PLAIN, "%s", phrase_bound_by(b));
	}
	grid_print(g);
}

void put_present(const struct page *p, const struct present *now)
{
	CLEANUP(phrases_clear) struct phrases list = { 0 };

	phrase_present(now, &list);
	vec_each (&list, line) {
		CLEANUP(cleanup_free) char *label = xasprintf("  %s:", line->label);

		page_item(p, label, strcmp(line->label, "Lock") ? INK_PLAIN : INK_LOCK,
			  (int)strlen(label) + 1, " %s", line->text);
	}
}

void report_outlook(const struct run *run, const struct report_style *style, struct strbuf *out)
{
	const struct verdict *v = &run->verdict;
	struct page p = page_on(style, out);

	if (!v->outlook.bounds.n && !v->outlook.present.concurrent)
		return;
	page_heading(&p, "Outlook",
		     "estimates from this one run (n = 1, no interval); only a race measures");
	put_row(&p, v);
	if (v->outlook.present.concurrent)
		put_present(&p, &v->outlook.present);
	put_bounds(&p, &v->outlook.bounds);
}
