#include "advisor/hurdles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

/* One change: a variable, or all calls of one function. Facts are borrowed. */
struct change {
	const struct fact *fact; /* the first of them */
	size_t functions;        /* that write the variable, or make the call */
	size_t sites;            /* places to touch */
	size_t addresses;        /* places that take the variable's address */
	double affects;          /* share of the profiled time, NAN: not known */
};

struct changes {
	VEC_FIELDS(struct change);
};

static bool is(const struct fact *f, const char *check)
{
	return f->check && !strcmp(f->check, check);
}

static bool stands_in_the_way(const struct fact *f, enum model model)
{
	switch (model) {
	case MODEL_THREADS:
		return is(f, "shared-state") || is(f, "mt-unsafe-call") || is(f, "fork-hazard");
	case MODEL_ASYNC: /* tasks take turns in one thread: only what lives across a wait clashes */
	case MODEL_HYBRID:
		return is(f, "shared-state") || is(f, "mt-unsafe-call") || is(f, "blocking-call");
	default:
		return false;
	}
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_place(const struct fact *a, const struct fact *b)
{
	int order = compare_text(a->file, b->file);

	if (!order)
		order = (a->line > b->line) - (a->line < b->line);
	if (!order)
		order = (a->column > b->column) - (a->column < b->column);
	return order ? order : compare_text(a->symbol, b->symbol);
}

/* The variable itself, or what a pointer variable points at. */
static bool writes(const struct fact_site *s)
{
	return s->access && (!strcmp(s->access, "write") || !strcmp(s->access, "write-through"));
}

/* Functions of one name in different files are different. */
static bool same_function(const struct fact_site *a, const struct fact_site *b)
{
	return !compare_text(a->function, b->function) && !compare_text(a->file, b->file);
}

static struct change change_of_variable(const struct fact *f)
{
	struct change c = { .fact = f };

	vec_each (&f->sites, s) {
		bool seen = false;

		c.addresses += s->access && !strcmp(s->access, "address");
		if (!writes(s))
			continue;
		c.sites++;
		for (const struct fact_site *t = f->sites.items; t < s; t++)
			seen = seen || (writes(t) && same_function(s, t));
		c.functions += !seen;
	}
	return c;
}

/* All calls of f's callee; the fact is the first of them by place, whatever their order. */
static struct change change_of_calls(const struct facts *facts, const struct fact *f)
{
	struct change c = { .fact = f };

	vec_each (facts, g) {
		bool seen = false;

		if (compare_text(g->check, f->check) || compare_text(g->symbol, f->symbol))
			continue;
		c.sites++;
		if (compare_place(g, c.fact) < 0)
			c.fact = g;
		for (const struct fact *h = facts->items; h < g; h++)
			seen = seen || (!compare_text(h->check, f->check) &&
					!compare_text(h->symbol, f->symbol) &&
					!compare_text(h->function, g->function) &&
					!compare_text(h->file, g->file));
		c.functions += !seen;
	}
	return c;
}

static bool is_listed(const struct changes *list, const struct fact *f)
{
	vec_each (list, c) {
		if (!compare_text(c->fact->check, f->check) &&
		    !compare_text(c->fact->symbol, f->symbol))
			return true;
	}
	return false;
}

/* --- the time that a change affects --- */

/* The innermost call of the program itself, or NULL. */
static const struct stack_frame *own_frame(const struct stack *s)
{
	vec_each (&s->frames, f) {
		if (!f->object || (strncmp(f->object, "lib", 3) && *f->object != '['))
			return f;
	}
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static bool is_in(const struct stack_frame *frame, const char *function, const char *file)
{
	return function && !strcmp(frame->function, function) &&
	       (!frame->file || !file || !strcmp(base_name(frame->file), base_name(file)));
}

static bool touches(const struct change *c, const struct facts *facts,
		    const struct stack_frame *frame)
{
	const struct fact *f = c->fact;

	if (is(f, "shared-state")) {
		vec_each (&f->sites, s) {
			if (is_in(frame, s->function, s->file))
				return true;
		}
		return false;
	}
	vec_each (facts, g) {
		if (!compare_text(g->check, f->check) && !compare_text(g->symbol, f->symbol) &&
		    is_in(frame, g->function, g->file))
			return true;
	}
	return false;
}

/* A blocking call affects what its function waits; what is shared, all that is done in its functions. */
static double affected(const struct change *c, const struct run *run)
{
	const struct profile *p = &run->profile;
	bool waits = is(c->fact, "blocking-call"), any = false;
	double ns = 0;

	vec_each (&p->stacks, s) {
		const struct stack_frame *frame = own_frame(s);

		any = any || frame;
		if (frame && !(waits && s->on_cpu) && touches(c, &run->facts, frame))
			ns += (double)s->ns;
	}
	if (!p->measured || !any || !p->waits.wall_ns)
		return NAN;
	return fmin(ns / (double)p->waits.wall_ns, 1);
}

/* The time first, then what most functions write; the rest of the order only makes it one order. */
static int compare_changes(const void *va, const void *vb)
{
	const struct change *a = va, *b = vb;
	double ta = isnan(a->affects) ? 0 : a->affects, tb = isnan(b->affects) ? 0 : b->affects;

	if (ta != tb)
		return ta < tb ? 1 : -1;
	if (a->functions != b->functions)
		return a->functions < b->functions ? 1 : -1;
	if (a->sites != b->sites)
		return a->sites < b->sites ? 1 : -1;
	return compare_place(a->fact, b->fact);
}

static void find_changes(const struct facts *facts, enum model model, struct changes *ret)
{
	vec_each (facts, f) {
		if (!stands_in_the_way(f, model))
			continue;
		if (is(f, "shared-state")) {
			struct change c = change_of_variable(f);

			/* Only read: no hurdle. Without sites the check itself says it is written. */
			if (c.sites || c.addresses || !f->sites.n)
				vec_push(ret, c);
		} else if (!is_listed(ret, f)) {
			vec_push(ret, change_of_calls(facts, f));
		}
	}
}

size_t hurdles_count(const struct facts *facts, enum model model)
{
	struct changes list = { 0 };
	size_t n;

	find_changes(facts, model, &list);
	n = list.n;
	vec_clear(&list);
	return n;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static char *text_of(const struct change *c)
{
	const struct fact *f = c->fact;
	const char *name = f->symbol ? f->symbol : "(unnamed)";
	const char *what =
		f->effect && !strcmp(f->effect, "static-local") ? "static local" : "global";

	if (is(f, "shared-state")) {
		if (c->sites)
			return xasprintf(
				"%s %s is written in %zu place%s by %zu function%s: give each "
				"worker its own",
				what, name, c->sites, plural(c->sites), c->functions,
				plural(c->functions));
		return xasprintf(
			"the address of %s %s is taken, it may be written through it: give "
			"each worker its own",
			what, name);
	}
	if (is(f, "mt-unsafe-call"))
		return xasprintf(
			"%s() is not for several threads at once, called in %zu place%s: %s", name,
			c->sites, plural(c->sites),
			f->advice ? f->advice : "guard it or replace it");
	if (is(f, "fork-hazard"))
		return xasprintf("%s() once threads run, called in %zu place%s: %s", name, c->sites,
				 plural(c->sites),
				 f->detail && *f->detail ? f->detail
							 : "fork first, or exec at once");
	return xasprintf("%s() blocks the event loop, called in %zu place%s: %s", name, c->sites,
			 plural(c->sites),
			 f->advice ? f->advice
				   : "wait through the loop, or hand it to a pool thread");
}

/* What no speedup exceeds while the change is not made: all that touches it takes turns behind one
 * lock, or the loop stands still meanwhile. From a thousandth of the time on. */
static double left_bound(const struct advice *a, const struct change *c)
{
	const struct shares *s = &a->shares;

	if (!(c->affects > 1e-3) || a->verdict->outlook.present.concurrent)
		return NAN;
	if (is(c->fact, "blocking-call"))
		return s->known ? 1 / fmin(s->cpu + s->serial + c->affects, 1) : NAN;
	return is(c->fact, "fork-hazard") ? NAN : 1 / c->affects;
}

static void add_hurdle(const struct advice *a, struct hurdles *list, const struct change *c)
{
	struct hurdle h = {
		.check = xstrdup(c->fact->check),
		.symbol = xstrdup(c->fact->symbol ? c->fact->symbol : ""),
		.file = xstrdup(c->fact->file ? c->fact->file : ""),
		.line = c->fact->line,
		.text = text_of(c),
		.sites = (int)(c->sites ? c->sites : c->addresses),
		.affects = c->affects,
		.if_left = left_bound(a, c),
	};

	vec_push(list, h);
}

/* The chosen model's hurdles; those of threads when the choice has none and threads were in
 * question: the reader wants to know what the other way costs. None where nothing is gained. */
static enum model subject(const struct advice *a)
{
	bool named = a->row && table_row_rank(a->row, MODEL_THREADS) < a->row->n;

	if (a->verdict->kind == VERDICT_RECOMMEND && a->chosen != MODEL_PROCESSES)
		return a->chosen;
	if (a->verdict->kind == VERDICT_RAISE)
		return MODEL_SEQUENTIAL;
	if (a->verdict->kind == VERDICT_LEAVE && a->leader != MODEL_SEQUENTIAL)
		return MODEL_SEQUENTIAL;
	if (named || a->tied[MODEL_THREADS] || a->contenders[MODEL_THREADS].raced)
		return MODEL_THREADS;
	return MODEL_SEQUENTIAL;
}

void hurdles_list(struct advice *a)
{
	struct changes list = { 0 };

	find_changes(&a->run->facts, subject(a), &list);
	vec_each (&list, c)
		c->affects = affected(c, a->run);
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), compare_changes);
	vec_each (&list, c)
		add_hurdle(a, &a->verdict->hurdles, c);
	vec_clear(&list);
}
