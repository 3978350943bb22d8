#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "model/concurrency.h"
#include "model/verdict.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/words.h"

#define ID_LEAST 8
#define WIDE     100 /* columns from which a date has its year */

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

static void put_time(struct grid *g, size_t row, size_t column, int64_t ns, bool with_year)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[32];

	if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm))
		return;
	grid_set(g, row, column, INK_PLAIN, "%s", with_year ? text : text + strlen("YYYY-"));
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

/* "processes x 2": a recommendation needs no word before it. */
static void put_verdict(struct grid *g, size_t row, size_t column, const struct history_row *h)
{
	enum verdict_kind kind;
	enum model model;
	const char *title = h->model && model_from_key(h->model, &model) ? model_title(model) : "?";

	if (!h->verdict || !verdict_kind_from_key(h->verdict, &kind))
		return;
	switch (kind) {
	case VERDICT_RECOMMEND:
		grid_set(g, row, column, INK_PLAIN, "%s x %d", title, h->workers);
		break;
	case VERDICT_LEAVE:
		grid_set(g, row, column, INK_PLAIN, "leave it sequential");
		break;
	case VERDICT_RAISE:
		grid_set(g, row, column, INK_PLAIN, "raise the workers to %d", h->workers);
		break;
	case VERDICT_CANNOT_TELL:
		grid_set(g, row, column, INK_DOUBT, "cannot tell");
		break;
	default:
		break;
	}
}

enum { RUN_AT, WHEN_AT, PROGRAM_AT, VERDICT_AT, SPEEDUP_AT, N_AT, ROW_AT, COLUMNS };

static void put_run(struct grid *g, const struct history_row *h, int digits, bool with_year)
{
	size_t row = grid_row(g);

	grid_set(g, row, RUN_AT, INK_BOLD, "%.*s", digits, h->id);
	put_time(g, row, WHEN_AT, h->started_ns, with_year);
	grid_set(g, row, PROGRAM_AT, INK_PLAIN, "%s%s",
		 base_name(h->program ? h->program : h->source),
		 !h->program && h->source ? "/" : "");
	put_verdict(g, row, VERDICT_AT, h);
	if (h->speedup.n) {
		grid_set(g, row, SPEEDUP_AT, INK_PLAIN, "%s %s", word_speedup(h->speedup).s,
			 word_interval(h->speedup).s);
		grid_set(g, row, N_AT, INK_PLAIN, "%zu", h->speedup.n);
	}
	if (h->row)
		grid_set(g, row, ROW_AT, INK_PLAIN, "%s", h->row);
}

void report_history(const struct history *history, const struct report_style *style,
		    struct strbuf *out)
{
	static const struct grid_column columns[COLUMNS] = {
		[RUN_AT] = { "RUN", GRID_LEFT },         [WHEN_AT] = { "WHEN", GRID_LEFT },
		[PROGRAM_AT] = { "PROGRAM", GRID_PATH }, [VERDICT_AT] = { "VERDICT", GRID_WRAP },
		[SPEEDUP_AT] = { "SPEEDUP", GRID_LEFT }, [N_AT] = { "N", GRID_RIGHT },
		[ROW_AT] = { "ROW", GRID_LEFT },
	};
	struct page p = page_on(style, out);
	struct grid *g;
	int digits = id_digits(history);

	if (!history->n) {
		page_item(&p, "", INK_PLAIN, 0,
			  "No runs are stored yet: concur advise --each FILE -- PROGRAM {}");
		return;
	}
	g = grid_new(&p, columns, COLUMNS);
	grid_spare(g, ROW_AT);
	grid_spare(g, WHEN_AT);
	vec_each (history, h)
		put_run(g, h, digits, p.width >= WIDE);
	grid_print(g);
	grid_free(&g);
}
