#include <math.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/words.h"

extern const char report_html_run_page[], report_html_policy[], report_html_style[],
	report_html_script[], report_html_library[], report_html_library_style[],
	report_html_notice[];

static const struct run *run_of(const void *subject)
{
	return ((const struct html_page *)subject)->run;
}

/* --- what every page has: constants, because the policy names their hashes --- */

#define CONSTANT_SLOT(name, text)                                                                  \
	void name(const void *subject, struct strbuf *out)                                         \
	{                                                                                          \
		(void)subject;                                                                     \
		strbuf_add(out, text);                                                             \
	}
CONSTANT_SLOT(html_policy, report_html_policy)
CONSTANT_SLOT(html_style, report_html_style)
CONSTANT_SLOT(html_script, report_html_script)
CONSTANT_SLOT(html_library, report_html_library)
CONSTANT_SLOT(html_library_style, report_html_library_style)

void html_notice(const void *subject, struct strbuf *out)
{
	(void)subject;
	for (const char *s = report_html_notice; *s;) { /* its lines stay lines */
		size_t n = strcspn(s, "\n");
		CLEANUP(cleanup_free) char *line = xstrndup(s, n);

		html_text(out, line);
		strbuf_addch(out, '\n');
		s += n + (s[n] == '\n');
	}
}

/* What the charts draw. Everything else is in the page already. */
void html_data(const void *subject, struct strbuf *out)
{
	static const char *const ids[] = { "off", "on" };
	const struct html_page *page = subject;
	bool first = true;

	strbuf_add(out, "{\"race\":");
	html_race_json(page->run, out);
	if (page->trend) {
		strbuf_add(out, ",\"trend\":");
		html_trend_json(page->trend, out);
	}
	strbuf_add(out, ",\"flames\":{");
	for (int i = 0; i < 2; i++) {
		if (!page->has_flame[i])
			continue;
		strbuf_addf(out, "%s\"%s\":", first ? "" : ",", ids[i]);
		first = false;
		flame_json(&page->flames[i], page->before != NULL, out);
	}
	strbuf_add(out, "}}");
}

/* --- the top --- */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : phrase_or(path, "?");
}

static void put_program(const void *subject, struct strbuf *out)
{
	const struct run *run = run_of(subject);
	const char *name = run->target.program    ? run->target.program
			   : run->workload.argv.n ? run->workload.argv.items[0]
						  : run->command;

	html_text(out, base_name(name));
}

static void put_command(const void *subject, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };

	vec_each (&run_of(subject)->workload.argv, arg)
		strbuf_addf(&line, "%s%s", line.len ? " " : "", *arg);
	html_text(out, strbuf_str(&line));
}

static void put_when(const void *subject, struct strbuf *out)
{
	const struct run *run = run_of(subject);
	time_t seconds = (time_t)(run->started_ns / 1000000000);
	struct tm tm;
	char text[32];

	if (run->started_ns > 0 && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm))
		html_put(out, "span", "%s", text);
	if (run->target.git_commit)
		html_put(out, "span class=code", "%.10s%s", run->target.git_commit,
			 run->target.git_dirty > 0 ? "+" : "");
	if (run->machine.cpu)
		html_put(out, "span", "%s, %s", run->machine.cpu,
			 word_count((uint64_t)(run->machine.cores > 0 ? run->machine.cores : 0),
				    "core")
				 .s);
}

/* The verdict's sentence with its figure set apart: "threads, 16 workers: " "14.2x faster " "[...]". */
static void put_headline(const void *subject, struct strbuf *out)
{
	const struct verdict *v = &run_of(subject)->verdict;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	const char *colon, *bracket;

	phrase_verdict(v, &text);
	colon = strstr(text.s, ": ");
	bracket = colon ? strstr(colon, " [") : NULL;
	if ((v->kind != VERDICT_RECOMMEND && v->kind != VERDICT_RAISE) || !bracket) {
		const char *stop = strstr(text.s, ". ");
		size_t n = stop ? (size_t)(stop - text.s) + 1 : text.len;

		html_put(out, "span class=model", "%.*s", (int)n, text.s);
		if (stop)
			html_put(out, "span class=because", "%s", stop + 1);
		return;
	}
	html_put(out, "span class=model", "%.*s", (int)(colon + 1 - text.s), text.s);
	html_put(out, "span class=figure", "%.*s", (int)(bracket - colon - 1), colon + 1);
	html_put(out, "span class=interval", "%s", bracket);
}

