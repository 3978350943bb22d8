#include <string.h>

#include "analyzer/checks.h"
#include "base/cleanup.h"

/* Kinds of evidence, in the order in which they are told; the family is what they have in common. */
enum family { FAMILY_THREADS = 1, FAMILY_PROCESSES = 2, FAMILY_EVENTS = 4, FAMILY_OPENMP = 8 };

static const struct kind {
	const char *key, *words;
	enum family family;
} kinds[] = {
	{ "thread-per-connection", "a thread for each connection", FAMILY_THREADS },
	{ "thread-pool", "threads started in a loop", FAMILY_THREADS },
	{ "threads", "threads", FAMILY_THREADS },
	{ "process-per-connection", "a process for each connection", FAMILY_PROCESSES },
	{ "prefork", "processes that accept connections each", FAMILY_PROCESSES },
	{ "processes", "processes started in a loop", FAMILY_PROCESSES },
	{ "event-loop", "an event loop", FAMILY_EVENTS },
	{ "openmp", "OpenMP", FAMILY_OPENMP },
};

enum {
	KIND_THREAD_PER_CONNECTION,
	KIND_THREAD_POOL,
	KIND_THREADS,
	KIND_PROCESS_PER_CONNECTION,
	KIND_PREFORK,
	KIND_PROCESSES,
	KIND_EVENT_LOOP,
	KIND_OPENMP,
	KINDS
};

struct evidence {
	struct program_walk at;
	const char *symbol;
	int kind;
};

struct evidences {
	VEC_FIELDS(struct evidence);
};

struct search {
	const struct check_context *c;
	bool *accepts;               /* by symbol: functions that call accept() */
	bool *marked;                /* by symbol: none, between searches */
	struct evidences found;      /* by kind, then in the order of the walk */
	struct function_list *own;   /* by symbol of a main(): places in `found` */
	struct function_list common; /* those of every program */
};

static bool is_accept(const struct program *p, uint32_t symbol)
{
	const char *name = symbol == TU_NONE ? "" : p->symbols.items[symbol].name;

	return !strcmp(name, "accept") || !strcmp(name, "accept4");
}

static void find_accepts(struct search *s)
{
	const struct program *p = s->c->program;

	s->accepts = xcalloc(p->symbols.n + 1, sizeof(bool));
	s->marked = xcalloc(p->symbols.n + 1, sizeof(bool));
	for (struct program_walk w = { .program = p }; program_next(&w);)
		if (w.event->kind == EVENT_CALL && w.function != TU_NONE && is_accept(p, w.symbol))
			s->accepts[w.function] = true;
}

/* Itself, or a function it calls. */
static bool accepts_near(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;

	if (s->accepts[function])
		return true;
	for (uint32_t i = g->first_out[function]; i < g->first_out[function + 1]; i++)
		if (s->accepts[g->items[g->out[i]].callee])
			return true;
	return false;
}

static bool leads_to_accept(const struct search *s, uint32_t function, enum path_class worst)
{
	struct function_list list = { 0 };
	bool found = false;

	callgraph_mark(s->c->graph, function, worst, s->marked, &list);
	vec_each (&list, reached)
		found |= s->accepts[*reached];
	callgraph_unmark(&list, s->marked);
	vec_clear(&list);
	return found;
}

/* Does the child of a fork in this function go on to accept connections? What the function calls, or
 * plainly its caller, where a wrapper forks: the parent's loop may lead to accept() itself. */
static bool child_accepts(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;

	if (leads_to_accept(s, function, PATH_POINTER))
		return true;
	for (uint32_t i = g->first_in[function]; i < g->first_in[function + 1]; i++)
		if (leads_to_accept(s, g->items[g->in[i]].caller, PATH_DIRECT))
			return true;
	return false;
}

/* The functions that may run the call again and again: its own, when the call is in a loop; those
 * that call it in a loop; and theirs, `levels` up. Does any of them hold? */
static bool in_loop(const struct search *s, uint32_t function, bool loop, int levels,
		    bool (*holds)(const struct search *s, uint32_t function))
{
	const struct callgraph *g = s->c->graph;

	if (loop && (!holds || holds(s, function)))
		return true;
	for (uint32_t i = g->first_in[function]; levels && i < g->first_in[function + 1]; i++) {
		const struct call_edge *e = &g->items[g->in[i]];

		if (e->caller != function && e->path != PATH_COLD &&
		    in_loop(s, e->caller, loop || e->in_loop, levels - 1, holds))
			return true;
	}
	return false;
}

