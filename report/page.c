#include "report/page.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/words.h"

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40

struct page page_on(const struct report_style *style, struct strbuf *out)
{
	int width = style->width > 0 ? style->width : WIDTH_DEFAULT;

	return (struct page){
		.style = style,
		.out = out,
		.width = width < WIDTH_LEAST ? WIDTH_LEAST : width,
	};
}

const char *ink_sequence(enum ink ink)
{
	static const char *const sequences[INK_COUNT] = {
		[INK_PLAIN] = "",           [INK_BOLD] = "\033[1m",  [INK_DIM] = "\033[2m",
		[INK_GOOD] = "\033[32m",    [INK_BAD] = "\033[31m",  [INK_DOUBT] = "\033[33m",
		[INK_NETWORK] = "\033[34m", [INK_DISK] = "\033[35m", [INK_LOCK] = "\033[31m",
		[INK_OTHER] = "\033[36m",
	};

	return sequences[ink];
}

static void add_inked(const struct page *p, enum ink ink, const char *clean)
{
	bool inked = p->style->color && ink != INK_PLAIN && *clean;

	strbuf_addf(p->out, "%s%s%s", inked ? ink_sequence(ink) : "", clean,
		    inked ? "\033[0m" : "");
}

void page_blank(const struct page *p)
{
	strbuf_addch(p->out, '\n');
}

/* Lines that were wrapped already. */
static void add_lines(const struct page *p, enum ink ink, char *lines, int hang)
{
	for (char *line; (line = strsep(&lines, "\n"));) {
		add_inked(p, ink, line);
		if (lines)
			strbuf_addf(p->out, "\n%*s", hang, "");
	}
}

void page_heading(const struct page *p, const char *title, const char *note)
{
	CLEANUP(cleanup_free) char *clean_title = word_clean(title, p->style->unicode);
	CLEANUP(cleanup_free) char *clean = word_clean(note, p->style->unicode);
	CLEANUP(cleanup_free) char *title_lines = word_wrap(clean_title, p->width, p->width);
	CLEANUP(cleanup_free)
	char *note_lines = word_wrap(clean, p->width - word_columns(clean_title) - 2, p->width - 2);

	page_blank(p);
	add_lines(p, INK_BOLD, title_lines, 0);
	if (*note_lines)
		strbuf_add(p->out, "  ");
	add_lines(p, INK_DIM, note_lines, 2);
	page_blank(p);
}

void page_item(const struct page *p, const char *label, enum ink ink, int hang, const char *fmt,
	       ...)
{
	CLEANUP(cleanup_free) char *raw = NULL;
	CLEANUP(cleanup_free) char *clean = NULL;
	CLEANUP(cleanup_free) char *clean_label = word_clean(label, p->style->unicode);
	CLEANUP(cleanup_free) char *wrapped = NULL;
	va_list ap;
	int lead;

	va_start(ap, fmt);
	raw = xvasprintf(fmt, ap);
	va_end(ap);
	clean = word_clean(raw, p->style->unicode);
	lead = (int)strspn(clean, " ");
	add_inked(p, ink, clean_label);
	strbuf_addf(p->out, "%*s", lead, "");
	wrapped = word_wrap(clean, p->width - word_columns(clean_label) - lead, p->width - hang);
	add_lines(p, INK_PLAIN, wrapped, hang);
	strbuf_addch(p->out, '\n');
}

char *page_bar(const struct page *p, double share, int columns)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	struct strbuf out = { 0 };
	int parts;

	if (!(share > 0))
		return xstrdup("");
	parts = (int)((share > 1 ? 1 : share) * columns * 8 + 0.5);
	if (!p->style->unicode) {
		for (int i = 0; i < (parts + 4) / 8 || i == 0; i++)
			strbuf_addch(&out, '#');
		return strbuf_detach(&out);
	}
	for (int i = 0; i < parts / 8; i++)
		strbuf_add(&out, "█");
	strbuf_add(&out, eighths[parts < 1 ? 1 : parts % 8]);
	return strbuf_detach(&out);
}

const char *page_arrow(const struct page *p)
{
	return p->style->unicode ? "→" : "->";
}
