#include <string.h>

#include "analyzer/checks.h"
#include "base/cleanup.h"

#define FEW_ROUNDS 64 /* over in no time, unless what they hold is long */

/*
 * CPython calls the functions of a module with the GIL held. From them it is followed over direct
 * calls, and dropped between PyEval_SaveThread() and PyEval_RestoreThread(), which is what
 * Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS expand to. In a program that embeds Python it is
 * held from Py_Initialize() or PyGILState_Ensure() on.
 */
struct step { /* how a function comes to run with the GIL held */
	bool held, is_entry;
	uint16_t depth;
	uint32_t caller;
};

/* One side of an if. The sides of one if have the same number. */
struct side {
	uint32_t number;
	bool is_else;
};

struct sides {
	VEC_FIELDS(struct side);
	uint32_t numbers;
	struct side closed; /* just now, or number 0 */
};

/* A call with the GIL released, on one side of an if. */
struct released_call {
	uint32_t function, callee;
	struct side side;
};

struct search {
	const struct check_context *c;
	struct {
		VEC_FIELDS(struct released_call);
	} released_calls;
	struct {
		VEC_FIELDS(const struct event *);
	} excused;
	struct locks released, taken; /* regions */
	struct step *steps;           /* by symbol */
	bool *python;                 /* by symbol: calls Python's API, itself or further down */
	bool *loops;                  /* by symbol: its body holds a loop that may be long */
	bool any;
};

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool is_api(const struct program_symbol *s)
{
	return s->kind == SYMBOL_FUNCTION &&
	       (has_prefix(s->name, "Py") || has_prefix(s->name, "_Py")) &&
	       !has_prefix(s->name, "PyInit_");
}

static bool uses_python(const struct program *p)
{
	for (size_t i = 0; i < p->symbols.n; i++)
		if (is_api(&p->symbols.items[i]))
			return true;
	return false;
}

/* A field of PyMethodDef, PyTypeObject, PyGetSetDef and the like: what CPython calls. */
static bool is_slot(const struct program_symbol *s)
{
	return s->kind == SYMBOL_FIELD &&
	       (strstr(s->key, "@Py") || strstr(s->key, "@_typeobject@"));
}

static bool is_held(const struct search *s, const struct program_walk *w)
{
	if (locks_at(&s->taken, w))
		return true;
	return w->function != TU_NONE && s->steps[w->function].held && !locks_at(&s->released, w);
}

/* A block right behind the end of another is its else: what lies between is no event. */
static void follow_sides(struct sides *sides, const struct program_walk *w)
{
	struct side closed = sides->closed;

	sides->closed = (struct side){ 0 };
	if (w->event->kind == EVENT_FUNCTION)
		sides->n = 0;
	if (w->event->kind == EVENT_BLOCK)
		vec_push(sides, closed.number ? ((struct side){ closed.number, !closed.is_else })
					      : ((struct side){ ++sides->numbers, false }));
	if (w->event->kind == EVENT_BLOCK_END)
		sides->closed = sides->items[--sides->n];
}

static void note_released(struct search *s, const struct program_walk *w, const struct sides *sides)
{
	vec_each (sides, side)
		vec_push(&s->released_calls,
			 ((struct released_call){ w->function, w->symbol, *side }));
}

static void excuse(struct search *s, const struct program_walk *w, const struct sides *sides)
{
	vec_each (&s->released_calls, call)
		vec_each (sides, side)
			if (call->function == w->function && call->callee == w->symbol &&
			    call->side.number == side->number &&
			    call->side.is_else != side->is_else)
				vec_push(&s->excused, w->event);
}

/* `if (large) { release; f(); take; } else f();`: where it waits, or has much to do, the author let the
 * GIL go, and on the other side meant not to. */
static void find_excused(struct search *s)
{
	for (int pass = 0; pass < 2; pass++) {
		struct sides sides = { 0 };

		for (struct program_walk w = { .program = s->c->program }; program_next(&w);) {
			follow_sides(&sides, &w);
			if (w.event->kind != EVENT_CALL || w.function == TU_NONE ||
			    w.symbol == TU_NONE)
				continue;
			if (pass)
				excuse(s, &w, &sides);
			else if (locks_at(&s->released, &w))
				note_released(s, &w, &sides);
		}
		vec_clear(&sides);
	}
}

