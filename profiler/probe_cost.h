/*
 * probe_cost.h - what it costs the program to have one call marked
 */
#ifndef PROFILER_PROBE_COST_H
#define PROFILER_PROBE_COST_H

#include "base/error.h"
#include "profiler/units.h"

/* ns a call, entry and return together: the median of several rounds of calls of a function of our
 * own that starts with an instruction like the unit's, with probes and without. Takes some ten
 * milliseconds. */
struct error *probe_cost(const struct unit *unit, double *ret) ERROR_MUST_CHECK;

#endif
