#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "model/run_json.h"
#include "report/words.h"

const char *const golden_runs[] = { "compute",  "io-waits",     "leave",  "cannot-tell",
				    "override", "profile-only", "nothing" };
const size_t golden_runs_n = sizeof(golden_runs) / sizeof(*golden_runs);

struct report_style golden_plain(int width)
{
	return (struct report_style){ .width = width };
}

struct report_style golden_rich(int width)
{
	return (struct report_style){
		.width = width, .color = true, .unicode = true, .verbose = true
	};
}

static void must(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "%s\n", err->message);
	abort();
}

struct run golden_run(const char *name)
{
	CLEANUP(cleanup_free) char *path = xasprintf(GOLDEN_DIR "/%s.json", name);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct run run = { 0 };

	must(file_read(path, &text));
	must(run_json_parse(text.s, text.len, &run));
	return run;
}

static void fail_at_difference(const char *file, const char *expected, const char *text)
{
	int line = 1;
	size_t start = 0, i = 0;

	for (; expected[i] == text[i] && text[i]; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	fail_msg("%s:%d:\n  expected: %.*s\n  got:      %.*s\n(CONCUR_UPDATE_GOLDEN=1 accepts it)",
		 file, line, (int)strcspn(expected + start, "\n"), expected + start,
		 (int)strcspn(text + start, "\n"), text + start);
}

void golden_assert(const char *file, const char *text)
{
	CLEANUP(cleanup_free) char *path = xasprintf(GOLDEN_DIR "/%s", file);
	CLEANUP(strbuf_clear) struct strbuf expected = { 0 };

	if (getenv("CONCUR_UPDATE_GOLDEN")) {
		must(file_write(path, text, strlen(text)));
		return;
	}
	must(file_read(path, &expected));
	if (strcmp(strbuf_str(&expected), text))
		fail_at_difference(file, strbuf_str(&expected), text);
}

/* The length of an SGR sequence at s, or 0. */
static size_t color_length(const char *s)
{
	size_t n;

	if (strncmp(s, "\033[", 2))
		return 0;
	n = 2 + strspn(s + 2, "0123456789;");
	return s[n] == 'm' ? n + 1 : 0;
}

void golden_assert_harmless(const struct report_style *style, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		size_t color = style->color ? color_length((const char *)s) : 0;

		if (color) {
			s += color - 1;
			continue;
		}
		if ((*s < 0x20 && *s != '\n') || *s == 0x7f || (*s >= 0x80 && !style->unicode))
			fail_msg("byte 0x%02x at \"%.30s\"", *s, (const char *)s);
	}
}

void golden_assert_width(const struct report_style *style, const char *text)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(text);
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));) {
		int columns = word_columns(line);

		for (const char *s = line; style->color && *s; s++)
			columns -= (int)color_length(s);
		if (columns > style->width)
			fail_msg("%d columns instead of %d: \"%s\"", columns, style->width, line);
	}
}
