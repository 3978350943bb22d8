#include <string.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/pages.h"
#include "report/phrase.h"
#include "report/words.h"

#define SITES_SHOWN  20
#define STACKS_SHOWN 60
#define PARTS        (WAIT_KIND_COUNT + 4)

static const struct run *run_of(const void *subject)
{
	return ((const struct html_page *)subject)->run;
}

struct part { /* of the wall time */
	const char *key, *name, *term;
	uint64_t ns;
	bool is_wait, overlaps;
};

/* In the order of the terminal's report: CPU, the waits that occurred, longest first, the rest. */
static size_t parts_of(const struct wait_profile *w, struct part *ret)
{
	bool said[WAIT_KIND_COUNT] = { 0 };
	size_t n = 0;

	ret[n++] = (struct part){ "cpu", "on-CPU, program", "on-CPU", w->user_ns, false, false };
	ret[n++] = (struct part){ "kernel", "on-CPU, kernel", "", w->system_ns, false, false };
	for (;;) {
		int top = -1;

		for (int k = 0; k < WAIT_KIND_COUNT; k++) {
			if (!said[k] && w->wait_ns[k] &&
			    (top < 0 || w->wait_ns[k] > w->wait_ns[top]))
				top = k;
		}
		if (top < 0)
			break;
		said[top] = true;
		ret[n++] = (struct part){ wait_kind_key(top),
					  wait_kind_key(top),
					  wait_kind_key(top),
					  w->wait_ns[top],
					  true,
					  wait_kind_overlaps(top) };
	}
	ret[n++] = (struct part){ "run-queue",    "run-queue", "run-queue",
				  w->runqueue_ns, false,       false };
	ret[n++] = (struct part){ "unknown", "unknown", "unknown", w->unknown_ns, false, false };
	return n;
}

void html_meaning(struct strbuf *out, const char *term)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct topic topic;
	const char *colon;

	if (!*term || !pages_find(term, &topic))
		return;
	colon = memchr(topic.heading, ':', topic.heading_n);
	if (!colon)
		return;
	strbuf_addn(&text, colon + 2, (size_t)(topic.heading + topic.heading_n - colon - 2));
	html_text(out, text.s);
}

void html_shares(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	struct part parts[PARTS];
	size_t n;

	if (!profile->measured)
		return;
	n = parts_of(&profile->waits, parts);
	for (size_t i = 0; i < n; i++) {
		const struct part *p = &parts[i];
		double wall = (double)profile->waits.wall_ns;
		double share = wall > 0 ? (double)p->ns / wall : 0;

		strbuf_addf(out,
			    "<tr><th scope=row><i class=\"swatch f-%s\"></i>%s</th>"
			    "<td data-v=%.6f class=\"num strong\">%s</td><td data-v=%llu "
			    "class=num>%s</td><td>%s</td><td class=says>",
			    p->key, p->name, share, word_share(share).s, (unsigned long long)p->ns,
			    word_ns((double)p->ns).s,
			    !p->is_wait   ? ""
			    : p->overlaps ? "yes"
					  : "no");
		if (!strcmp(p->key, "kernel"))
			strbuf_add(out, "the kernel is working for the task");
		html_meaning(out, p->term);
		strbuf_add(out, "</td></tr>\n");
	}
}

void html_share_bar(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	struct part parts[PARTS];
	double x = 0;
	size_t n;

	if (!profile->measured || !profile->waits.wall_ns)
		return;
	n = parts_of(&profile->waits, parts);
	strbuf_add(out, "<svg class=shares viewBox=\"0 0 1000 34\" preserveAspectRatio=none "
			"role=img aria-label=\"The wall time by kind: the table below has the "
			"shares\">");
	for (size_t i = 0; i < n; i++) {
		double share = (double)parts[i].ns / (double)profile->waits.wall_ns;

		if (share <= 0)
			continue;
		strbuf_addf(out,
			    "<rect class=\"f-%s\" x=%.2f y=0 width=%.2f height=34><title>%s: "
			    "%s</title></rect>",
			    parts[i].key, x, 1000 * share, parts[i].name, word_share(share).s);
		x += 1000 * share;
	}
	strbuf_add(out, "</svg>");
}

void html_profile_note(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };

	if (profile->measured)
		phrase_profile(profile, &note);
	else
		strbuf_addf(&note, "Not profiled%s%s.", profile->why ? ": " : "",
			    phrase_or(profile->why, ""));
	html_text(out, note.s);
}

