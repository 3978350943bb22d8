#include "analyzer/locks.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ROUNDS 3 /* wrappers of wrappers; the last pass follows */

/* What a call of the function does to the caller's locks. */
struct lock_summary {
	const char *takes, *releases; /* spellings, or NULL */
};

struct stack {
	VEC_FIELDS(struct held);
};

/* The state a block began with, to return to when the block leaves. */
struct block_state {
	struct stack held;
	bool leaves;
};

struct region_walk {
	struct locks *locks;
	struct stack held;
	struct {
		VEC_FIELDS(struct block_state);
	} blocks;
	/* In this function: spellings, or NULL. */
	const char *taken, *released;
	bool changed; /* a summary is new */
};

void locks_clear(struct locks *locks)
{
	for (size_t i = 0; locks->at && i < locks->program->units.n; i++)
		free(locks->at[i]);
	free(locks->at);
	vec_clear(&locks->held);
	free(locks->summaries);
	*locks = (struct locks){ 0 };
}

const struct held *locks_at(const struct locks *locks, const struct program_walk *w)
{
	uint32_t held = locks->at[w->unit][w->next - 1];

	return held ? &locks->held.items[held - 1] : NULL;
}

static struct stack copy_stack(const struct stack *from)
{
	struct stack to = { 0 };

	vec_each (from, item)
		vec_push(&to, *item);
	return to;
}

/* The lock's spelling: the first argument's, else the function's name. */
static const char *spelling(const struct program_walk *w)
{
	size_t n;
	const struct event *args = program_arguments(w, &n);

	for (size_t i = 0; i < n; i++)
		if (args[i].which == 0 && args[i].flags & ARGUMENT_LVALUE)
			return program_text(w, args[i].text);
	return w->program->symbols.items[w->symbol].name;
}

/* pthread_cleanup_pop() calls what pthread_cleanup_push() was given: often what releases the lock. */
static bool releases_by_pointer(const struct locks *locks, uint32_t pointer)
{
	const struct function_set *targets = pointers_targets(locks->pointers, pointer);

	vec_each (targets, target) {
		const struct catalogue_entry *e = program_catalogued(locks->program, *target);

		if ((e && e->effects & EFFECT_BIT(locks->releases)) ||
		    locks->summaries[*target].releases)
			return true;
	}
	return false;
}

static struct lock_summary operation(const struct locks *locks, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(w->program, w->symbol);

	if (w->symbol == TU_NONE)
		return (struct lock_summary){ 0 };
	if (e && e->effects & EFFECT_BIT(locks->takes))
		return (struct lock_summary){ .takes = spelling(w) };
	if (e && e->effects & EFFECT_BIT(locks->releases))
		return (struct lock_summary){ .releases = spelling(w) };
	if (w->program->symbols.items[w->symbol].kind != SYMBOL_FUNCTION &&
	    releases_by_pointer(locks, w->symbol))
		return (struct lock_summary){ .releases = spelling(w) };
	return locks->summaries[w->symbol];
}

bool locks_is_operation(const struct locks *locks, const struct program_walk *w)
{
	struct lock_summary s = operation(locks, w);

	return s.takes || s.releases;
}

/* "m" of "cache->m": two wrappers rarely call their parameter the same. */
static const char *last_part(const char *name)
{
	const char *at = name + strlen(name);

	while (at > name && at[-1] != '.' && at[-1] != '>')
		at--;
	return at;
}

/* Which of the held locks this releases: that of the same spelling, of the same field, or else the
 * innermost: a region that ends too early is better than one that never does. */
static size_t find_held(const struct region_walk *r, const char *name)
{
	for (size_t i = r->held.n; i-- > 0;)
		if (!strcmp(r->held.items[i].name, name))
			return i;
	for (size_t i = r->held.n; i-- > 0;)
		if (!strcmp(last_part(r->held.items[i].name), last_part(name)))
			return i;
	return r->held.n - 1;
}