#define BAR_WIDTH 560.0

/* What all tasks take under a model, as a share of one after another, with its interval. */
static void put_bar(struct strbuf *out, enum model model, const char *label,
		    struct estimate speedup)
{
	double low = BAR_WIDTH / speedup.high, high = BAR_WIDTH / speedup.low;

	if (!speedup.n || !(speedup.low > 0))
		return;
	strbuf_addf(
		out,
		"<dt>%s</dt><dd><svg class=m-%s viewBox=\"0 0 600 18\" aria-hidden=true><rect x=0 "
		"y=0 width=%.1f height=18 rx=2 />",
		label, model_key(model), fmin(BAR_WIDTH / speedup.value, 600));
	if (high > low)
		strbuf_addf(out, "<path class=interval d=\"M%.1f 9H%.1fM%.1f 5v8M%.1f 5v8\"/>", low,
			    fmin(high, 600), low, fmin(high, 600));
	strbuf_add(out, "</svg></dd>");
}

/* How long all tasks take, beside one after another. */
static void put_bars(const void *subject, struct strbuf *out)
{
	const struct verdict *v = &run_of(subject)->verdict;
	struct estimate one = { 1, 1, 1, 1 };

	if (v->kind != VERDICT_RECOMMEND || !v->speedup.n)
		return;
	put_bar(out, MODEL_SEQUENTIAL, "one after another", one);
	put_bar(out, v->model, model_title(v->model), v->speedup);
	vec_each (&v->ties, t)
		put_bar(out, t->model, model_title(t->model), t->speedup);
}

static void put_row(const void *subject, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (run_of(subject)->verdict.kind == VERDICT_NONE)
		return;
	phrase_row(run_of(subject), "\xe2\x86\x92", &text);
	html_text(out, text.s);
}

static void put_ties(const void *subject, struct strbuf *out)
{
	const struct verdict *v = &run_of(subject)->verdict;

	vec_each (&v->ties, t) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		phrase_tie(v, t, &text);
		html_put(out, "li", "%s", text.s);
	}
}

static void put_table(const void *subject, struct strbuf *out)
{
	const struct verdict *v = &run_of(subject)->verdict;

	if (!v->has_row)
		return;
	for (int row = 0; row < ROW_COUNT; row++) {
		bool here = row == (int)v->row;

		strbuf_add(out, here ? "<tr class=here><td>" : "<tr><td>");
		html_text(out, row_situation((enum row)row));
		html_put(out, "td", "%s", row_approach((enum row)row));
		strbuf_addf(out, "<td>%s</td></tr>\n", here ? "this program" : "");
	}
}

static void put_witnesses(const void *subject, struct strbuf *out)
{
	const struct verdict *v = &run_of(subject)->verdict;

	vec_each (&v->witnesses, w) {
		const char *stand = phrase_stand(v, w);

		strbuf_addf(out, "<article class=\"card witness\"><h3>The ");
		html_text(out, w->name);
		strbuf_addf(out, " <span class=\"pill stand-%.1s\">%s</span></h3>", stand, stand);
		html_put(out, "p", "%s", w->says);
		if (w->on && *w->on)
			html_put(out, "p class=dim", "%s", w->on);
		strbuf_add(out, "</article>\n");
	}
}

static void put_present_items(const void *subject, struct strbuf *out)
{
	const struct present *now = &run_of(subject)->verdict.outlook.present;
	CLEANUP(phrases_clear) struct phrases list = { 0 };

	if (!now->concurrent)
		return;
	phrase_present(now, &list);
	vec_each (&list, line) {
		html_put(out, "dt", "%s", line->label);
		html_put(out, "dd", "%s", line->text);
	}
}

