#include "advisor/witness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

static struct witness *add_witness(struct advice *a, const char *name)
{
	struct witness w = { .name = xstrdup(name), .on = xstrdup("") };

	vec_push(&a->verdict->witnesses, w);
	return &a->verdict->witnesses.items[a->verdict->witnesses.n - 1];
}

static void rests_on(struct witness *w, char *what)
{
	free(w->on);
	w->on = what;
}

static void is_sure(struct witness *w, const char *level)
{
	free(w->sure);
	w->sure = xstrdup(level);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* --- the code --- */

struct blocking { /* blocking calls by kind of wait */
	size_t kind[WAIT_KIND_COUNT];
	size_t all;
	size_t remote; /* waits that some other program ends */
};

static struct blocking count_blocking(const struct facts *facts)
{
	struct blocking b = { 0 };

	vec_each (facts, f) {
		enum wait_kind kind = WAIT_OTHER;

		if (!f->check || strcmp(f->check, "blocking-call"))
			continue;
		if (f->effect)
			wait_kind_from_key(f->effect, &kind);
		b.kind[kind]++;
		b.all++;
	}
	b.remote =
		b.kind[WAIT_NETWORK] + b.kind[WAIT_SLEEP] + b.kind[WAIT_CHILD] + b.kind[WAIT_POLL];
	return b;
}

static void describe_code(const struct advice *a, const struct blocking *b, struct strbuf *out)
{
	const struct facts *facts = &a->run->facts;
	size_t shared = facts_count(facts, "shared-state");
	size_t unsafe = facts_count(facts, "mt-unsafe-call");
	size_t present = facts_count(facts, "concurrency-present");
	bool first = true;

	strbuf_addf(out, "The source has %zu blocking call%s", b->all, plural(b->all));
	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		if (!b->kind[k])
			continue;
		strbuf_addf(out, "%s%zu %s", first ? " (" : ", ", b->kind[k], wait_kind_key(k));
		first = false;
	}
	strbuf_addf(out, "%s, %zu variable%s that tasks would share and %zu MT-unsafe call%s",
		    first ? "" : ")", shared, plural(shared), unsafe, plural(unsafe));
	if (present)
		strbuf_addf(out, "; it starts threads or processes in %zu place%s already", present,
			    plural(present));
}

/* Does what the source does fit what the clock saw? The reason for a no goes to `out`. */
static bool code_agrees(const struct advice *a, const struct blocking *b, struct strbuf *out)
{
	enum row row = a->verdict->row;

	if (!a->verdict->has_row) {
		strbuf_addf(out, ".");
		return true;
	}
	if (row == ROW_COMPUTE && 2 * b->remote > b->all) {
		strbuf_addf(out, ": most of them wait for others, yet the clock saw computing; the "
				 "tasks that ran may not be typical.");
		return false;
	}
	if (row != ROW_COMPUTE && !b->all) {
		strbuf_addf(out, ": none explains the waits that the clock saw; they may be in a "
				 "library whose source was not read.");
		return false;
	}
	strbuf_addf(out, ", as \"%s\" would have.", row_situation(row));
	return true;
}

static void hear_code(struct advice *a)
{
	const struct facts *facts = &a->run->facts;
	struct witness *w = add_witness(a, "code");
	struct strbuf says = { 0 };
	struct blocking b;

	if (!facts->analysed) {
		w->says = xasprintf("The source was not analysed%s%s.", facts->why_not ? ": " : "",
				    facts->why_not ? facts->why_not : "");
		return;
	}
	w->heard = true;
	b = count_blocking(facts);
	describe_code(a, &b, &says);
	w->agrees = code_agrees(a, &b, &says);
	w->says = strbuf_detach(&says);
	/* Pointers hide a lot from any reader of source: never high. */
	is_sure(w, facts->failures.n ? "low" : "fair");
	rests_on(w,
		 xasprintf("%zu translation unit%s, %zu not readable; the configured build only.",
			   facts->units, plural(facts->units), facts->failures.n));
}

/* --- the clock --- */

static void describe_profile(const struct advice *a, struct strbuf *out)
{
	const struct shares *s = &a->shares;

	if (s->known)
		strbuf_addf(
			out,
			"The sequential run was %.0f %% on-CPU, %.0f %% in waits that can overlap, "
			"%.0f %% in others, %.0f %% unexplained",
			100 * s->cpu, 100 * s->overlappable, 100 * s->serial, 100 * s->unknown);
	else
		strbuf_addf(out, "No run was profiled");
}

static bool describe_race(const struct advice *a, struct strbuf *out)
{
	const struct verdict *v = a->verdict;
	const struct race_entry *best = a->contenders[a->leader].best;

	if (!best) {
		strbuf_addf(out, "; no other model has a figure.");
		return v->kind == VERDICT_LEAVE;
	}
	strbuf_addf(out, "; %s with %d worker%s reached %s.", model_title(best->model),
		    best->workers, plural((size_t)best->workers), estimate_text(best->speedup).s);
	return v->kind != VERDICT_RECOMMEND || a->tied[a->chosen];
}

