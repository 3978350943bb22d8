#include <math.h>

#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/parts.h"
#include "report/words.h"

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
		bool known = isfinite(b->speedup);

		grid_set(g, row, 0, INK_PLAIN, "%s", model_key(b->model));
		if (known)
			grid_set(g, row, 1, INK_BOLD, "%.*fx", b->speedup < 99.95 ? 1 : 0,
				 b->speedup);
		if (b->workers)
			grid_set(g, row, 2, INK_PLAIN, "%d", b->workers);
		grid_set(g, row, 3, INK_PLAIN, "%s", known ? bound_words(b->by) : "nothing seen");
	}
	grid_print(g);
}

static void put_lock(const struct page *p, const struct present *now)
{
	if (now->lock_share > 0 && now->lock)
		page_item(p, "  Lock:", INK_LOCK, 8,
			  " taken in %s: %s of the time in tasks waits for %s.%s", now->lock,
			  word_share(now->lock_share).s,
			  now->process_wide ? "it" : "locks, most for this one",
			  now->process_wide ? " It lets one thread run at a time, as an "
					      "interpreter's GIL does: "
					      "more threads gain nothing before it is split."
					    : "");
	if (now->holder)
		page_item(p, "  Held by:", INK_LOCK, 11, " %s.", now->holder);
}

void put_present(const struct page *p, const struct present *now)
{
	page_item(p, "  Now:", INK_PLAIN, 7,
		  " %s, %.1f threads in a task at a time, %.2f cores used; %s.",
		  now->model ? now->model : "concurrent", now->busy, now->cores_used,
		  present_need_words(now->needs));
	put_lock(p, now);
	if (now->workers)
		page_item(p, "  Workers:", INK_PLAIN, 11,
			  " up to %d would keep the cores busy (cores * (1 + wait / compute)), if "
			  "whoever "
			  "ends the waits keeps up: double them until the gain ends.",
			  now->workers);
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
