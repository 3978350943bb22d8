#include "analyzer/checks.h"

/* Calls further down are too far from the loop to be its I/O. */
#define MAX_DISTANCE 2
#define MAX_LOOPS    64

/* The wait a round of the loop is sure to meet: that of this call. */
static int find_wait(const struct check_context *c, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(c->program, w->symbol);

	if (callgraph_is_sink(c->graph, w->symbol))
		return -1;
	for (int i = -1; check_next_wait(&i);) {
		const struct reach *r = callgraph_reach(c->graph, w->symbol, i);

		if (e && pointers_effects(c->pointers, w, e) & EFFECT_BIT(i))
			return i;
		if (r->path == PATH_DIRECT && r->distance < MAX_DISTANCE)
			return i;
	}
	return -1;
}

struct open_loop {
	struct program_walk at; /* where it begins */
	uint64_t told;          /* effects reported for it already */
	size_t blocks;          /* open where its body begins, that included */
	bool retries;           /* the one call it makes, until it was not interrupted */
	bool left; /* a branch before this has begun the next round, or ended the loop */
};

/* `do n = read(...); while (n < 0 && errno == EINTR)` makes one call, whatever it repeats for. */
static bool is_retry(const struct program_walk *w)
{
	const struct event *end = w->in->tu.events.items + w->in->tu.events.n;
	size_t calls = 0, loops = 0;

	if (w->event->which != LOOP_DO)
		return false;
	for (const struct event *e = w->event; e < end; e++) {
		loops += e->kind == EVENT_LOOP;
		calls += e->kind == EVENT_CALL;
		if (e->kind == EVENT_LOOP_END && !--loops)
			break;
	}
	return calls == 1;
}

static void add(const struct check_context *c, struct fact_list *list, struct open_loop *loop,
		const struct program_walk *call, int effect, size_t blocks)
{
	const char *name = c->program->symbols.items[call->symbol].name;
	struct fact *f;

	if (loop->retries || loop->told & EFFECT_BIT(effect))
		return;
	loop->told |= EFFECT_BIT(effect);
	f = fact_list_add_at(list, &loop->at, name, effect_wait(effect));
	if (!f)
		return;
	f->detail = xasprintf("%s %s(), which %s",
			      blocks > loop->blocks || loop->left ? "a round may call"
								  : "each round calls",
			      name, effect_words(effect));
	f->advice = xstrdup("if the rounds do not depend on each other, their waits can overlap");
}

void check_io_loop(const struct check_context *c, struct fact_list *list)
{
	struct open_loop loops[MAX_LOOPS];
	size_t blocks = 0;

	for (struct program_walk w = { .program = c->program }; program_next(&w);) {
		int effect;

		blocks += w.event->kind == EVENT_BLOCK;
		blocks -= w.event->kind == EVENT_BLOCK_END;
		if (w.event->kind == EVENT_BLOCK && w.event->which == BLOCK_BRANCH &&
		    w.event->value == ENDING_JUMP && w.loops && w.loops <= MAX_LOOPS)
			loops[w.loops - 1].left = true;
		if (w.event->kind == EVENT_LOOP && w.loops <= MAX_LOOPS)
			loops[w.loops - 1] = (struct open_loop){ .at = w,
								 .blocks = blocks + 1,
								 .retries = is_retry(&w) };
		if (w.event->kind != EVENT_CALL || w.symbol == TU_NONE || !w.loops ||
		    w.loops > MAX_LOOPS || w.cold)
			continue;
		effect = find_wait(c, &w);
		if (effect >= 0)
			add(c, list, &loops[w.loops - 1], &w, effect, blocks);
	}
}
