#include "analyzer/checks.h"

static bool is_unsafe(const struct program_walk *w, const struct catalogue_entry *e)
{
	if (!e || !e->mt_unsafe || program_condition(w, e, CONDITION_MT_SAFE))
		return false;
	if (e->safe_since && e->safe_since <= w->program->glibc)
		return false;
	return !catalogue_has(e, CONDITION_MT_UNSAFE) ||
	       program_condition(w, e, CONDITION_MT_UNSAFE);
}

void check_mt_unsafe_call(const struct check_context *c, struct fact_list *list)
{
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct catalogue_entry *e;
		struct fact *f;

		if (w.event->kind != EVENT_CALL)
			continue;
		e = program_catalogued(c->program, w.symbol);
		if (!is_unsafe(&w, e))
			continue;
		f = fact_list_add_at(list, &w, e->name, "mt-unsafe");
		if (!f)
			continue;
		f->detail =
			e->safe_since
				? xasprintf("%s() is not thread-safe before glibc %u.%u: %s",
					    e->name, e->safe_since / 1000, e->safe_since % 1000,
					    e->mt_unsafe)
				: xasprintf("%s() is not thread-safe: %s", e->name, e->mt_unsafe);
		if (e->replacement)
			f->advice = xasprintf("use %s", e->replacement);
	}
}
