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
	free(pointers->descriptors);
	*pointers = (struct pointers){ 0 };
}

const struct function_set *pointers_targets(const struct pointers *pointers, uint32_t symbol)
{
	return &pointers->sets[symbol];
}

static uint64_t waits_mask(void)
{
	uint64_t mask = 0;

	for (int i = 0; i < EFFECT_COUNT; i++)
		if (effect_wait(i))
			mask |= EFFECT_BIT(i);
	return mask;
}

uint64_t pointers_effects(const struct pointers *pointers, const struct program_walk *w,
			  const struct catalogue_entry *e)
{
	const struct event *args;
	size_t n;

	if (program_condition(w, e, CONDITION_NO_BLOCK))
		return e->effects & ~waits_mask();
	args = program_arguments(w, &n);
	if (!(e->effects & EFFECT_BIT(EFFECT_FD)) || !n || args[0].which != 0 ||
	    !(args[0].flags & ARGUMENT_SYMBOL))
		return e->effects;
	switch (pointers->descriptors[w->in->symbols[args[0].symbol]]) {
	case DESCRIPTOR_SOCKET:
		return (e->effects & ~EFFECT_BIT(EFFECT_FD)) | EFFECT_BIT(EFFECT_NETWORK);
	case DESCRIPTOR_FILE:
		return (e->effects & ~EFFECT_BIT(EFFECT_FD)) | EFFECT_BIT(EFFECT_DISK);
	default:
		return e->effects;
	}
}

static void note_result(const struct program *p, struct pointers *pointers,
			const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(p, w->in->symbols[w->event->value]);

	if (e && e->effects & EFFECT_BIT(EFFECT_OPENS_SOCKET))
		pointers->descriptors[w->symbol] |= DESCRIPTOR_SOCKET;
	if (e && e->effects & EFFECT_BIT(EFFECT_OPENS_FILE))
		pointers->descriptors[w->symbol] |= DESCRIPTOR_FILE;
}

/* What is given to connect() or setsockopt() is a socket. */
static void note_use(const struct program *p, struct pointers *pointers,
		     const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(p, w->symbol);
	const struct event *args;
	size_t n;

	if (!e || strcmp(e->header, "sys/socket.h") != 0)
		return;
	args = program_arguments(w, &n);
	if (n && args[0].which == 0 && args[0].flags & ARGUMENT_SYMBOL)
		pointers->descriptors[w->in->symbols[args[0].symbol]] |= DESCRIPTOR_SOCKET;
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
		if (e->kind == EVENT_RESULT)
			note_result(p, pointers, &w);
		if (e->kind == EVENT_CALL) {
			callee = w.symbol;
			note_use(p, pointers, &w);
		}
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
	pointers.descriptors = xcalloc(p->symbols.n + 1, sizeof(*pointers.descriptors));
	collect(p, &params, &pointers, &flows);
	while (changed) { /* ends: sets only grow, and have an end */
		changed = false;
		vec_each (&flows, flow) {
			struct function_set *to = &pointers.sets[flow->to];
			const struct function_set *from = &pointers.sets[flow->from];
			uint8_t kinds =
				pointers.descriptors[flow->to] | pointers.descriptors[flow->from];

			changed |= kinds != pointers.descriptors[flow->to];
			pointers.descriptors[flow->to] = kinds;

			for (size_t i = 0; to != from && i < from->n; i++)
				changed |= add_target(to, from->items[i]);
		}
	}
	free(params.of);
	vec_clear(&flows);
	*ret = pointers;
}
