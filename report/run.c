#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/parts.h"
#include "report/phrase.h"
#include "report/recording.h"
#include "report/source.h"
#include "report/words.h"

#define HURDLES_SHOWN  8
#define SITES_SHOWN    5
#define STACKS_SHOWN   3    /* of each kind, */
#define STACK_SHARE    0.01 /* and of the wall time at least */
#define STACKS_VERBOSE 20
#define FRAMES_SHOWN   8

/* --- the verdict --- */

static void put_ties(const struct page *p, const struct verdict *v)
{
	vec_each (&v->ties, t) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		phrase_tie(v, t, &text);
		page_item(p, "Tie:", INK_BOLD, 5, " %s", strbuf_str(&text));
	}
}

static void put_list(const struct page *p, const char *title, const struct strings *list)
{
	if (!list->n)
		return;
	page_heading(p, title, NULL);
	vec_each (list, text)
		page_item(p, p->style->unicode ? "  • " : "  - ", INK_PLAIN, 4, "%s", *text);
}

static void put_rules(const struct page *p, const struct verdict *v)
{
	CLEANUP(strbuf_clear) struct strbuf ids = { 0 };

	vec_each (&v->rules, id)
		strbuf_addf(&ids, " %s", *id);
	if (v->rules.n)
		page_item(p, "  Rules:", INK_DIM, 9, "%s (concur explain %s)", strbuf_str(&ids),
			  v->rules.items[0]);
}

static void put_witnesses(const struct page *p, const struct verdict *v)
{
	if (!v->witnesses.n)
		return;
	page_heading(p, "Witnesses", NULL);
	vec_each (&v->witnesses, w) {
		bool asked = v->kind != VERDICT_CANNOT_TELL;
		const char *stand = phrase_stand(v, w);
		enum ink ink = !w->heard || !asked ? INK_DIM : w->agrees ? INK_GOOD : INK_DOUBT;
		CLEANUP(cleanup_free) char *label = xasprintf("  %-6s %-9s ", w->name, stand);

		page_item(p, label, ink, 19, "%s", w->says);
		if (w->on && *w->on && p->style->verbose)
			page_item(p, "                   ", INK_PLAIN, 19, "%s%s%s", w->on,
				  w->sure ? " How sure: " : "", phrase_or(w->sure, ""));
	}
}

/* "30 %" of the time, and "3.3x" when that is what is left of the gain. */
static void put_hurdle(struct grid *g, const struct hurdle *h, bool *timed)
{
	size_t row = grid_row(g);
	bool known = h->affects >= 0;

	*timed = *timed || known;
	grid_set(g, row, 0, INK_BOLD, "%s:%d", h->file, h->line);
	grid_set(g, row, 1, INK_PLAIN, "%s", known ? word_share(h->affects).s : "");
	if (h->if_left > 0)
		grid_set(g, row, 2, INK_PLAIN, "%.*fx", h->if_left < 99.95 ? 1 : 0, h->if_left);
	grid_set(g, row, 3, INK_PLAIN, "%d", h->sites);
	grid_set(g, row, 4, INK_PLAIN, "%s", h->text);
}

