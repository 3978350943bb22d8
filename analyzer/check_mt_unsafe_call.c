#include <string.h>

#include "analyzer/checks.h"
#include "base/strbuf.h"

static bool is_unsafe(const struct program_walk *w, const struct catalogue_entry *e)
{
	if (!e || !e->mt_unsafe || program_condition(w, e, CONDITION_MT_SAFE))
		return false;
	if (e->safe_since && e->safe_since <= w->program->glibc)
		return false;
	return !catalogue_has(e, CONDITION_MT_UNSAFE) ||
	       program_condition(w, e, CONDITION_MT_UNSAFE);
}

static char *describe(const struct program_walk *w, const struct catalogue_entry *e)
{
	struct strbuf out = { 0 };

	strbuf_addf(&out, "%s()", e->name);
	if (e->safe_since)
		strbuf_addf(&out, " is not thread-safe before glibc %u.%u", e->safe_since / 1000,
			    e->safe_since % 1000);
	else
		strbuf_add(&out, e->mt_wide ? " acts on the whole process" : " is not thread-safe");
	strbuf_addf(&out, ": %s", e->mt_unsafe);
	if (w->function != TU_NONE && !strcmp(w->program->symbols.items[w->function].name, "main"))
		strbuf_add(&out, "; harmless in main() as long as no other thread runs");
	return strbuf_detach(&out);
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
		f->detail = describe(&w, e);
		if (e->replacement)
			f->advice = xasprintf("use %s", e->replacement);
	}
}
