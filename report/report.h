/*
 * report.h - runs and comparisons for people
 *
 * Decides nothing: every word and figure comes from the model. Each function appends to `out`; only
 * cli/ prints.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "model/comparison.h"
#include "model/gate.h"
#include "model/history.h"
#include "model/run.h"
#include "model/trend.h"

struct report_style {
	bool color;
	bool unicode;
	int width;    /* columns; 0: 80 */
	bool verbose; /* all facts and trials, not the weightiest */
};

/* The whole report: verdict first, then witnesses, hurdles, tournament, waits, method. Parts that
 * were not measured say so. */
void report_run(const struct run *run, const struct report_style *style, struct strbuf *out);
/* The parts, for analyze, profile and race. */
void report_facts(const struct facts *facts, const struct report_style *style, struct strbuf *out);
void report_profile(const struct profile *profile, const struct report_style *style,
		    struct strbuf *out);
/* What the profile alone tells: the row, bounds, and what a concurrent program waits for. */
void report_outlook(const struct run *run, const struct report_style *style, struct strbuf *out);
void report_recording(const struct recording *recording, const struct report_style *style,
		      struct strbuf *out);
void report_race(const struct run *run, const struct report_style *style, struct strbuf *out);
void report_history(const struct history *history, const struct report_style *style,
		    struct strbuf *out);
void report_gate(const struct gate *gate, const struct report_style *style, struct strbuf *out);
/* JUnit XML, as CI services read it. */
void report_junit(const struct gate *gate, struct strbuf *out);
void report_trend(const struct trend *t, const struct report_style *style, struct strbuf *out);
void report_comparison(const struct comparison *c, const struct report_style *style,
		       struct strbuf *out);

/*
 * One HTML page each, for a browser without a network: everything is in it, and all figures are
 * readable without scripts. trend: of the same workload, or NULL.
 */
void report_html_run(const struct run *run, const struct trend *trend, struct strbuf *out);
/* `c` is what compare_runs() said of a and b. */
void report_html_comparison(const struct run *a, const struct run *b, const struct comparison *c,
			    struct strbuf *out);

/* A comment for a pull request. */
void report_markdown(const struct run *run, struct strbuf *out);
/* "off-CPU;main;ask;recv;[network] 900000000": where the time went in ns, a line for each stack, as
 * flame graph tools read it. The lines add up to the profile's wall time. */
void report_folded(const struct run *run, struct strbuf *out);
/* The same for speedscope, as two profiles. */
void report_speedscope(const struct run *run, struct strbuf *out);
/* Each model's best as a process, its workers as threads, its tasks as slices; and recorded calls:
 * Chrome's trace events, as Perfetto reads them. */
void report_chrome_trace(const struct run *run, struct strbuf *out);
/* The wall times of the race's clean rounds, as hyperfine exports them; entries that are out, and
 * those whose samples were not kept, are left out. */
void report_hyperfine(const struct run *run, struct strbuf *out);

struct report_finding { /* of each fact, what report/ cannot know */
	const char *fingerprint;
	bool is_note;
	int known; /* to a baseline: 1, 0, or -1: none was asked for */
};

/* The facts as SARIF 2.1.0; `findings` are of run->facts, in its order, and then of those that are silenced. */
void report_sarif(const struct run *run, const struct report_finding *findings, struct strbuf *out);

/* concur explain. topic NULL: the table and the list of topics. False: no such topic. */
bool report_explain(const char *topic, const struct report_style *style, struct strbuf *out);

#endif
