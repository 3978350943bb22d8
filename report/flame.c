#include "report/flame.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/html.h"
#include "report/words.h"

#define DEPTH      96           /* calls below the outermost one that are told apart */
#define LEAST      (1 / 2000.0) /* of the whole: half a pixel of a wide window */
#define SVG_LEAST  (1 / 250.0)
#define SVG_WIDTH  1000.0
#define SVG_ROW    18
#define SVG_LETTER 6.3

struct path { /* a stack and its frames, outermost first */
	const struct stack *stack;
	size_t n;
	bool before;
};

struct paths {
	VEC_FIELDS(struct path);
};

size_t flame_frames(const struct stack *stack)
{
	size_t n = 0;

	vec_each (&stack->frames, f) {
		if (f->function && (!strcmp(f->function, "start_thread") ||
				    !strcmp(f->function, "__libc_start_call_main")))
			break;
		n++;
	}
	return n;
}

/* A call without a name is known by the file that its code lies in. After the calls comes what it waited for; NULL: there is no more. */
static const char *name_at(const struct path *p, size_t depth)
{
	size_t calls = p->n < DEPTH ? p->n : DEPTH;

	if (!p->n && !depth)
		return "(no stack)";
	if (depth < calls) {
		const struct stack_frame *f = &p->stack->frames.items[p->n - 1 - depth];

		return strcmp(f->function, "?") || !f->object ? f->function : f->object;
	}
	if (depth == (calls ? calls : 1) && !p->stack->on_cpu)
		return wait_kind_key(p->stack->kind);
	return NULL;
}

static int compare_paths(const void *va, const void *vb)
{
	const struct path *a = va, *b = vb;

	for (size_t depth = 0;; depth++) {
		const char *x = name_at(a, depth), *y = name_at(b, depth);
		int c;

		if (!x || !y)
			return !!x - !!y;
		c = strcmp(x, y);
		if (c)
			return c;
	}
}

static void add_paths(const struct profile *profile, bool on_cpu, bool before, struct paths *ret)
{
	vec_each (&profile->stacks, s) {
		if (s->on_cpu == on_cpu)
			vec_push(ret, ((struct path){ s, flame_frames(s), before }));
	}
}

static int compare_widths(const void *va, const void *vb)
{
	const struct flame *a = va, *b = vb;
	uint64_t x = a->ns + a->before_ns, y = b->ns + b->before_ns;

	return x != y ? (x < y) - (x > y) : strcmp(a->name, b->name);
}

static uint64_t width_of(const struct flame *f)
{
	return f->ns > f->before_ns ? f->ns : f->before_ns;
}

/* The time of some stacks, and the kind that most of it is. */
static void measure(const struct path *paths, size_t n, struct flame *f)
{
	uint64_t by_kind[WAIT_KIND_COUNT + 1] = { 0 }, most = 0;

	f->kind = FLAME_CPU;
	for (size_t i = 0; i < n; i++) {
		const struct stack *s = paths[i].stack;
		int kind = s->on_cpu ? FLAME_CPU : (int)s->kind;

		*(paths[i].before ? &f->before_ns : &f->ns) += s->ns;
		by_kind[kind] += s->ns;
		if (by_kind[kind] > most) {
			most = by_kind[kind];
			f->kind = kind;
		}
	}
}

/* The children of a node whose stacks are `paths`, sorted, and alike up to `depth`. */
static void grow(struct flame *f, const struct path *paths, size_t n, size_t depth, uint64_t least)
{
	struct flame small = { .name = "(small)" };
	size_t end;

	for (size_t i = 0; i < n; i = end) {
		const char *name = name_at(&paths[i], depth);
		struct flame child = { .name = name };

		end = i + 1;
		while (end < n && name && !strcmp(name, name_at(&paths[end], depth)))
			end++;
		if (!name) /* the function's own time is what its callees leave */
			continue;
		measure(paths + i, end - i, &child);
		if (width_of(&child) >= least) {
			grow(&child, paths + i, end - i, depth + 1, least);
			vec_push(&f->children, child);
		} else {
			small.ns += child.ns;
			small.before_ns += child.before_ns;
			small.kind = child.kind;
		}
	}
	if (small.ns + small.before_ns)
		vec_push(&f->children, small);
	if (f->children.n)
		qsort(f->children.items, f->children.n, sizeof(*f->children.items), compare_widths);
}

static size_t count(const struct flame *f)
{
	size_t n = 1;

	vec_each (&f->children, child)
		n += count(child);
	return n;
}

