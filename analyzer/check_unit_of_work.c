#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/checks.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#define MOST        10 /* candidates shown */
#define UNREACHED   UINT16_MAX
#define ENTRY_DEPTH 3 /* of threads and handlers: what they loop over is rarely all of the work */

struct candidate {
	uint32_t function;
	double score;
	size_t size;    /* functions of the project it leads to, itself included */
	uint16_t depth; /* calls from where work begins to the function that holds the loop */
	const struct call_edge *loop; /* the call in a loop, or NULL */
	size_t others;                /* called in the same place, through the same pointer */
	uint8_t entry;
	bool computes;
	bool waits;
};

struct candidates {
	VEC_FIELDS(struct candidate);
};

struct shared_write {
	uint32_t function, variable;
};

struct search {
	const struct check_context *c;
	uint16_t *depth;     /* from where work begins, over calls that are not cold */
	uint8_t *loop_level; /* check_find_event_loops(), of programs that are one */
	uint32_t *mark;      /* search in which the function was last seen */
	uint32_t searches;
	size_t *loops; /* in the function's body */
	struct {
		VEC_FIELDS(struct shared_write);
	} writes; /* in the order of the walk */
};

static bool is_project_function(const struct program *p, uint32_t i)
{
	return p->symbols.items[i].kind == SYMBOL_FUNCTION &&
	       p->symbols.items[i].flags & SYMBOL_DEFINED;
}

/* The functions of each program, by its main(); those that count as one of every program once. */
struct members {
	struct function_list *of; /* by symbol */
	struct function_list common;
	bool *looped;                   /* by symbol: an event loop leads there */
	size_t common_n, common_looped; /* functions of the project among the common ones */
};

static bool is_common(const struct callgraph *g, uint32_t function)
{
	const struct function_list *programs = &g->programs[function];

	return programs->n ? programs->n == CALLGRAPH_MANY : g->mains < 2;
}

static void find_members(const struct callgraph *g, struct members *m)
{
	size_t n = g->program->symbols.n;

	m->of = xcalloc(n + 1, sizeof(*m->of));
	m->looped = xcalloc(n + 1, sizeof(*m->looped));
	for (uint32_t i = 0; i < n; i++) {
		if (is_common(g, i)) {
			vec_push(&m->common, i);
			continue;
		}
		vec_each (&g->programs[i], main_function)
			vec_push(&m->of[*main_function], i);
	}
}

static void clear_members(struct members *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vec_clear(&m->of[i]);
	free(m->of);
	vec_clear(&m->common);
	free(m->looped);
}

/* Adds what the event loops among these functions lead to. */
static void follow_loops(const struct search *s, const struct function_list *functions,
			 struct members *m, struct function_list *added)
{
	vec_each (functions, i)
		if (s->loop_level[*i] || s->c->graph->entry[*i] & ENTRY_HANDLER)
			callgraph_mark(s->c->graph, *i, PATH_POINTER, m->looped, added);
}

static void count(const struct search *s, const struct function_list *functions,
		  const struct members *m, size_t *all, size_t *looped)
{
	vec_each (functions, i) {
		if (!is_project_function(s->c->program, *i))
			continue;
		*all += 1;
		*looped += m->looped[*i];
	}
}

/* Is the event loop what the program does, rather than how it waits for one answer? Then most of what
 * main() leads to is led to by the loop, or called by the library's. Costs what the program itself holds,
 * not what all programs of the database do. */
static bool is_event_program(const struct search *s, uint32_t main_function, struct members *m)
{
	size_t all = m->common_n, looped = m->common_looped;
	struct function_list added = { 0 };

	follow_loops(s, &m->of[main_function], m, &added);
	count(s, &m->of[main_function], m, &all, &looped);
	vec_each (&added, i)
		looped += is_common(s->c->graph, *i) && is_project_function(s->c->program, *i);
	callgraph_unmark(&added, m->looped);
	vec_clear(&added);
	return 2 * looped > all;
}

