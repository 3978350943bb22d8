#include <string.h>

#include "analyzer/checks.h"
#include "base/cleanup.h"

#define EXEC_DISTANCE 3 /* the exec is at most so many calls below the function that forks */

struct start { /* a call that starts threads */
	uint32_t function;
	char *text; /* "pthread_create() in pool.c:12" */
};

struct search {
	const struct check_context *c;
	bool *after_threads;       /* by symbol: functions that may run once there are threads */
	struct function_list list; /* the same functions */
	bool *exits;               /* that call _exit(), which writes no buffers */
	struct {
		VEC_FIELDS(struct start);
	} threads;
};

static bool calls(const struct program_walk *w, const char *name)
{
	return w->symbol != TU_NONE && !strcmp(w->program->symbols.items[w->symbol].name, name);
}

static bool starts_threads(const struct check_context *c, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(c->program, w->symbol);

	return e && e->effects & EFFECT_BIT(EFFECT_THREADS) &&
	       !(e->effects & EFFECT_BIT(EFFECT_PROCESSES));
}

/* What main() calls from the first call on that leads to threads, or in the same loop; and what
 * threads and handlers run. */
static bool mark_after_main(struct search *s, enum path_class worst)
{
	const struct check_context *c = s->c;
	bool late = false, late_in_loop = false, any = false;

	for (int round = 0; round < 2; round++) { /* the second knows the loop */
		late = false;
		for (struct program_walk w = { .program = c->program }; program_next(&w);) {
			if (w.function == TU_NONE || !callgraph_is_main(c->graph, w.function))
				continue;
			if (w.event->kind == EVENT_FUNCTION)
				late = false; /* each program begins anew */
			if (w.event->kind != EVENT_CALL || w.symbol == TU_NONE)
				continue;
			if (starts_threads(c, &w) ||
			    callgraph_reach(c->graph, w.symbol, EFFECT_THREADS)->path <= worst) {
				any = late = true;
				late_in_loop |= w.loops > 0;
			}
			if (round && (late || (late_in_loop && w.loops)))
				callgraph_mark(c->graph, w.symbol, PATH_COLD, s->after_threads,
					       &s->list);
			if (round && late)
				s->after_threads[w.function] = true;
		}
	}
	return any;
}

static char *describe_place(const struct program *p, const struct program_walk *w)
{
	return xasprintf("%s() in %s:%u", p->symbols.items[w->symbol].name,
			 program_path(p, program_text(w, w->event->file)), w->event->line);
}

/* Where threads start in a program that the function may be part of, or NULL. */
static const char *threads_with(const struct search *s, uint32_t function)
{
	vec_each (&s->threads, start)
		if (callgraph_together(s->c->graph, start->function, function, false))
			return start->text;
	return NULL;
}

static void prepare(struct search *s)
{
	const struct check_context *c = s->c;
	size_t n = c->program->symbols.n;

	s->after_threads = xcalloc(n + 1, sizeof(bool));
	s->exits = xcalloc(n + 1, sizeof(bool));
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		if (w.event->kind != EVENT_CALL || w.function == TU_NONE)
			continue;
		s->exits[w.function] |= calls(&w, "_exit") || calls(&w, "_Exit");
		if (starts_threads(c, &w))
			vec_push(&s->threads,
				 ((struct start){ w.function, describe_place(c->program, &w) }));
	}
	if (!mark_after_main(s, PATH_DIRECT)) /* rather plainly than through some pointer */
		mark_after_main(s, PATH_COLD);
	for (size_t i = 0; i < n; i++)
		if (c->graph->entry[i])
			callgraph_mark(c->graph, (uint32_t)i, PATH_COLD, s->after_threads,
				       &s->list);
}

static bool has_main(const struct callgraph *g)
{
	for (size_t i = 0; i < g->program->symbols.n; i++)
		if (callgraph_is_main(g, (uint32_t)i))
			return true;
	return false;
}

/* In a function that forks, or right in one that calls it, as it is where a wrapper forks. */
static bool leads_to_exec(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;
	const struct reach *r = callgraph_reach(g, function, EFFECT_EXEC);

	if (r->path != PATH_NONE && r->distance <= EXEC_DISTANCE)
		return true;
	for (uint32_t i = g->first_in[function]; i < g->first_in[function + 1]; i++) {
		r = callgraph_reach(g, g->items[g->in[i]].caller, EFFECT_EXEC);
		if (r->path != PATH_NONE && !r->distance)
			return true;
	}
	return false;
}