bool flame_build(const struct profile *profile, const struct profile *before, bool on_cpu,
		 struct flame *ret)
{
	struct paths paths = { 0 };
	struct flame root = { .name = on_cpu ? "on the CPU" : "waiting" };
	double least = LEAST;

	add_paths(profile, on_cpu, false, &paths);
	if (before)
		add_paths(before, on_cpu, true, &paths);
	if (paths.n) {
		qsort(paths.items, paths.n, sizeof(*paths.items), compare_paths);
		measure(paths.items, paths.n, &root);
	}
	if (!width_of(&root)) {
		vec_clear(&paths);
		return false;
	}
	do {
		vec_each (&root.children, child)
			flame_clear(child);
		vec_clear(&root.children);
		grow(&root, paths.items, paths.n, 0, (uint64_t)(least * (double)width_of(&root)));
		least *= 2;
	} while (count(&root) > FLAME_NODES);
	vec_clear(&paths);
	*ret = root;
	return true;
}

void flame_clear(struct flame *f)
{
	vec_each (&f->children, child)
		flame_clear(child);
	vec_clear(&f->children);
}

static const char *kind_key(int kind)
{
	return kind == FLAME_CPU ? "cpu" : wait_kind_key((enum wait_kind)kind);
}

void flame_json(const struct flame *f, bool compared, struct strbuf *out)
{
	bool first = true;

	strbuf_add(out, "{\"n\":");
	html_json(out, f->name);
	strbuf_addf(out, ",\"v\":%llu,\"k\":\"%s\"", (unsigned long long)f->ns, kind_key(f->kind));
	if (compared)
		strbuf_addf(out, ",\"d\":%lld", (long long)(f->ns - f->before_ns));
	vec_each (&f->children, child) {
		strbuf_add(out, first ? ",\"c\":[" : ",");
		first = false;
		flame_json(child, compared, out);
	}
	strbuf_add(out, first ? "}" : "]}");
}

/* --- the drawing --- */

static int depth_of(const struct flame *f, double scale)
{
	int deepest = 0;

	vec_each (&f->children, child) {
		int depth = depth_of(child, scale);

		if ((double)child->ns * scale >= SVG_LEAST * SVG_WIDTH && depth > deepest)
			deepest = depth;
	}
	return deepest + 1;
}

static const char *class_of(const struct flame *f, bool compared)
{
	double change = (double)f->ns - (double)f->before_ns;

	if (!compared)
		return kind_key(f->kind);
	if (change > 0.05 * (double)width_of(f))
		return "worse";
	return change < -0.05 * (double)width_of(f) ? "better" : "same";
}

static void draw(const struct flame *f, bool compared, double x, int row, double scale,
		 uint64_t total, struct strbuf *out)
{
	double width = (double)f->ns * scale;
	int letters = (int)((width - 6) / SVG_LETTER);
	CLEANUP(cleanup_free) char *name = word_clean(f->name, true);

	if (width < SVG_LEAST * SVG_WIDTH)
		return;
	strbuf_add(out, "<g><title>");
	html_text(out, name);
	strbuf_addf(out, ", %s, %s</title>", word_share((double)f->ns / (double)total).s,
		    word_ns((double)f->ns).s);
	strbuf_addf(out, "<rect class=\"f-%s\" x=%.1f y=%d width=%.1f height=%d />",
		    class_of(f, compared), x, row * SVG_ROW, width, SVG_ROW - 1);
	if (letters >= 3) {
		CLEANUP(cleanup_free)
		char *label = word_columns(name) <= letters ? xstrdup(name) : NULL;

		if (!label && strlen(name) == (size_t)word_columns(name))
			label = xasprintf("%.*s..", letters - 2, name);
		strbuf_addf(out, "<text x=%.1f y=%d>", x + 3, row * SVG_ROW + 12);
		html_text(out, label ? label : "");
		strbuf_add(out, "</text>");
	}
	strbuf_add(out, "</g>");
	vec_each (&f->children, child) {
		draw(child, compared, x, row + 1, scale, total, out);
		x += (double)child->ns * scale;
	}
}

void flame_svg(const struct flame *f, bool compared, const char *title, struct strbuf *out)
{
	double scale = f->ns ? SVG_WIDTH / (double)f->ns : 0;

	strbuf_addf(out, "<svg class=flame viewBox=\"0 0 1000 %d\" role=img aria-label=\"",
		    depth_of(f, scale) * SVG_ROW);
	html_text(out, title);
	strbuf_add(out, "\">");
	draw(f, compared, 0, 0, scale, f->ns, out);
	strbuf_add(out, "</svg>");
}
