#include "analyzer/checks.h"

static void add(struct fact_list *list, const struct program_walk *w, const char *symbol,
		enum effect effect)
{
	struct fact *f = fact_list_add_at(list, w, symbol, effect_key(effect));

	if (f)
		f->detail = xasprintf("%s %s", symbol, effect_words(effect));
}

void check_concurrency_present(const struct check_context *c, struct fact_list *list)
{
	static const enum effect kinds[] = { EFFECT_THREADS, EFFECT_PROCESSES, EFFECT_EVENT_LOOP,
					     EFFECT_OPENMP };

	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct catalogue_entry *e;

		if (w.event->kind == EVENT_OPENMP)
			add(list, &w, "#pragma omp", EFFECT_OPENMP);
		if (w.event->kind != EVENT_CALL)
			continue;
		e = program_catalogued(c->program, w.symbol);
		for (size_t i = 0; e && i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (e->effects & EFFECT_BIT(kinds[i]))
				add(list, &w, e->name, kinds[i]);
	}
}
