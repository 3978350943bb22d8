#include "model/comparison.h"

#include <stdlib.h>

#include "model/fields.h"

KEYS_DEFINE(change, CHANGES)

void comparison_clear(struct comparison *c)
{
	free(c->a);
	free(c->b);
	strings_clear(&c->why_not);
	free(c->verdict);
	vec_each (&c->entries, entry) {
		free(entry->test);
		free(entry->why);
	}
	vec_clear(&c->entries);
	vec_each (&c->waits, wait)
		free(wait->kind);
	vec_clear(&c->waits);
	vec_each (&c->stacks, stack)
		free(stack->stack);
	vec_clear(&c->stacks);
	strings_clear(&c->new_findings);
	strings_clear(&c->fixed_findings);
	*c = (struct comparison){ 0 };
}

static const struct field entry_fields[] = {
	ROW_KEY(comparison_entry, "model", model, model),
	ROW(comparison_entry, INT, "workers", workers),
	ROW_KEY(comparison_entry, "change", change, change),
	ROW(comparison_entry, SPREAD, "ratio", ratio),
	ROW(comparison_entry, REAL, "p", p),
	ROW(comparison_entry, TEXT, "test", test),
	ROW(comparison_entry, TEXT, "why", why),
};
static const struct shape entry_shape = SHAPE(comparison_entry, entry_fields);

static const struct field wait_fields[] = {
	ROW(comparison_wait, WORD, "kind", kind),
	ROW(comparison_wait, SHARE, "before", before),
	ROW(comparison_wait, SHARE, "after", after),
	ROW(comparison_wait, REAL, "before_ns", before_ns),
	ROW(comparison_wait, REAL, "after_ns", after_ns),
};
static const struct shape wait_shape = SHAPE(comparison_wait, wait_fields);

static const struct field stack_fields[] = {
	ROW(comparison_stack, WORD, "stack", stack),
	ROW(comparison_stack, REAL, "before_ns", before_ns),
	ROW(comparison_stack, REAL, "after_ns", after_ns),
};
static const struct shape stack_shape = SHAPE(comparison_stack, stack_fields);

static const struct field comparison_fields[] = {
	ROW(comparison, TEXT, "a", a),
	ROW(comparison, TEXT, "b", b),
	ROW(comparison, SIZE, "a_runs", a_runs),
	ROW(comparison, SIZE, "b_runs", b_runs),
	ROW(comparison, SIZE, "a_left_out", a_left_out),
	ROW(comparison, SIZE, "b_left_out", b_left_out),
	ROW(comparison, BOOL, "comparable", comparable),
	ROW(comparison, BOOL, "forced", forced),
	ROW_TEXTS(comparison, "why_not", why_not),
	ROW(comparison, BOOL, "verdict_changed", verdict_changed),
	ROW(comparison, TEXT, "verdict", verdict),
	ROW_OBJECTS(comparison, "entries", entries, entry_shape, comparison_entry),
	ROW_OBJECTS(comparison, "waits", waits, wait_shape, comparison_wait),
	ROW_OBJECTS(comparison, "stacks", stacks, stack_shape, comparison_stack),
	ROW_TEXTS(comparison, "new_findings", new_findings),
	ROW_TEXTS(comparison, "fixed_findings", fixed_findings),
	ROW(comparison, SIZE, "remaining_findings", remaining_findings),
};
static const struct shape comparison_shape = SHAPE(comparison, comparison_fields);

char *comparison_json_text(const struct comparison *c)
{
	return fields_text(&comparison_shape, "concur.comparison/1", c);
}