static bool is_excused(const struct search *s, const struct program_walk *w)
{
	vec_each (&s->excused, event)
		if (*event == w->event)
			return true;
	return false;
}

static bool is_short(const struct program_walk *w)
{
	return w->event->value && w->event->value <= FEW_ROUNDS;
}

static void enter(struct search *s, uint32_t function)
{
	s->steps[function] = (struct step){ .held = true, .is_entry = true, .caller = TU_NONE };
	s->any = true;
}

static void find_entries(struct search *s)
{
	const struct program *p = s->c->program;

	for (size_t i = 0; i < p->symbols.n; i++)
		if (p->symbols.items[i].flags & SYMBOL_DEFINED &&
		    has_prefix(p->symbols.items[i].name, "PyInit_"))
			enter(s, (uint32_t)i);
	for (struct program_walk w = { .program = p }; program_next(&w);) {
		uint32_t function;

		if (w.event->kind == EVENT_LOOP && w.function != TU_NONE && !is_short(&w))
			s->loops[w.function] = true;
		if (w.event->kind == EVENT_CALL && w.function != TU_NONE && w.symbol != TU_NONE) {
			s->python[w.function] |= is_api(&p->symbols.items[w.symbol]);
			s->any |= locks_at(&s->taken, &w) != NULL;
		}
		if (w.event->kind != EVENT_TARGET || !is_slot(&p->symbols.items[w.symbol]))
			continue;
		function = w.in->symbols[w.event->value];
		if (p->symbols.items[function].kind == SYMBOL_FUNCTION &&
		    p->symbols.items[function].flags & SYMBOL_DEFINED)
			enter(s, function);
	}
}

/* Level by level, so that the paths told are short. */
static void spread_held(struct search *s)
{
	const struct program *p = s->c->program;
	bool found = true;

	for (uint16_t depth = 1; found && depth < 64; depth++) {
		found = false;
		for (struct program_walk w = { .program = p }; program_next(&w);) {
			struct step *to;

			if (w.event->kind != EVENT_CALL || w.function == TU_NONE ||
			    w.symbol == TU_NONE || w.cold || !is_held(s, &w) || is_excused(s, &w))
				continue;
			to = &s->steps[w.symbol];
			if (to->held || !(p->symbols.items[w.symbol].flags & SYMBOL_DEFINED) ||
			    s->steps[w.function].depth >= depth ||
			    is_api(&p->symbols.items[w.symbol]))
				continue;
			*to = (struct step){ .held = true, .depth = depth, .caller = w.function };
			found = true;
		}
	}
}

static void spread_python(struct search *s)
{
	bool found = true;

	while (found) { /* ends: marks are only ever set */
		found = false;
		for (size_t i = 0; i < s->c->graph->n; i++) {
			const struct call_edge *e = &s->c->graph->items[i];

			if (!s->python[e->callee] || s->python[e->caller])
				continue;
			s->python[e->caller] = found = true;
		}
	}
}

/* "spam_read -> helper", from the entry point on. Owned by the caller. */
static char *path_to(const struct search *s, uint32_t function)
{
	const struct program_symbol *symbols = s->c->program->symbols.items;
	char *path = xstrdup(symbols[function].name);

	for (uint32_t at = function; s->steps[at].held && !s->steps[at].is_entry;) {
		char *longer;

		at = s->steps[at].caller;
		longer = xasprintf("%s -> %s", symbols[at].name, path);
		free(path);
		path = longer;
	}
	return path;
}

static void report(const struct search *s, struct fact_list *list, const struct program_walk *w,
		   const char *symbol, const char *effect, const char *words)
{
	struct fact *f = fact_list_add_at(list, w, symbol, effect);
	char *path;

	if (!f)
		return;
	path = path_to(s, w->function);
	f->detail =
		xasprintf("%s while the GIL is held, in %s: no other Python thread runs meanwhile",
			  words, path);
	f->advice =
		xstrdup("put Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS around it, without "
			"Python objects inside");
	free(path);
}

