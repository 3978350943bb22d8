#include "analyzer/checks.h"

/* What is further down is true of nearly every function, and says nothing; candidates of candidates
 * even less. */
#define MAX_DISTANCE         4
#define MAX_POINTER_DISTANCE 2

static bool is_telling(const struct reach *r)
{
	return (r->path == PATH_DIRECT && r->distance <= MAX_DISTANCE) ||
	       (r->path == PATH_POINTER && r->distance <= MAX_POINTER_DISTANCE);
}

/* Each call of the way down, as a site: where, and of what. */
static void add_calls(const struct check_context *c, struct fact *f, uint32_t function,
		      enum effect effect)
{
	const struct call_edge *edge;

	while ((edge = callgraph_step(c->graph, &function, effect))) {
		const struct program_symbol *caller = &c->program->symbols.items[edge->caller];
		const struct program_symbol *callee = &c->program->symbols.items[edge->callee];
		struct fact_site site = {
			.file = xstrdup(program_path(c->program, edge->file)),
			.line = (int)edge->line,
			.function = xstrdup(caller->name),
			.access = xasprintf("calls %s", callee->name),
		};

		vec_push(&f->sites, site);
	}
}

static void add(const struct check_context *c, struct fact_list *list, uint32_t function,
		enum effect effect)
{
	const struct program_symbol *s = &c->program->symbols.items[function];
	const struct reach *r = callgraph_reach(c->graph, function, effect);
	struct fact *f =
		fact_list_add(list, s->file, s->line, s->column, s->name, effect_wait(effect));
	char *path;

	if (!f)
		return;
	path = callgraph_path(c->graph, function, effect);
	f->function = xstrdup(s->name);
	f->detail = xasprintf(
		"%s() %s, %u calls down%s: %s", s->name, effect_words(effect), r->distance + 1u,
		r->path == PATH_POINTER ? ", through a pointer (a candidate)" : "", path);
	free(path);
	add_calls(c, f, function, effect);
}

void check_blocking_function(const struct check_context *c, struct fact_list *list)
{
	for (size_t i = 0; i < c->program->symbols.n; i++) {
		const struct program_symbol *s = &c->program->symbols.items[i];
		uint32_t function = (uint32_t)i;

		if (s->kind != SYMBOL_FUNCTION || !(s->flags & SYMBOL_DEFINED) ||
		    callgraph_is_sink(c->graph, function))
			continue;
		for (int effect = -1; check_next_wait(&effect);) {
			const struct reach *r = callgraph_reach(c->graph, function, effect);

			/* Distance 0 is the blocking-call inside it. */
			if (is_telling(r) && r->distance > 0)
				add(c, list, function, effect);
		}
	}
}