static void find_event_programs(const struct search *s, bool *ret)
{
	const struct callgraph *g = s->c->graph;
	size_t n = s->c->program->symbols.n;
	struct members m = { 0 };
	struct function_list added = { 0 };

	find_members(g, &m);
	follow_loops(s, &m.common, &m, &added);
	count(s, &m.common, &m, &m.common_n, &m.common_looped);
	for (uint32_t i = 0; i < n; i++)
		if (callgraph_is_main(g, i))
			ret[i] = is_event_program(s, i, &m);
	vec_clear(&added);
	clear_members(&m, n);
}

static bool is_in_any(const struct callgraph *g, uint32_t function, const bool *programs,
		      bool any_program)
{
	bool found = is_common(g, function) && any_program;

	vec_each (&g->programs[function], main_function)
		found |= programs[*main_function];
	return found;
}

/* Work begins in main(), but what a program with an event loop does before and behind it is start-up and
 * clean-up: its work begins in the loop, nearest to where it waits, and in threads and handlers. */
static void find_roots(struct search *s)
{
	const struct callgraph *g = s->c->graph;
	size_t n = s->c->program->symbols.n;
	CLEANUP(cleanup_free) bool *is_event = xcalloc(n + 1, sizeof(*is_event));
	bool any = false;

	check_find_event_loops(s->c, s->loop_level);
	find_event_programs(s, is_event);
	for (uint32_t i = 0; i < n; i++)
		any |= is_event[i];
	for (uint32_t i = 0; i < n; i++) {
		s->depth[i] = g->entry[i] ? ENTRY_DEPTH : UNREACHED;
		if (!s->loop_level[i])
			continue;
		if (is_in_any(g, i, is_event, any))
			s->depth[i] = s->loop_level[i] - 1;
		if (s->depth[i] == UNREACHED && g->mains)
			s->loop_level[i] = 0;
	}
	for (uint32_t i = 0; i < n; i++)
		if (callgraph_is_main(g, i) && !is_event[i])
			s->depth[i] = 0;
}

/* From all roots at once, level by level. */
static void find_depths(struct search *s)
{
	const struct callgraph *g = s->c->graph;
	size_t n = s->c->program->symbols.n;
	bool found = true;

	find_roots(s);
	for (uint16_t depth = 0; found || depth <= ENTRY_DEPTH; depth++) {
		found = false;
		for (uint32_t at = 0; at < n; at++) {
			if (s->depth[at] != depth)
				continue;
			for (uint32_t i = g->first_out[at]; i < g->first_out[at + 1]; i++) {
				const struct call_edge *e = &g->items[g->out[i]];

				if (e->path == PATH_COLD || s->depth[e->callee] <= depth + 1)
					continue;
				s->depth[e->callee] = (uint16_t)(depth + 1);
				found = true;
			}
		}
	}
}

static bool is_shared(const struct program_symbol *v)
{
	return !(v->flags & (SYMBOL_THREAD_LOCAL | SYMBOL_ATOMIC | SYMBOL_SYNC));
}

static void collect(struct search *s)
{
	const struct program *p = s->c->program;

	for (struct program_walk w = { .program = p }; program_next(&w);) {
		if (w.function == TU_NONE)
			continue;
		if (w.event->kind == EVENT_LOOP)
			s->loops[w.function]++;
		else if ((w.event->kind == EVENT_WRITE || w.event->kind == EVENT_WRITE_THROUGH) &&
			 is_shared(&p->symbols.items[w.symbol]))
			vec_push(&s->writes, ((struct shared_write){ w.function, w.symbol }));
	}
}

/* How many functions it leads to, and whether any of them loops or is known to compute. */
static void explore(struct search *s, struct candidate *ret)
{
	const struct callgraph *g = s->c->graph;
	struct {
		VEC_FIELDS(uint32_t);
	} queue = { 0 };

	s->mark[ret->function] = ++s->searches;
	vec_push(&queue, ret->function);
	for (size_t head = 0; head < queue.n; head++) {
		uint32_t at = queue.items[head];

		ret->computes |= s->loops[at] > 0;
		for (uint32_t i = g->first_out[at]; i < g->first_out[at + 1]; i++) {
			const struct call_edge *e = &g->items[g->out[i]];

			if (e->path != PATH_DIRECT)
				continue;
			ret->computes |= (e->effects & EFFECT_BIT(EFFECT_COMPUTE)) != 0;
			if (s->mark[e->callee] == s->searches ||
			    !is_project_function(s->c->program, e->callee))
				continue;
			s->mark[e->callee] = s->searches;
			vec_push(&queue, e->callee);
		}
	}
	ret->size = queue.n;
	vec_clear(&queue);
}

