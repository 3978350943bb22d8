#include "analyzer/callgraph.h"

#include <ctype.h>
#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"

#define MANY_TARGETS 16 /* of a pointer: one table of all commands there are */

struct call_key {
	uint64_t pair;
	size_t edge;
	UT_hash_handle hh;
};

void callgraph_clear(struct callgraph *g)
{
	struct call_key *k, *next;

	HASH_ITER (hh, g->keys, k, next) {
		HASH_DEL(g->keys, k);
		free(k);
	}
	vec_clear(g);
	free(g->first_in);
	free(g->in);
	free(g->first_out);
	free(g->out);
	free(g->reach);
	free(g->entry);
	vec_clear(&g->starts);
	free(g->sink);
	free(g->programs);
	*g = (struct callgraph){ 0 };
}

/* Is `word` one of the words the name is made of: assert in "server_assert" and "serverAssert",
 * log in "log_line" but not in "login"? */
static bool has_word(const char *name, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strcasestr(name, word); at; at = strcasestr(at + 1, word)) {
		bool begins = at == name || !isalpha((unsigned char)at[-1]) ||
			      (isupper((unsigned char)*at) && islower((unsigned char)at[-1]));

		if (begins && !islower((unsigned char)at[n]))
			return true;
	}
	return false;
}

static bool has_any_word(const char *name, const char *const *words)
{
	for (; *words; words++)
		if (has_word(name, *words))
			return true;
	return false;
}

static bool is_sink(const struct program *p, uint32_t symbol)
{
	static const char *const ends[] = { "assert", "panic", "fatal", "die",  "abort", "bug",
					    "usage",  "oom",   "crash", "exit", NULL };
	static const char *const reports[] = { "log",     "warn",  "warning", "err",     "error",
					       "debug",   "trace", "msg",     "message", "perror",
					       "verbose", "print", "syslog",  NULL };
	const struct program_symbol *s = &p->symbols.items[symbol];
	const struct catalogue_entry *e = program_catalogued(p, symbol);
	bool takes_text = strstr(s->type, "...") ||
			  (!strncmp(s->type, "void (", 6) && strstr(s->type, "const char *"));

	if (p->no_return[symbol] || (e && e->effects & EFFECT_BIT(EFFECT_LOG)))
		return true;
	return s->flags & SYMBOL_DEFINED &&
	       (has_any_word(s->name, ends) || (takes_text && has_any_word(s->name, reports)));
}

bool callgraph_is_sink(const struct callgraph *g, uint32_t symbol)
{
	return g->sink[symbol];
}

static struct call_edge *edge_between(struct callgraph *g, uint32_t caller, uint32_t callee)
{
	uint64_t pair = (uint64_t)caller << 32 | callee;
	struct call_key *k;

	HASH_FIND(hh, g->keys, &pair, sizeof(pair), k);
	if (k)
		return &g->items[k->edge];
	k = xcalloc(1, sizeof(*k));
	k->pair = pair;
	k->edge = g->n;
	HASH_ADD(hh, g->keys, pair, sizeof(pair), k);
	vec_push(g,
		 ((struct call_edge){
			 .caller = caller, .callee = callee, .path = PATH_NONE, .vague = true }));
	return &g->items[k->edge];
}

/* One of so many targets that a pointer may have; 0: called by its name. */
static void add_call(struct callgraph *g, const struct program_walk *w, uint32_t callee,
		     size_t targets)
{
	bool pointer = targets > 0;
	const struct program *p = g->program;
	struct call_edge *e = edge_between(g, w->function, callee);
	const struct catalogue_entry *entry = program_catalogued(p, callee);
	bool cold = w->cold || callgraph_is_sink(g, callee);
	enum path_class path = cold ? PATH_COLD : pointer ? PATH_POINTER : PATH_DIRECT;

	if (path < e->path) {
		e->path = (uint8_t)path;
		e->file = program_text(w, w->event->file);
		e->line = w->event->line;
	}
	if (!cold && w->loops)
		e->in_loop = true;
	if (targets <= MANY_TARGETS)
		e->vague = false;
	if (entry)
		e->effects |= pointer ? entry->effects : pointers_effects(g->pointers, w, entry);
}

static void note_entry(struct callgraph *g, const struct program_walk *w, uint32_t entry,
		       uint8_t kind)
{
	g->entry[entry] |= kind;
	vec_push(&g->starts, ((struct call_start){ w->function, entry }));
}