static void put_hurdles(const struct page *p, const struct verdict *v)
{
	static const struct grid_column columns[] = { { "WHERE", GRID_PATH },
						      { "TIME", GRID_RIGHT },
						      { "IF LEFT <=", GRID_RIGHT },
						      { "PLACES", GRID_RIGHT },
						      { "WHAT", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = NULL;
	CLEANUP(strbuf_clear) struct strbuf title = { 0 };
	bool timed = false;
	size_t shown = 0;

	if (!v->hurdles.n)
		return;
	phrase_hurdles(v, &title);
	g = grid_new(p, columns, 5);
	vec_each (&v->hurdles, h) {
		if (shown++ == HURDLES_SHOWN && !p->style->verbose)
			break;
		put_hurdle(g, h, &timed);
	}
	if (!timed) {
		grid_hide(g, 1);
		grid_hide(g, 2);
	}
	page_heading(
		p, title.s,
		timed ? "by the time in the functions they touch; behind one lock or blocking, no "
			"speedup exceeds IF LEFT (estimates, n = 1)"
		      : "the most widely written first");
	grid_print(g);
	if (shown > HURDLES_SHOWN && !p->style->verbose)
		page_item(p, "  ", INK_PLAIN, 2, "... and %zu more: -v shows all.",
			  v->hurdles.n - HURDLES_SHOWN);
}

/* --- the tournament --- */

static int compare_entries(const void *va, const void *vb)
{
	const struct race_entry *const *a = va, *const *b = vb;

	if ((*a)->model != (*b)->model)
		return (int)(*a)->model - (int)(*b)->model;
	return ((*a)->workers > (*b)->workers) - ((*a)->workers < (*b)->workers);
}

/* By model and workers. Owned by the caller; the entries are not. */
static const struct race_entry **sorted_entries(const struct race *race)
{
	const struct race_entry **list = xcalloc(race->n + 1, sizeof(*list));
	size_t n = 0;

	vec_each (race, e)
		list[n++] = e;
	if (n)
		qsort(list, n, sizeof(*list), compare_entries);
	return list;
}

static enum ink ink_of_note(const char *note)
{
	switch (*note) {
	case 'o':
		return INK_BAD;
	case 'v':
		return INK_GOOD;
	case 't':
		return INK_DOUBT;
	default:
		return INK_PLAIN;
	}
}

enum {
	MODEL_AT,
	WORKERS_AT,
	SPEEDUP_AT,
	INTERVAL_AT,
	N_AT,
	CPU_AT,
	MEMORY_AT,
	P50_AT,
	P99_AT,
	NOTE_AT,
	BAR_AT,
	RACE_COLUMNS
};

static const struct grid_column race_columns[] = {
	[MODEL_AT] = { "MODEL", GRID_WRAP },
	[WORKERS_AT] = { "W", GRID_RIGHT },
	[SPEEDUP_AT] = { "SPEEDUP", GRID_RIGHT },
	[INTERVAL_AT] = { "INTERVAL", GRID_LEFT },
	[N_AT] = { "N", GRID_RIGHT },
	[CPU_AT] = { "CPU/TASK", GRID_RIGHT },
	[MEMORY_AT] = { "MEMORY", GRID_RIGHT },
	[P50_AT] = { "P50", GRID_RIGHT },
	[P99_AT] = { "P99", GRID_RIGHT },
	[NOTE_AT] = { "NOTE", GRID_LEFT },
	[BAR_AT] = { "", GRID_LEFT },
};

static const char *time_or_dash(double ns, struct word *w)
{
	*w = word_ns(ns);
	return ns > 0 ? w->s : "-";
}

static void put_entry(const struct page *p, struct grid *g, const struct race_entry *e,
		      const struct verdict *v, double top)
{
	CLEANUP(cleanup_free) char *bar = NULL;
	size_t row = grid_row(g);
	struct word w;
	const char *note = phrase_note(e, v);
	enum ink ink = ink_of_note(note);

	grid_set(g, row, MODEL_AT, ink, "%s", model_title(e->model));
	grid_set(g, row, WORKERS_AT, INK_PLAIN, "%d", e->workers);
	grid_set(g, row, NOTE_AT, ink, "%s", note);
	if (e->outcome != OUTCOME_OK || !e->speedup.n)
		return;
	grid_set(g, row, SPEEDUP_AT, ink, "%s", word_speedup(e->speedup).s);
	grid_set(g, row, INTERVAL_AT, INK_PLAIN, "%s", word_interval(e->speedup).s);
	grid_set(g, row, N_AT, INK_PLAIN, "%zu", e->speedup.n);
	grid_set(g, row, CPU_AT, INK_PLAIN, "%s", time_or_dash(e->cpu_ns_per_task, &w));
	grid_set(g, row, MEMORY_AT, INK_PLAIN, "%s", word_bytes(e->pss_bytes).s);
	grid_set(g, row, P99_AT, INK_PLAIN, "%s", time_or_dash((double)e->p99_ns, &w));
	grid_set(g, row, P50_AT, INK_PLAIN, "%s", time_or_dash((double)e->p50_ns, &w));
	bar = page_bar(p, e->speedup.value / top, 14);
	grid_set(g, row, BAR_AT, ink, "%s", bar);
}

/* Why entries are out, and how the tasks were kept apart. */
static void put_race_notes(const struct page *p, const struct race *race,
			   const struct machine *machine, const struct race_entry *const *entries)
{
	CLEANUP(strbuf_clear) struct strbuf apart = { 0 };

	for (size_t i = 0; i < race->n; i++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		if (entries[i]->outcome == OUTCOME_OK)
			continue;
		phrase_out(entries[i], &text);
		page_item(p, "  out: ", INK_BAD, 7, "%s", text.s);
	}
	vec_each (race, e) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		phrase_entry_time(e, &text);
		if (text.len)
			page_item(p, "  Time of ", INK_DIM, 4, "%s x %d: %s.",
				  model_title(e->model), e->workers, text.s);
	}
	phrase_isolation(race, &apart);
	if (apart.len)
		page_item(p, "  Tasks kept apart by:", INK_DIM, 4, " %s", apart.s);
	for (enum model model = 0; model < MODEL_COUNT; model++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };

		phrase_loop(race, model, machine, &text);
		if (text.len)
			page_item(p, "  Event loop:", INK_DIM, 4, " %s", text.s);
	}
}

