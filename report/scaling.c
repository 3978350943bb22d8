#include <stdio.h>

#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/parts.h"
#include "report/words.h"

/* The verdict's own model; else the fastest. */
static const struct scaling *subject(const struct verdict *v)
{
	const struct scaling *top = NULL;

	vec_each (&v->scalings, s) {
		bool named = v->kind == VERDICT_RECOMMEND || v->kind == VERDICT_RAISE;

		if (named && s->model == v->model)
			return s;
		if (!top || s->little > top->little)
			top = s;
	}
	return top;
}

static struct word range(double low, double high, const char *unit)
{
	struct word w;

	snprintf(w.s, sizeof(w.s), "%.3g%s to %.3g%s", low, unit, high, unit);
	return w;
}

static void put_knee(const struct page *p, const struct scaling *s)
{
	if (s->knee_seen)
		page_item(p, "  knee      ", INK_DIM, 12,
			  "%d workers [%d, %d] reach 95 %% of the best of the fitted curve.",
			  s->knee, s->knee_low, s->knee_high);
	else
		page_item(p, "  knee      ", INK_DIM, 12,
			  "not reached with %d workers: race more of them with --workers.",
			  s->knee);
}

static void put_law(const struct page *p, const struct scaling *s)
{
	if (s->one_loss)
		page_item(p, "  law       ", INK_DIM, 12,
			  "one size was measured that the cores can tell apart (n = %zu): of each "
			  "worker "
			  "more, up to %.1f %% is lost by taking turns, or all of it by coherence; "
			  "which "
			  "of them, more cores would show.",
			  s->contention.n, 100 * s->contention.high);
	else
		page_item(p, "  law       ", INK_DIM, 12,
			  "Universal Scalability Law over %d sizes, n = %zu: contention %.2f %% "
			  "[%.2f, "
			  "%.2f], coherence %.4f %% [%.4f, %.4f].",
			  s->sizes, s->contention.n, 100 * s->contention.value,
			  100 * s->contention.low, 100 * s->contention.high,
			  100 * s->coherence.value, 100 * s->coherence.low,
			  100 * s->coherence.high);
}

static void put_rules_of_thumb(const struct page *p, const struct scaling *s)
{
	page_item(p, "  Little    ", INK_DIM, 12,
		  "throughput x time of a task alone = %.1f tasks under way at the best figure.",
		  s->little);
	if (s->formula > 0)
		page_item(p, "  formula   ", INK_DIM, 12,
			  "cores x (1 + wait / compute) = %.*f workers, from the profile (n = 1).",
			  s->formula < 99.95 ? 1 : 0, s->formula);
	page_item(p, "  bound     ", INK_DIM, 12, "here by %s.", bound_words(s->by));
}

static void put_projections(const struct page *p, const struct scalings *all)
{
	static const struct grid_column columns[] = {
		{ "MODEL", GRID_LEFT },     { "CORES", GRID_RIGHT }, { "W", GRID_RIGHT },
		{ "PROJECTED", GRID_LEFT }, { "N", GRID_RIGHT },     { "FIRST BOUND", GRID_WRAP }
	};
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 6);
	bool any = false;

	vec_each (all, s) {
		vec_each (&s->projections, q) {
			size_t row = grid_row(g);

			any = true;
			grid_set(g, row, 0, INK_PLAIN, "%s", model_title(s->model));
			grid_set(g, row, 1, INK_PLAIN, "%d", q->cores);
			grid_set(g, row, 2, INK_PLAIN, "%d", q->workers);
			grid_set(g, row, 3, INK_DOUBT, "%s",
				 range(q->speedup.low, q->speedup.high, "x").s);
			grid_set(g, row, 4, INK_PLAIN, "%zu", q->speedup.n);
			grid_set(g, row, 5, INK_PLAIN, "%s", bound_words(q->by));
		}
	}
	if (!any)
		return;
	page_heading(p, "Projection",
		     "NOT measured: from the fit, for other numbers of cores like these");
	grid_print(g);
}

void put_scaling(const struct page *p, const struct verdict *v)
{
	const struct scaling *s = subject(v);
	CLEANUP(cleanup_free) char *title = NULL;

	if (!s)
		return;
	title = xasprintf("How many workers: %s", model_title(s->model));
	page_heading(p, title, "the curve is in the tournament");
	if (s->why_not) {
		page_item(p, "  law       ", INK_DIM, 12, "not fitted: %s.", s->why_not);
	} else {
		put_knee(p, s);
		put_law(p, s);
	}
	put_rules_of_thumb(p, s);
	put_projections(p, &v->scalings);
}
