#include "analyzer/program.h"

#include <string.h>
#include <uthash.h>

#include "base/file.h"

struct program_key {
	const char *text;
	uint32_t id;
	UT_hash_handle hh;
};

void program_clear(struct program *p)
{
	struct program_key *k, *next;

	HASH_ITER (hh, p->keys, k, next) {
		HASH_DEL(p->keys, k);
		free(k);
	}
	vec_each (&p->units, u) {
		tu_clear(&u->tu);
		free(u->symbols);
	}
	vec_clear(&p->units);
	vec_clear(&p->symbols);
	free(p->no_return);
	free(p->catalogued);
	p->no_return = NULL;
	p->catalogued = NULL;
}

/* A definition says more about the place than a declaration does. */
static int rank(uint16_t flags)
{
	return flags & SYMBOL_DEFINED ? 2 : flags & SYMBOL_TENTATIVE ? 1 : 0;
}

static uint32_t join_symbol(struct program *p, const struct tu *tu, const struct symbol *s)
{
	const char *key = tu_string(tu, s->key);
	struct program_symbol *joined;
	struct program_key *k;
	bool better;

	HASH_FIND_STR(p->keys, key, k);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->text = key;
		k->id = (uint32_t)p->symbols.n;
		HASH_ADD_KEYPTR(hh, p->keys, k->text, strlen(key), k);
		vec_push(&p->symbols, ((struct program_symbol){ .key = key }));
	}
	joined = &p->symbols.items[k->id];
	better = !joined->name || rank(s->flags) > rank(joined->flags);
	joined->flags |= s->flags;
	if (better) {
		joined->name = tu_string(tu, s->name);
		joined->type = tu_string(tu, s->type);
		joined->file = tu_string(tu, s->file);
		joined->line = s->line;
		joined->column = s->column;
		joined->kind = s->kind;
		joined->position = s->position;
	}
	return k->id;
}

void program_add(struct program *p, struct tu *tu)
{
	struct program_unit *u = vec_add(&p->units);

	*u = (struct program_unit){ .tu = *tu };
	*tu = (struct tu){ 0 };
	u->symbols = xcalloc(u->tu.symbols.n + 1, sizeof(*u->symbols));
	for (size_t i = 0; i < u->tu.symbols.n; i++)
		u->symbols[i] = join_symbol(p, &u->tu, &u->tu.symbols.items[i]);
	for (size_t i = 0; i < u->tu.symbols.n; i++) {
		uint32_t function = u->tu.symbols.items[i].function;

		p->symbols.items[u->symbols[i]].function =
			function == TU_NONE ? TU_NONE : u->symbols[function];
	}
}

static bool declared_no_return(const struct program *p, size_t i)
{
	const struct program_symbol *s = &p->symbols.items[i];
	const struct catalogue_entry *e;

	if (s->kind != SYMBOL_FUNCTION)
		return false;
	e = program_catalogued(p, (uint32_t)i);
	return s->flags & SYMBOL_NORETURN || (e && e->effects & EFFECT_BIT(EFFECT_NORETURN));
}

struct last_call {
	uint32_t function, callee;
};

struct last_calls {
	VEC_FIELDS(struct last_call);
};

/* The functions whose last step, outside all blocks, is a call. */
static struct last_calls collect_last_calls(const struct program *p)
{
	struct last_calls calls = { 0 };
	uint32_t last = TU_NONE; /* the callee, when nothing has happened since */
	size_t depth = 0;

	for (struct program_walk w = { .program = p }; program_next(&w);) {
		switch (w.event->kind) {
		case EVENT_BLOCK:
		case EVENT_LOOP:
			depth++;
			break;
		case EVENT_BLOCK_END:
		case EVENT_LOOP_END:
			depth--;
			last = TU_NONE;
			break;
		case EVENT_CALL:
			last = depth ? TU_NONE : w.symbol;
			break;
		case EVENT_FUNCTION_END:
			if (last != TU_NONE)
				vec_push(&calls, ((struct last_call){ w.symbol, last }));
			last = TU_NONE;
			break;
		}
	}
	return calls;
}

/* If that call does not return, the function does not either: few say so in their declaration. */
static void infer_no_return(struct program *p)
{
	struct last_calls calls = collect_last_calls(p);
	bool found = true;

	for (int round = 0; round < 8 && found; round++) {
		found = false;
		vec_each (&calls, c)
			if (p->no_return[c->callee] && !p->no_return[c->function])
				found = p->no_return[c->function] = true;
	}
	vec_clear(&calls);
}