static double top_speedup(const struct race *race)
{
	double top = 1;

	vec_each (race, e) {
		if (e->outcome == OUTCOME_OK && e->speedup.n && e->speedup.value > top)
			top = e->speedup.value;
	}
	return top;
}

static void put_race(const struct page *p, const struct race *race, const struct verdict *v,
		     const struct machine *machine)
{
	CLEANUP(cleanup_free) const struct race_entry **entries = NULL;
	CLEANUP(grid_free) struct grid *g = NULL;
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };
	static const size_t spare[] = { P50_AT, BAR_AT, MEMORY_AT, P99_AT, CPU_AT };

	if (!race->measured || !race->n) {
		page_heading(p, "Tournament", NULL);
		page_item(p, "  ", INK_PLAIN, 2, "Not run%s%s.", race->why ? ": " : "",
			  phrase_or(race->why, ""));
		return;
	}
	phrase_race(race, &note);
	page_heading(p, "Tournament", note.s);
	entries = sorted_entries(race);
	g = grid_new(p, race_columns, RACE_COLUMNS);
	for (size_t i = 0; i < sizeof(spare) / sizeof(*spare); i++)
		grid_spare(g, spare[i]);
	for (size_t i = 0; i < race->n; i++)
		put_entry(p, g, entries[i], v, top_speedup(race));
	grid_print(g);
	put_race_notes(p, race, machine, entries);
}

/* --- the waits --- */

static enum ink ink_of(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_NETWORK:
		return INK_NETWORK;
	case WAIT_DISK:
		return INK_DISK;
	case WAIT_LOCK:
		return INK_LOCK;
	default:
		return INK_OTHER;
	}
}

static void put_share(const struct page *p, struct grid *g, const char *what, uint64_t ns,
		      uint64_t wall_ns, enum ink ink)
{
	double share = wall_ns ? (double)ns / (double)wall_ns : 0;
	CLEANUP(cleanup_free) char *bar = page_bar(p, share, 24);
	size_t row = grid_row(g);

	grid_set(g, row, 0, INK_PLAIN, "%s", what);
	grid_set(g, row, 1, INK_PLAIN, "%s", word_share(share).s);
	grid_set(g, row, 2, INK_PLAIN, "%s", word_ns((double)ns).s);
	grid_set(g, row, 3, ink, "%s", bar);
}

static void put_shares(const struct page *p, const struct wait_profile *w)
{
	static const struct grid_column columns[] = { { "WHERE THE TIME WENT", GRID_LEFT },
						      { "SHARE", GRID_RIGHT },
						      { "TIME", GRID_RIGHT },
						      { "", GRID_LEFT } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 4);
	bool said[WAIT_KIND_COUNT] = { 0 };

	put_share(p, g, "on-CPU, program", w->user_ns, w->wall_ns, INK_GOOD);
	put_share(p, g, "on-CPU, kernel", w->system_ns, w->wall_ns, INK_GOOD);
	for (;;) { /* longest wait first; kinds that did not occur are left out */
		int top = -1;

		for (int k = 0; k < WAIT_KIND_COUNT; k++) {
			if (!said[k] && w->wait_ns[k] &&
			    (top < 0 || w->wait_ns[k] > w->wait_ns[top]))
				top = k;
		}
		if (top < 0)
			break;
		said[top] = true;
		put_share(p, g, wait_kind_key(top), w->wait_ns[top], w->wall_ns, ink_of(top));
	}
	put_share(p, g, "run-queue", w->runqueue_ns, w->wall_ns, INK_DOUBT);
	put_share(p, g, "unknown", w->unknown_ns, w->wall_ns, INK_BAD);
	grid_print(g);
}