/* Functions handed to the library as threads to start, or handlers to call. */
static void note_entries(struct callgraph *g, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(g->program, w->symbol);
	uint8_t kind = ENTRY_NONE;
	const struct event *args;
	size_t n;

	if (e && e->effects & EFFECT_BIT(EFFECT_THREADS))
		kind = ENTRY_THREAD;
	else if (e && e->effects & EFFECT_BIT(EFFECT_EVENT_LOOP))
		kind = ENTRY_HANDLER;
	else
		return;
	args = program_arguments(w, &n);
	for (size_t i = 0; i < n; i++) {
		const struct function_set *targets;
		uint32_t symbol;

		if (!(args[i].flags & ARGUMENT_SYMBOL))
			continue;
		symbol = w->in->symbols[args[i].symbol];
		if (g->program->symbols.items[symbol].kind == SYMBOL_FUNCTION)
			note_entry(g, w, symbol, kind);
		targets = pointers_targets(g->pointers, symbol);
		vec_each (targets, target) /* a wrapper's parameter */
			note_entry(g, w, *target, kind);
	}
}

static void add_calls(struct callgraph *g)
{
	const struct program *p = g->program;

	for (struct program_walk w = { .program = p }; program_next(&w);) {
		const struct function_set *targets;

		if (w.event->kind != EVENT_CALL || w.symbol == TU_NONE || w.function == TU_NONE)
			continue;
		if (p->symbols.items[w.symbol].kind == SYMBOL_FUNCTION) {
			add_call(g, &w, w.symbol, 0);
			note_entries(g, &w);
			continue;
		}
		targets = pointers_targets(g->pointers, w.symbol);
		vec_each (targets, target)
			add_call(g, &w, *target, targets->n);
	}
}

/* Counting sort of the edges by one of their ends. */
static void index_edges(const struct callgraph *g, bool by_callee, uint32_t **ret_first,
			uint32_t **ret_list)
{
	size_t n = g->program->symbols.n;
	uint32_t *first = xcalloc(n + 2, sizeof(*first));
	uint32_t *list = xcalloc(g->n + 1, sizeof(*list));

	vec_each (g, e)
		first[(by_callee ? e->callee : e->caller) + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < g->n; i++) {
		const struct call_edge *e = &g->items[i];

		list[first[(by_callee ? e->callee : e->caller) + 1]++] = (uint32_t)i;
	}
	*ret_first = first;
	*ret_list = list;
}

static struct reach *reach_at(const struct callgraph *g, uint32_t function, enum effect effect)
{
	return &g->reach[(size_t)function * EFFECT_COUNT + effect];
}

const struct reach *callgraph_reach(const struct callgraph *g, uint32_t function,
				    enum effect effect)
{
	return reach_at(g, function, effect);
}

static bool improve(struct reach *r, uint8_t path, uint16_t distance, uint32_t edge)
{
	if (path > r->path || (path == r->path && distance >= r->distance))
		return false;
	*r = (struct reach){ .path = path, .distance = distance, .edge = edge };
	return true;
}

/* Shortest paths from callees up to callers; a better one puts the function in the queue again.
 * Ends, because (path, distance) only ever gets smaller. */
static void spread(struct callgraph *g, enum effect effect)
{
	struct {
		VEC_FIELDS(uint32_t);
	} queue = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		const struct call_edge *e = &g->items[i];

		if (e->effects & EFFECT_BIT(effect) &&
		    improve(reach_at(g, e->caller, effect), e->path, 0, (uint32_t)i))
			vec_push(&queue, e->caller);
	}
	for (size_t head = 0; head < queue.n; head++) {
		uint32_t callee = queue.items[head];
		struct reach from = *reach_at(g, callee, effect);

		for (uint32_t i = g->first_in[callee]; i < g->first_in[callee + 1]; i++) {
			const struct call_edge *e = &g->items[g->in[i]];
			uint8_t path = e->path > from.path ? e->path : from.path;

			if (from.distance < UINT16_MAX - 1 &&
			    improve(reach_at(g, e->caller, effect), path,
				    (uint16_t)(from.distance + 1), g->in[i]))
				vec_push(&queue, e->caller);
		}
	}
	vec_clear(&queue);
}

