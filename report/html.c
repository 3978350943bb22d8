#include "report/html.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/words.h"

void html_text(struct strbuf *out, const char *text)
{
	CLEANUP(cleanup_free) char *clean = word_clean(text, true);

	for (const char *s = clean; *s; s++) {
		switch (*s) {
		case '&':
			strbuf_add(out, "&amp;");
			break;
		case '<':
			strbuf_add(out, "&lt;");
			break;
		case '>':
			strbuf_add(out, "&gt;");
			break;
		case '"':
			strbuf_add(out, "&quot;");
			break;
		case '\'':
			strbuf_add(out, "&#39;");
			break;
		default:
			strbuf_addch(out, *s);
		}
	}
}

void html_put(struct strbuf *out, const char *tag, const char *fmt, ...)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_addf(out, "<%s>", tag);
	html_text(out, text.s);
	strbuf_addf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_json(struct strbuf *out, const char *text)
{
	CLEANUP(cleanup_free) char *clean = word_clean(text, true);

	strbuf_addch(out, '"');
	for (const char *s = clean; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addch(out, '\\');
		if (*s == '<') /* "</script>" and "<!--" mean something to the HTML parser */
			strbuf_add(out, "\\u003c");
		else
			strbuf_addch(out, *s);
	}
	strbuf_addch(out, '"');
}

void html_json_number(struct strbuf *out, double value)
{
	if (isfinite(value))
		strbuf_addf(out, "%.6g", value);
	else
		strbuf_add(out, "null");
}

void html_list(const struct strings *list, struct strbuf *out)
{
	vec_each (list, text)
		html_put(out, "li", "%s", *text);
}

/* --- templates --- */

static const struct html_slot *find_slot(const struct html_slot *slots, size_t n, const char *name,
					 size_t name_n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(slots[i].name) == name_n && !strncmp(slots[i].name, name, name_n))
			return &slots[i];
	}
	assert(!"a slot of the template is not in the table");
	return NULL;
}

/* Where "{{/name}}" begins. */
static const char *end_of(const char *text, const char *name, size_t name_n)
{
	for (const char *s = text; (s = strstr(s, "{{/")); s += 3) {
		if (!strncmp(s + 3, name, name_n) && !strncmp(s + 3 + name_n, "}}", 2))
			return s;
	}
	assert(!"a section of the template has no end");
	return text;
}

static void fill_part(const char *text, const char *end, const struct html_slot *slots, size_t n,
		      const void *subject, struct strbuf *out)
{
	while (text < end) {
		const char *open = memmem(text, (size_t)(end - text), "{{", 2), *name, *close;
		const struct html_slot *slot;
		bool section;

		strbuf_addn(out, text, (size_t)((open ? open : end) - text));
		if (!open)
			return;
		section = open[2] == '#';
		name = open + 2 + section;
		close = strstr(name, "}}");
		assert(close && close < end);
		slot = find_slot(slots, n, name, (size_t)(close - name));
		text = close + 2;
		if (section) {
			const char *last = end_of(text, name, (size_t)(close - name));
			CLEANUP(strbuf_clear) struct strbuf value = { 0 };

			slot->put(subject, &value);
			if (value.len)
				fill_part(text, last, slots, n, subject, out);
			text = last + 5 + (close - name);
		} else {
			slot->put(subject, out);
		}
	}
}

void html_fill(const char *text, const struct html_slot *slots, size_t n, const void *subject,
	       struct strbuf *out)
{
	fill_part(text, text + strlen(text), slots, n, subject, out);
}

/* --- drawings --- */

#define WHISKER_WIDTH 160.0

static double on_scale(double value, double top)
{
	double x = isfinite(value) && value > 0 ? value / top : 0;

	return 2 + (WHISKER_WIDTH - 4) * (x < 1 ? x : 1);
}

void html_whisker(struct strbuf *out, struct estimate e, double top)
{
	double low = on_scale(e.low, top), high = on_scale(e.high, top);

	strbuf_addf(out,
		    "<svg class=whisker viewBox=\"0 0 160 16\" aria-hidden=true>"
		    "<path class=unit d=\"M%.1f 0V16\"/><path class=interval d=\"M%.1f 8H%.1fM%.1f "
		    "4v8M%.1f 4v8\"/><circle cx=%.1f cy=8 r=3.5 /></svg>",
		    on_scale(1, top), low, high, low, high, on_scale(e.value, top));
}