static bool argument_up_to(const struct program_walk *w, uint16_t which, int64_t most)
{
	size_t n;
	const struct event *args = program_arguments(w, &n);

	for (size_t i = 0; i < n; i++)
		if (args[i].which == which && args[i].flags & ARGUMENT_VALUE)
			return args[i].value <= most;
	return false;
}

/* Its own descriptor and one to be woken by are no event loop; select() of none sleeps. */
static bool waits_for_few(const struct program_walk *w, const char *name)
{
	if (!strcmp(name, "poll") || !strcmp(name, "ppoll"))
		return argument_up_to(w, 1, 2);
	return (!strcmp(name, "select") || !strcmp(name, "pselect")) && argument_up_to(w, 0, 0);
}

static bool execs(const struct search *s, uint32_t function)
{
	const struct reach *r = callgraph_reach(s->c->graph, function, EFFECT_EXEC);

	return r->path != PATH_NONE && !r->distance;
}

static int classify(const struct search *s, const struct program_walk *w,
		    const struct catalogue_entry *e)
{
	bool loop = w->loops > 0;

	if (e->effects & EFFECT_BIT(EFFECT_FORKS)) {
		if (in_loop(s, w->function, loop, 3, accepts_near) &&
		    (!execs(s, w->function) || s->accepts[w->function]))
			return KIND_PROCESS_PER_CONNECTION;
		if (!in_loop(s, w->function, loop, 1, NULL) ||
		    (execs(s, w->function) && !s->accepts[w->function]))
			return KINDS;
		if (child_accepts(s, w->function))
			return KIND_PREFORK;
		return callgraph_reach(s->c->graph, w->function, EFFECT_EXEC)->path == PATH_NONE
			       ? KIND_PROCESSES
			       : KINDS; /* a helper */
	}
	if (e->effects & EFFECT_BIT(EFFECT_THREADS) &&
	    !(e->effects & EFFECT_BIT(EFFECT_PROCESSES))) {
		if (in_loop(s, w->function, loop, 2, accepts_near))
			return KIND_THREAD_PER_CONNECTION;
		return in_loop(s, w->function, loop, 1, NULL) ? KIND_THREAD_POOL : KIND_THREADS;
	}
	if (e->effects & EFFECT_BIT(EFFECT_POLL) && !waits_for_few(w, e->name) &&
	    (e->effects & EFFECT_BIT(EFFECT_EVENT_LOOP) || in_loop(s, w->function, loop, 2, NULL)))
		return KIND_EVENT_LOOP;
	return e->effects & EFFECT_BIT(EFFECT_OPENMP) ? KIND_OPENMP : KINDS;
}

/* Upwards from what waits, as in_loop() climbs. */
static bool climb(const struct callgraph *g, uint32_t function, bool loop, uint8_t level,
		  uint8_t *levels)
{
	bool found = loop;

	for (uint32_t i = g->first_in[function];
	     !loop && level < 3 && i < g->first_in[function + 1]; i++) {
		const struct call_edge *e = &g->items[g->in[i]];

		if (e->caller != function && e->path != PATH_COLD)
			found |= climb(g, e->caller, e->in_loop, level + 1, levels);
	}
	if (found && (!levels[function] || level < levels[function]))
		levels[function] = level;
	return found;
}

void check_find_event_loops(const struct check_context *c, uint8_t *ret_levels)
{
	struct search s = { .c = c };

	find_accepts(&s);
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct catalogue_entry *e;

		if (w.event->kind != EVENT_CALL || w.function == TU_NONE || w.cold)
			continue;
		e = program_catalogued(c->program, w.symbol);
		if (e && classify(&s, &w, e) == KIND_EVENT_LOOP &&
		    !climb(c->graph, w.function, w.loops > 0, 1, ret_levels))
			ret_levels[w.function] = 1; /* the library's own loop */
	}
	free(s.accepts);
	free(s.marked);
}

/* fork() in the function that accepts is one process a connection; in a loop of its parent that
 * leads to accept() only through the child, it is prefork. */
static void collect(struct search *s)
{
	struct evidences by_kind[KINDS] = { 0 };

	for (struct program_walk w = { .program = s->c->program }; program_next(&w);) {
		const struct catalogue_entry *e;
		int kind;

		if (w.event->kind == EVENT_OPENMP)
			vec_push(&by_kind[KIND_OPENMP],
				 ((struct evidence){ w, "#pragma omp", KIND_OPENMP }));
		if (w.event->kind != EVENT_CALL || w.function == TU_NONE || w.cold)
			continue;
		e = program_catalogued(s->c->program, w.symbol);
		kind = e ? classify(s, &w, e) : KINDS;
		if (kind != KINDS)
			vec_push(&by_kind[kind], ((struct evidence){ w, e->name, kind }));
	}
	for (int kind = 0; kind < KINDS; kind++) {
		vec_each (&by_kind[kind], e)
			vec_push(&s->found, *e);
		vec_clear(&by_kind[kind]);
	}
}

