#include <string.h>

#include "analyzer/checks.h"
#include "base/strbuf.h"

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

	strbuf_addf(&out, "%s %s (%s):", what, s->name, s->type);
	if (v->writes)
		strbuf_addf(&out, " %zu write%s,", v->writes, plural(v->writes));
	if (v->throughs)
		strbuf_addf(&out, " %zu write%s through it,", v->throughs, plural(v->throughs));
	if (v->addresses)
		strbuf_addf(&out, " its address taken %zu time%s,", v->addresses,
			    plural(v->addresses));
	out.s[--out.len] = '\0'; /* one of the three there is */
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

	for (size_t i = 0; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.items[i];
		const struct variable *v = &c->variables->items[i];
		struct fact *f;

		if (!v->candidate || !(v->writes || v->throughs || v->addresses))
			continue;
		f = add_variable(p, list, s, v);
		if (!f)
			continue;
		f->detail = describe(s, v);
		f->advice = xstrdup(s->flags & SYMBOL_STATIC_LOCAL
					    ? "let the caller pass it in, or make it _Thread_local"
					    : "give each worker its own, or guard it with a lock");
	}
}

void check_could_be_const(const struct check_context *c, struct fact_list *list)
{
	const struct program *p = c->program;

	for (size_t i = 0; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.items[i];
		const struct variable *v = &c->variables->items[i];
		struct fact *f;

		/* What others can name, units that were left out may write. */
		if (p->in_part && !(s->flags & (SYMBOL_INTERNAL | SYMBOL_STATIC_LOCAL)))
			continue;
		if (!v->candidate || v->writes || v->throughs || v->addresses || !v->n ||
		    !(s->flags & (SYMBOL_DEFINED | SYMBOL_TENTATIVE)))
			continue;
		f = add_variable(p, list, s, v);
		if (!f)
			continue;
		f->detail = xasprintf("nothing that was analysed writes %s (%s)", s->name, s->type);
		f->advice = xstrdup("declare it const");
	}
}
