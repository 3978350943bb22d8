/*
 * html.h - text and figures as HTML (private to report/)
 *
 * The one place where foreign text becomes markup: names go through html_text(), html_put() or, in
 * the page's data, html_json(), and through nothing else. All three clean as words.h does, so that
 * a name can neither end an element nor turn the direction of writing. Tags and their attributes
 * are the program's own constants. There are no style attributes: the page's security policy
 * forbids them.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "base/stats.h"
#include "base/strbuf.h"
#include "model/workload.h"

void html_text(struct strbuf *out, const char *text);
/* <tag>text</tag>; `tag` may have attributes: "td class=num". */
void html_put(struct strbuf *out, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* <li> for each sentence */
void html_list(const struct strings *list, struct strbuf *out);
/* A string of JSON that lies in a script element, with its quotes. */
void html_json(struct strbuf *out, const char *text);
/* null unless it is finite */
void html_json_number(struct strbuf *out, double value);

/* A slot of a template: {{name}} puts it; {{#name}}...{{/name}} shows what is between unless it is
 * empty. */
struct html_slot {
	const char *name;
	void (*put)(const void *subject, struct strbuf *out);
};

/* Replace the slots of a template. An unknown one is a mistake of ours. */
void html_fill(const char *text, const struct html_slot *slots, size_t n, const void *subject,
	       struct strbuf *out);

/* <svg> with the bar of one row, shared by the pages: an estimate on a scale up to `top`. */
void html_whisker(struct strbuf *out, struct estimate e, double top);

#endif
