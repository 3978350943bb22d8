#include "report/grid.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/words.h"

#define INDENT      2
#define SEPARATOR   "  "
#define WRAP_LEAST  12
#define PATH_LEAST  12
#define COLUMNS_MAX 16

struct grid {
	struct page page;
	struct libscols_table *table;
	/* The table's own list is walked from its start for every look-up. */
	struct {
		VEC_FIELDS(struct libscols_line *);
	} lines;
	bool is_path[COLUMNS_MAX];
	size_t spare[COLUMNS_MAX], spare_n;
};

/* libsmartcols fails only without memory or with a wrong argument: neither is the reader's doing.
 */
static void must(int ret)
{
	if (ret < 0)
		abort();
}

static void *must_have(void *ptr)
{
	if (!ptr)
		abort();
	return ptr;
}

static void add_column(struct grid *g, const struct grid_column *column)
{
	static const int flags[] = {
		[GRID_LEFT] = 0,
		[GRID_RIGHT] = SCOLS_FL_RIGHT,
		[GRID_WRAP] = SCOLS_FL_WRAP,
		[GRID_PATH] = 0,
	};
	struct libscols_column *c =
		must_have(scols_table_new_column(g->table, column->name, 0, flags[column->align]));

	if (column->align == GRID_WRAP)
		must(scols_column_set_wrapfunc(c, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					       NULL));
	if (g->page.style->color)
		must(scols_cell_set_color(scols_column_get_header(c), ink_sequence(INK_DIM)));
}

struct grid *grid_new(const struct page *page, const struct grid_column *columns, size_t n)
{
	struct grid *g = xcalloc(1, sizeof(*g));

	g->page = *page;
	g->table = must_have(scols_new_table());
	must(scols_table_enable_noencoding(g->table, 1)); /* the cells are clean already */
	must(scols_table_enable_colors(g->table, page->style->color));
	must(scols_table_set_column_separator(g->table, SEPARATOR));
	must(scols_table_set_termforce(g->table, SCOLS_TERMFORCE_ALWAYS));
	must(scols_table_set_termwidth(g->table, (size_t)(page->width - INDENT)));
	for (size_t i = 0; i < n; i++) {
		add_column(g, &columns[i]);
		g->is_path[i] = columns[i].align == GRID_PATH;
	}
	return g;
}

void grid_free(struct grid **g)
{
	if (!*g)
		return;
	scols_unref_table((*g)->table);
	vec_clear(&(*g)->lines);
	free(*g);
}

size_t grid_row(struct grid *g)
{
	vec_push(&g->lines, must_have(scols_table_new_line(g->table, NULL)));
	return g->lines.n - 1;
}

void grid_set(struct grid *g, size_t row, size_t column, enum ink ink, const char *fmt, ...)
{
	struct libscols_line *line = g->lines.items[row];
	CLEANUP(cleanup_free) char *raw = NULL;
	CLEANUP(cleanup_free) char *clean = NULL;
	va_list ap;

	va_start(ap, fmt);
	raw = xvasprintf(fmt, ap);
	va_end(ap);
	clean = word_clean(raw, g->page.style->unicode);
	must(scols_line_set_data(line, column, clean));
	if (g->page.style->color && ink != INK_PLAIN)
		must(scols_cell_set_color(scols_line_get_cell(line, column), ink_sequence(ink)));
}

static const char *cell_text(const struct grid *g, size_t row, size_t column)
{
	struct libscols_line *line = g->lines.items[row];
	const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

	return text ? text : "";
}

static int widest(const struct grid *g, size_t column)
{
	struct libscols_column *c = scols_table_get_column(g->table, column);
	int width = word_columns(scols_column_get_name(c));

	for (size_t row = 0; row < g->lines.n; row++) {
		int columns = word_columns(cell_text(g, row, column));

		width = columns > width ? columns : width;
	}
	return width;
}

static bool wraps(const struct grid *g, size_t column)
{
	return scols_column_is_wrap(scols_table_get_column(g->table, column));
}

static bool is_hidden(const struct grid *g, size_t column)
{
	return scols_column_is_hidden(scols_table_get_column(g->table, column));
}

