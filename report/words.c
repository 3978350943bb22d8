#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

/* The character at s, its length in *len; 0 and a length of 1 if it is not valid UTF-8. Overlong
 * forms and surrogates are not valid. */
static uint32_t decode(const unsigned char *s, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0;
	uint32_t c;

	*len = 1;
	if (n == 1)
		return *s;
	if (!n || *s > 0xf4)
		return 0;
	c = *s & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*len = n;
	return c;
}

/* Characters that cannot be seen, or move what stands around them. */
static bool is_treacherous(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       (c >= 0xe000 && c <= 0xf8ff) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
	       c >= 0xe0000;
}

char *word_clean(const char *text, bool unicode)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "");
	struct strbuf out = { 0 };
	size_t len;

	for (; *s; s += len) {
		uint32_t c = decode(s, &len);

		if (c < 0x20 || c == 0x7f)
			strbuf_addf(&out, "\\%03o", *s);
		else if (c < 0x80 || (unicode && !is_treacherous(c)))
			strbuf_addn(&out, s, len);
		else
			strbuf_addf(&out, "\\u%04x", c);
	}
	return strbuf_detach(&out);
}

int word_columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* The bytes of at most `columns` characters, at least one of them. */
static size_t bytes_of(const char *s, size_t n, int columns)
{
	size_t i = 0;

	for (int seen = 0; i < n; i++) {
		seen += (s[i] & 0xc0) != 0x80;
		if (seen > columns && seen > 1)
			break;
	}
	return i;
}

char *word_cut(const char *s, int columns, bool unicode)
{
	const char *mark = unicode ? "\u2026" : "...";
	int all = word_columns(s), kept = columns - word_columns(mark);
	size_t n = strlen(s), head;

	if (all <= columns)
		return xstrdup(s);
	/* The end of a path says more than its beginning. */
	head = bytes_of(s, n, kept / 3);
	return xasprintf("%.*s%s%s", (int)head, s, mark, s + bytes_of(s, n, all - kept + kept / 3));
}

/* A word, with what must not be parted from it: "n = 9", "98 %", "[1.88, 1.97]". */
static size_t unparted(const char *s)
{
	size_t n = strcspn(s, " ");

	for (;;) {
		if (*s == '[' && s[n] && !memchr(s, ']', n))
			n += 1 + strcspn(s + n + 1, " ");
		else if (!strncmp(s + n, " = ", 3))
			n += 3 + strcspn(s + n + 3, " ");
		else if (!strncmp(s + n, " %", 2))
			n += 1 + strcspn(s + n + 1, " ");
		else
			return n;
	}
}

/* The bytes of a word that is longer than the line: to the last '/' in the second half, if any. */
static size_t cut_of(const char *s, size_t n, int room)
{
	size_t fits = bytes_of(s, n, room);

	for (size_t i = fits; i > fits / 2; i--)
		if (s[i - 1] == '/')
			return i;
	return fits;
}

char *word_wrap(const char *s, int first, int width)
{
	struct strbuf out = { 0 };
	int room = first;
	bool empty = true; /* the line */

	for (size_t n; *(s += strspn(s, " ")); s += n) {
		char *word = xstrndup(s, n = unparted(s));
		int columns = word_columns(word);

		free(word);
		if (columns + !empty > room && (!empty || room < width)) {
			strbuf_addch(&out, '\n');
			room = width;
			empty = true;
		}
		if (empty && columns > room) {
			n = cut_of(s, n, room);
			columns = room;
		}
		strbuf_addf(&out, "%s%.*s", empty ? "" : " ", (int)n, s);
		room -= columns + !empty;
		empty = false;
	}
	return strbuf_detach(&out);
}

/* Two or three digits are enough for a human and more than the measurement knows. */
static struct word scaled(double value, const char *const *units, double step, size_t n, int digits)
{
	struct word w;
	size_t i = 0;

	while (i + 1 < n && value >= 999.5 * (step / 1000)) {
		value /= step;
		i++;
	}
	if (value >= 99.95)
		digits = 0;
	else
		digits -= value >= 9.995 ? 2 : 1;
	snprintf(w.s, sizeof(w.s), "%.*f %s", digits, value, units[i]);
	return w;
}

struct word word_ns(double ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	if (!(ns > 0))
		return (struct word){ "0 s" };
	return scaled(ns, units, 1000, 4, 3);
}

struct word word_moved(double ns)
{
	struct word w;

	snprintf(w.s, sizeof(w.s), "%s%.*s",
		 ns < 0   ? "-"
		 : ns > 0 ? "+"
			  : "",
		 WORD_SIZE - 2, word_ns(fabs(ns)).s);
	return w;
}

struct word word_bytes(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };

	if (!bytes)
		return (struct word){ "-" };
	return scaled((double)bytes, units, 1024, 5, 2);
}

struct word word_share(double share)
{
	struct word w;

	snprintf(w.s, sizeof(w.s), share >= 0.0995 || share <= 0 ? "%.0f %%" : "%.1f %%",
		 100 * share);
	return w;
}

/* Three digits, the same for all parts of an estimate. */
static int decimals(struct estimate e)
{
	return e.high >= 99.95 ? 0 : e.high >= 9.995 ? 1 : 2;
}

struct word word_speedup(struct estimate e)
{
	struct word w = { "-" };

	if (e.n)
		snprintf(w.s, sizeof(w.s), "%.*fx", decimals(e), e.value);
	return w;
}

struct word word_interval(struct estimate e)
{
	struct word w = { "-" };
	int d = decimals(e);

	if (e.n)
		snprintf(w.s, sizeof(w.s), "[%.*f, %.*f]", d, e.low, d, e.high);
	return w;
}

struct word word_estimate(struct estimate e)
{
	struct word w = { "not measured" };
	int d = decimals(e);

	if (e.n)
		snprintf(w.s, sizeof(w.s), "%.*fx [%.*f, %.*f], n = %zu", d, e.value, d, e.low, d,
			 e.high, e.n);
	return w;
}

struct word word_count(uint64_t n, const char *noun)
{
	struct word w;

	snprintf(w.s, sizeof(w.s), "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
	return w;
}