static void release(struct region_walk *r, const char *name)
{
	size_t i;

	r->released = name;
	if (!r->held.n)
		return;
	i = find_held(r, name);
	memmove(&r->held.items[i], &r->held.items[i + 1],
		(r->held.n - i - 1) * sizeof(r->held.items[0]));
	r->held.n--;
}

static void take(struct region_walk *r, const char *name, uint32_t line)
{
	r->taken = name;
	vec_push(&r->held, ((struct held){ .name = name, .line = line }));
}

static bool leaves(const struct program_walk *w)
{
	const struct program *p = w->program;

	switch (w->event->value) {
	case ENDING_RETURN:
	case ENDING_ERROR:
	case ENDING_JUMP:
		return w->event->which == BLOCK_BRANCH;
	case ENDING_CALL:
		return w->symbol != TU_NONE && p->no_return[w->symbol];
	default:
		return false;
	}
}

static void open_block(struct region_walk *r, const struct program_walk *w)
{
	struct block_state s = { .leaves = leaves(w) };

	if (s.leaves)
		s.held = copy_stack(&r->held);
	vec_push(&r->blocks, s);
}

static void close_block(struct region_walk *r)
{
	struct block_state s = r->blocks.items[--r->blocks.n];

	if (!s.leaves)
		return;
	vec_clear(&r->held);
	r->held = s.held;
}

/* A function that does both is no wrapper, whatever seems to be left over. */
static void end_function(struct region_walk *r, uint32_t function)
{
	struct lock_summary *s = &r->locks->summaries[function];
	struct lock_summary now = { .takes = r->held.n && !r->released ? r->taken : NULL,
				    .releases = r->taken ? NULL : r->released };

	r->changed |= !now.takes != !s->takes || !now.releases != !s->releases;
	*s = now;
	r->held.n = 0;
	r->taken = r->released = NULL;
}

static uint32_t remember(struct locks *locks, const struct held *h)
{
	for (size_t i = locks->held.n; i-- > 0 && i + 64 > locks->held.n;)
		if (locks->held.items[i].name == h->name && locks->held.items[i].line == h->line)
			return (uint32_t)i + 1;
	vec_push(&locks->held, *h);
	return (uint32_t)locks->held.n;
}

static void step(struct region_walk *r, const struct program_walk *w, bool record)
{
	struct lock_summary s;

	if (record && r->held.n)
		r->locks->at[w->unit][w->next - 1] =
			remember(r->locks, &r->held.items[r->held.n - 1]);
	switch (w->event->kind) {
	case EVENT_BLOCK:
		open_block(r, w);
		break;
	case EVENT_BLOCK_END:
		close_block(r);
		break;
	case EVENT_FUNCTION_END:
		end_function(r, w->symbol);
		break;
	case EVENT_CALL:
		s = operation(r->locks, w);
		if (s.releases)
			release(r, s.releases);
		if (s.takes)
			take(r, s.takes, w->event->line);
		break;
	}
}

/* True: a function turned out to be a wrapper, or not. */
static bool pass(struct locks *locks, bool record)
{
	struct region_walk r = { .locks = locks };

	for (struct program_walk w = { .program = locks->program }; program_next(&w);)
		step(&r, &w, record);
	vec_clear(&r.held);
	vec_clear(&r.blocks);
	return r.changed;
}

void locks_find(const struct program *p, const struct pointers *pointers, enum effect takes,
		enum effect releases, struct locks *ret)
{
	struct locks locks = {
		.program = p, .pointers = pointers, .takes = takes, .releases = releases
	};

	locks.at = xcalloc(p->units.n + 1, sizeof(*locks.at));
	for (size_t i = 0; i < p->units.n; i++)
		locks.at[i] = xcalloc(p->units.items[i].tu.events.n + 1, sizeof(uint32_t));
	locks.summaries = xcalloc(p->symbols.n + 1, sizeof(*locks.summaries));
	if (program_has_effect(p, takes)) {
		for (int round = 0; round < ROUNDS && pass(&locks, false); round++)
			;
		pass(&locks, true);
	}
	*ret = locks;
}
