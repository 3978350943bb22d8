#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/words.h"

#define HURDLES_SHOWN 20
#define REPORT_WIDTH  100

/* Foreign text as Markdown's plain text: no markup, no link, nobody mentioned, one line. */
static void put_text(struct strbuf *out, const char *text)
{
	CLEANUP(cleanup_free) char *clean = word_clean(text, true);

	for (const char *s = clean; *s; s++) {
		if (strchr("\\`*_{}[]<>#|~&!", *s))
			strbuf_addch(out, '\\');
		strbuf_addch(out, *s);
		if (*s == '@') /* a service that hosts code would notify whoever has the name */
			strbuf_add(out, "<!-- -->");
	}
}

__attribute__((format(printf, 2, 3))) static void put(struct strbuf *out, const char *fmt, ...)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	put_text(out, strbuf_str(&text));
}

static size_t longest_ticks(const char *text)
{
	size_t longest = 0;

	for (size_t n; *text; text += n + !n) {
		n = strspn(text, "`");
		if (n > longest)
			longest = n;
	}
	return longest;
}

static void put_heading(struct strbuf *out, const char *heading)
{
	strbuf_addf(out, "\n#### %s\n\n", heading);
}

static void put_list(struct strbuf *out, const char *heading, const struct strings *list)
{
	if (!list->n)
		return;
	put_heading(out, heading);
	vec_each (list, text) {
		strbuf_add(out, "- ");
		put_text(out, *text);
		strbuf_addch(out, '\n');
	}
}

static void put_witnesses(const struct verdict *v, struct strbuf *out)
{
	if (!v->witnesses.n)
		return;
	strbuf_add(out, "\n| witness | | says | rests on |\n|---|---|---|---|\n");
	vec_each (&v->witnesses, w) {
		strbuf_add(out, "| ");
		put_text(out, w->name);
		strbuf_addf(out, " | %s | ", phrase_stand(v, w));
		put_text(out, w->says);
		strbuf_add(out, " | ");
		put_text(out, phrase_or(w->on, ""));
		strbuf_add(out, " |\n");
	}
}

static void put_hurdles(const struct verdict *v, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf title = { 0 };
	size_t shown = 0;

	if (!v->hurdles.n)
		return;
	phrase_hurdles(v, &title);
	put_heading(out, title.s);
	strbuf_add(out, "| where | places | what to change |\n|---|--:|---|\n");
	vec_each (&v->hurdles, h) {
		if (shown++ == HURDLES_SHOWN)
			break;
		strbuf_add(out, "| ");
		put(out, "%s:%d", h->file, h->line);
		strbuf_addf(out, " | %d | ", h->sites);
		put_text(out, h->text);
		strbuf_add(out, " |\n");
	}
	if (v->hurdles.n > HURDLES_SHOWN)
		strbuf_addf(out, "\n... and %zu more.\n", v->hurdles.n - HURDLES_SHOWN);
}

static void put_entry(const struct race_entry *e, const struct verdict *v, struct strbuf *out)
{
	const char *note = phrase_note(e, v), *bold = strcmp(note, "verdict") ? "" : "**";

	strbuf_addf(out, "| %s%s%s | %d | ", bold, model_title(e->model), bold, e->workers);
	if (e->outcome != OUTCOME_OK || !e->speedup.n) {
		strbuf_add(out, "| | | | | | | ");
		if (e->outcome == OUTCOME_OK)
			strbuf_add(out, "no figure");
		else
			put(out, "%s: %s", outcome_key(e->outcome),
			    phrase_or(e->why, "no reason recorded"));
		strbuf_add(out, " |\n");
		return;
	}
	strbuf_addf(out, "%s%s%s | %s | %zu | ", bold, word_speedup(e->speedup).s, bold,
		    word_interval(e->speedup).s, e->speedup.n);
	strbuf_addf(out, "%s | ", e->cpu_ns_per_task > 0 ? word_ns(e->cpu_ns_per_task).s : "-");
	strbuf_addf(out, "%s | ", word_bytes(e->pss_bytes).s);
	strbuf_addf(out, "%s | ", e->p50_ns ? word_ns((double)e->p50_ns).s : "-");
	strbuf_addf(out, "%s | %s |\n", e->p99_ns ? word_ns((double)e->p99_ns).s : "-", note);
}

