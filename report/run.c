#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "report/grid.h"
#include "report/page.h"
#include "report/words.h"

#define HURDLES_SHOWN  8
#define FACTS_SHOWN    30
#define SITES_SHOWN    5
#define STACKS_SHOWN   3    /* of each kind, */
#define STACK_SHARE    0.01 /* and of the wall time at least */
#define STACKS_VERBOSE 20
#define FRAMES_SHOWN   8
#define WIDE           100 /* columns from which the tournament has P50 and bars */

static const char *text_or(const char *s, const char *otherwise)
{
	return s && *s ? s : otherwise;
}

static struct word workers_text(int n)
{
	return word_count((uint64_t)(n < 0 ? 0 : n), "worker");
}

/* --- the verdict --- */

static void put_verdict_line(const struct page *p, const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_RECOMMEND:
		page_item(p, "Verdict:", INK_BOLD, 9, " %s, %s: %s faster %s, n = %zu",
			  model_title(v->model), workers_text(v->workers).s,
			  word_speedup(v->speedup).s, word_interval(v->speedup).s, v->speedup.n);
		break;
	case VERDICT_RAISE:
		page_item(p, "Verdict:", INK_BOLD, 9, " raise the workers to %d: %s", v->workers,
			  word_estimate(v->speedup).s);
		break;
	case VERDICT_LEAVE:
		page_item(p, "Verdict:", INK_BOLD, 9, " leave it sequential. %s",
			  v->reasons.n ? v->reasons.items[0] : "");
		break;
	case VERDICT_CANNOT_TELL:
		page_item(p, "Verdict:", INK_BOLD, 9, " cannot tell. %s",
			  v->missing.n ? v->missing.items[0] : "");
		break;
	default:
		page_item(p, "Verdict:", INK_BOLD, 9, " none was asked for.");
	}
}

/* "98 % on-CPU": the share that decides the row, of the time without run-queue delay. */
static void add_row_share(const struct run *run, struct strbuf *out)
{
	const struct wait_profile *w = &run->profile.waits;
	double base = (double)(w->wall_ns - w->runqueue_ns);
	double overlap = wait_profile_overlappable_share(w) * (double)w->wall_ns;

	if (!run->profile.measured || w->wall_ns <= w->runqueue_ns)
		return;
	strbuf_add(out, " (");
	if (run->verdict.row != ROW_WAITS)
		strbuf_addf(out, "%s on-CPU", word_share((double)wait_profile_cpu_ns(w) / base).s);
	if (run->verdict.row == ROW_MIX)
		strbuf_add(out, ", ");
	if (run->verdict.row != ROW_COMPUTE)
		strbuf_addf(out, "%s in waits that can overlap", word_share(overlap / base).s);
	strbuf_add(out, ")");
}

/* "The three witnesses agree.", or who does not. */
static void add_agreement(const struct verdict *v, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf silent = { 0 };

	if (v->kind == VERDICT_CANNOT_TELL || !v->agreement)
		return;
	vec_each (&v->witnesses, w) {
		if (!w->heard)
			strbuf_addf(&silent, "%s%s", silent.len ? ", " : "", w->name);
	}
	if (strcmp(v->agreement, "agree"))
		strbuf_addf(out, " %c%s.", v->agreement[0] == 'd' ? 'D' : v->agreement[0],
			    v->agreement + 1);
	else
		strbuf_add(out, silent.len ? " The witnesses heard agree."
					   : " The three witnesses agree.");
	if (silent.len)
		strbuf_addf(out, " Not heard: %s.", silent.s);
}

static void put_row_line(const struct page *p, const struct run *run)
{
	const struct verdict *v = &run->verdict;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (v->has_row) {
		strbuf_addf(&text, " %s %s %s", row_situation(v->row), page_arrow(p),
			    row_approach(v->row));
		add_row_share(run, &text);
		strbuf_addch(&text, '.');
	} else {
		strbuf_add(&text, " not known.");
	}
	add_agreement(v, &text);
	page_item(p, "Row:", INK_BOLD, 5, "%s", strbuf_str(&text));
}

/* The model whose hurdles a verdict lists: see advisor.h. */
static enum model hurdles_model(const struct verdict *v)
{
	if (v->kind == VERDICT_RECOMMEND && v->model != MODEL_PROCESSES)
		return v->model;
	return MODEL_THREADS;
}

