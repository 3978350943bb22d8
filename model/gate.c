#include "model/gate.h"

#include <stdlib.h>

#include "model/fields.h"

KEYS_DEFINE(gate_result, GATE_RESULTS)

void gate_clear(struct gate *gate)
{
	free(gate->a);
	free(gate->b);
	strings_clear(&gate->notes);
	vec_each (&gate->checks, check) {
		free(check->name);
		free(check->text);
	}
	vec_clear(&gate->checks);
	vec_clear(&gate->walls_old);
	vec_clear(&gate->walls_new);
	*gate = (struct gate){ 0 };
}

static const struct field check_fields[] = {
	ROW(gate_check, TEXT, "name", name),   ROW_KEY(gate_check, "result", result, gate_result),
	ROW(gate_check, BOOL, "fails", fails), ROW(gate_check, SPREAD, "ratio", ratio),
	ROW(gate_check, REAL, "p", p),         ROW(gate_check, TEXT, "text", text),
};
static const struct shape check_shape = SHAPE(gate_check, check_fields);

static const struct field gate_fields[] = {
	ROW(gate, BOOL, "passed", passed),
	ROW(gate, TEXT, "a", a),
	ROW(gate, TEXT, "b", b),
	ROW(gate, REAL, "max_regression", max_regression),
	ROW(gate, REAL, "confidence", confidence),
	ROW(gate, SIZE, "min_runs", min_runs),
	ROW_TEXTS(gate, "notes", notes),
	ROW_OBJECTS(gate, "checks", checks, check_shape, gate_check),
	ROW_REALS(gate, "walls_old_ns", walls_old),
	ROW_REALS(gate, "walls_new_ns", walls_new),
};
static const struct shape gate_shape = SHAPE(gate, gate_fields);

char *gate_json_text(const struct gate *gate)
{
	return fields_text(&gate_shape, "concur.gate/1", gate);
}
