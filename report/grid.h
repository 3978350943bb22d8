/*
 * grid.h - a table on a page (libsmartcols)
 *
 *	CLEANUP(grid_free) struct grid *g = grid_new(page, columns, n);
 *	size_t row = grid_row(g);
 *	grid_set(g, row, 0, INK_PLAIN, "%s", name);
 *	grid_print(g);
 *
 * Cells are cleaned as all text on a page is. A table is no wider than its page, if spare columns, cut
 * paths and wrapped cells can make it so. Ownership: grid_new() to grid_free().
 */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include <stddef.h>

#include "report/page.h"

/* GRID_PATH: left, and cut in its middle when the table would be wider than the page. */
enum grid_align { GRID_LEFT, GRID_RIGHT, GRID_WRAP, GRID_PATH };

struct grid_column {
	const char *name;
	enum grid_align align;
};

struct grid;

struct grid *grid_new(const struct page *page, const struct grid_column *columns, size_t n);
void grid_free(struct grid **g);
size_t grid_row(struct grid *g);
void grid_set(struct grid *g, size_t row, size_t column, enum ink ink, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Leave a column out. */
void grid_hide(struct grid *g, size_t column);
/* Leave it out if the table would be wider than the page; the one named first goes first. */
void grid_spare(struct grid *g, size_t column);
/* Nothing when it has no row. */
void grid_print(struct grid *g);

#endif
