#include <stdlib.h>
#include <string.h>

#include "analyzer/checks.h"
#include "base/strbuf.h"

struct site {
	const char *file;
	const char *function;
	uint32_t line;
	uint8_t kind;     /* enum event_kind: EVENT_READ ... EVENT_ADDRESS */
	const char *lock; /* held there, as far as can be seen; or NULL */
};

struct variable {
	VEC_FIELDS(struct site);
	size_t writes, throughs, addresses, locked;
	const char *lock; /* of one of the locked */
};

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

static void add_access(struct variable *variables, const struct check_context *c,
		       const struct program_walk *w)
{
	const struct program_symbol *symbols = c->program->symbols.items;
	const struct held *held = locks_at(c->locks, w);
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
static void judge_arguments(struct variable *variables, const struct check_context *c,
			    const struct program_walk *w)
{
	const struct catalogue_entry *e = program_catalogued(c->program, w->symbol);
	const struct event *args;
	bool only_reads;
	size_t n;

	if (!e || !(catalogue_has(e, CONDITION_WRITES) || e->effects & EFFECT_BIT(EFFECT_OUTPUT)))
		return;
	only_reads = e->effects & EFFECT_BIT(EFFECT_OUTPUT) ||
		     strstr(c->program->symbols.items[w->symbol].type, "...");
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

static struct variable *collect(const struct check_context *c)
{
	const struct program *p = c->program;
	struct variable *variables = xcalloc(p->symbols.n + 1, sizeof(*variables));

	for (struct program_walk w = { .program = p }; program_next(&w);) {
		if (w.event->kind >= EVENT_READ && w.event->kind <= EVENT_ADDRESS &&
		    is_candidate(&p->symbols.items[w.symbol]))
			add_access(variables, c, &w);
		else if (w.event->kind == EVENT_CALL)
			judge_arguments(variables, c, &w);
	}
	for (size_t i = 0; i < p->symbols.n; i++)
		drop_repeats(&variables[i]);
	return variables;
}

static void free_variables(const struct program *p, struct variable *variables)
{
	for (size_t i = 0; i < p->symbols.n; i++)
		vec_clear(&variables[i]);
	free(variables);
}

static void add_sites(const struct program *p, const struct variable *v, struct fact *f)
{
	static const char *const names[] = { [EVENT_READ] = "read",
					     [EVENT_WRITE] = "write",
					     [EVENT_WRITE_THROUGH] = "write-through",
					     [EVENT_ADDRESS] = "address" };

	vec_each (v, site) {
		struct fact_site *s = vec_add(&f->sites);

		*s = (struct fact_site){ .file = xstrdup(program_path(p, site->file)),
					 .line = (int)site->line,
					 .function = xstrdup(site->function),
					 .access = xstrdup(names[site->kind]) };
	}
}

static struct fact *add_variable(const struct program *p, struct fact_list *list,
				 const struct program_symbol *s, const struct variable *v)
{
	struct fact *f =
		fact_list_add(list, s->file, s->line, s->column, s->name,
			      s->flags & SYMBOL_STATIC_LOCAL ? "static-local" : "file-scope");

	if (!f)
		return NULL;
	if (s->function != TU_NONE && s->flags & SYMBOL_STATIC_LOCAL)
		f->function = xstrdup(p->symbols.items[s->function].name);
	add_sites(p, v, f);
	return f;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* The function that makes all accesses which may write, or NULL: what only main() sets up is less of
 * a hurdle. */
static const char *only_writer(const struct variable *v)
{
	const char *name = NULL;

	vec_each (v, site) {
		if (site->kind == EVENT_READ)
			continue;
		if (!site->function || (name && strcmp(name, site->function) != 0))
			return NULL;
		name = site->function;
	}
	return name;
}

static char *describe(const struct program_symbol *s, const struct variable *v)
{
	const char *what = s->flags & SYMBOL_STATIC_LOCAL ? "static local" : "file-scope";
	const char *writer = only_writer(v);
	struct strbuf out = { 0 };

	strbuf_addf(&out, "%s %s (%s): %zu write%s", what, s->name, s->type, v->writes,
		    plural(v->writes));
	if (v->throughs)
		strbuf_addf(&out, ", %zu write%s through it", v->throughs, plural(v->throughs));
	if (v->addresses)
		strbuf_addf(&out, ", its address taken %zu time%s", v->addresses,
			    plural(v->addresses));
	if (writer)
		strbuf_addf(&out, ", all in %s()", writer);
	if (v->locked)
		strbuf_addf(&out, "; %zu of %zu accesses under %s or another lock", v->locked, v->n,
			    v->lock);
	if (s->flags & SYMBOL_INLINE)
		strbuf_add(&out, "; static in a header, so each unit has its own copy");
	if (!(s->flags & (SYMBOL_DEFINED | SYMBOL_TENTATIVE)))
		strbuf_add(&out, "; defined outside the units analysed");
	return strbuf_detach(&out);
}

void check_shared_state(const struct check_context *c, struct fact_list *list)
{
	const struct program *p = c->program;
	struct variable *variables = collect(c);

	for (size_t i = 0; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.items[i];
		const struct variable *v = &variables[i];
		struct fact *f;

		if (!is_candidate(s) || !(v->writes || v->throughs || v->addresses))
			continue;
		f = add_variable(p, list, s, v);
		if (!f)
			continue;
		f->detail = describe(s, v);
		f->advice = xstrdup(s->flags & SYMBOL_STATIC_LOCAL
					    ? "let the caller pass it in, or make it _Thread_local"
					    : "give each worker its own, or guard it with a lock");
	}
	free_variables(p, variables);
}

void check_could_be_const(const struct check_context *c, struct fact_list *list)
{
	const struct program *p = c->program;
	struct variable *variables = collect(c);

	for (size_t i = 0; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.items[i];
		const struct variable *v = &variables[i];
		struct fact *f;

		if (!is_candidate(s) || v->writes || v->throughs || v->addresses || !v->n ||
		    !(s->flags & (SYMBOL_DEFINED | SYMBOL_TENTATIVE)))
			continue;
		f = add_variable(p, list, s, v);
		if (!f)
			continue;
		f->detail = xasprintf("nothing that was analysed writes %s (%s)", s->name, s->type);
		f->advice = xstrdup("declare it const");
	}
	free_variables(p, variables);
}