static void hear_clock(struct advice *a)
{
	const struct profile *p = &a->run->profile;
	struct witness *w = add_witness(a, "clock");
	struct strbuf says = { 0 };
	const struct race_conditions *c = &a->run->race.conditions;

	w->heard = a->shares.known || a->leader != MODEL_SEQUENTIAL;
	describe_profile(a, &says);
	w->agrees = describe_race(a, &says) && w->heard;
	if (w->heard)
		is_sure(w, a->verdict->confidence ? a->verdict->confidence : "low");
	w->says = strbuf_detach(&says);
	if (a->run->race.simulated)
		rests_on(w,
			 xasprintf("%llu call%s of %s, recorded while the program ran (tier %s); "
				   "the models were simulated, not raced.",
				   (unsigned long long)a->run->recording.total,
				   plural((size_t)a->run->recording.total),
				   a->run->recording.unit ? a->run->recording.unit : "the unit",
				   tier_key(p->tier)));
	else if (p->measured && a->run->race.measured)
		rests_on(w,
			 xasprintf("One profiled run (tier %s) of %llu task%s; a race of %d clean "
				   "round%s, %d repeated.",
				   tier_key(p->tier), (unsigned long long)p->tasks,
				   plural((size_t)p->tasks), c->rounds, plural((size_t)c->rounds),
				   c->dirty_rounds));
	else if (p->measured)
		rests_on(w, xasprintf("One profiled run (tier %s).", tier_key(p->tier)));
	else if (w->heard)
		rests_on(w, xasprintf("A race of %d clean round%s, %d repeated.", c->rounds,
				      plural((size_t)c->rounds), c->dirty_rounds));
}

/* --- the table --- */

/* The pool of threads is the half of async + thread pool that was measured. */
static bool is_half_of_hybrid(const struct advice *a)
{
	return a->chosen == MODEL_THREADS && a->row->candidates[0] == MODEL_HYBRID &&
	       !a->contenders[MODEL_HYBRID].raced;
}

/* Does anything the row names? */
static bool has_figure(const struct advice *a)
{
	for (size_t i = 0; i < a->row->n; i++) {
		if (a->contenders[a->row->candidates[i]].best)
			return true;
	}
	return false;
}

static bool table_agrees(const struct advice *a, struct strbuf *out)
{
	enum model said = a->verdict->kind == VERDICT_RAISE ? a->verdict->model : a->chosen;

	if (a->verdict->kind == VERDICT_LEAVE) {
		strbuf_addf(out, a->run->race.simulated || !a->run->race.measured
					 ? ", but this work gains nothing by it."
					 : ", but the race found no gain in it.");
		return false;
	}
	if (table_row_rank(a->row, said) == a->row->n) {
		if (has_figure(a))
			strbuf_addf(out, ", but %s measured faster.", model_title(said));
		else
			strbuf_addf(out, ", of which nothing has a figure.");
		return false;
	}
	if (is_half_of_hybrid(a))
		strbuf_addf(out, "; of it the pool of threads was raced, the event loop was not.");
	else
		strbuf_addf(out, ": %s is one of its candidates.", model_title(said));
	return true;
}

/* How far the shares are from where another row begins. */
static const char *margin_level(const struct advice *a)
{
	double least = 1;

	for (int r = 0; r < ROW_COUNT; r++) {
		const struct table_row *row = &a->table->rows[r];
		double share = row->metric == METRIC_CPU ? a->shares.cpu : a->shares.overlappable;

		if (row->metric != METRIC_OTHERWISE &&
		    (row == a->row || a->row->metric == METRIC_OTHERWISE))
			least = fmin(least, fabs(share - row->threshold));
	}
	return least >= 0.1 ? "high" : least >= 0.03 ? "fair" : "low";
}

static void hear_table(struct advice *a)
{
	struct witness *w = add_witness(a, "table");
	struct strbuf says = { 0 };

	if (!a->row) {
		w->says = xstrdup("Without a class of the work there is no row to read.");
		return;
	}
	w->heard = true;
	strbuf_addf(&says, "For %s it says %s", row_situation(a->row->row),
		    row_approach(a->row->row));
	if (a->verdict->kind == VERDICT_CANNOT_TELL)
		strbuf_addch(&says, '.');
	else
		w->agrees = table_agrees(a, &says);
	w->says = strbuf_detach(&says);
	is_sure(w, margin_level(a));
	if (a->row->metric == METRIC_OTHERWISE)
		rests_on(w, xstrdup("Neither computing nor waits that can overlap fill the time."));
	else
		rests_on(w, xasprintf("%s is at least %.0f %% of the time.",
				      a->row->metric == METRIC_CPU ? "Computing"
								   : "Waiting that can overlap",
				      100 * a->row->threshold));
}

void witness_all(struct advice *a)
{
	CLEANUP(strbuf_clear) struct strbuf dissent = { 0 };

	hear_code(a);
	hear_clock(a);
	hear_table(a);
	if (a->verdict->kind == VERDICT_CANNOT_TELL) {
		a->verdict->agreement = xstrdup("none");
		return;
	}
	vec_each (&a->verdict->witnesses, w) {
		if (w->heard && !w->agrees)
			strbuf_addf(&dissent, "%s%s", dissent.len ? ", " : "dissent: ", w->name);
	}
	a->verdict->agreement = xstrdup(dissent.len ? dissent.s : "agree");
}