static void put_wait_sites(const struct page *p, const struct profile *profile)
{
	static const struct grid_column columns[] = { { "IN THE KERNEL", GRID_LEFT },
						      { "KIND", GRID_LEFT },
						      { "TIME", GRID_RIGHT },
						      { "WAITS", GRID_RIGHT } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 4);
	size_t shown = 0;

	vec_each (&profile->sites, s) {
		size_t row;

		if (shown++ == SITES_SHOWN && !p->style->verbose)
			break;
		row = grid_row(g);
		grid_set(g, row, 0, INK_PLAIN, "%s", s->symbol);
		grid_set(g, row, 1, INK_PLAIN, "%s", wait_kind_key(s->kind));
		grid_set(g, row, 2, INK_PLAIN, "%s", word_ns((double)s->ns).s);
		grid_set(g, row, 3, INK_PLAIN, "%llu", (unsigned long long)s->waits);
	}
	if (profile->sites.n)
		page_blank(p);
	grid_print(g);
}

/* "work (a.c:12) <- main (a.c:40)"; nothing of what comes before main or a thread's function. */
static void add_calls(const struct page *p, const struct stack *stack, struct strbuf *out)
{
	size_t shown = 0;

	vec_each (&stack->frames, f) {
		const char *slash = f->file ? strrchr(f->file, '/') : NULL;

		if (!strcmp(f->function, "start_thread") ||
		    !strcmp(f->function, "__libc_start_call_main"))
			return;
		if (shown++ == FRAMES_SHOWN && !p->style->verbose) {
			strbuf_add(out, " <- ...");
			return;
		}
		strbuf_addf(out, "%s%s", shown > 1 ? " <- " : "", f->function);
		if (f->file)
			strbuf_addf(out, " (%s:%d)", slash ? slash + 1 : f->file, f->line);
		else if (f->object)
			strbuf_addf(out, " (%s)", f->object);
	}
	if (stack->cut)
		strbuf_add(out, " <- ...");
}

/* The heaviest of one kind. */
static void put_stacks_of(const struct page *p, const struct profile *profile, bool on_cpu,
			  enum wait_kind kind)
{
	size_t shown = 0, most = p->style->verbose ? STACKS_VERBOSE : STACKS_SHOWN;

	vec_each (&profile->stacks, s) {
		CLEANUP(cleanup_free) char *label = NULL;
		CLEANUP(strbuf_clear) struct strbuf calls = { 0 };
		double share =
			profile->waits.wall_ns ? (double)s->ns / (double)profile->waits.wall_ns : 0;

		if (s->on_cpu != on_cpu || (!on_cpu && s->kind != kind) || !s->frames.n)
			continue;
		if (shown++ == most || (share < STACK_SHARE && !p->style->verbose))
			break;
		label = xasprintf("  %-10s %5s  ", on_cpu ? "on-CPU" : wait_kind_key(kind),
				  word_share(share).s);
		add_calls(p, s, &calls);
		page_item(p, label, on_cpu ? INK_GOOD : ink_of(kind), 20, "%s", strbuf_str(&calls));
	}
}

static void put_stacks(const struct page *p, const struct profile *profile)
{
	bool any = false;

	vec_each (&profile->stacks, s)
		any = any || s->frames.n;
	if (!any)
		return;
	page_heading(p, "Calls", "innermost first, by kind; CPU time is sampled");
	put_stacks_of(p, profile, true, WAIT_OTHER);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		put_stacks_of(p, profile, false, (enum wait_kind)kind);
}

/* The function that ended the wait: libc's own part in it says nothing. */
static void add_waking_call(const struct wait_waker *w, struct strbuf *out)
{
	vec_each (&w->frames, f) {
		const char *slash = f->file ? strrchr(f->file, '/') : NULL;

		if (f->object && !strncmp(f->object, "libc.so", 7))
			continue;
		strbuf_addf(out, " in %s", f->function);
		if (f->file)
			strbuf_addf(out, " (%s:%d)", slash ? slash + 1 : f->file, f->line);
		return;
	}
}