static int room_for_cells(const struct grid *g, size_t n)
{
	int room = g->page.width - INDENT + (int)strlen(SEPARATOR);

	for (size_t i = 0; i < n; i++)
		room -= is_hidden(g, i) ? 0 : (int)strlen(SEPARATOR);
	return room;
}

/* By how much the table is wider than the page, with the cells that wrap as narrow as they may be. */
static int excess(const struct grid *g, const int width[], size_t n)
{
	int columns = -room_for_cells(g, n);

	for (size_t i = 0; i < n; i++) {
		if (!is_hidden(g, i))
			columns += wraps(g, i) && width[i] > WRAP_LEAST ? WRAP_LEAST : width[i];
	}
	return columns;
}

static void cut_cells(struct grid *g, size_t column, int width)
{
	for (size_t row = 0; row < g->lines.n; row++) {
		CLEANUP(cleanup_free)
		char *text = word_cut(cell_text(g, row, column), width, g->page.style->unicode);

		must(scols_line_set_data(g->lines.items[row], column, text));
	}
}

/* Paths give way first, then the spare columns go. */
static void make_fit(struct grid *g, int width[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int more = excess(g, width, n);

		if (more <= 0 || !g->is_path[i] || is_hidden(g, i) || width[i] <= PATH_LEAST)
			continue;
		width[i] = width[i] - more > PATH_LEAST ? width[i] - more : PATH_LEAST;
		cut_cells(g, i, width[i]);
	}
	for (size_t i = 0; i < g->spare_n && excess(g, width, n) > 0; i++)
		grid_hide(g, g->spare[i]);
}

/* What the others leave is shared: who needs less than an equal part takes less. */
static void share_room(const struct grid *g, int width[], size_t n)
{
	int room = room_for_cells(g, n);
	bool settled[COLUMNS_MAX] = { 0 };
	int open = 0;
	bool again = true;

	for (size_t i = 0; i < n; i++) {
		settled[i] = !wraps(g, i) || is_hidden(g, i);
		if (settled[i] && !is_hidden(g, i))
			room -= width[i];
		open += !settled[i];
	}
	while (again) {
		again = false;
		for (size_t i = 0; i < n; i++) {
			if (settled[i] || width[i] > room / open)
				continue;
			settled[i] = again = true;
			room -= width[i];
			open--;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!settled[i])
			width[i] = room / open > WRAP_LEAST ? room / open : WRAP_LEAST;
	}
}

/* libsmartcols breaks lines within words; so the line breaks are set before. */
static void wrap_cells(struct grid *g)
{
	size_t n = scols_table_get_ncols(g->table);
	int width[COLUMNS_MAX];

	for (size_t i = 0; i < n; i++)
		width[i] = widest(g, i);
	make_fit(g, width, n);
	share_room(g, width, n);
	for (size_t i = 0; i < n; i++) {
		for (size_t row = 0; wraps(g, i) && row < g->lines.n; row++) {
			CLEANUP(cleanup_free)
			char *text = word_wrap(cell_text(g, row, i), width[i], width[i]);

			must(scols_line_set_data(g->lines.items[row], i, text));
		}
	}
}

void grid_hide(struct grid *g, size_t column)
{
	must(scols_column_set_flags(scols_table_get_column(g->table, column), SCOLS_FL_HIDDEN));
}

void grid_spare(struct grid *g, size_t column)
{
	g->spare[g->spare_n++] = column;
}

static void trim_right(char *line)
{
	size_t n = strlen(line);

	while (n && line[n - 1] == ' ')
		line[--n] = '\0';
}

void grid_print(struct grid *g)
{
	CLEANUP(cleanup_free) char *text = NULL;
	char *rest;

	if (!g->lines.n)
		return;
	wrap_cells(g);
	must(scols_print_table_to_string(g->table, &text));
	rest = must_have(text);
	for (char *line; (line = strsep(&rest, "\n")) && (*line || rest);) {
		trim_right(line);
		strbuf_addf(g->page.out, "%*s%s\n", *line ? INDENT : 0, "", line);
	}
}