static void put_bounds(const void *subject, struct strbuf *out)
{
	vec_each (&run_of(subject)->verdict.outlook.bounds, b) {
		strbuf_addf(out,
			    "<tr class=m-%s><th scope=row><i class=swatch></i>%s</th><td "
			    "class=\"num strong\">%s</td><td class=num>",
			    model_key(b->model), model_title(b->model), phrase_bound(b).s);
		if (b->workers)
			strbuf_addf(out, "%d", b->workers);
		strbuf_addf(out, "</td><td class=says>%s</td></tr>\n", phrase_bound_by(b));
	}
}

static void put_reasons(const void *subject, struct strbuf *out)
{
	struct strings list = phrase_reasons(&run_of(subject)->verdict);

	html_list(&list, out);
}

static void put_missing(const void *subject, struct strbuf *out)
{
	struct strings list = phrase_missing(&run_of(subject)->verdict);

	html_list(&list, out);
}

static void put_why(const void *subject, struct strbuf *out)
{
	put_reasons(subject, out);
	put_missing(subject, out);
}

static void put_rules(const void *subject, struct strbuf *out)
{
	vec_each (&run_of(subject)->verdict.rules, id) {
		html_put(out, "span class=code", "%s", *id);
		strbuf_addch(out, ' ');
	}
}

/* --- the end --- */

static void put_method(const void *subject, struct strbuf *out)
{
	CLEANUP(phrases_clear) struct phrases list = { 0 };

	phrase_method(run_of(subject), &list);
	vec_each (&list, line) {
		html_put(out, "dt", "%s", line->label);
		html_put(out, "dd", "%s", line->text);
	}
}

static void put_id(const void *subject, struct strbuf *out)
{
	html_text(out, run_of(subject)->id);
}

static void put_id_short(const void *subject, struct strbuf *out)
{
	CLEANUP(cleanup_free) char *id = xstrndup(run_of(subject)->id, 8);

	html_text(out, id);
}

static void put_version(const void *subject, struct strbuf *out)
{
	html_text(out, phrase_or(run_of(subject)->tool_version, CONCUR_VERSION));
}

static const struct html_slot slots[] = {
	HTML_FRAME_SLOTS,
	{ "program", put_program },
	{ "command", put_command },
	{ "when", put_when },
	{ "headline", put_headline },
	{ "bars", put_bars },
	{ "row", put_row },
	{ "ties", put_ties },
	{ "table", put_table },
	{ "witnesses", put_witnesses },
	{ "present", put_present_items },
	{ "bounds", put_bounds },
	{ "why", put_why },
	{ "reasons", put_reasons },
	{ "missing", put_missing },
	{ "rules", put_rules },
	{ "hurdles", html_hurdles },
	{ "hurdles-title", html_hurdles_title },
	{ "tournament", html_tournament },
	{ "tournament-note", html_tournament_note },
	{ "simulated", html_simulated },
	{ "raced", html_raced },
	{ "tournament-key", html_tournament_key },
	{ "tournament-notes", html_tournament_notes },
	{ "timeline", html_timeline },
	{ "shares", html_shares },
	{ "share-bar", html_share_bar },
	{ "profile-note", html_profile_note },
	{ "sites", html_sites },
	{ "wakers", html_wakers },
	{ "stacks", html_stacks },
	{ "flames", html_flames },
	{ "facts", html_facts },
	{ "facts-note", html_facts_note },
	{ "trend", html_trend },
	{ "trend-runs", html_trend_runs },
	{ "trend-key", html_trend_key },
	{ "method", put_method },
	{ "id", put_id },
	{ "id-short", put_id_short },
	{ "version", put_version },
};

void report_html_run(const struct run *run, const struct trend *trend, struct strbuf *out)
{
	struct html_page page = { .run = run, .trend = trend };

	for (int i = 0; i < 2; i++)
		page.has_flame[i] = run->profile.measured &&
				    flame_build(&run->profile, NULL, i, &page.flames[i]);
	html_fill(report_html_run_page, slots, sizeof(slots) / sizeof(*slots), &page, out);
	for (int i = 0; i < 2; i++)
		flame_clear(&page.flames[i]);
}