/* The call in a loop that is nearest to where work begins. */
static const struct call_edge *find_loop(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;
	const struct call_edge *best = NULL;

	for (uint32_t i = g->first_in[function]; i < g->first_in[function + 1]; i++) {
		const struct call_edge *e = &g->items[g->in[i]];

		if (e->in_loop && e->path != PATH_COLD && e->caller != function &&
		    (!best || s->depth[e->caller] < s->depth[best->caller]))
			best = e;
	}
	return best;
}

/* A thread that does one thing again and again, or runs an event loop: that is the unit, not the
 * thread. */
static bool is_worker(struct search *s, uint32_t function, size_t size)
{
	const struct callgraph *g = s->c->graph;

	for (uint32_t i = g->first_out[function]; i < g->first_out[function + 1]; i++) {
		const struct call_edge *e = &g->items[g->out[i]];
		struct candidate called = { .function = e->callee };

		if (e->path == PATH_DIRECT && s->loop_level[e->callee])
			return true;
		if (!e->in_loop || e->path == PATH_COLD ||
		    !is_project_function(s->c->program, e->callee))
			continue;
		explore(s, &called);
		if (2 * called.size >= size)
			return true;
	}
	return false;
}

static bool waits(const struct search *s, uint32_t function)
{
	for (int effect = -1; check_next_wait(&effect);)
		if (callgraph_reach(s->c->graph, function, effect)->path <= PATH_POINTER)
			return true;
	return false;
}

static bool is_work_of_thread(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;

	for (uint32_t i = g->first_in[function]; i < g->first_in[function + 1]; i++) {
		const struct call_edge *e = &g->items[g->in[i]];

		if (e->in_loop && e->path != PATH_COLD && g->entry[e->caller] & ENTRY_THREAD)
			return true;
	}
	return false;
}

/* What is called for an item is given it. */
static bool takes_nothing(const struct search *s, uint32_t function)
{
	return strstr(s->c->program->symbols.items[function].type, "(void)") != NULL;
}

/*
 * Near main, in a loop, with waits or loops below it, and much of the program's work: that is what
 * one task looks like. Weights set by hand on small programs.
 */
static bool judge(struct search *s, uint32_t function, struct candidate *ret)
{
	struct candidate c = { .function = function, .entry = s->c->graph->entry[function] };

	if (s->loop_level[function]) /* it runs the units */
		return false;
	c.loop = find_loop(s, function);
	if (!c.loop && !c.entry)
		return false;
	c.depth = c.loop ? s->depth[c.loop->caller] : UNREACHED;
	if (c.loop && c.depth == UNREACHED && !c.entry)
		return false;
	c.waits = waits(s, function);
	explore(s, &c);
	if (!c.waits && !c.computes)
		return false;
	if (c.entry & ENTRY_THREAD && is_worker(s, function, c.size))
		c.entry = ENTRY_NONE;
	if (!c.entry && !c.loop)
		return false;
	c.score = 2 * log2(1 + (double)c.size) + (c.waits ? 3 : 0) + (c.computes ? 2 : 0);
	if (c.entry || is_work_of_thread(s, function))
		c.score += 6;
	else if (c.depth != UNREACHED && !takes_nothing(s, function))
		c.score += 8.0 / (1 + c.depth);
	*ret = c;
	return true;
}

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

static void add_effects(const struct search *s, uint32_t function, struct strbuf *out)
{
	const char *last = NULL;

	for (int effect = -1; check_next_wait(&effect);) {
		const struct reach *r = callgraph_reach(s->c->graph, function, effect);

		if (r->path > PATH_POINTER || effect_wait(effect) == last)
			continue;
		strbuf_addf(out, "%s%s", last ? ", " : "; waits: ", effect_wait(effect));
		last = effect_wait(effect);
	}
}