static bool leads_to_exit(const struct search *s, uint32_t function)
{
	const struct callgraph *g = s->c->graph;
	bool exits = s->exits[function];

	for (uint32_t i = g->first_out[function]; i < g->first_out[function + 1]; i++)
		exits |= s->exits[g->items[g->out[i]].callee];
	for (uint32_t i = g->first_in[function]; i < g->first_in[function + 1]; i++)
		exits |= s->exits[g->items[g->in[i]].caller];
	return exits;
}

static void add(struct fact_list *list, const struct program_walk *w, const char *effect,
		char *detail, const char *advice)
{
	const char *name = w->program->symbols.items[w->symbol].name;
	struct fact *f = fact_list_add_at(list, w, name, effect);

	if (!f) {
		free(detail);
		return;
	}
	f->detail = detail;
	f->advice = xstrdup(advice);
}

/* Text that a stream of this function may still hold. */
struct unwritten {
	const char *name; /* who wrote it; NULL: none */
	uint32_t line;
};

static bool to_stderr(const struct program_walk *w)
{
	size_t n;
	const struct event *args = program_arguments(w, &n);

	for (size_t i = 0; i < n; i++)
		if (args[i].flags & ARGUMENT_SYMBOL &&
		    !strcmp(w->program->symbols.items[w->in->symbols[args[i].symbol]].name,
			    "stderr"))
			return true;
	return false;
}

static void follow_streams(const struct program_walk *w, struct unwritten *u)
{
	const struct catalogue_entry *e = program_catalogued(w->program, w->symbol);

	if (calls(w, "fflush") || calls(w, "fclose") || calls(w, "fcloseall") ||
	    calls(w, "setbuf") || calls(w, "setvbuf"))
		*u = (struct unwritten){ 0 };
	else if (e && e->effects & EFFECT_BIT(EFFECT_OUTPUT) &&
		 !(e->effects & (EFFECT_BIT(EFFECT_LOG) | EFFECT_BIT(EFFECT_FD))) && !w->cold &&
		 !to_stderr(w))
		*u = (struct unwritten){ .name = e->name, .line = w->event->line };
}

static void judge(const struct search *s, struct fact_list *list, const struct program_walk *w,
		  const struct unwritten *u)
{
	const char *name = s->c->program->symbols.items[w->symbol].name;
	const struct held *held = locks_at(s->c->locks, w);
	bool execs = leads_to_exec(s, w->function);
	const char *threads = threads_with(s, w->function);

	if (threads && s->after_threads[w->function])
		add(list, w, execs ? "threads" : "no-exec",
		    xasprintf("%s() in a program that starts threads (%s): the child has this "
			      "thread only, and what others have locked stays locked in it%s",
			      name, threads,
			      execs ? "; until exec it may call nothing but async-signal-safe "
				      "functions"
				    : "; no exec follows"),
		    execs ? "use posix_spawn()"
			  : "fork before the threads start, or let the child exec");
	if (execs)
		return; /* buffers and locks end with the old program */
	if (held)
		add(list, w, "lock-held",
		    xasprintf("%s() while %s, taken in line %u, is held: the child gets it locked",
			      name, held->name, held->line),
		    "release it before, or in both after (pthread_atfork())");
	if (u->name && !leads_to_exit(s, w->function))
		add(list, w, "unflushed",
		    xasprintf("%s() after %s() in line %u: what the stream still holds is written "
			      "twice",
			      name, u->name, u->line),
		    "fflush() before, or _exit() in the child");
}

void check_fork_hazard(const struct check_context *c, struct fact_list *list)
{
	struct search s = { .c = c };
	struct unwritten unwritten = { 0 };

	if (!program_has_effect(c->program, EFFECT_FORKS))
		return;
	prepare(&s);
	if (!has_main(c->graph)) /* a library's caller may do anything in any order */
		memset(s.after_threads, true, c->program->symbols.n * sizeof(bool));
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct catalogue_entry *e;

		if (w.event->kind == EVENT_FUNCTION)
			unwritten = (struct unwritten){ 0 };
		if (w.event->kind != EVENT_CALL || w.function == TU_NONE)
			continue;
		e = program_catalogued(c->program, w.symbol);
		if (e && e->effects & EFFECT_BIT(EFFECT_FORKS))
			judge(&s, list, &w, &unwritten);
		follow_streams(&w, &unwritten);
	}
	free(s.after_threads);
	vec_clear(&s.list);
	free(s.exits);
	vec_each (&s.threads, start)
		free(start->text);
	vec_clear(&s.threads);
}
