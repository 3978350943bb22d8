/*
 * golden.h - reports held against files in tests/golden/
 *
 * With CONCUR_UPDATE_GOLDEN set the files are written instead: read the difference before you keep
 * it.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "base/strbuf.h"
#include "model/run.h"
#include "report/report.h"

/* Plain ASCII without colour, and the other extreme. */
struct report_style golden_plain(int width);
struct report_style golden_rich(int width);

/* tests/golden/NAME.json. Ends the test program when it cannot be read. */
struct run golden_run(const char *name);
extern const char *const golden_runs[];
extern const size_t golden_runs_n;

/* Fails with the first line that differs from tests/golden/FILE. */
void golden_assert(const char *file, const char *text);

/* Fails on a control character other than newline and the colours of the style, and on bytes above
 * ASCII where the style has no Unicode. */
void golden_assert_harmless(const struct report_style *style, const char *text);
/* Fails on a line with more columns than the style has. */
void golden_assert_width(const struct report_style *style, const char *text);

#endif
