#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/words.h"

extern const char report_html_comparison_page[];

#define FINDINGS_SHOWN 1000
#define STACKS_SHOWN   60

static const struct comparison *comparison_of(const void *subject)
{
	return ((const struct html_page *)subject)->comparison;
}

static void put_run(const struct run *run, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };

	phrase_verdict(&run->verdict, &verdict);
	html_put(out, "p", "%s", verdict.s);
	strbuf_add(out, "<p class=dim>");
	html_put(out, "code", "%.13s", run->id);
	if (run->target.git_commit)
		html_put(out, "span class=code", " at %.10s%s", run->target.git_commit,
			 run->target.git_dirty > 0 ? "+" : "");
	strbuf_add(out, "</p>");
}

static void put_a(const void *subject, struct strbuf *out)
{
	put_run(((const struct html_page *)subject)->before, out);
}

static void put_b(const void *subject, struct strbuf *out)
{
	put_run(((const struct html_page *)subject)->run, out);
}

static void put_headline(const void *subject, struct strbuf *out)
{
	const struct comparison *c = comparison_of(subject);

	html_put(out, "span class=model", "%s", c->verdict_changed ? "changed" : "the same");
	if (c->verdict)
		html_put(out, "span class=because", "%s", c->verdict);
}

static void put_why_not(const void *subject, struct strbuf *out)
{
	const struct comparison *c = comparison_of(subject);

	if (!c->comparable)
		html_list(&c->why_not, out);
}

static void put_consequence(const void *subject, struct strbuf *out)
{
	strbuf_add(out, comparison_of(subject)->forced ? "compared all the same (--force)."
						       : "no figure below says better or worse.");
}

static void put_ns(double ns, struct strbuf *out)
{
	if (isfinite(ns))
		strbuf_addf(out, "<td data-v=%.0f class=num>%s</td>", ns, word_ns(ns).s);
	else
		strbuf_add(out, "<td class=num>-</td>");
}

static void put_moved(const void *subject, struct strbuf *out)
{
	size_t shown = 0;

	vec_each (&comparison_of(subject)->stacks, s) {
		double change = s->after_ns - s->before_ns;

		if (shown++ == STACKS_SHOWN)
			break;
		strbuf_add(out, "<tr>");
		put_ns(s->before_ns, out);
		put_ns(s->after_ns, out);
		if (isfinite(change))
			strbuf_addf(out, "<td data-v=%.0f class=\"num strong\">%s</td>", change,
				    word_moved(change).s);
		else
			strbuf_add(out, "<td class=num>-</td>");
		html_put(out, "td class=code", "%s", s->stack);
		strbuf_add(out, "</tr>\n");
	}
}

static double top_of(const struct comparison *c)
{
	double top = 1.2;

	vec_each (&c->entries, e) {
		if (e->ratio.n && e->ratio.high > top)
			top = e->ratio.high;
	}
	return top;
}

static void put_entries(const void *subject, struct strbuf *out)
{
	const struct comparison *c = comparison_of(subject);

	vec_each (&c->entries, e) {
		const char *change = change_key(e->change);

		strbuf_addf(out,
			    "<tr class=m-%s><th scope=row><i class=swatch></i>%s</th><td "
			    "class=num>%d</td><td><span class=\"pill %s\">%s</span></td>",
			    model_key(e->model), model_title(e->model), e->workers, change, change);
		if (e->ratio.n) {
			strbuf_addf(out,
				    "<td data-v=%.6f class=\"num strong\">%s</td><td class=plot>",
				    e->ratio.value, word_speedup(e->ratio).s);
			html_whisker(out, e->ratio, top_of(c));
			strbuf_addf(out,
				    "</td><td>%s</td><td class=num>%zu</td><td class=num>%.3f</td>",
				    word_interval(e->ratio).s, e->ratio.n, e->p);
			html_put(out, "td", "%s", phrase_or(e->test, ""));
		} else {
			strbuf_add(out, "<td colspan=6 class=dim>no figure</td>");
		}
		html_put(out, "td class=says", "%s", phrase_or(e->why, ""));
		strbuf_add(out, "</tr>\n");
	}
}

