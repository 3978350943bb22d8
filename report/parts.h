/*
 * parts.h - parts that several reports have in common
 *
 * Private to report/. Each appends to the page.
 */
#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include "model/outlook.h"
#include "report/page.h"

/* The concurrency that is there already, and what it waits for. */
void put_present(const struct page *p, const struct present *now);

#endif
