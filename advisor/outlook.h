/*
 * outlook.h - from one profile to bounds, and to what a concurrent program waits for
 *
 * Bounds are those of asymptotic analysis (Denning and Buzen, "The operational analysis of queueing
 * network models", 1978): with CPU demand c, demand s on what only one may have at a time, k cores
 * and W workers, all as shares of the sequential time, no speedup exceeds min(W, k / c, 1 / s); one
 * thread that does it all, as an event loop, does not exceed 1 / (c + s). What is unexplained may
 * be a wait that overlaps: it bounds nothing.
 *
 * A program that is concurrent already has no sequential time. Its threads' time is divided by what
 * it was spent on instead (meanings.h), and tells what more speed waits for.
 */
#ifndef ADVISOR_OUTLOOK_H
#define ADVISOR_OUTLOOK_H

#include "advisor/advice.h"
#include "advisor/meanings.h"

/* The bounds of each model; none when the profile's shares are not known. */
void outlook_bounds(const struct advice *a, struct model_bounds *ret);
/* *ret, which must be empty, then belongs to the caller; it stays empty when the program is not
 * concurrent. */
void outlook_present(const struct advice *a, const struct meanings *m, struct present *ret);

#endif