/* In points of the wall time, and in the time of one task where the number of tasks is known. */
static void put_moved_by(const struct comparison_wait *w, struct strbuf *out)
{
	double points = 100 * (w->after - w->before), ns = w->after_ns - w->before_ns;

	strbuf_addf(out, "<td data-v=%.3f class=num>%+.1f</td>", points, points);
	if (isnan(ns))
		strbuf_add(out, "<td class=\"num dim\">not known</td>");
	else
		strbuf_addf(out, "<td data-v=%.0f class=num>%s</td>", ns, word_moved(ns).s);
}

static void put_waits(const void *subject, struct strbuf *out)
{
	vec_each (&comparison_of(subject)->waits, w) {
		strbuf_add(out, "<tr>");
		html_put(out, "th scope=row", "%s", w->kind);
		strbuf_addf(out,
			    "<td data-v=%.6f class=num>%s</td><td data-v=%.6f class=num>%s</td>",
			    w->before, word_share(w->before).s, w->after, word_share(w->after).s);
		put_moved_by(w, out);
		strbuf_addf(out,
			    "<td class=plot><svg class=whisker viewBox=\"0 0 160 16\" "
			    "aria-hidden=true><rect class=f-same x=0 y=1 width=%.1f height=6 />"
			    "<rect class=f-network x=0 y=9 width=%.1f height=6 /></svg></td><td "
			    "class=says>",
			    160 * w->before, 160 * w->after);
		html_meaning(out, strcmp(w->kind, "cpu") ? w->kind : "on-CPU");
		strbuf_add(out, "</td></tr>\n");
	}
}

static void put_findings_of(const struct strings *list, const char *what, const char *class,
			    struct strbuf *out)
{
	size_t shown = 0;

	vec_each (list, text) {
		if (shown++ == FINDINGS_SHOWN) {
			html_put(out, "li", "... and %zu more", list->n - FINDINGS_SHOWN);
			break;
		}
		strbuf_addf(out, "<li><span class=\"pill %s\">%s</span> ", class, what);
		html_put(out, "span class=code", "%s", *text);
		strbuf_add(out, "</li>\n");
	}
}

static void put_findings(const void *subject, struct strbuf *out)
{
	const struct comparison *c = comparison_of(subject);

	put_findings_of(&c->new_findings, "new", "worse", out);
	put_findings_of(&c->fixed_findings, "fixed", "better", out);
}

static void put_findings_note(const void *subject, struct strbuf *out)
{
	const struct comparison *c = comparison_of(subject);

	if (c->new_findings.n || c->fixed_findings.n || c->remaining_findings)
		html_put(out, "p", "%zu new, %zu fixed, %zu remain.", c->new_findings.n,
			 c->fixed_findings.n, c->remaining_findings);
}

static const struct html_slot slots[] = {
	HTML_FRAME_SLOTS,
	{ "a", put_a },
	{ "b", put_b },
	{ "headline", put_headline },
	{ "why-not", put_why_not },
	{ "consequence", put_consequence },
	{ "moved", put_moved },
	{ "entries", put_entries },
	{ "waits", put_waits },
	{ "flames", html_flames },
	{ "findings", put_findings },
	{ "findings-note", put_findings_note },
};

void report_html_comparison(const struct run *a, const struct run *b, const struct comparison *c,
			    struct strbuf *out)
{
	struct html_page page = { .run = b, .before = a, .comparison = c };

	for (int i = 0; i < 2; i++)
		page.has_flame[i] = a->profile.measured && b->profile.measured &&
				    flame_build(&b->profile, &a->profile, i, &page.flames[i]);
	html_fill(report_html_comparison_page, slots, sizeof(slots) / sizeof(*slots), &page, out);
	for (int i = 0; i < 2; i++)
		flame_clear(&page.flames[i]);
}
