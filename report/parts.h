/*
 * parts.h - parts that several reports have in common
 *
 * Private to report/. Each appends to the page.
 */
#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include "model/outlook.h"
#include "model/verdict.h"
#include "report/page.h"

/* The concurrency that is there already, and what it waits for. */
void put_present(const struct page *p, const struct present *now);
/* How many workers, of the model the verdict names or of the fastest; projections of all. */
void put_scaling(const struct page *p, const struct verdict *v);
/* The shape of the recommended model in C, with the program's own unit of work. */
void put_sketch(const struct page *p, const struct verdict *v);

#endif
