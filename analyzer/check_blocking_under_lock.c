#include "analyzer/checks.h"

/* Far calls are guesses about guesses. */
#define MAX_DISTANCE 4

static bool find_wait(const struct check_context *c, const struct program_walk *w, int *ret_effect,
		      char **ret_path)
{
	const struct catalogue_entry *e = program_catalogued(c->program, w->symbol);

	for (int i = -1; check_next_wait(&i);) {
		const struct reach *r = callgraph_reach(c->graph, w->symbol, i);
		bool direct = e && pointers_effects(c->pointers, w, e) & EFFECT_BIT(i);

		if (!direct && (r->path != PATH_DIRECT || r->distance >= MAX_DISTANCE ||
				callgraph_is_sink(c->graph, w->symbol)))
			continue;
		*ret_effect = i;
		*ret_path = direct ? NULL : callgraph_path(c->graph, w->symbol, i);
		return true;
	}
	return false;
}

void check_blocking_under_lock(const struct check_context *c, struct fact_list *list)
{
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct held *held;
		const char *name;
		struct fact *f;
		char *path;
		int effect;

		if (w.event->kind != EVENT_CALL || w.symbol == TU_NONE || w.cold)
			continue;
		held = locks_at(c->locks, &w);
		if (!held || locks_is_operation(c->locks, &w) || !find_wait(c, &w, &effect, &path))
			continue;
		name = c->program->symbols.items[w.symbol].name;
		f = fact_list_add_at(list, &w, name, effect_wait(effect));
		if (f) {
			f->detail =
				xasprintf("%s() %s%s%s%s while %s, taken in line %u, is held", name,
					  effect_words(effect), path ? " (" : "", path ? path : "",
					  path ? ")" : "", held->name, held->line);
			f->advice = xstrdup("do it before the lock is taken, or after it is "
					    "released");
		}
		free(path);
	}
}