/* Variables with static storage written by it or by what it leads to (marked by explore()). */
static void add_shared(struct search *s, struct candidate *c, struct strbuf *out)
{
	const struct program *p = s->c->program;
	bool *seen = xcalloc(p->symbols.n + 1, sizeof(*seen));
	size_t n = 0;

	explore(s, c);
	vec_each (&s->writes, w) {
		if (s->mark[w->function] != s->searches || seen[w->variable])
			continue;
		seen[w->variable] = true;
		n++;
		if (n <= 4)
			strbuf_addf(out, "%s%s", n == 1 ? "; writes shared state: " : ", ",
				    p->symbols.items[w->variable].name);
	}
	if (n > 4)
		strbuf_addf(out, " and %zu more", n - 4);
	free(seen);
}

static void add(struct search *s, struct candidate *c, size_t rank, struct fact_list *list)
{
	const struct program *p = s->c->program;
	const struct program_symbol *f = &p->symbols.items[c->function];
	const char *effect = c->entry & ENTRY_THREAD    ? "thread"
			     : c->entry & ENTRY_HANDLER ? "handler"
							: "per-item";
	struct fact *fact = fact_list_add(list, f->file, f->line, f->column, f->name, effect);
	struct strbuf out = { 0 };

	if (!fact)
		return;
	strbuf_addf(&out, "candidate %zu: %s, %s", rank, f->name, f->type);
	if (c->loop)
		strbuf_addf(&out, "; called in a loop of %s() (%s:%u)",
			    p->symbols.items[c->loop->caller].name, program_path(p, c->loop->file),
			    c->loop->line);
	if (c->others)
		strbuf_addf(&out, ", with %zu other%s through a pointer", c->others,
			    c->others == 1 ? "" : "s");
	if (c->entry & ENTRY_THREAD)
		strbuf_add(&out, "; started as a thread");
	if (c->entry & ENTRY_HANDLER)
		strbuf_add(&out, "; called by an event loop");
	strbuf_addf(&out, "; leads to %zu function%s", c->size, c->size == 1 ? "" : "s");
	add_effects(s, c->function, &out);
	add_shared(s, c, &out);
	fact->function = xstrdup(f->name);
	fact->detail = strbuf_detach(&out);
}

static bool same_call(const struct candidate *a, const struct candidate *b)
{
	return a->loop && b->loop && a->loop->path == PATH_POINTER &&
	       b->loop->path == PATH_POINTER && a->loop->file == b->loop->file &&
	       a->loop->line == b->loop->line && !a->entry && !b->entry;
}

/* A table of commands is one candidate: the best of them stands for all. What is not shown is not
 * kept. */
static void join_tables(struct candidates *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct candidate *c = &list->items[i];
		size_t same = 0;

		while (same < kept && !same_call(&list->items[same], c))
			same++;
		if (same < kept)
			list->items[same].others++;
		else if (kept < MOST)
			list->items[kept++] = *c;
	}
	list->n = kept;
}

void check_unit_of_work(const struct check_context *c, struct fact_list *list)
{
	size_t n = c->program->symbols.n;
	struct search s = { .c = c };
	struct candidates found = { 0 };

	s.depth = xcalloc(n + 1, sizeof(*s.depth));
	s.loop_level = xcalloc(n + 1, sizeof(*s.loop_level));
	s.mark = xcalloc(n + 1, sizeof(*s.mark));
	s.loops = xcalloc(n + 1, sizeof(*s.loops));
	find_depths(&s);
	collect(&s);
	for (size_t i = 0; i < n; i++) {
		struct candidate candidate;

		if (is_project_function(c->program, (uint32_t)i) &&
		    !callgraph_is_sink(c->graph, (uint32_t)i) && judge(&s, (uint32_t)i, &candidate))
			vec_push(&found, candidate);
	}
	if (found.n)
		qsort(found.items, found.n, sizeof(*found.items), by_score);
	join_tables(&found);
	for (size_t i = 0; i < found.n; i++)
		add(&s, &found.items[i], i + 1, list);
	vec_clear(&found);
	vec_clear(&s.writes);
	free(s.depth);
	free(s.loop_level);
	free(s.mark);
	free(s.loops);
}
