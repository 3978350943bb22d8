#include "profiler/stacks.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "profiler/unwind.h"

struct fold {
	UT_hash_handle hh;
	char *key;
	struct stack stack;
};

struct folding {
	struct unwinder *unwinder;
	struct fold *by_key;
};

static bool same_function(const struct stack_frame *a, const struct stack_frame *b)
{
	return !strcmp(a->function, b->function) && a->object && b->object &&
	       !strcmp(a->object, b->object);
}

/* A function that calls itself, however deep, is one frame: the innermost. */
static void add_frames(const struct stack_frames *from, struct stack_frames *to)
{
	vec_each (from, frame) {
		struct stack_frame copy = *frame;

		if (to->n && strcmp(frame->function, "?") &&
		    same_function(&to->items[to->n - 1], frame))
			continue;
		copy.function = xstrdup(frame->function);
		copy.object = xstrdup(frame->object);
		copy.file = xstrdup(frame->file);
		vec_push(to, copy);
	}
}

/* What makes two stacks the same. Owned by the caller. */
static char *key_of(const struct stack *stack)
{
	struct strbuf key = { 0 };

	strbuf_addf(&key, "%d %d", stack->on_cpu, stack->kind);
	vec_each (&stack->frames, f) {
		bool inner = stack->on_cpu && f == stack->frames.items;

		strbuf_addf(&key, "\n%s %s %s %d", f->function, f->object ? f->object : "",
			    f->file ? f->file : "", inner ? 0 : f->line);
	}
	return strbuf_detach(&key);
}

bool stacks_frames(struct unwinder *unwinder, const struct dump *dump, struct stack_frames *ret)
{
	struct code_addresses walked = { 0 };
	bool whole = unwinder_walk(unwinder, dump, &walked);

	vec_each (&walked, address)
		add_frames(unwinder_name(unwinder, *address), ret);
	vec_clear(&walked);
	return whole;
}

static void fold(struct folding *f, const struct dump *dump, struct stack stack)
{
	struct fold *it;
	char *key;

	stack.cut = !stacks_frames(f->unwinder, dump, &stack.frames);
	key = key_of(&stack);
	HASH_FIND_STR(f->by_key, key, it);
	if (it) {
		it->stack.ns += stack.ns;
		it->stack.count += stack.count;
		stack_frames_clear(&stack.frames);
		free(key);
		return;
	}
	it = xcalloc(1, sizeof(*it));
	it->key = key;
	it->stack = stack;
	HASH_ADD_KEYPTR(hh, f->by_key, it->key, strlen(it->key), it);
}

static void fold_waits(struct folding *f, const struct sites *sites, const struct dumps *dumps)
{
	for (size_t i = 1; i < sites->n; i++) {
		struct site_time time = sites_time(sites, (uint32_t)i);

		if (time.ns && time.named && time.dump && time.dump < dumps->waits.n)
			fold(f, dumps->waits.items[time.dump],
			     (struct stack){
				     .kind = time.kind, .ns = time.ns, .count = time.waits });
	}
}

/* The last sample takes what rounding left over. */
static void fold_samples(struct folding *f, const struct dumps *dumps, uint64_t ns)
{
	for (size_t i = 0, n = dumps->samples.n; i < n; i++) {
		uint64_t part = ns / (n - i);

		fold(f, dumps->samples.items[i],
		     (struct stack){ .on_cpu = true, .ns = part, .count = 1 });
		ns -= part;
	}
}

static int most_first(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

static void keep_most(struct folding *f, size_t max, struct stacks *ret)
{
	struct fold *it, *next;

	HASH_ITER (hh, f->by_key, it, next) {
		vec_push(ret, it->stack);
		HASH_DEL(f->by_key, it);
		free(it->key);
		free(it);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), most_first);
	while (ret->n > max)
		stack_frames_clear(&ret->items[--ret->n].frames);
}

/* One without frames, for what of the kind's time is not listed. */
static void add_rest(struct stacks *stacks, struct stack rest)
{
	vec_each (stacks, s) {
		if (s->on_cpu == rest.on_cpu && s->kind == rest.kind)
			rest.ns -= s->ns < rest.ns ? s->ns : rest.ns;
	}
	if (rest.ns)
		vec_push(stacks, rest);
}

void stacks_fill(const struct sites *sites, const struct dumps *dumps, struct unwinder *unwinder,
		 uint64_t sampled_ns, size_t max, struct profile *p)
{
	struct folding f = { .unwinder = unwinder };

	fold_waits(&f, sites, dumps);
	fold_samples(&f, dumps, sampled_ns);
	keep_most(&f, max, &p->stacks);
	add_rest(&p->stacks,
		 (struct stack){ .on_cpu = true, .ns = wait_profile_cpu_ns(&p->waits) });
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		add_rest(&p->stacks, (struct stack){ .kind = (enum wait_kind)kind,
						     .ns = p->waits.wait_ns[kind] });
	if (p->stacks.n)
		qsort(p->stacks.items, p->stacks.n, sizeof(*p->stacks.items), most_first);
}
