/*
 * output.h - the only place that writes to standard output
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "cli/options.h"
#include "report/report.h"

/* How to draw on this standard output: width, colour (--color, NO_COLOR, CLICOLOR_FORCE, terminal), Unicode by locale. */
struct report_style output_style(const struct options *options);
void output_text(const char *text);
/* A run: its JSON with --json, else its report. */
void output_run(const struct options *options, const struct run *run);
/* Fails at once where output_page() would fail in the end: the directory of FILE is missing or not writable. */
struct error *output_page_check(const struct options *options) ERROR_MUST_CHECK;
/* The page that --html asked for. */
struct error *output_page(const struct options *options,
			  const struct strbuf *html) ERROR_MUST_CHECK;
/* To stderr in words; with --json to stdout as {"error": ...} as well. */
void output_error(const struct options *options, const struct error *err);
/* Flush; true when something could not be written (a full disk), which was then said. A closed pipe is no error. */
bool output_finish(void);

#endif
