#include "base/progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strbuf.h"

#define SECOND_NS UINT64_C(1000000000)
#define REDRAW_NS (SECOND_NS / 10)
#define PLAIN_NS  (30 * SECOND_NS)

static struct {
	char *what; /* NULL: none is going on */
	size_t total;
	bool redraw; /* a terminal */
	bool showing;
	uint64_t started_ns, shown_ns;
	size_t shown_tenth; /* of the total */
} now;

static bool is_terminal(void)
{
	const char *term = getenv("TERM"), *ci = getenv("CI");

	return isatty(STDERR_FILENO) && !(ci && *ci) && !(term && !strcmp(term, "dumb"));
}

void progress_start(const char *what, size_t total)
{
	progress_end();
	if (log_get_level() == LOG_QUIET)
		return;
	now.what = xstrdup(what);
	now.total = total;
	now.redraw = is_terminal();
	now.started_ns = now.shown_ns = clock_now_ns();
	now.shown_tenth = 0;
	if (now.redraw)
		progress_step(0, NULL);
}

static void add_time_left(struct strbuf *line, size_t done, uint64_t now_ns)
{
	double elapsed_s = (double)(now_ns - now.started_ns) / (double)SECOND_NS;
	double left_s;

	if (!done || done >= now.total || elapsed_s < 1)
		return;
	left_s = elapsed_s * (double)(now.total - done) / (double)done;
	if (left_s < 90)
		strbuf_addf(line, ", about %.0f s left", left_s + 0.5);
	else
		strbuf_addf(line, ", about %.0f min left", left_s / 60);
}

/* Cut to what fits on one row: a line that wraps cannot be redrawn. Never inside a character. */
static void cut_to_width(struct strbuf *line)
{
	struct winsize size = { 0 };
	size_t columns = 0, width;

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	width = size.ws_col > 1 ? size.ws_col - 1u : 79;
	for (size_t i = 0; i < line->len; i++) {
		if ((line->s[i] & 0xc0) == 0x80) /* inside a UTF-8 character */
			continue;
		if (columns++ == width) {
			line->len = i;
			line->s[i] = '\0';
		}
	}
}

static void show(size_t done, const char *detail, uint64_t now_ns)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };

	strbuf_addf(&line, "concur: %s", now.what);
	if (now.total)
		strbuf_addf(&line, ": %zu %%", done * 100 / now.total);
	if (detail)
		strbuf_addf(&line, ", %s", detail);
	add_time_left(&line, done, now_ns);
	log_flatten(line.s);
	if (now.redraw)
		cut_to_width(&line);
	progress_erase();
	fprintf(stderr, now.redraw ? "%s" : "%s\n", line.s);
	now.showing = now.redraw;
	now.shown_ns = now_ns;
}

void progress_step(size_t done, const char *detail)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t waited_ns = now_ns - now.shown_ns;
	size_t tenth;

	if (!now.what)
		return;
	if (done > now.total && now.total)
		done = now.total;
	tenth = now.total ? done * 10 / now.total : 0;
	if (now.redraw ? waited_ns < REDRAW_NS && done
		       : tenth == now.shown_tenth && waited_ns < PLAIN_NS)
		return;
	now.shown_tenth = tenth;
	show(done, detail, now_ns);
}

void progress_end(void)
{
	progress_erase();
	free(now.what);
	now.what = NULL;
}

void progress_erase(void)
{
	if (now.showing)
		fputs("\r\033[K", stderr);
	now.showing = false;
}
