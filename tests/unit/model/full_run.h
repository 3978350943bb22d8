/*
 * full_run.h - a run, a comparison, a history and a trend with everything set
 *
 * No pointer is NULL, no array empty, no number zero, no flag false: what is lost on the way
 * through JSON shows. The caller clears them.
 */
#ifndef TESTS_UNIT_MODEL_FULL_RUN_H
#define TESTS_UNIT_MODEL_FULL_RUN_H

#include "model/comparison.h"
#include "model/gate.h"
#include "model/history.h"
#include "model/run.h"
#include "model/trend.h"

struct run full_run(void);
struct comparison full_comparison(void);
struct history full_history(void);
struct gate full_gate(void);
struct trend full_trend(void);

#endif
