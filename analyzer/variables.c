#include "analyzer/variables.h"

#include <stdlib.h>
#include <string.h>

/* Not a fact: constants, one copy a thread, and what exists to be shared. */
static bool is_candidate(const struct program_symbol *s)
{
	return s->kind == SYMBOL_VARIABLE && !(s->flags & SYMBOL_SYSTEM) &&
	       !(s->flags & (SYMBOL_CONST | SYMBOL_THREAD_LOCAL | SYMBOL_ATOMIC | SYMBOL_SYNC));
}

static int by_place(const void *a, const void *b)
{
	const struct site *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

/* A header's site is seen once by every unit. */
static void drop_repeats(struct variable *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->items, v->n, sizeof(*v->items), by_place);
	for (size_t i = 0; i < v->n; i++)
		if (!kept || by_place(&v->items[kept - 1], &v->items[i]) != 0)
			v->items[kept++] = v->items[i];
	v->n = kept;
	vec_each (v, site) {
		v->writes += site->kind == EVENT_WRITE;
		v->throughs += site->kind == EVENT_WRITE_THROUGH;
		v->addresses += site->kind == EVENT_ADDRESS;
		v->locked += site->lock != NULL;
		if (site->lock)
			v->lock = site->lock;
	}
}

static void add_access(struct variable *variables, const struct locks *locks,
		       const struct program_walk *w)
{
	const struct program_symbol *symbols = w->program->symbols.items;
	const struct held *held = locks_at(locks, w);
	struct site site = { .file = program_text(w, w->event->file),
			     .line = w->event->line,
			     .kind = w->event->kind,
			     .lock = held ? held->name : NULL };

	if (w->function != TU_NONE)
		site.function = symbols[w->function].name;
	vec_push(&variables[w->symbol], site);
}

static bool writes_argument(const struct catalogue_entry *e, uint16_t which)
{
	for (size_t i = 0; i < e->conditions_n; i++)
		if (e->conditions[i].kind == CONDITION_WRITES && e->conditions[i].argument == which)
			return true;
	return false;
}

/* Is `name` what the lvalue begins with: "root" of "root.list[]"? */
static bool is_root(const char *lvalue, const char *name)
{
	size_t n = strlen(name);

	return *name && !strncmp(lvalue, name, n) && (!lvalue[n] || strchr(".-[", lvalue[n]));
}

/* The access made by the argument: before the call, in its line, to the variable its lvalue begins
 * with. An address comes before what is only read: memmove(a, a + 1, n). NULL: none that counts. */
static struct site *argument_site(struct variable *variables, const struct program_walk *w,
				  const struct event *arg)
{
	const struct tu *tu = &w->in->tu;
	const char *lvalue = program_text(w, arg->text);
	struct site *read = NULL;

	for (const struct event *e = w->event; e-- > tu->events.items;) {
		struct variable *v;

		if (e->kind == EVENT_FUNCTION || e->kind == EVENT_BLOCK)
			break;
		if ((e->kind != EVENT_READ && e->kind != EVENT_ADDRESS) || e->line != arg->line ||
		    !is_root(lvalue, tu_string(tu, tu->symbols.items[e->symbol].name)))
			continue;
		v = &variables[w->in->symbols[e->symbol]];
		for (size_t i = v->n; i-- && v->items[i].line == e->line;)
			if (v->items[i].kind == EVENT_ADDRESS)
				return &v->items[i];
			else if (v->items[i].kind == EVENT_READ && !read)
				read = &v->items[i];
	}
	return read;
}

/*
 * What a library function known to the catalogue does with an address: memset() writes, printf()
 * reads; any other may keep it. Given a pointer's value, it writes through the pointer.
 */
static void judge_arguments(struct variable *variables, const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(w->program, w->symbol);
	const struct event *args;
	bool only_reads;
	size_t n;

	if (!e || !(catalogue_has(e, CONDITION_WRITES) || e->effects & EFFECT_BIT(EFFECT_OUTPUT)))
		return;
	only_reads = e->effects & EFFECT_BIT(EFFECT_OUTPUT) ||
		     strstr(w->program->symbols.items[w->symbol].type, "...");
	args = program_arguments(w, &n);
	for (size_t i = 0; i < n; i++) {
		bool writes = writes_argument(e, args[i].which);
		struct site *site;

		if (!(args[i].flags & ARGUMENT_LVALUE) || !(writes || only_reads))
			continue;
		site = argument_site(variables, w, &args[i]);
		if (!site)
			continue;
		if (!writes)
			site->kind = EVENT_READ;
		else
			site->kind =
				site->kind == EVENT_ADDRESS ? EVENT_WRITE : EVENT_WRITE_THROUGH;
	}
}

void variables_find(const struct program *p, const struct locks *locks, struct variables *ret)
{
	struct variables all = { .n = p->symbols.n };

	all.items = xcalloc(all.n + 1, sizeof(*all.items));
	for (size_t i = 0; i < all.n; i++)
		all.items[i].candidate = is_candidate(&p->symbols.items[i]);
	for (struct program_walk w = { .program = p }; program_next(&w);) {
		if (w.event->kind >= EVENT_READ && w.event->kind <= EVENT_ADDRESS &&
		    all.items[w.symbol].candidate)
			add_access(all.items, locks, &w);
		else if (w.event->kind == EVENT_CALL)
			judge_arguments(all.items, &w);
	}
	for (size_t i = 0; i < all.n; i++)
		drop_repeats(&all.items[i]);
	*ret = all;
}

void variables_clear(struct variables *all)
{
	for (size_t i = 0; i < all->n; i++)
		vec_clear(&all->items[i]);
	free(all->items);
	*all = (struct variables){ 0 };
}