static void put_ties(const struct page *p, const struct verdict *v)
{
	vec_each (&v->ties, t) {
		CLEANUP(strbuf_clear) struct strbuf needs = { 0 };

		if (t->model == hurdles_model(v) && v->hurdles.n)
			strbuf_addf(&needs, ": needs %s to the code first",
				    word_count(v->hurdles.n, "change").s);
		page_item(p, "Tie:", INK_BOLD, 5, " %s (%s) %s%s.", model_title(t->model),
			  workers_text(t->workers).s, word_estimate(t->speedup).s,
			  strbuf_str(&needs));
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
		const char *stand = !w->heard   ? "not heard"
				    : !asked    ? "heard"
				    : w->agrees ? "agrees"
						: "dissents";
		enum ink ink = !w->heard || !asked ? INK_DIM : w->agrees ? INK_GOOD : INK_DOUBT;
		CLEANUP(cleanup_free) char *label = xasprintf("  %-6s %-9s ", w->name, stand);

		page_item(p, label, ink, 19, "%s", w->says);
		if (w->on && *w->on && p->style->verbose)
			page_item(p, "                   ", INK_PLAIN, 19, "%s", w->on);
	}
}

static void put_hurdles(const struct page *p, const struct verdict *v)
{
	static const struct grid_column columns[] = { { "WHERE", GRID_LEFT },
						      { "PLACES", GRID_RIGHT },
						      { "WHAT", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = NULL;
	CLEANUP(cleanup_free) char *title = NULL;
	size_t shown = 0;

	if (!v->hurdles.n)
		return;
	title = xasprintf("In the way of %s: %s", model_title(hurdles_model(v)),
			  word_count(v->hurdles.n, "change").s);
	page_heading(p, title, "the most widely written first");
	g = grid_new(p, columns, 3);
	vec_each (&v->hurdles, h) {
		size_t row;

		if (shown++ == HURDLES_SHOWN && !p->style->verbose)
			break;
		row = grid_row(g);
		grid_set(g, row, 0, INK_BOLD, "%s:%d", h->file, h->line);
		grid_set(g, row, 1, INK_PLAIN, "%d", h->sites);
		grid_set(g, row, 2, INK_PLAIN, "%s", h->text);
	}
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

/* What the verdict made of an entry. */
static const char *note_of(const struct race_entry *e, const struct verdict *v, enum ink *ink)
{
	bool names_a_model = v && v->kind != VERDICT_NONE && v->kind != VERDICT_CANNOT_TELL;

	*ink = INK_BAD;
	if (e->outcome != OUTCOME_OK)
		return "out";
	*ink = INK_GOOD;
	if (names_a_model && v->model == e->model && v->workers == e->workers)
		return "verdict";
	*ink = INK_DOUBT;
	for (size_t i = 0; names_a_model && i < v->ties.n; i++) {
		if (v->ties.items[i].model == e->model && v->ties.items[i].workers == e->workers)
			return "tie";
	}
	*ink = INK_PLAIN;
	return "";
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
	[MODEL_AT] = { "MODEL", GRID_LEFT },
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
	enum ink ink;
	const char *note = note_of(e, v, &ink);

	grid_set(g, row, MODEL_AT, ink, "%s", model_key(e->model));
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

static bool isolated_before(const struct race *race, const struct race_entry *e)
{
	for (const struct race_entry *f = race->items; f < e; f++) {
		if (f->model == e->model && f->isolation && !strcmp(f->isolation, e->isolation))
			return true;
	}
	return false;
}

/* Why entries are out, and how the tasks were kept apart. */
static void put_race_notes(const struct page *p, const struct race *race,
			   const struct race_entry *const *entries)
{
	CLEANUP(strbuf_clear) struct strbuf apart = { 0 };

	for (size_t i = 0; i < race->n; i++) {
		const struct race_entry *e = entries[i];

		if (e->outcome != OUTCOME_OK)
			page_item(p, "  out: ", INK_BAD, 7, "%s, %s: %s: %s", model_title(e->model),
				  workers_text(e->workers).s, outcome_key(e->outcome),
				  text_or(e->why, "no reason recorded"));
	}
	vec_each (race, e) {
		if (e->isolation && *e->isolation && !isolated_before(race, e))
			strbuf_addf(&apart, "%s%s: %s", apart.len ? "; " : "",
				    model_title(e->model), e->isolation);
	}
	if (apart.len)
		page_item(p, "  Tasks kept apart by:", INK_DIM, 4, " %s.", apart.s);
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

static void put_race(const struct page *p, const struct race *race, const struct verdict *v)
{
	CLEANUP(cleanup_free) const struct race_entry **entries = NULL;
	CLEANUP(grid_free) struct grid *g = NULL;
	CLEANUP(cleanup_free) char *note = NULL;

	if (!race->measured || !race->n) {
		page_heading(p, "Tournament", NULL);
		page_item(p, "  ", INK_PLAIN, 2, "Not run%s%s.", race->why ? ": " : "",
			  text_or(race->why, ""));
		return;
	}
	note = xasprintf("%s a trial, %s, 95 %% intervals, W = workers",
			 word_count(race->conditions.tasks, "task").s,
			 word_count((uint64_t)race->conditions.rounds, "clean round").s);
	page_heading(p, "Tournament", note);
	entries = sorted_entries(race);
	g = grid_new(p, race_columns, RACE_COLUMNS);
	if (p->width < WIDE) {
		grid_hide(g, P50_AT);
		grid_hide(g, BAR_AT);
	}
	for (size_t i = 0; i < race->n; i++)
		put_entry(p, g, entries[i], v, top_speedup(race));
	grid_print(g);
	put_race_notes(p, race, entries);
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

/* "lock  woken by server/12 (134 ms)": timers say nothing that the kind does not. */
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
		strbuf_addf(&text, "%s%s/%d (%s, %llu)", shown > 1 ? ", " : "", w->name, w->tid,
			    word_ns((double)w->ns).s, (unsigned long long)w->waits);
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
	CLEANUP(cleanup_free) char *note = NULL;

	if (!profile->measured) {
		page_heading(p, "Waits", NULL);
		page_item(p, "  ", INK_PLAIN, 2, "Not profiled%s%s.", profile->why ? ": " : "",
			  text_or(profile->why, ""));
		return;
	}
	note = xasprintf("one run (n = 1, no interval), tier %s, %s in %s", tier_key(profile->tier),
			 word_count(profile->threads, "thread").s,
			 word_ns((double)profile->elapsed_ns).s);
	page_heading(p, "Waits", note);
	put_shares(p, &profile->waits);
	put_wait_sites(p, profile);
	put_stacks(p, profile);
	put_wakers(p, profile);
}

/* --- the facts --- */

static void put_fact_counts(const struct page *p, const struct facts *facts)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	vec_each (facts, f) {
		bool first = true;

		for (const struct fact *g = facts->items; g < f; g++)
			first = first && strcmp(g->check, f->check);
		if (first)
			strbuf_addf(&text, "%s%zu %s", text.len ? ", " : "",
				    facts_count(facts, f->check), f->check);
	}
	page_item(p, "  ", INK_PLAIN, 2, "%s%s. %s read, of the configured build only.",
		  facts->n ? "Found: " : "Nothing found", strbuf_str(&text),
		  word_count(facts->units - facts->failures.n, "translation unit").s);
	vec_each (&facts->failures, f)
		page_item(p, "  not read: ", INK_DOUBT, 4, "%s: %s", f->file, f->why);
}

static void put_fact_rows(const struct page *p, const struct facts *facts)
{
	static const struct grid_column columns[] = { { "WHERE", GRID_LEFT },
						      { "CHECK", GRID_LEFT },
						      { "KIND", GRID_LEFT },
						      { "WHAT", GRID_WRAP } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 4);
	size_t shown = 0;

	vec_each (facts, f) {
		size_t row;

		if (shown++ == FACTS_SHOWN && !p->style->verbose)
			break;
		row = grid_row(g);
		grid_set(g, row, 0, INK_BOLD, "%s:%d", f->file, f->line);
		grid_set(g, row, 1, INK_PLAIN, "%s", f->check);
		grid_set(g, row, 2, INK_PLAIN, "%s", text_or(f->effect, ""));
		grid_set(g, row, 3, INK_PLAIN, "%s%s%s%s", text_or(f->detail, f->symbol),
			 f->advice ? " (" : "", text_or(f->advice, ""), f->advice ? ")" : "");
	}
	grid_print(g);
	if (shown > FACTS_SHOWN && !p->style->verbose)
		page_item(p, "  ", INK_PLAIN, 2, "... and %zu more: -v shows all.",
			  facts->n - FACTS_SHOWN);
}

static void put_facts(const struct page *p, const struct facts *facts, bool rows)
{
	page_heading(p, "Source", NULL);
	if (!facts->analysed) {
		page_item(p, "  ", INK_PLAIN, 2, "Not analysed%s%s.", facts->why_not ? ": " : "",
			  text_or(facts->why_not, ""));
		return;
	}
	put_fact_counts(p, facts);
	if (rows && facts->n) {
		page_blank(p);
		put_fact_rows(p, facts);
	}
}

/* --- method --- */

static void put_race_method(const struct page *p, const struct race *race)
{
	const struct race_conditions *c = &race->conditions;

	if (!race->measured)
		return;
	page_item(p, "  race      ", INK_DIM, 12,
		  "%d clean rounds, %d repeated; each round runs every entry once in random order "
		  "(seed %llu); a speedup is the median of the rounds' ratios.",
		  c->rounds, c->dirty_rounds, (unsigned long long)c->seed);
	if (c->noise.n)
		page_item(p, "  noise     ", INK_DIM, 12, "sequential against itself: %s.",
			  word_estimate(c->noise).s);
	if (c->ceiling > 0)
		page_item(
			p, "  machine   ", INK_DIM, 12,
			"two spinning threads got %.2fx of one (median of the rounds); %s taken by "
			"the host; %.1f other runnable tasks.",
			c->ceiling, word_share(c->steal_share).s, c->load);
	if (c->startup_ns.n && c->startup_ns.value > 0)
		page_item(
			p, "  start-up  ", INK_DIM, 12,
			"exec costs %s a task [%s, %s], n = %zu, which a call in one process does "
			"not.",
			word_ns(c->startup_ns.value).s, word_ns(c->startup_ns.low).s,
			word_ns(c->startup_ns.high).s, c->startup_ns.n);
}

static void put_method(const struct page *p, const struct run *run)
{
	const struct profile *profile = &run->profile;
	const struct machine *m = &run->machine;

	page_heading(p, "Method", "what the figures rest on");
	if (profile->measured) {
		page_item(p, "  profile   ", INK_DIM, 12,
			  "tier %s (%s); %s of the records lost, %s "
			  "of the CPU time taken by the host.",
			  tier_key(profile->tier), tier_meaning(profile->tier),
			  word_share(profile->lost_share).s, word_share(profile->steal_share).s);
		if (profile->why)
			page_item(p, "            ", INK_DIM, 12, "%s", profile->why);
	}
	put_race_method(p, &run->race);
	if (m->cpu)
		page_item(p, "  hardware  ", INK_DIM, 12, "%s, %s, %s memory%s; Linux %s.", m->cpu,
			  word_count((uint64_t)(m->cores > 0 ? m->cores : 0), "core").s,
			  word_bytes(m->memory_bytes).s, m->virtualised ? ", virtual" : "",
			  text_or(m->kernel, "?"));
	page_item(p, "  run       ", INK_DIM, 12, "%s", run->id);
}

/* --- the public ones --- */

void report_facts(const struct facts *facts, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_facts(&p, facts, true);
}

void report_profile(const struct profile *profile, const struct report_style *style,
		    struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_profile(&p, profile);
}

void report_race(const struct race *race, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_race(&p, race, NULL);
}

/* What the verdict line has said already is not said again. */
static struct strings rest_of(const struct strings *list, bool said)
{
	struct strings rest = *list;

	if (said && rest.n) {
		rest.items++;
		rest.n--;
	}
	return rest;
}

static void put_verdict(const struct page *p, const struct run *run)
{
	const struct verdict *v = &run->verdict;
	struct strings reasons = rest_of(&v->reasons, v->kind == VERDICT_LEAVE);
	struct strings missing = rest_of(&v->missing, v->kind == VERDICT_CANNOT_TELL);

	put_verdict_line(p, v);
	if (v->kind == VERDICT_NONE)
		return;
	put_row_line(p, run);
	put_ties(p, v);
	put_witnesses(p, v);
	put_list(p, "Why", &reasons);
	put_rules(p, v);
	put_list(p, "What would make it surer", &missing);
	put_hurdles(p, v);
}

void report_run(const struct run *run, const struct report_style *style, struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_verdict(&p, run);
	put_race(&p, &run->race, &run->verdict);
	put_profile(&p, &run->profile);
	put_facts(&p, &run->facts, style->verbose);
	put_method(&p, run);
}
