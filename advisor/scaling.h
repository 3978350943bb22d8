/*
 * scaling.h - how many workers, and what other numbers of cores would do: from the race's rounds
 *
 * The cores feed min(W, cores / c) of W workers, where c is the CPU demand of a task (an event loop
 * has one core, whatever the machine has). The Universal Scalability Law is fitted over that number, so
 * that its two losses are what is lost besides the CPU. Bands are percentiles over resampled rounds.
 * With workers on one number of cores only, the loss may be contention or coherence: a projection then
 * spans both. Pure; deterministic.
 */
#ifndef ADVISOR_SCALING_H
#define ADVISOR_SCALING_H

#include "advisor/advice.h"
#include "model/scaling.h"

/* One item for each model with figures. `cores`: what to project to. *ret, which must be empty, then
 * belongs to the caller. */
void scaling_find(const struct advice *a, const int *cores, size_t cores_n, struct scalings *ret);

#endif
