#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "model/concurrency.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/words.h"

#define ID_LEAST 8

static int common_prefix(const char *a, const char *b)
{
	int n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Digits of the ids that tell them apart: what can be typed. Sorted, the closest are neighbours. */
static int id_digits(const struct history *h)
{
	CLEANUP(cleanup_free) const char **ids = xcalloc(h->n + 1, sizeof(*ids));
	int digits = ID_LEAST;

	for (size_t i = 0; i < h->n; i++)
		ids[i] = h->items[i].id;
	qsort(ids, h->n, sizeof(*ids), by_text);
	for (size_t i = 1; i < h->n; i++) {
		int common = common_prefix(ids[i - 1], ids[i]);

		if (common + 1 > digits)
			digits = common + 1;
	}
	return digits;
}

static void put_time(struct grid *g, size_t row, size_t column, int64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[32];

	if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm))
		return;
	grid_set(g, row, column, INK_PLAIN, "%s", text);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void put_run(struct grid *g, const struct history_row *h, int digits)
{
	size_t row = grid_row(g);
	enum model model;

	grid_set(g, row, 0, INK_BOLD, "%.*s", digits, h->id);
	put_time(g, row, 1, h->started_ns);
	grid_set(g, row, 2, INK_PLAIN, "%s%s", base_name(h->program ? h->program : h->source),
		 !h->program && h->source ? "/" : "");
	grid_set(g, row, 3, INK_PLAIN, "%s", h->verdict ? h->verdict : "");
	if (h->model) {
		grid_set(g, row, 4, INK_PLAIN, "%s",
			 model_from_key(h->model, &model) ? model_title(model) : h->model);
		grid_set(g, row, 5, INK_PLAIN, "%d", h->workers);
	}
	if (h->speedup.n) {
		grid_set(g, row, 6, INK_PLAIN, "%s %s", word_speedup(h->speedup).s,
			 word_interval(h->speedup).s);
		grid_set(g, row, 7, INK_PLAIN, "%zu", h->speedup.n);
	}
	if (h->row)
		grid_set(g, row, 8, INK_PLAIN, "%s", h->row);
}

void report_history(const struct history *history, const struct report_style *style,
		    struct strbuf *out)
{
	static const struct grid_column columns[] = {
		{ "RUN", GRID_LEFT },     { "WHEN", GRID_LEFT },  { "PROGRAM", GRID_CUT },
		{ "VERDICT", GRID_LEFT }, { "MODEL", GRID_WRAP }, { "W", GRID_RIGHT },
		{ "SPEEDUP", GRID_LEFT }, { "N", GRID_RIGHT },    { "ROW", GRID_LEFT },
	};
	struct page p = page_on(style, out);
	struct grid *g;
	int digits = id_digits(history);

	if (!history->n) {
		page_item(&p, "", INK_PLAIN, 0,
			  "No runs are stored yet: concur advise --each FILE -- PROGRAM {}");
		return;
	}
	g = grid_new(&p, columns, sizeof(columns) / sizeof(*columns));
	vec_each (history, h)
		put_run(g, h, digits);
	grid_print(g);
	grid_free(&g);
}
