/*
 * gate.h - may this change go in?
 *
 * What a gate looked at, and whether it passed. A gate that measured nothing has not passed.
 * Ownership: strings and arrays owned; gate_clear() frees.
 */
#ifndef MODEL_GATE_H
#define MODEL_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/race.h"
#include "model/workload.h"

#define GATE_RESULTS(X) /* id, key */                                                              \
	X(GATE_PASSED, "passed")                                                                   \
	X(GATE_FAILED, "failed")                                                                   \
	X(GATE_CANNOT_TELL, "cannot-tell")                                                         \
	X(GATE_NOT_MEASURED, "not-measured")

#define X(id, ...) id,
enum gate_result { GATE_RESULTS(X) GATE_RESULT_COUNT };
#undef X

const char *gate_result_key(enum gate_result result);

struct gate_check {
	char *name; /* "sequential x 1", "verdict", "findings", "evidence" */
	enum gate_result result;
	bool fails;            /* the gate, by what it was told to fail on */
	struct estimate ratio; /* of a time: old / new, above 1 new is faster; else n 0 */
	double p;              /* NAN: no test */
	char *text;            /* one sentence */
};

struct gate_checks {
	VEC_FIELDS(struct gate_check);
};

struct gate {
	bool passed;
	char *a, *b; /* the runs' ids */
	double max_regression, confidence;
	size_t min_runs;
	struct strings notes; /* a sentence each */
	struct gate_checks checks;
	struct samples walls_old, walls_new; /* ns, of the pairs; empty without */
};

void gate_clear(struct gate *gate);
/* As JSON ("schema": "concur.gate/1"), owned by the caller. */
char *gate_json_text(const struct gate *gate);

#endif