/* Looked up once a symbol: the checks ask at every call. */
static const struct catalogue_entry *find_catalogued(const struct program *p,
						     const struct program_symbol *s)
{
	const struct catalogue_entry *e;

	if (s->kind != SYMBOL_FUNCTION)
		return NULL;
	if (!(s->flags & (SYMBOL_DEFINED | SYMBOL_INTERNAL)))
		return catalogue_find(p->catalogue, s->name);
	if (!catalogue_has_own(p->catalogue))
		return NULL;
	e = catalogue_find(p->catalogue, s->name);
	return e && e->is_own ? e : NULL;
}

void program_link(struct program *p)
{
	p->no_return = xcalloc(p->symbols.n + 1, sizeof(*p->no_return));
	p->catalogued = xcalloc(p->symbols.n + 1, sizeof(*p->catalogued));
	for (size_t i = 0; i < p->symbols.n; i++) {
		p->catalogued[i] = find_catalogued(p, &p->symbols.items[i]);
		p->no_return[i] = declared_no_return(p, i);
	}
	infer_no_return(p);
}

const char *program_path(const struct program *p, const char *path)
{
	return path_below(path, p->directory);
}

const struct catalogue_entry *program_catalogued(const struct program *p, uint32_t symbol)
{
	return symbol == TU_NONE ? NULL : p->catalogued[symbol];
}

bool program_has_effect(const struct program *p, enum effect effect)
{
	for (size_t i = 0; i < p->symbols.n; i++)
		if (p->catalogued[i] && p->catalogued[i]->effects & EFFECT_BIT(effect))
			return true;
	return false;
}

static bool ends_cold(const struct program_walk *w)
{
	const bool *no_return = w->program->no_return;

	if (w->event->which != BLOCK_BRANCH)
		return false;
	return w->event->value == ENDING_ERROR ||
	       (w->event->value == ENDING_CALL && w->symbol != TU_NONE && no_return &&
		no_return[w->symbol]);
}

static void track(struct program_walk *w)
{
	switch (w->event->kind) {
	case EVENT_FUNCTION:
		w->function = w->symbol;
		break;
	case EVENT_LOOP:
		w->loops++;
		break;
	case EVENT_LOOP_END:
		w->loops--;
		break;
	case EVENT_BLOCK:
		if (w->cold || ends_cold(w))
			w->cold++;
		break;
	case EVENT_BLOCK_END:
		if (w->cold)
			w->cold--;
		break;
	}
}

bool program_next(struct program_walk *w)
{
	const struct program *p = w->program;

	if (!w->event || w->event->kind == EVENT_FUNCTION_END)
		w->function = TU_NONE;
	while (w->unit < p->units.n && w->next == p->units.items[w->unit].tu.events.n) {
		w->unit++;
		w->next = 0;
	}
	if (w->unit == p->units.n)
		return false;
	w->in = &p->units.items[w->unit];
	w->event = &w->in->tu.events.items[w->next++];
	w->symbol = w->event->symbol == TU_NONE ? TU_NONE : w->in->symbols[w->event->symbol];
	track(w);
	return true;
}

const struct event *program_arguments(const struct program_walk *w, size_t *ret_n)
{
	const struct event *first = w->event + 1;
	const struct event *end = w->in->tu.events.items + w->in->tu.events.n;
	size_t n = 0;

	while (first + n < end && first[n].kind == EVENT_ARGUMENT)
		n++;
	*ret_n = n;
	return first;
}

const char *program_text(const struct program_walk *w, uint32_t string)
{
	return tu_string(&w->in->tu, string);
}

bool program_condition(const struct program_walk *w, const struct catalogue_entry *e,
		       enum condition_kind kind)
{
	size_t n;
	const struct event *args = program_arguments(w, &n);

	for (size_t i = 0; i < e->conditions_n; i++) {
		const struct condition *c = &e->conditions[i];

		if (c->kind != kind)
			continue;
		for (size_t k = 0; k < n; k++) {
			if (args[k].which != c->argument || !(args[k].flags & ARGUMENT_VALUE))
				continue;
			if (c->test == TEST_BITS ? (args[k].value & c->value) != 0
						 : args[k].value == c->value)
				return true;
		}
	}
	return false;
}