void html_sites(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	size_t shown = 0;

	if (!profile->measured)
		return;
	vec_each (&profile->sites, s) {
		if (shown++ == SITES_SHOWN)
			break;
		strbuf_add(out, "<tr>");
		html_put(out, "th scope=row class=code", "%s", s->symbol);
		strbuf_addf(out,
			    "<td><i class=\"swatch f-%s\"></i>%s</td><td data-v=%llu "
			    "class=num>%s</td><td class=num>%llu</td></tr>\n",
			    wait_kind_key(s->kind), wait_kind_key(s->kind),
			    (unsigned long long)s->ns, word_ns((double)s->ns).s,
			    (unsigned long long)s->waits);
	}
}

/* Timers say nothing that the kind does not. */
void html_wakers(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	size_t shown = 0;

	if (!profile->measured)
		return;
	vec_each (&profile->wakers, w) {
		if (!w->tid)
			continue;
		if (shown++ == SITES_SHOWN)
			break;
		strbuf_add(out, "<tr>");
		html_put(out, "th scope=row class=code", "%s/%d", w->name, w->tid);
		strbuf_addf(out,
			    "<td><i class=\"swatch f-%s\"></i>%s</td><td data-v=%llu "
			    "class=num>%s</td><td class=num>%llu</td></tr>\n",
			    wait_kind_key(w->kind), wait_kind_key(w->kind),
			    (unsigned long long)w->ns, word_ns((double)w->ns).s,
			    (unsigned long long)w->waits);
	}
}

static void put_frames(const struct stack *stack, struct strbuf *out)
{
	size_t n = flame_frames(stack);

	for (size_t i = 0; i < n; i++) {
		const struct stack_frame *f = &stack->frames.items[i];
		const char *slash = f->file ? strrchr(f->file, '/') : NULL;

		strbuf_add(out, i ? "<li>" : "<li class=strong>");
		html_text(out, f->function);
		if (f->file)
			html_put(out, "small", " %s:%d", slash ? slash + 1 : f->file, f->line);
		else if (f->object)
			html_put(out, "small", " %s", f->object);
		strbuf_add(out, "</li>");
	}
	if (stack->cut)
		strbuf_add(out, "<li>...</li>");
}

void html_stacks(const void *subject, struct strbuf *out)
{
	const struct profile *profile = &run_of(subject)->profile;
	size_t shown = 0;

	if (!profile->measured || !profile->waits.wall_ns)
		return;
	vec_each (&profile->stacks, s) {
		double share = (double)s->ns / (double)profile->waits.wall_ns;
		const char *key = s->on_cpu ? "cpu" : wait_kind_key(s->kind);

		if (!flame_frames(s))
			continue;
		if (shown++ == STACKS_SHOWN)
			break;
		strbuf_addf(out,
			    "<tr><td data-v=%.6f class=\"num strong\">%s</td><td data-v=%llu "
			    "class=num>%s</td><td class=num>%llu</td><td><i class=\"swatch "
			    "f-%s\"></i>%s</td><td><ol class=calls>",
			    share, word_share(share).s, (unsigned long long)s->ns,
			    word_ns((double)s->ns).s, (unsigned long long)s->count, key,
			    s->on_cpu ? "on-CPU" : key);
		put_frames(s, out);
		strbuf_add(out, "</ol></td></tr>\n");
	}
}

/* Each graph twice: drawn here, for those without scripts and for paper, and a place for the one that zooms. */
void html_flames(const void *subject, struct strbuf *out)
{
	const struct html_page *page = subject;
	static const char *const ids[] = { "off", "on" };
	static const char *const titles[] = { "Off the CPU: what it waited for",
					      "On the CPU: what it computed" };

	for (int i = 0; i < 2; i++) {
		const struct flame *f = &page->flames[i];

		if (!page->has_flame[i])
			continue;
		strbuf_addf(out,
			    "<figure class=flames id=flame-%s><figcaption><h3>%s</h3> <span "
			    "class=dim>%s in all</span></figcaption><div class=drawn>",
			    ids[i], titles[i], word_ns((double)f->ns).s);
		flame_svg(f, page->before != NULL, titles[i], out);
		strbuf_add(out, "</div></figure>\n");
	}
}
