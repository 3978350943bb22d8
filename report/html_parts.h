/*
 * html_parts.h - the parts of a page, each a slot of report/assets/ (private to report/)
 *
 * `subject` is a struct html_page. A part that has nothing to show appends nothing, and the template
 * leaves its section out.
 */
#ifndef REPORT_HTML_PARTS_H
#define REPORT_HTML_PARTS_H

#include "model/comparison.h"
#include "model/run.h"
#include "model/trend.h"
#include "report/flame.h"
#include "report/html.h"

struct html_page {
	const struct run *run;
	const struct run *before;            /* what it is compared with, or NULL */
	const struct comparison *comparison; /* or NULL */
	const struct trend *trend;           /* of the same workload, or NULL */
	struct flame flames[2];              /* off the CPU, on the CPU */
	bool has_flame[2];
};

/* html_race.c */
void html_tournament(const void *subject, struct strbuf *out);
void html_tournament_note(const void *subject, struct strbuf *out);
void html_simulated(const void *subject, struct strbuf *out);
void html_raced(const void *subject, struct strbuf *out);
void html_tournament_key(const void *subject, struct strbuf *out);
void html_tournament_notes(const void *subject, struct strbuf *out);
void html_race_json(const struct run *run, struct strbuf *out);

/* html_profile.c */
void html_shares(const void *subject, struct strbuf *out);
void html_share_bar(const void *subject, struct strbuf *out);
void html_profile_note(const void *subject, struct strbuf *out);
void html_sites(const void *subject, struct strbuf *out);
void html_wakers(const void *subject, struct strbuf *out);
void html_stacks(const void *subject, struct strbuf *out);
void html_flames(const void *subject, struct strbuf *out);
/* The glossary's few words on a term, escaped; nothing when it has none. */
void html_meaning(struct strbuf *out, const char *term);

/* html_source.c */
void html_hurdles(const void *subject, struct strbuf *out);
void html_hurdles_title(const void *subject, struct strbuf *out);
void html_facts(const void *subject, struct strbuf *out);
void html_facts_note(const void *subject, struct strbuf *out);

/* html_timeline.c */
void html_timeline(const void *subject, struct strbuf *out);

/* html_trend.c */
void html_trend(const void *subject, struct strbuf *out);
void html_trend_runs(const void *subject, struct strbuf *out);
void html_trend_key(const void *subject, struct strbuf *out);
void html_trend_json(const struct trend *t, struct strbuf *out);

/* html_page.c: what every page has */
void html_data(const void *subject, struct strbuf *out);
#define HTML_FRAME_SLOTS                                                                           \
	{ "policy", html_policy }, { "style", html_style },                                        \
		{ "library-style", html_library_style }, { "script", html_script },                \
		{ "library", html_library }, { "notice", html_notice },                            \
	{                                                                                          \
		"data", html_data                                                                  \
	}
void html_policy(const void *subject, struct strbuf *out);
void html_style(const void *subject, struct strbuf *out);
void html_library_style(const void *subject, struct strbuf *out);
void html_script(const void *subject, struct strbuf *out);
void html_library(const void *subject, struct strbuf *out);
void html_notice(const void *subject, struct strbuf *out);

#endif
