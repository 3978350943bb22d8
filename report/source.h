/*
 * source.h - what the source says, as part of a page
 */
#ifndef REPORT_SOURCE_H
#define REPORT_SOURCE_H

#include "model/fact.h"
#include "report/page.h"

/* The counts; and, if asked for, the findings by check: a few of each, or all if the style is
 * verbose. */
void source_put(const struct page *p, const struct facts *facts, bool rows);

#endif