/* "lock  woken by server/12 in put (queue.c:31) (134 ms, 7)": timers say nothing that the kind does not. */
static void put_wakers_of(const struct page *p, const struct profile *profile, enum wait_kind kind)
{
	CLEANUP(cleanup_free) char *label = xasprintf("  %-10s  by  ", wait_kind_key(kind));
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	size_t shown = 0;

	vec_each (&profile->wakers, w) {
		if (w->kind != kind || !w->tid)
			continue;
		if (shown++ == STACKS_SHOWN && !p->style->verbose)
			break;
		strbuf_addf(&text, "%s%s/%d", shown > 1 ? ", " : "", w->name, w->tid);
		add_waking_call(w, &text);
		strbuf_addf(&text, " (%s, %llu)", word_ns((double)w->ns).s,
			    (unsigned long long)w->waits);
	}
	if (shown)
		page_item(p, label, ink_of(kind), 18, "%s", strbuf_str(&text));
}

static void put_wakers(const struct page *p, const struct profile *profile)
{
	bool any = false;

	vec_each (&profile->wakers, w)
		any = any || w->tid;
	if (!any)
		return;
	page_heading(p, "Ended by", "thread (time waited until then, number of waits)");
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		put_wakers_of(p, profile, (enum wait_kind)kind);
}

static void put_profile(const struct page *p, const struct profile *profile)
{
	CLEANUP(strbuf_clear) struct strbuf note = { 0 };

	if (!profile->measured) {
		page_heading(p, "Waits", NULL);
		page_item(p, "  ", INK_PLAIN, 2, "Not profiled%s%s.", profile->why ? ": " : "",
			  phrase_or(profile->why, ""));
		return;
	}
	phrase_profile(profile, &note);
	page_heading(p, "Waits", note.s);
	put_shares(p, &profile->waits);
	put_wait_sites(p, profile);
	put_stacks(p, profile);
	put_wakers(p, profile);
}

/* --- method --- */

static void put_phrases(const struct page *p, const struct phrases *list)
{
	vec_each (list, line) {
		CLEANUP(cleanup_free) char *label = xasprintf("  %-10s", line->label);

		page_item(p, label, INK_DIM, 12, "%s", line->text);
	}
}

static void put_method(const struct page *p, const struct run *run)
{
	CLEANUP(phrases_clear) struct phrases list = { 0 };

	phrase_method(run, &list);
	page_heading(p, "Method", "what the figures rest on");
	put_phrases(p, &list);
}

/* --- the public ones --- */

void report_facts(const struct facts *facts, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	source_put(&p, facts, true);
}

void report_profile(const struct profile *profile, const struct report_style *style,
		    struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_profile(&p, profile);
}

void report_race(const struct run *run, const struct report_style *style, struct strbuf *out)
{
	CLEANUP(phrases_clear) struct phrases left = { 0 };
	struct page p = page_on(style, out);

	put_race(&p, &run->race, NULL, &run->machine);
	phrase_left(&run->race, &left);
	put_phrases(&p, &left);
}

static void put_verdict(const struct page *p, const struct run *run)
{
	const struct verdict *v = &run->verdict;
	struct strings reasons = phrase_reasons(v), missing = phrase_missing(v);
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 }, row = { 0 }, sure = { 0 };

	phrase_verdict(v, &verdict);
	page_item(p, "Verdict:", INK_BOLD, 9, " %s", verdict.s);
	if (v->kind == VERDICT_NONE)
		return;
	phrase_row(run, page_arrow(p), &row);
	page_item(p, "Row:", INK_BOLD, 5, " %s", row.s);
	phrase_confidence(v, &sure);
	if (sure.len)
		page_item(p, "Confidence:", INK_BOLD, 12, " %s", sure.s);
	put_ties(p, v);
	put_witnesses(p, v);
	if (v->outlook.present.concurrent) {
		page_heading(p, "Concurrent already", "from the profile, n = 1");
		put_present(p, &v->outlook.present);
	}
	put_list(p, "Why", &reasons);
	put_rules(p, v);
	put_list(p, "What would make it surer", &missing);
	put_hurdles(p, v);
	put_sketch(p, v);
}

void report_run(const struct run *run, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_verdict(&p, run);
	put_recording(&p, &run->recording);
	put_race(&p, &run->race, &run->verdict, &run->machine);
	put_scaling(&p, &run->verdict);
	put_profile(&p, &run->profile);
	source_put(&p, &run->facts, style->verbose);
	put_method(&p, run);
}