static bool takes_descriptor(const struct search *s, uint32_t function)
{
	return strstr(s->c->program->symbols.items[function].type, "(int") != NULL;
}

static void judge_call(const struct search *s, struct fact_list *list, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(s->c->program, w->symbol);
	uint64_t effects = e ? pointers_effects(s->c->pointers, w, e) : 0;

	if (!e || is_api(&s->c->program->symbols.items[w->symbol]))
		return;
	if (!takes_descriptor(s, w->symbol)) /* a BIO: in an extension, mostly in memory */
		effects &= ~EFFECT_BIT(EFFECT_FD);
	for (int effect = -1; check_next_wait(&effect);) {
		char *words;

		if (!(effects & EFFECT_BIT(effect)))
			continue;
		words = xasprintf("%s() %s", e->name, effect_words(effect));
		report(s, list, w, e->name, effect_wait(effect), words);
		free(words);
		return;
	}
	/* What calls back needs the GIL for that. */
	if (effects & EFFECT_BIT(EFFECT_COMPUTE) && !(effects & EFFECT_BIT(EFFECT_CALLS_BACK))) {
		char *words = xasprintf("%s() %s", e->name, effect_words(EFFECT_COMPUTE));

		report(s, list, w, e->name, "compute", words);
		free(words);
	}
}

/* An outermost loop that never speaks to Python, and is more than one pass over an array. Loops of few
 * rounds count as if they were written out. */
struct open_loop {
	struct program_walk at;
	size_t outer; /* loops open around it, all of few rounds */
	bool any, open, python, deep;
};

static void follow_loops(const struct search *s, struct fact_list *list, struct open_loop *loop,
			 const struct program_walk *w)
{
	switch (w->event->kind) {
	case EVENT_FUNCTION:
		*loop = (struct open_loop){ 0 };
		break;
	case EVENT_LOOP:
		if (is_short(w))
			break;
		if (loop->any)
			loop->deep = true;
		else
			*loop = (struct open_loop){ .at = *w,
						    .outer = w->loops - 1,
						    .any = true,
						    .open = !w->cold && is_held(s, w) };
		break;
	case EVENT_CALL:
		if (!loop->any || w->symbol == TU_NONE)
			break;
		loop->python |=
			is_api(&s->c->program->symbols.items[w->symbol]) || s->python[w->symbol];
		loop->deep |= s->loops[w->symbol];
		break;
	case EVENT_LOOP_END:
		if (!loop->any || w->loops > loop->outer)
			break;
		if (loop->open && loop->deep && !loop->python)
			report(s, list, &loop->at, "loop", "loop",
			       "a loop that does not use Python runs");
		loop->any = false;
		break;
	}
}

void check_gil_held(const struct check_context *c, struct fact_list *list)
{
	size_t n = c->program->symbols.n;
	struct search s = { .c = c };
	struct open_loop loop = { 0 };

	if (!uses_python(c->program))
		return;
	s.steps = xcalloc(n + 1, sizeof(*s.steps));
	s.python = xcalloc(n + 1, sizeof(*s.python));
	s.loops = xcalloc(n + 1, sizeof(*s.loops));
	locks_find(c->program, c->pointers, EFFECT_GIL_RELEASE, EFFECT_GIL_ACQUIRE, &s.released);
	locks_find(c->program, c->pointers, EFFECT_GIL_ACQUIRE, EFFECT_GIL_RELEASE, &s.taken);
	find_entries(&s);
	if (s.any) {
		find_excused(&s);
		spread_held(&s);
		spread_python(&s);
		for (struct program_walk w = { .program = c->program }; program_next(&w);) {
			follow_loops(&s, list, &loop, &w);
			if (w.event->kind == EVENT_CALL && w.function != TU_NONE && !w.cold &&
			    is_held(&s, &w) && !is_excused(&s, &w))
				judge_call(&s, list, &w);
		}
	}
	locks_clear(&s.released);
	locks_clear(&s.taken);
	vec_clear(&s.released_calls);
	vec_clear(&s.excused);
	free(s.steps);
	free(s.python);
	free(s.loops);
}
