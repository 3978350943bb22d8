#include "analyzer/pointers.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TARGETS 400 /* more says nothing, and costs */

struct flow {
	uint32_t to, from;
};

struct flows {
	VEC_FIELDS(struct flow);
};

void pointers_clear(struct pointers *pointers)
{
	for (size_t i = 0; i < pointers->n; i++)
		vec_clear(&pointers->sets[i]);
	free(pointers->sets);
	*pointers = (struct pointers){ 0 };
}

const struct function_set *pointers_targets(const struct pointers *pointers, uint32_t symbol)
{
	return &pointers->sets[symbol];
}

static bool add_target(struct function_set *set, uint32_t function)
{
	vec_each (set, have)
		if (*have == function)
			return false;
	if (set->n == MAX_TARGETS)
		return false;
	vec_push(set, function);
	return true;
}

/* Parameters by function and position: param[first[f] + position]. */
struct params {
	uint32_t *of; /* symbols of parameters, 16 a function */
};

#define PARAMS 16

static struct params find_params(const struct program *p)
{
	struct params params = { .of = xreallocarray(NULL, (p->symbols.n + 1) * PARAMS,
						     sizeof(uint32_t)) };

	memset(params.of, 0xff, (p->symbols.n + 1) * PARAMS * sizeof(uint32_t));
	for (size_t i = 0; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.items[i];

		if (s->kind == SYMBOL_PARAM && s->function != TU_NONE && s->position < PARAMS)
			params.of[(size_t)s->function * PARAMS + s->position] = (uint32_t)i;
	}
	return params;
}

static void add_flow(const struct program *p, struct pointers *pointers, struct flows *flows,
		     uint32_t to, uint32_t from)
{
	if (p->symbols.items[from].kind == SYMBOL_FUNCTION)
		add_target(&pointers->sets[to], from);
	else
		vec_push(flows, ((struct flow){ .to = to, .from = from }));
}

static void collect(const struct program *p, const struct params *params, struct pointers *pointers,
		    struct flows *flows)
{
	uint32_t callee = TU_NONE;

	for (struct program_walk w = { .program = p }; program_next(&w);) {
		const struct event *e = w.event;
		uint32_t param;

		if (e->kind == EVENT_TARGET)
			add_flow(p, pointers, flows, w.symbol, w.in->symbols[e->value]);
		if (e->kind == EVENT_CALL)
			callee = w.symbol;
		if (e->kind != EVENT_ARGUMENT || !(e->flags & ARGUMENT_SYMBOL) ||
		    callee == TU_NONE || e->which >= PARAMS)
			continue;
		param = params->of[(size_t)callee * PARAMS + e->which];
		if (param != TU_NONE)
			add_flow(p, pointers, flows, param, w.symbol);
	}
}

void pointers_find(const struct program *p, struct pointers *ret)
{
	struct pointers pointers = { .n = p->symbols.n };
	struct params params = find_params(p);
	struct flows flows = { 0 };
	bool changed = true;

	pointers.sets = xcalloc(p->symbols.n + 1, sizeof(*pointers.sets));
	collect(p, &params, &pointers, &flows);
	while (changed) { /* ends: sets only grow, up to MAX_TARGETS */
		changed = false;
		vec_each (&flows, flow) {
			struct function_set *to = &pointers.sets[flow->to];
			const struct function_set *from = &pointers.sets[flow->from];

			for (size_t i = 0; to != from && i < from->n; i++)
				changed |= add_target(to, from->items[i]);
		}
	}
	free(params.of);
	vec_clear(&flows);
	*ret = pointers;
}