/* Which program holds which evidence. What no main() is seen to lead to may be in any. */
static void share_out(struct search *s)
{
	s->own = xcalloc(s->c->program->symbols.n + 1, sizeof(*s->own));
	for (size_t i = 0; i < s->found.n; i++) {
		const struct function_list *programs =
			&s->c->graph->programs[s->found.items[i].at.function];

		if (!programs->n || programs->n == CALLGRAPH_MANY) {
			vec_push(&s->common, (uint32_t)i);
			continue;
		}
		vec_each (programs, main_function)
			vec_push(&s->own[*main_function], (uint32_t)i);
	}
}

/* A walk over the evidence in one program, or over all of it in a library (TU_NONE). */
struct evidence_walk {
	uint32_t main_function;
	size_t own, common;
};

static const struct evidence *next_evidence(const struct search *s, struct evidence_walk *w)
{
	const struct function_list *own;
	uint32_t i = TU_NONE, k = TU_NONE;

	if (w->main_function == TU_NONE)
		return w->own < s->found.n ? &s->found.items[w->own++] : NULL;
	own = &s->own[w->main_function];
	if (w->own < own->n)
		i = own->items[w->own];
	if (w->common < s->common.n)
		k = s->common.items[w->common];
	if (i == TU_NONE && k == TU_NONE)
		return NULL;
	i < k ? w->own++ : w->common++;
	return &s->found.items[i < k ? i : k];
}

/* Each kind with its first place; all places go to the sites. */
static void tell(const struct search *s, uint32_t main_function, struct fact *f, struct strbuf *out)
{
	const struct program *p = s->c->program;
	const struct evidence *e;
	int last = KINDS;

	for (struct evidence_walk w = { main_function, 0, 0 }; (e = next_evidence(s, &w));) {
		const char *path = program_path(p, program_text(&e->at, e->at.event->file));
		const char *function = p->symbols.items[e->at.function].name;

		if (e->kind != last)
			strbuf_addf(out, "%s%s (%s in %s(), %s:%u)", out->len ? "; " : "",
				    kinds[e->kind].words, e->symbol, function, path,
				    e->at.event->line);
		last = e->kind;
		vec_push(&f->sites, ((struct fact_site){ .file = xstrdup(path),
							 .line = (int)e->at.event->line,
							 .function = xstrdup(function),
							 .access = xstrdup(kinds[e->kind].key) }));
	}
}

static const char *model(const struct search *s, uint32_t main_function,
			 const struct evidence **ret_first)
{
	const struct evidence *e;
	int families = 0;

	for (struct evidence_walk w = { main_function, 0, 0 }; (e = next_evidence(s, &w));) {
		families |= (int)kinds[e->kind].family;
		if (!*ret_first)
			*ret_first = e;
	}
	if (!*ret_first)
		return "sequential";
	return families & (families - 1) ? "hybrid" : kinds[(*ret_first)->kind].key;
}

static void add(const struct search *s, struct fact_list *list, uint32_t main_function)
{
	const struct program *p = s->c->program;
	const struct evidence *first = NULL;
	const char *effect = model(s, main_function, &first);
	struct strbuf detail = { 0 };
	struct fact *f = NULL;

	if (main_function != TU_NONE) {
		const struct program_symbol *m = &p->symbols.items[main_function];

		f = fact_list_add(list, m->file, m->line, m->column, m->name, effect);
	} else if (first) {
		f = fact_list_add_at(list, &first->at, first->symbol, effect);
	}
	if (f) {
		tell(s, main_function, f, &detail);
		if (!first)
			strbuf_add(&detail, "nothing that was read starts threads or processes, or "
					    "waits in a loop for many events");
		f->detail = xasprintf("%s: %s", effect, strbuf_str(&detail));
	}
	strbuf_clear(&detail);
}

/* One fact for each program, or one for a library. */
void check_present_model(const struct check_context *c, struct fact_list *list)
{
	struct search s = { .c = c };
	bool any = false;

	find_accepts(&s);
	collect(&s);
	share_out(&s);
	for (uint32_t i = 0; i < c->program->symbols.n; i++) {
		if (!callgraph_is_main(c->graph, i))
			continue;
		any = true;
		add(&s, list, i);
	}
	if (!any)
		add(&s, list, TU_NONE);
	for (size_t i = 0; i < c->program->symbols.n; i++)
		vec_clear(&s.own[i]);
	free(s.own);
	vec_clear(&s.common);
	vec_clear(&s.found);
	free(s.accepts);
	free(s.marked);
}