static void put_race(const struct run *run, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };

	if (!run->race.measured || !run->race.n)
		return;
	phrase_race(&run->race, &note);
	put_heading(out, "Tournament");
	strbuf_addf(out, "%s\n\n", note.s);
	strbuf_add(out, "| model | W | speedup | 95 % | n | CPU/task | memory | p50 | p99 | |\n"
			"|---|--:|--:|---|--:|--:|--:|--:|--:|---|\n");
	vec_each (&run->race, e)
		put_entry(e, &run->verdict, out);
}

static void put_share(struct strbuf *out, const char *what, uint64_t ns, uint64_t wall_ns)
{
	if (ns)
		strbuf_addf(out, "| %s | %s | %s |\n", what,
			    word_share((double)ns / (double)wall_ns).s, word_ns((double)ns).s);
}

static void put_profile(const struct profile *profile, struct strbuf *out)
{
	const struct wait_profile *w = &profile->waits;
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };

	if (!profile->measured)
		return;
	phrase_profile(profile, &note);
	put_heading(out, "Where the time went");
	strbuf_addf(out, "%s\n\n| | share | time |\n|---|--:|--:|\n", note.s);
	put_share(out, "on-CPU, program", w->user_ns, w->wall_ns);
	put_share(out, "on-CPU, kernel", w->system_ns, w->wall_ns);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		put_share(out, wait_kind_key(kind), w->wait_ns[kind], w->wall_ns);
	put_share(out, "run-queue", w->runqueue_ns, w->wall_ns);
	put_share(out, "unknown", w->unknown_ns, w->wall_ns);
}

/* What the terminal shows, folded away: the calls, the rules, the method. */
static void put_rest(const struct run *run, struct strbuf *out)
{
	const struct report_style style = { .unicode = true, .width = REPORT_WIDTH };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 }, fence = { 0 };

	report_run(run, &style, &text);
	for (size_t n = longest_ticks(text.s) + 3; n; n--)
		strbuf_addch(&fence, '`');
	strbuf_addf(
		out,
		"\n<details><summary>The whole report</summary>\n\n%stext\n%s%s\n\n</details>\n",
		fence.s, text.s, fence.s);
}

static void put_confidence(const struct verdict *v, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf sure = { 0 };

	phrase_confidence(v, &sure);
	if (!sure.len)
		return;
	strbuf_add(out, "\n**Confidence:** ");
	put_text(out, sure.s);
	strbuf_addch(out, '\n');
}

void report_markdown(const struct run *run, struct strbuf *out)
{
	const struct verdict *v = &run->verdict;
	struct strings reasons = phrase_reasons(v), missing = phrase_missing(v);
	const char *slash = run->target.program ? strrchr(run->target.program, '/') : NULL;
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 }, row = { 0 };

	phrase_verdict(v, &verdict);
	strbuf_add(out, "### concur: ");
	put_text(out, slash ? slash + 1 : phrase_or(run->target.program, run->command));
	strbuf_add(out, "\n\n**Verdict:** ");
	put_text(out, verdict.s);
	strbuf_addch(out, '\n');
	if (v->kind != VERDICT_NONE) {
		phrase_row(run, "\u2192", &row);
		strbuf_add(out, "\n**Row:** ");
		put_text(out, row.s);
		strbuf_addch(out, '\n');
	}
	put_confidence(v, out);
	vec_each (&v->ties, t) {
		CLEANUP(strbuf_clear) struct strbuf tie = { 0 };

		phrase_tie(v, t, &tie);
		strbuf_add(out, "\n**Tie:** ");
		put_text(out, tie.s);
		strbuf_addch(out, '\n');
	}
	put_witnesses(v, out);
	put_list(out, "Why", &reasons);
	put_list(out, "What would make it surer", &missing);
	put_hurdles(v, out);
	put_race(run, out);
	put_profile(&run->profile, out);
	put_rest(run, out);
}
