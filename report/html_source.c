#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/words.h"

#define HURDLES_SHOWN 200
#define HURDLES_OPEN  3
#define FACTS_SHOWN   2000

static const struct run *run_of(const void *subject)
{
	return ((const struct html_page *)subject)->run;
}

/* The lines around a hurdle, numbered. */
static void put_excerpt(const struct hurdle *h, struct strbuf *out)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(h->excerpt);
	char *rest = copy;
	int number = h->excerpt_line;

	if (!copy)
		return;
	strbuf_add(out, "<pre class=excerpt tabindex=0><code>");
	for (char *line; (line = strsep(&rest, "\n")); number++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		for (const char *s = line; *s; s++) { /* a tab is no name's control character */
			if (*s == '\t')
				strbuf_add(&text, &"        "[text.len % 8]);
			else
				strbuf_addch(&text, *s);
		}
		strbuf_addf(out, "<span class=\"line%s\"><span class=no>%d</span> ",
			    number == h->line ? " at" : "", number);
		html_text(out, text.s);
		strbuf_add(out, "</span>\n");
	}
	strbuf_add(out, "</code></pre>");
}

/* Where a variable is written, from the fact that the hurdle comes from. */
static void put_sites(const struct facts *facts, const struct hurdle *h, struct strbuf *out)
{
	size_t shown = 0;

	vec_each (facts, f) {
		if (f->line != h->line || strcmp(f->file, h->file) || strcmp(f->check, h->check) ||
		    strcmp(f->symbol, h->symbol))
			continue;
		vec_each (&f->sites, s) {
			if (strcmp(s->access, "write") || shown++ == 8)
				continue;
			strbuf_add(out, shown == 1 ? "<p class=sites>Written at " : ", ");
			html_put(out, "span class=code", "%s:%d", s->file, s->line);
			if (s->function)
				html_put(out, "span class=dim", " in %s", s->function);
		}
		break;
	}
	if (shown)
		strbuf_add(out, shown > 8 ? " and more.</p>" : ".</p>");
}

void html_hurdles_title(const void *subject, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf title = { 0 };

	phrase_hurdles(&run_of(subject)->verdict, &title);
	html_text(out, title.s);
}

void html_hurdles(const void *subject, struct strbuf *out)
{
	const struct run *run = run_of(subject);
	const struct verdict *v = &run->verdict;
	size_t shown = 0;

	vec_each (&v->hurdles, h) {
		if (shown++ == HURDLES_SHOWN) {
			html_put(out, "p class=dim", "... and %zu more: concur show %.13s -v",
				 v->hurdles.n - HURDLES_SHOWN, run->id);
			break;
		}
		strbuf_addf(out, "<details class=hurdle%s><summary>",
			    shown <= HURDLES_OPEN ? " open" : "");
		html_put(out, "span class=\"code where\"", "%s:%d", h->file, h->line);
		html_put(out, "span class=what", " %s", h->text);
		html_put(out, "span class=\"places dim\"", " %s",
			 word_count((uint64_t)(h->sites < 0 ? 0 : h->sites), "place").s);
		strbuf_add(out, "</summary>");
		put_excerpt(h, out);
		put_sites(&run->facts, h, out);
		strbuf_add(out, "</details>\n");
	}
}

void html_facts_note(const void *subject, struct strbuf *out)
{
	const struct facts *facts = &run_of(subject)->facts;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (facts->analysed)
		phrase_facts(facts, &text);
	else
		strbuf_addf(&text, "Not analysed%s%s.", facts->why_not ? ": " : "",
			    phrase_or(facts->why_not, ""));
	html_put(out, "p", "%s", text.s);
	vec_each (&facts->failures, f)
		html_put(out, "p class=doubt", "not read: %s: %s", f->file, f->why);
	if (facts->n > FACTS_SHOWN)
		html_put(out, "p",
			 "The first %d of %zu are listed; concur show %.13s --json has all.",
			 FACTS_SHOWN, facts->n, run_of(subject)->id);
}

void html_facts(const void *subject, struct strbuf *out)
{
	const struct facts *facts = &run_of(subject)->facts;
	size_t shown = 0;

	vec_each (facts, f) {
		if (shown++ == FACTS_SHOWN)
			break;
		strbuf_add(out, "<tr>");
		html_put(out, "th scope=row class=code", "%s:%d", f->file, f->line);
		html_put(out, "td", "%s", f->check);
		html_put(out, "td", "%s", phrase_or(f->effect, ""));
		html_put(out, "td", "%s%s%s%s", phrase_or(f->detail, f->symbol),
			 f->advice ? " (" : "", phrase_or(f->advice, ""), f->advice ? ")" : "");
		html_put(out, "td class=code", "%s", phrase_or(f->function, ""));
		strbuf_add(out, "</tr>\n");
	}
}
