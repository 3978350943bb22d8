#include "analyzer/checks.h"
#include "base/strbuf.h"

/* "waits for name resolution (DNS) and waits for the network"; *ret_wait is the first wait kind. */
static char *describe(uint64_t effects, const char **ret_wait)
{
	struct strbuf out = { 0 };

	*ret_wait = NULL;
	for (int i = 0; i < EFFECT_COUNT; i++) {
		if (!(effects & EFFECT_BIT(i)) || !effect_wait(i))
			continue;
		if (!*ret_wait)
			*ret_wait = effect_wait(i);
		else
			strbuf_add(&out, " and ");
		strbuf_add(&out, effect_words(i));
	}
	return strbuf_detach(&out);
}

void check_blocking_call(const struct check_context *c, struct fact_list *list)
{
	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		const struct catalogue_entry *e;
		const char *wait;
		struct fact *f;
		char *words;

		if (w.event->kind != EVENT_CALL)
			continue;
		e = program_catalogued(c->program, w.symbol);
		if (!e)
			continue;
		words = describe(pointers_effects(c->pointers, &w, e), &wait);
		f = wait ? fact_list_add_at(list, &w, e->name, wait) : NULL;
		if (f)
			f->detail = xasprintf("%s() %s%s", e->name, words,
					      w.cold ? "; only on an error path" : "");
		free(words);
	}
}
