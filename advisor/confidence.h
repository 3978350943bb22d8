/*
 * confidence.h - how sure a verdict is, from the data, and what would make it surer
 *
 * high: nothing is in doubt. low: the interval, or the run against itself, is wider than what models
 * are told apart by. fair: the rest. The doubts go to `missing`, each with what to do about it.
 */
#ifndef ADVISOR_CONFIDENCE_H
#define ADVISOR_CONFIDENCE_H

#include "advisor/advice.h"

void confidence_find(struct advice *a);

#endif
