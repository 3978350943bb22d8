#include "db/stack_diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

/* Outermost first; ';' separates, so that a name may not hold one. Owned by the caller. */
static char *folded(const struct stack *s)
{
	struct strbuf sb = { 0 };

	for (size_t i = s->frames.n; i-- > 0;) {
		const char *name = s->frames.items[i].function;

		for (const char *c = name ? name : "?"; *c; c++)
			strbuf_addch(&sb, *c == ';' || *c == '\n' ? ':' : *c);
		strbuf_addch(&sb, ';');
	}
	strbuf_addf(&sb, "[%s]", s->on_cpu ? "on-cpu" : wait_kind_key(s->kind));
	return strbuf_detach(&sb);
}

static void add_stacks(const struct run *run, bool after, struct comparison_stacks *ret)
{
	double tasks = run->profile.tasks ? (double)run->profile.tasks : 1;

	vec_each (&run->profile.stacks, s) {
		double ns = (double)s->ns / tasks;

		vec_push(ret,
			 ((struct comparison_stack){ folded(s), after ? 0 : ns, after ? ns : 0 }));
	}
}

static int by_name(const void *pa, const void *pb)
{
	const struct comparison_stack *a = pa, *b = pb;

	return strcmp(a->stack, b->stack);
}

static int by_move(const void *pa, const void *pb)
{
	const struct comparison_stack *a = pa, *b = pb;
	double x = fabs(a->after_ns - a->before_ns), y = fabs(b->after_ns - b->before_ns);

	return x < y ? 1 : x > y ? -1 : strcmp(a->stack, b->stack);
}

/* Equal stacks, which are neighbours, become one. */
static void join(struct comparison_stacks *stacks)
{
	size_t kept = 0;

	vec_each (stacks, s) {
		struct comparison_stack *last = kept ? &stacks->items[kept - 1] : NULL;

		if (!last || strcmp(last->stack, s->stack)) {
			stacks->items[kept++] = *s;
			continue;
		}
		last->before_ns += s->before_ns;
		last->after_ns += s->after_ns;
		free(s->stack);
	}
	stacks->n = kept;
}

void stack_diff(const struct run *a, const struct run *b, struct comparison_stacks *ret)
{
	if (!a->profile.stacks.n || !b->profile.stacks.n)
		return;
	add_stacks(a, false, ret);
	add_stacks(b, true, ret);
	qsort(ret->items, ret->n, sizeof(*ret->items), by_name);
	join(ret);
	qsort(ret->items, ret->n, sizeof(*ret->items), by_move);
}
