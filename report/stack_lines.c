#include "report/stack_lines.h"

#include "base/cleanup.h"
#include "report/words.h"

static struct stack_line *add_line(struct stack_lines *lines, bool on_cpu, uint64_t ns)
{
	vec_push(lines, ((struct stack_line){ .on_cpu = on_cpu, .ns = ns }));
	return &lines->items[lines->n - 1];
}

static void add_name(struct stack_line *line, const char *name)
{
	vec_push(&line->calls, word_clean(name, true));
}

static void add_kind(struct stack_line *line, const char *kind)
{
	vec_push(&line->calls, xasprintf("[%s]", kind));
}

/* The stacks of one kind, and what is left of its time. */
static void add_stacks(const struct profile *p, bool on_cpu, enum wait_kind kind, uint64_t ns,
		       struct stack_lines *ret)
{
	vec_each (&p->stacks, s) {
		struct stack_line *line;
		uint64_t part = s->ns < ns ? s->ns : ns;

		if (s->on_cpu != on_cpu || (!on_cpu && s->kind != kind) || !s->frames.n || !part)
			continue;
		ns -= part;
		line = add_line(ret, on_cpu, part);
		if (s->cut)
			add_name(line, "...");
		for (size_t i = s->frames.n; i--;)
			add_name(line, s->frames.items[i].function);
		if (!on_cpu)
			add_kind(line, wait_kind_key(kind));
	}
	if (ns)
		add_kind(add_line(ret, on_cpu, ns), on_cpu ? "on-CPU" : wait_kind_key(kind));
}

void stack_lines_of(const struct profile *p, struct stack_lines *ret)
{
	const struct wait_profile *w = &p->waits;

	if (!p->measured)
		return;
	add_stacks(p, true, WAIT_OTHER, wait_profile_cpu_ns(w), ret);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		add_stacks(p, false, (enum wait_kind)kind, w->wait_ns[kind], ret);
	if (w->runqueue_ns)
		add_kind(add_line(ret, false, w->runqueue_ns), "run-queue");
	if (w->unknown_ns)
		add_kind(add_line(ret, false, w->unknown_ns), "unknown");
}

void stack_lines_clear(struct stack_lines *lines)
{
	vec_each (lines, line)
		strings_clear(&line->calls);
	vec_clear(lines);
}
