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
	free(g->reach_row);
	free(g->entry);
	vec_clear(&g->starts);
	free(g->sink);
	for (size_t i = 0; g->programs && i < g->program->symbols.n; i++)
		vec_clear(&g->programs[i]);
	free(g->programs);
	free(g->first_start);
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
	       (has_any_word(s->name, ends) || (takes_text && has_any_word(s->name, reports)) ||
		(strstr(s->type, "...") && strstr(s->name, "printf")));
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
	return &g->reach[(size_t)g->reach_row[function] * EFFECT_COUNT + effect];
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

/* How far to follow calls. */
struct ways {
	enum path_class worst;
	bool vague;  /* over vague edges as well */
	bool starts; /* and to the threads and handlers that a function sets up */
};

static void mark_one(uint32_t function, bool *marked, struct function_list *list)
{
	if (marked[function])
		return;
	marked[function] = true;
	vec_push(list, function);
}

static void mark(const struct callgraph *g, uint32_t from, struct ways ways, bool *marked,
		 struct function_list *list)
{
	size_t head = list->n;

	for (mark_one(from, marked, list); head < list->n; head++) {
		uint32_t at = list->items[head];

		for (uint32_t i = g->first_out[at]; i < g->first_out[at + 1]; i++) {
			const struct call_edge *e = &g->items[g->out[i]];

			if (e->path <= ways.worst && (!e->vague || ways.vague))
				mark_one(e->callee, marked, list);
		}
		for (size_t i = g->first_start[at]; ways.starts && i < g->first_start[at + 1]; i++)
			mark_one(g->starts.items[i].entry, marked, list);
	}
}

void callgraph_mark(const struct callgraph *g, uint32_t from, enum path_class worst, bool *marked,
		    struct function_list *list)
{
	mark(g, from, (struct ways){ .worst = worst, .vague = true }, marked, list);
}

void callgraph_unmark(struct function_list *list, bool *marked)
{
	vec_each (list, function)
		marked[*function] = false;
	list->n = 0;
}

bool callgraph_is_main(const struct callgraph *g, uint32_t symbol)
{
	const struct program_symbol *s = &g->program->symbols.items[symbol];

	return s->kind == SYMBOL_FUNCTION && s->flags & SYMBOL_DEFINED && !strcmp(s->name, "main");
}

bool callgraph_together(const struct callgraph *g, uint32_t a, uint32_t b, bool unknown)
{
	const struct function_list *x = &g->programs[a], *y = &g->programs[b];
	size_t i = 0, k = 0;

	if (!x->n || !y->n)
		return unknown || g->mains < 2;
	if (x->n == CALLGRAPH_MANY || y->n == CALLGRAPH_MANY)
		return true;
	while (i < x->n && k < y->n && x->items[i] != y->items[k])
		x->items[i] < y->items[k] ? i++ : k++;
	return i < x->n && k < y->n;
}

static int by_caller(const void *pa, const void *pb)
{
	const struct call_start *a = pa, *b = pb;

	if (a->caller != b->caller)
		return a->caller < b->caller ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

static void index_starts(struct callgraph *g)
{
	size_t n = g->program->symbols.n, at = 0;

	if (g->starts.n)
		qsort(g->starts.items, g->starts.n, sizeof(*g->starts.items), by_caller);
	g->first_start = xcalloc(n + 2, sizeof(*g->first_start));
	for (size_t i = 0; i <= n; i++) {
		while (at < g->starts.n && g->starts.items[at].caller < i)
			at++;
		g->first_start[i] = at;
	}
}

/* In the order of their numbers, which keeps the lists sorted. */
static void note_program(struct function_list *programs, uint32_t main_function)
{
	if (programs->n < CALLGRAPH_MANY)
		vec_push(programs, main_function);
}

/* All that each main() leads to, threads and handlers included; over vague and cold edges only what
 * none leads to otherwise. */
static void find_programs(struct callgraph *g)
{
	static const struct ways plainly = { .worst = PATH_POINTER, .starts = true };
	static const struct ways vaguely = { PATH_COLD, true, true };
	size_t n = g->program->symbols.n;
	CLEANUP(cleanup_free) bool *marked = xcalloc(n + 1, sizeof(*marked));
	CLEANUP(cleanup_free) bool *plain = xcalloc(n + 1, sizeof(*plain));
	struct function_list list = { 0 };

	g->programs = xcalloc(n + 1, sizeof(*g->programs));
	for (int vague = 0; vague < 2; vague++) {
		for (uint32_t i = 0; i < n; i++) {
			if (!callgraph_is_main(g, i))
				continue;
			g->mains += !vague;
			mark(g, i, vague ? vaguely : plainly, marked, &list);
			vec_each (&list, function)
				if (!plain[*function])
					note_program(&g->programs[*function], i);
			callgraph_unmark(&list, marked);
		}
		for (size_t i = 0; i < n; i++)
			plain[i] = g->programs[i].n > 0;
	}
	vec_clear(&list);
}

/* Most symbols call nothing: they share row 0, where nothing is reached. */
static void make_reach(struct callgraph *g)
{
	size_t n = g->program->symbols.n, rows = 1;

	g->reach_row = xcalloc(n + 1, sizeof(*g->reach_row));
	for (size_t i = 0; i < n; i++)
		if (g->first_out[i] < g->first_out[i + 1])
			g->reach_row[i] = (uint32_t)rows++;
	g->reach = xcalloc(rows * EFFECT_COUNT, sizeof(*g->reach));
	for (size_t i = 0; i < rows * EFFECT_COUNT; i++)
		g->reach[i].path = PATH_NONE;
}

void callgraph_build(const struct program *p, const struct pointers *pointers,
		     struct callgraph *ret)
{
	struct callgraph g = { .program = p, .pointers = pointers };

	g.entry = xcalloc(p->symbols.n + 1, sizeof(*g.entry));
	g.sink = xcalloc(p->symbols.n + 1, sizeof(*g.sink));
	for (size_t i = 0; i < p->symbols.n; i++)
		g.sink[i] = is_sink(p, (uint32_t)i);
	add_calls(&g);
	index_edges(&g, true, &g.first_in, &g.in);
	index_edges(&g, false, &g.first_out, &g.out);
	make_reach(&g);
	for (int effect = 0; effect < EFFECT_COUNT; effect++)
		spread(&g, effect);
	index_starts(&g);
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
