#include <math.h>
#include <string.h>
#include <time.h>

#include "base/change_points.h"
#include "base/cleanup.h"
#include "model/concurrency.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/words.h"

#define COLUMNS     30   /* of a sparkline */
#define LEAST_RANGE 0.10 /* of the highest value, from bottom to top: noise is not drawn large */
#define SHOWN_SHARE 0.01 /* of the time per task: smaller waits only with -v */
#define SHOWN_RUNS  10

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "?";
}

static void day(int64_t ns, char ret[32])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(ret, 32, "%Y-%m-%d %H:%M", &tm))
		*ret = '\0';
}

/* The median of the values that share a column. */
static double column_value(const struct trend_series *s, size_t column, size_t columns)
{
	size_t first = column * s->values.n / columns, end = (column + 1) * s->values.n / columns;
	CLEANUP(cleanup_free) double *x = xcalloc(end - first, sizeof(*x));

	for (size_t i = first; i < end; i++)
		x[i - first] = s->values.items[i].ns.value;
	return stats_median(x, end - first);
}

/* Oldest left. Owned by the caller. */
static char *sparkline(const struct page *p, const struct trend_series *s)
{
	static const char *const unicode[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { "_", ".", ",", "-", "~", "=", "*", "#" };
	size_t columns = s->values.n < COLUMNS ? s->values.n : COLUMNS;
	double low = INFINITY, high = 0, range;
	struct strbuf out = { 0 };

	for (size_t i = 0; i < columns; i++) {
		low = fmin(low, column_value(s, i, columns));
		high = fmax(high, column_value(s, i, columns));
	}
	range = fmax(high - low, LEAST_RANGE * high);
	for (size_t i = 0; i < columns; i++) {
		double height = range > 0 ? (column_value(s, i, columns) - low) / range : 0;
		size_t step = (size_t)(fmin(fmax(height, 0), 1) * 7.99);

		strbuf_add(&out, p->style->unicode ? unicode[step] : ascii[step]);
	}
	return strbuf_detach(&out);
}

/* "12 %": what a ratio is above or below 1. */
static struct word percent(double ratio)
{
	struct word w;
	double change = 100 * (ratio - 1);

	snprintf(w.s, sizeof(w.s), fabs(change) < 9.95 ? "%+.1f %%" : "%+.0f %%", change);
	return w;
}

/* As other reports call it; a name that is no model's comes from a damaged history. */
static const char *title_of(const struct trend_series *s)
{
	enum model model;

	return !s->is_wait && model_from_key(s->name, &model) ? model_title(model) : s->name;
}

static void put_series(struct grid *g, const struct page *p, const struct trend_series *s)
{
	CLEANUP(cleanup_free) char *line = sparkline(p, s);
	const struct trend_change *last = s->changes.n ? &s->changes.items[s->changes.n - 1] : NULL;
	enum ink ink = !last ? INK_PLAIN : last->ratio.value > 1 ? INK_BAD : INK_GOOD;
	size_t row = grid_row(g);

	grid_set(g, row, 0, INK_PLAIN, "%s", title_of(s));
	if (!s->is_wait)
		grid_set(g, row, 1, INK_PLAIN, "%d", s->workers);
	grid_set(g, row, 2, INK_OTHER, "%s", line);
	grid_set(g, row, 3, INK_PLAIN, "%s", word_ns(s->level.value).s);
	if (s->level.n > 1)
		grid_set(g, row, 4, INK_PLAIN, "%s[%s, %s]",
			 s->level.n < STATS_INTERVAL_LEAST ? "range " : "", word_ns(s->level.low).s,
			 word_ns(s->level.high).s);
	grid_set(g, row, 5, INK_PLAIN, "%zu", s->level.n);
	grid_set(g, row, 6, ink, "%s",
		 last                                ? percent(last->ratio.value).s
		 : s->values.n < CHANGE_POINTS_LEAST ? "too few"
						     : "no change");
}

static double profiled_ns(const struct trend *t)
{
	double sum = 0;

	vec_each (&t->series, s)
		if (s->is_wait)
			sum += s->level.value;
	return sum;
}

static bool is_shown(const struct page *p, const struct trend *t, const struct trend_series *s)
{
	return !s->is_wait || p->style->verbose || s->changes.n ||
	       s->level.value >= SHOWN_SHARE * profiled_ns(t);
}

static void put_all_series(const struct page *p, const struct trend *t, bool waits)
{
	static const struct grid_column columns[] = {
		{ "MODEL", GRID_LEFT },  { "W", GRID_RIGHT },   { "TREND", GRID_LEFT },
		{ "NOW", GRID_RIGHT },   { "95 %", GRID_LEFT }, { "RUNS", GRID_RIGHT },
		{ "CHANGE", GRID_LEFT },
	};
	CLEANUP(grid_free) struct grid *g = NULL;
	struct grid_column own[7];
	bool any = false;

	memcpy(own, columns, sizeof(own));
	own[0].name = waits ? "KIND" : "MODEL";
	vec_each (&t->series, s)
		any |= s->is_wait == waits;
	if (!any)
		return;
	if (waits)
		page_heading(p, "Waits", "time per task in the profiled run");
	else
		page_heading(p, "Time",
			     "wall time per task; now: the median of the runs since the last "
			     "change");
	g = grid_new(p, own, 7);
	if (waits)
		grid_hide(g, 1);
	vec_each (&t->series, s)
		if (s->is_wait == waits && is_shown(p, t, s))
			put_series(g, p, s);
	grid_print(g);
}

static void put_change(const struct page *p, const struct trend *t, const struct trend_series *s,
		       const struct trend_change *c)
{
	const struct trend_run *run = &t->runs.items[c->run];
	const struct trend_run *before = c->run ? run - 1 : run;
	char when[32], workers[16] = "", interval[4 * WORD_SIZE] = "";

	day(run->started_ns, when);
	if (!s->is_wait)
		snprintf(workers, sizeof(workers), " x %d", s->workers);
	if (c->ratio.n)
		snprintf(interval, sizeof(interval), "%s [%s, %s] ", percent(c->ratio.value).s,
			 percent(c->ratio.low).s, percent(c->ratio.high).s);
	page_item(p, "  ", INK_PLAIN, 4,
		  "%s%s: %sfrom run %.13s (%s%s%.10s) on: %zu runs before, %zu after, p = %.2g%s",
		  title_of(s), workers, interval, run->id, when, run->git_commit ? ", commit " : "",
		  run->git_commit ? run->git_commit : "", c->before, c->after, c->p,
		  before->tool_version && run->tool_version &&
				  strcmp(before->tool_version, run->tool_version)
			  ? "; concur's version changed there"
			  : "");
}

static void put_changes(const struct page *p, const struct trend *t)
{
	bool any = false;

	page_heading(p, "Changes", "where a series takes another level (PELT on ranks)");
	vec_each (&t->series, s) {
		vec_each (&s->changes, c)
			put_change(p, t, s, c);
		any |= s->changes.n > 0;
	}
	if (!any && t->runs.n < 12)
		page_item(p, "  ", INK_PLAIN, 2, "cannot tell: %zu runs, need 12.", t->runs.n);
	else if (!any)
		page_item(p, "  ", INK_PLAIN, 2, "none.");
}

static void put_verdicts(const struct page *p, const struct trend *t)
{
	size_t changes = 0, shown = 0;

	vec_each (&t->runs, run)
		changes += run->verdict_changed;
	if (!changes)
		return;
	page_heading(p, "Verdict", "when it changed");
	vec_each (&t->runs, run) {
		char when[32];

		if (!run->verdict_changed || changes - shown++ > SHOWN_RUNS)
			continue;
		day(run->started_ns, when);
		page_item(p, "  ", INK_PLAIN, 4, "%s  run %.13s: %s%s%s", when, run->id,
			  run->verdict, run->model ? " " : "", run->model ? run->model : "");
	}
}

void report_trend(const struct trend *t, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);
	char first[32] = "", last[32] = "";

	if (t->runs.n) {
		day(t->runs.items[0].started_ns, first);
		day(t->runs.items[t->runs.n - 1].started_ns, last);
	}
	page_item(&p, "Workload", INK_BOLD, 2, " %.12s of %s: %zu runs on %s, %s to %s",
		  t->workload ? t->workload : "?", base_name(t->program), t->runs.n,
		  t->hostname ? t->hostname : "this machine", first, last);
	if (t->older)
		page_item(&p, "", INK_PLAIN, 2, "%zu older runs are left out (-n 0 shows all).",
			  t->older);
	if (t->elsewhere)
		page_item(&p, "", INK_PLAIN, 2,
			  "%zu runs on other machines are left out: their times do not compare.",
			  t->elsewhere);
	put_all_series(&p, t, false);
	put_all_series(&p, t, true);
	put_changes(&p, t);
	put_verdicts(&p, t);
}
