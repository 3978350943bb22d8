#include "cli/output.h"

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "model/run_json.h"

static bool want_color(enum color color)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (color != COLOR_AUTO)
		return color == COLOR_ALWAYS;
	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

static int width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 40)
		return size.ws_col;
	if (columns && atoi(columns) >= 40)
		return atoi(columns);
	return 100;
}

struct report_style output_style(const struct options *options)
{
	return (struct report_style){
		.color = want_color(options->color),
		.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.width = width(),
		.verbose = log_get_level() == LOG_VERBOSE,
	};
}

void output_text(const char *text)
{
	fputs(text, stdout);
	fflush(stdout); /* where both streams end in one file, a note must not cut a line in two */
}

void output_run(const struct options *options, const struct run *run)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style = output_style(options);

	if (options->json) {
		CLEANUP(cleanup_free) char *json = run_json_text(run);

		output_text(json);
		return;
	}
	report_run(run, &style, &text);
	output_text(strbuf_str(&text));
}

struct error *output_page_check(const struct options *options)
{
	const char *slash = options->html ? strrchr(options->html, '/') : NULL;
	CLEANUP(cleanup_free) char *dir = NULL;

	if (!options->html || !strcmp(options->html, "-"))
		return NULL;
	dir = slash ? xstrndup(options->html, (size_t)(slash - options->html) + 1) : xstrdup(".");
	if (access(dir, W_OK | X_OK))
		return error_hint(error_errno("cannot write %s", options->html),
				  "--html FILE in a directory that you may write to");
	return NULL;
}

struct error *output_page(const struct options *options, const struct strbuf *html)
{
	struct error *err;

	if (!strcmp(options->html, "-")) {
		output_text(html->s);
		return NULL;
	}
	err = file_write(options->html, html->s, html->len);
	if (!err)
		log_note("wrote %s", options->html);
	return err;
}

void output_error(const struct options *options, const struct error *err)
{
	log_error("%s", err->message);
	if (err->hint)
		fprintf(stderr, "  try: %s\n", err->hint);
	if (options->json) {
		json_t *json = json_pack("{s:{s:s, s:s?, s:i}}", "error", "message", err->message,
					 "hint", err->hint, "exit", (int)err->class);
		/* A message that is not UTF-8 (a file name) cannot be packed; the exit code and stderr still tell. */
		if (json)
			json_dumpf(json, stdout, JSON_COMPACT);
		else
			fputs("{\"error\":{}}", stdout);
		fputc('\n', stdout);
		json_decref(json);
	}
}

bool output_finish(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return false;
	if (errno == EPIPE)
		return false;
	log_error("cannot write to standard output: %s", strerror(errno));
	return true;
}
