/*
 * handover.h - what it costs to hand a task to a worker and to get word of its end
 */
#ifndef PROFILER_HANDOVER_H
#define PROFILER_HANDOVER_H

#include "base/error.h"
#include "model/concurrency.h"

/*
 * CPU time of one handover in each model, measured here: a round trip through pipes to a thread, to
 * a process; for an event loop, which hands nothing to anyone, a turn of the loop. ns; 0 for
 * sequential. Takes some ten milliseconds.
 */
struct error *handover_costs(double ret[MODEL_COUNT]) ERROR_MUST_CHECK;

/*
 * Time by the clock for each of several workers that are started, one after another, do nothing, and
 * are waited for: threads; processes forked from this one. ns; 0 where none are started.
 */
struct error *start_costs(double ret[MODEL_COUNT]) ERROR_MUST_CHECK;

#endif