static void mark(const struct callgraph *g, uint32_t from, enum path_class worst, bool vague,
		 bool *marked)
{
	struct {
		VEC_FIELDS(uint32_t);
	} queue = { 0 };

	if (!marked[from])
		vec_push(&queue, from);
	marked[from] = true;
	for (size_t head = 0; head < queue.n; head++) {
		uint32_t at = queue.items[head];

		for (uint32_t i = g->first_out[at]; i < g->first_out[at + 1]; i++) {
			const struct call_edge *e = &g->items[g->out[i]];

			if (e->path > worst || (e->vague && !vague) || marked[e->callee])
				continue;
			marked[e->callee] = true;
			vec_push(&queue, e->callee);
		}
	}
	vec_clear(&queue);
}

void callgraph_mark(const struct callgraph *g, uint32_t from, enum path_class worst, bool *marked)
{
	mark(g, from, worst, true, marked);
}

bool callgraph_is_main(const struct callgraph *g, uint32_t symbol)
{
	const struct program_symbol *s = &g->program->symbols.items[symbol];

	return s->kind == SYMBOL_FUNCTION && s->flags & SYMBOL_DEFINED && !strcmp(s->name, "main");
}

bool callgraph_together(const struct callgraph *g, uint32_t a, uint32_t b, bool unknown)
{
	if (!g->programs[a] || !g->programs[b])
		return unknown || g->mains < 2;
	return g->programs[a] & g->programs[b];
}

/* All that this main() leads to, threads and handlers included; vaguely: by any way there is. */
static void mark_program(const struct callgraph *g, uint32_t main_function, bool vague,
			 bool *marked)
{
	enum path_class worst = vague ? PATH_COLD : PATH_POINTER;
	bool found = true;

	mark(g, main_function, worst, vague, marked);
	while (found) { /* ends: marks are only ever set */
		found = false;
		vec_each (&g->starts, start)
			if (marked[start->caller] && !marked[start->entry]) {
				mark(g, start->entry, worst, vague, marked);
				found = true;
			}
	}
}

static void find_programs(struct callgraph *g)
{
	size_t n = g->program->symbols.n;
	CLEANUP(cleanup_free) bool *marked = xcalloc(n + 1, sizeof(*marked));
	CLEANUP(cleanup_free) uint64_t *vaguely = xcalloc(n + 1, sizeof(*vaguely));

	g->programs = xcalloc(n + 1, sizeof(*g->programs));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bit = UINT64_C(1) << (g->mains < 63 ? g->mains : 63);

		if (!callgraph_is_main(g, i))
			continue;
		g->mains++;
		for (int vague = 0; vague < 2; vague++) {
			memset(marked, false, n * sizeof(*marked));
			mark_program(g, i, vague, marked);
			for (uint32_t k = 0; k < n; k++)
				if (marked[k])
					*(vague ? &vaguely[k] : &g->programs[k]) |= bit;
		}
	}
	for (uint32_t k = 0; k < n; k++)
		if (!g->programs[k])
			g->programs[k] = vaguely[k];
}

void callgraph_build(const struct program *p, const struct pointers *pointers,
		     struct callgraph *ret)
{
	struct callgraph g = { .program = p, .pointers = pointers };
	size_t cells = (p->symbols.n + 1) * EFFECT_COUNT;

	g.entry = xcalloc(p->symbols.n + 1, sizeof(*g.entry));
	g.sink = xcalloc(p->symbols.n + 1, sizeof(*g.sink));
	for (size_t i = 0; i < p->symbols.n; i++)
		g.sink[i] = is_sink(p, (uint32_t)i);
	add_calls(&g);
	index_edges(&g, true, &g.first_in, &g.in);
	index_edges(&g, false, &g.first_out, &g.out);
	g.reach = xcalloc(cells, sizeof(*g.reach));
	for (size_t i = 0; i < cells; i++)
		g.reach[i].path = PATH_NONE;
	for (int effect = 0; effect < EFFECT_COUNT; effect++)
		spread(&g, effect);
	find_programs(&g);
	*ret = g;
}

const struct call_edge *callgraph_step(const struct callgraph *g, uint32_t *function,
				       enum effect effect)
{
	const struct reach *r = *function == TU_NONE ? NULL : reach_at(g, *function, effect);

	if (!r || r->path == PATH_NONE)
		return NULL;
	*function = r->distance ? g->items[r->edge].callee : TU_NONE;
	return &g->items[r->edge];
}

char *callgraph_path(const struct callgraph *g, uint32_t function, enum effect effect)
{
	struct strbuf out = { 0 };
	const struct call_edge *edge;

	strbuf_add(&out, g->program->symbols.items[function].name);
	while ((edge = callgraph_step(g, &function, effect)))
		strbuf_addf(&out, " -> %s", g->program->symbols.items[edge->callee].name);
	return strbuf_detach(&out);
}
