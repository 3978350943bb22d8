/*
 * page.h - text of a given width on a terminal
 *
 * Wraps words, indents what follows the first line, colours only when the style asks for it. All
 * text given to it is cleaned (words.h), so that no name can carry an escape sequence. A page only
 * borrows its style and its buffer.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/strbuf.h"
#include "report/report.h"

enum ink {
	INK_PLAIN,
	INK_BOLD,
	INK_DIM,
	INK_GOOD,
	INK_BAD,
	INK_DOUBT,
	INK_NETWORK,
	INK_DISK,
	INK_LOCK,
	INK_OTHER,
	INK_COUNT,
};

struct page {
	const struct report_style *style;
	struct strbuf *out;
	int width;
};

struct page page_on(const struct report_style *style, struct strbuf *out);

/* The SGR parameters of an ink as an escape sequence, "" for INK_PLAIN; whatever the style. */
const char *ink_sequence(enum ink ink);

/* A blank line and a bold line. `note` is dim and may be NULL. */
void page_heading(const struct page *p, const char *title, const char *note);
/* `label` in ink, then the text, wrapped; lines after the first are indented by `hang` columns. */
void page_item(const struct page *p, const char *label, enum ink ink, int hang, const char *fmt,
	       ...) __attribute__((format(printf, 5, 6)));
void page_blank(const struct page *p);

/* share of 0..1 as a bar of `columns`; never empty for a share above 0. Owned by the caller. */
char *page_bar(const struct page *p, double share, int columns);
/* "->", or an arrow where the style allows. */
const char *page_arrow(const struct page *p);

#endif
