#include "advisor/rules.h"

#include <math.h>
#include <string.h>

#include "advisor/children.h"
#include "advisor/hurdles.h"
#include "advisor/stream.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#define PERCENT(share) (100 * (share))

static double max_of(double a, double b)
{
	return a > b ? a : b;
}

/* "network 60 %, lock 12 %": the kinds of wait from `least` of the wall time up, longest first. */
static char *kinds_text(const struct shares *s, double least)
{
	struct strbuf out = { 0 };
	bool said[WAIT_KIND_COUNT] = { 0 };

	for (;;) {
		int top = -1;

		for (int k = 0; k < WAIT_KIND_COUNT; k++) {
			if (!said[k] && s->kind[k] >= least &&
			    (top < 0 || s->kind[k] > s->kind[top]))
				top = k;
		}
		if (top < 0)
			return strbuf_detach(&out);
		said[top] = true;
		strbuf_addf(&out, "%s%s %.0f %%", out.len ? ", " : "", wait_kind_key(top),
			    PERCENT(s->kind[top]));
	}
}

/* --- what the profile says --- */

/* Does the row's share reach its threshold, or may it, once the unknown time is known? CPU time is
 * exact in every tier: what is unknown was a wait. */
static bool row_may_be(const struct table_row *row, const struct shares *s, bool must)
{
	if (row->metric == METRIC_CPU)
		return s->cpu >= row->threshold;
	return s->overlappable + (must ? 0 : s->unknown) >= row->threshold;
}

static void find_possible_rows(struct advice *a)
{
	size_t n = 0;

	for (int r = 0; r < ROW_COUNT; r++) {
		const struct table_row *row = &a->table->rows[r];

		if (row->metric != METRIC_OTHERWISE && a->shares.known &&
		    row_may_be(row, &a->shares, true)) {
			a->possible[r] = true;
			a->row = row;
			return;
		}
	}
	for (int r = 0; r < ROW_COUNT; r++) {
		const struct table_row *row = &a->table->rows[r];

		a->possible[r] = !a->shares.known || row->metric == METRIC_OTHERWISE ||
				 row_may_be(row, &a->shares, false);
		if (a->possible[r] && n++ == 0)
			a->row = row;
	}
	if (n > 1)
		a->row = NULL;
}

static void rule_class(struct advice *a)
{
	const struct shares *s = &a->shares;

	find_possible_rows(a);
	if (!a->row)
		return;
	a->verdict->has_row = true;
	a->verdict->row = a->row->row;
	advice_because(
		a,
		"The profiled run spent %.0f %% of its time on-CPU and %.0f %% in waits that "
		"can overlap: the row is \"%s\".",
		PERCENT(s->cpu), PERCENT(s->overlappable), row_situation(a->row->row));
}

static void rule_locks(struct advice *a)
{
	double lock = a->shares.kind[WAIT_LOCK];

	if (a->shares.known && lock >= advice_limit(a, LIMIT_LIMITING))
		advice_because(a,
			       "%.0f %% of the time is spent waiting for locks: whoever holds one "
			       "makes the others wait, so this does not count as overlappable.",
			       PERCENT(lock));
}

static void rule_concurrent_already(struct advice *a)
{
	const struct present *p = &a->verdict->outlook.present;

	if (!p->concurrent)
		return;
	advice_because(
		a,
		"The program is concurrent already (%llu threads in %llu processes, %.1f in a "
		"task at a time, %.1f cores used): a speedup is over that, not over one "
		"thread; %s.",
		(unsigned long long)a->run->profile.threads,
		(unsigned long long)a->run->profile.processes, p->busy, p->cores_used,
		present_need_words(p->needs));
}

static void rule_process_wide_lock(struct advice *a)
{
	const struct present *p = &a->verdict->outlook.present;

	if (!p->process_wide)
		return;
	advice_because(
		a,
		"One lock lets one thread of the program run at a time, as an interpreter's GIL "
		"does%s%s: %.0f %% of the time in tasks waits for it%s%s. More threads gain "
		"nothing before it is split; processes have one each.",
		p->lock ? ", taken in " : "", p->lock ? p->lock : "", PERCENT(p->lock_share),
		p->holder ? "; most often it was held by " : "", p->holder ? p->holder : "");
}

/* Calls of a chain look like any others to a clock. */
static void rule_stream(struct advice *a)
{
	CLEANUP(cleanup_free) char *why = NULL;
	enum stream stream = stream_find(a->run, &why);

	if (stream == STREAM_NONE)
		return;
	if (stream == STREAM_CHAIN) {
		advice_because(a,
			       "The work is one stream that cannot be cut: %s. Several such jobs "
			       "at once can share the cores; one cannot.",
			       why);
		advice_lacks(a,
			     "If its parts are independent all the same, name the function "
			     "that works on one with --unit, or give them as tasks with --each.");
		advice_decide(a, VERDICT_LEAVE);
		return;
	}
	advice_because(a, "The work is one input that can be cut: %s.", why);
}

/* --- is there evidence, and can it be trusted? --- */

static void say_bounds(struct advice *a)
{
	vec_each (&a->verdict->outlook.bounds, b) {
		if (isnan(b->speedup))
			continue;
		advice_because(a,
			       "Estimate from one profile, not measured: %s at most %.1fx, with %d "
			       "worker%s: %s bounds it.",
			       model_title(b->model), b->speedup, b->workers,
			       b->workers == 1 ? "" : "s", bound_words(b->by));
	}
}

static void rule_no_race(struct advice *a)
{
	const struct run *run = a->run;

	if (run->race.measured && run->race.n)
		return;
	if (!run->profile.measured)
		advice_lacks(a, "No run was profiled%s%s.", run->profile.why ? ": " : "",
			     run->profile.why ? run->profile.why : "");
	advice_lacks(a,
		     "No models were raced%s%s: give the tasks, as in \"concur advise --each "
		     "FILE -- PROGRAM {}\", or name the function that works on one with --unit.",
		     run->race.why ? ": " : "", run->race.why ? run->race.why : "");
	say_bounds(a);
	advice_decide(a, VERDICT_CANNOT_TELL);
}

static void rule_out(struct advice *a)
{
	for (int m = 0; m < MODEL_COUNT; m++) {
		const struct race_entry *e = a->contenders[m].out;

		if (e)
			advice_because(a, "%s is out: %s with %d worker%s%s%s.", model_title(m),
				       outcome_key(e->outcome), e->workers,
				       e->workers == 1 ? "" : "s", e->why ? ": " : "",
				       e->why ? e->why : "");
	}
}

static void rule_nothing_left(struct advice *a)
{
	bool failed = false;

	if (a->leader != MODEL_SEQUENTIAL)
		return;
	for (int m = 0; m < MODEL_COUNT; m++) {
		const struct race_entry *e = a->contenders[m].out;

		failed |= e && e->outcome != OUTCOME_NOT_MEASURABLE;
	}
	if (!failed) {
		int dirty = a->run->race.conditions.dirty_rounds;

		if (a->run->race.conditions.rounds == 0 && dirty > 0)
			advice_lacks(a,
				     "No clean round: the machine was busy in all %d; race again "
				     "when it is quiet.",
				     dirty);
		else
			advice_lacks(a, "No model but sequential gave a figure.");
		advice_decide(a, VERDICT_CANNOT_TELL);
		return;
	}
	advice_because(a, "As the program stands, no other model gives the right result.");
	advice_lacks(a, "Mend what makes the tasks disturb each other, then race again.");
	advice_decide(a, VERDICT_LEAVE);
}

static void rule_not_raced(struct advice *a)
{
	const struct table_row *row = a->row;

	for (size_t i = 0; row && i < row->n; i++) {
		enum model m = row->candidates[i];

		if (a->contenders[m].raced)
			continue;
		if (m == MODEL_HYBRID && a->contenders[MODEL_THREADS].raced)
			advice_lacks(a,
				     "%s was not raced: the pool of threads is the half of it that "
				     "was measured.",
				     model_title(m));
		else
			advice_lacks(a, "%s was not raced: its figure is missing.", model_title(m));
	}
}

static void rule_rounds(struct advice *a)
{
	struct estimate e = a->contenders[a->leader].best->speedup;
	double pays = 1 + advice_limit(a, LIMIT_LEAVE_GAIN);
	double width = e.high - e.low;
	int dirty = a->run->race.conditions.dirty_rounds;

	if ((double)e.n < advice_limit(a, LIMIT_MIN_ROUNDS)) {
		advice_lacks(a, "%zu clean round%s, need %.0f%s: give more time with --budget.",
			     e.n, e.n == 1 ? "" : "s", advice_limit(a, LIMIT_MIN_ROUNDS),
			     dirty > 0 ? "; more were repeated because the machine was busy" : "");
	} else if (!(width <= advice_limit(a, LIMIT_WIDTH) * e.value)) {
		advice_lacks(a,
			     "The best figure is %s: too wide to be trusted; the machine is busy "
			     "or the tasks differ from run to run.",
			     estimate_text(e).s);
	} else if (e.low < pays && pays <= e.high &&
		   width > 2 * advice_limit(a, LIMIT_EQUIVALENCE) * e.value) {
		advice_lacks(a,
			     "The best figure is %s: it may be under or over %.2fx, from where a "
			     "rewrite pays; more rounds or a quieter machine would tell.",
			     estimate_text(e).s, pays);
	} else {
		return;
	}
	advice_decide(a, VERDICT_CANNOT_TELL);
}

static void rule_lost(struct advice *a)
{
	const struct profile *p = &a->run->profile;

	if (!p->measured || p->lost_share <= advice_limit(a, LIMIT_LOST))
		return;
	advice_lacks(a,
		     "The profile lost %.1f %% of its records (limit %.0f %%): no advice from "
		     "such a run; profile again, with fewer or longer tasks.",
		     PERCENT(p->lost_share), PERCENT(advice_limit(a, LIMIT_LOST)));
	advice_decide(a, VERDICT_CANNOT_TELL);
}

static void rule_busy(struct advice *a)
{
	const struct race_conditions *c = &a->run->race.conditions;
	double cpu = a->shares.known ? a->shares.cpu : 1;
	double speedup = a->contenders[a->leader].best->speedup.value;
	double asked = a->run->machine.cores == 1 ? 1 : 2;
	bool needs_cores = max_of(speedup, 1) * cpu > advice_limit(a, LIMIT_BUSY_CORES);
	double floor = advice_limit(a, LIMIT_EQUIVALENCE);

	if (c->ceiling > 0 && c->ceiling < advice_limit(a, LIMIT_CEILING) * asked && needs_cores)
		advice_lacks(a,
			     "The machine is busy: two spinning threads got %.2f cores' worth "
			     "instead of %.0f; race again when it is quiet.",
			     c->ceiling, asked);
	else if (c->steal_share > advice_limit(a, LIMIT_STEAL))
		advice_lacks(a,
			     "The host took %.0f %% of the CPU time away (limit %.0f %%): race "
			     "again when it is quiet.",
			     PERCENT(c->steal_share), PERCENT(advice_limit(a, LIMIT_STEAL)));
	else if (c->noise.n && (c->noise.low > 1 + floor || c->noise.high < 1 - floor))
		advice_lacks(a,
			     "The sequential run against itself gave %s instead of 1: the machine "
			     "drifts; race again when it is quiet.",
			     estimate_text(c->noise).s);
	else
		return;
	advice_decide(a, VERDICT_CANNOT_TELL);
}

/* --- the verdict --- */

/* What keeps the best model from a gain: the first cause that the figures show. Owned by the
 * caller. */
static char *limit_text(const struct advice *a)
{
	const struct run *run = a->run;
	const struct shares *s = &a->shares;
	double limiting = advice_limit(a, LIMIT_LIMITING);
	CLEANUP(cleanup_free) char *waits = NULL;
	double task_ms = run->profile.tasks ? (double)run->profile.elapsed_ns / 1e6 /
						      (double)run->profile.tasks
					    : 0;

	if (!s->known)
		return xstrdup("no run was profiled, so that the cause is not known");
	if (run->profile.tasks && task_ms < advice_limit(a, LIMIT_SMALL_TASK_MS))
		return xasprintf("the work is too small: a task takes %.2f ms (n = %llu), handing "
				 "it out costs as much",
				 task_ms, (unsigned long long)run->profile.tasks);
	if (s->kind[WAIT_LOCK] >= limiting)
		return xasprintf(
			"a lock: %.0f %% of the time waits for it, and only one can hold it",
			PERCENT(s->kind[WAIT_LOCK]));
	if (s->cpu >= limiting && run->machine.cores == 1)
		return xstrdup("the machine has one core, and it is in use already");
	if (s->kind[WAIT_DISK] >= limiting)
		return xasprintf(
			"the disk: %.0f %% of the time waits for it, and it served no more "
			"when more was asked at once",
			PERCENT(s->kind[WAIT_DISK]));
	if (s->cpu >= a->table->rows[ROW_COMPUTE].threshold)
		return xstrdup("the CPU work did not get faster on more cores: memory bandwidth or "
			       "another shared part of the machine");
	waits = kinds_text(s, limiting);
	return xasprintf("whoever ends the waits (%s) did no more when more was asked at once",
			 *waits ? waits : "of several kinds");
}

static void rule_leave(struct advice *a)
{
	const struct race_entry *best = a->contenders[a->leader].best;
	double gain = advice_limit(a, LIMIT_LEAVE_GAIN);
	CLEANUP(cleanup_free) char *why = NULL;

	if (best->speedup.value >= 1 + gain)
		return;
	why = limit_text(a);
	advice_because(
		a,
		"The best other model, %s with %d worker%s, gains less than %.0f %%: %s. What "
		"limits it: %s.",
		model_title(best->model), best->workers, best->workers == 1 ? "" : "s",
		PERCENT(gain), estimate_text(best->speedup).s, why);
	advice_decide(a, VERDICT_LEAVE);
}

static void rule_winner(struct advice *a)
{
	const struct contender *c = &a->contenders[a->leader];

	a->chosen = a->leader;
	a->tied[a->leader] = true;
	advice_because(a, "The fastest model with the right result is %s with %d worker%s: %s.",
		       model_title(a->leader), c->pick->workers, c->pick->workers == 1 ? "" : "s",
		       estimate_text(c->pick->speedup).s);
}

/*
 * Slower than the leader by more than the margin, and not by chance. Entries of one race were timed in the
 * same rounds: their ratio, round by round, is free of what moved both. Without the rounds, by their intervals.
 */
static bool is_slower(const struct race_entry *e, const struct race_entry *lead, double margin)
{
	size_t n = e->ratios.n;
	CLEANUP(cleanup_free) double *paired = NULL;
	struct rng rng = { 1 };
	struct estimate ratio;

	if (!n || n != lead->ratios.n)
		return e->speedup.high < lead->speedup.low &&
		       e->speedup.value < (1 - margin) * lead->speedup.value;
	paired = xcalloc(n, sizeof(*paired));
	for (size_t i = 0; i < n; i++)
		paired[i] = e->ratios.items[i] / lead->ratios.items[i];
	ratio = stats_bootstrap_median(paired, n, 0.95, &rng);
	return ratio.value < 1 - margin && ratio.high < 1;
}

static void rule_tie(struct advice *a)
{
	double margin = advice_limit(a, LIMIT_EQUIVALENCE);

	for (int m = 0; m < MODEL_COUNT; m++) {
		const struct race_entry *e = a->contenders[m].best;

		if (!e || m == (int)a->leader || e->speedup.n < advice_limit(a, LIMIT_MIN_ROUNDS) ||
		    e->speedup.value < 1 + advice_limit(a, LIMIT_LEAVE_GAIN))
			continue;
		if (is_slower(e, a->contenders[a->leader].best, margin))
			continue;
		a->tied[m] = true;
		e = a->contenders[m].pick;
		advice_because(a, "%s with %d worker%s ties with it: %s.", model_title(m),
			       e->workers, e->workers == 1 ? "" : "s", estimate_text(e->speedup).s);
	}
}

/* The tied model that the row names first; MODEL_SEQUENTIAL: the row names none of them. */
static enum model first_tied(const struct advice *a, const struct table_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		if (a->tied[row->candidates[i]])
			return row->candidates[i];
	}
	return MODEL_SEQUENTIAL;
}

static void rule_row_settles(struct advice *a)
{
	enum model first = a->row ? first_tied(a, a->row) : MODEL_SEQUENTIAL;

	if (advice_tied_n(a) < 2 || first == MODEL_SEQUENTIAL)
		return;
	a->chosen = first;
	advice_because(a, "The row \"%s\" settles the tie: %s is what it names first of these.",
		       row_situation(a->row->row), model_title(first));
}

/* Where the unknown time leaves several rows open, the verdict stands only if it is the same under
 * all of them. */
static void rule_class_in_doubt(struct advice *a)
{
	CLEANUP(strbuf_clear) struct strbuf open = { 0 };
	enum model first = MODEL_COUNT;
	bool same = true;

	if (a->row)
		return;
	for (int r = 0; r < ROW_COUNT; r++) {
		enum model m = first_tied(a, &a->table->rows[r]);

		if (!a->possible[r])
			continue;
		strbuf_addf(&open, "%s\"%s\"", open.len ? " or " : "", row_situation(r));
		same = same && (first == MODEL_COUNT || m == first);
		first = m;
	}
	if (a->shares.known)
		advice_lacks(a,
			     "%.0f %% of the time is unexplained (tier %s), so that the row may be "
			     "%s: a better tier would tell.",
			     PERCENT(a->shares.unknown), tier_key(a->run->profile.tier),
			     strbuf_str(&open));
	else
		advice_lacks(a, "No run was profiled, so that the row is not known.");
	if (advice_tied_n(a) < 2)
		return;
	if (!same) {
		advice_decide(a, VERDICT_CANNOT_TELL);
		return;
	}
	if (first != MODEL_SEQUENTIAL)
		a->chosen = first;
	advice_because(a, "The tie is settled in the same way by every row that is possible.");
}

/* Fewer hurdles, then less memory, then the faster one. */
static bool is_easier(const struct advice *a, enum model m, enum model than)
{
	const struct facts *facts = &a->run->facts;
	const struct race_entry *x = a->contenders[m].best, *y = a->contenders[than].best;
	size_t hx = hurdles_count(facts, m), hy = hurdles_count(facts, than);

	if (hx != hy)
		return hx < hy;
	if (x->pss_bytes && y->pss_bytes && x->pss_bytes != y->pss_bytes)
		return x->pss_bytes < y->pss_bytes;
	return x->speedup.value > y->speedup.value;
}

static void rule_hurdles_settle(struct advice *a)
{
	const struct facts *facts = &a->run->facts;

	if (advice_tied_n(a) < 2)
		return;
	for (int r = 0; r < ROW_COUNT; r++) {
		if (a->possible[r] && first_tied(a, &a->table->rows[r]) != MODEL_SEQUENTIAL)
			return; /* the row has spoken */
	}
	for (int m = 0; m < MODEL_COUNT; m++) {
		if (a->tied[m] && m != (int)a->chosen && is_easier(a, m, a->chosen))
			a->chosen = m;
	}
	advice_because(a,
		       "No row settles the tie: %s has the fewest hurdles (%zu), or the same and "
		       "needs the least memory.",
		       model_title(a->chosen), hurdles_count(facts, a->chosen));
}

/* The row's own best model, usable or not in the tie; NULL: none has a figure. */
static const struct race_entry *row_best(const struct advice *a)
{
	const struct race_entry *best = NULL;

	for (size_t i = 0; a->row && i < a->row->n; i++) {
		const struct race_entry *e = a->contenders[a->row->candidates[i]].best;

		if (e && (!best || e->speedup.value > best->speedup.value))
			best = e;
	}
	return best;
}

static void rule_override(struct advice *a)
{
	const struct race_entry *row = row_best(a);

	if (!a->row || table_row_rank(a->row, a->chosen) < a->row->n)
		return;
	if (row)
		advice_because(
			a,
			"The row \"%s\" names %s, but its best, %s with %d worker%s, reached "
			"%s: the measured winner is recommended.",
			row_situation(a->row->row), row_approach(a->row->row),
			model_title(row->model), row->workers, row->workers == 1 ? "" : "s",
			estimate_text(row->speedup).s);
	else
		advice_because(a,
			       "The row \"%s\" names %s, of which nothing has a figure: the "
			       "measured winner is recommended.",
			       row_situation(a->row->row), row_approach(a->row->row));
}

static void rule_policy_table(struct advice *a)
{
	if (a->policy != POLICY_TABLE || !a->row)
		return;
	for (size_t i = 0; i < a->row->n; i++) {
		enum model m = a->row->candidates[i];
		const struct race_entry *e = a->contenders[m].best;

		if (!e || e->speedup.n < advice_limit(a, LIMIT_MIN_ROUNDS) ||
		    e->speedup.value < 1 + advice_limit(a, LIMIT_LEAVE_GAIN))
			continue;
		advice_because(a, "By --policy table the row's order decides: %s%s.",
			       model_title(m),
			       a->tied[m] ? "" : ", although another model measured faster");
		a->chosen = m;
		return;
	}
	advice_because(a,
		       "By --policy table the row's order would decide, but nothing it names has "
		       "a figure that pays: the measured winner stays.");
}

static void rule_main_per_input(struct advice *a)
{
	const char *unit = a->run->workload.unit;

	if (children_recorded(&a->run->recording) && a->tied[MODEL_PROCESSES]) {
		a->chosen = MODEL_PROCESSES;
		advice_because(a,
			       "It starts a process for each item, one after another: several at "
			       "a time need no change to what they run (xargs -P, make -j, & and "
			       "wait in a shell).");
		return;
	}
	if (!unit || strcmp(unit, "main"))
		return;
	if (a->chosen == MODEL_PROCESSES)
		advice_because(a,
			       "The unit of work is main with one input: processes need no change "
			       "to the code.");
	else if (a->tied[MODEL_PROCESSES])
		advice_because(a, "The unit of work is main with one input: processes are as fast "
				  "here and need no change to the code.");
}

/* Parts of one input are in one process's memory: threads reach them there. */
static void rule_inner_unit(struct advice *a)
{
	size_t hurdles = hurdles_count(&a->run->facts, MODEL_THREADS);

	if (!a->run->race.simulated || a->chosen != MODEL_PROCESSES || !a->tied[MODEL_THREADS] ||
	    a->run->profile.processes > a->run->profile.tasks)
		return;
	if (hurdles) {
		advice_because(a,
			       "The unit of work is a function inside one run; threads would need "
			       "%zu change%s in the code first, processes have their own data.",
			       hurdles, hurdles == 1 ? "" : "s");
		return;
	}
	a->chosen = MODEL_THREADS;
	advice_because(a, "The unit of work is a function inside one run, and what it works on is "
			  "in that run's memory: threads reach it there, processes would need it "
			  "passed.");
}

static void rule_fewest_workers(struct advice *a)
{
	const struct contender *c = &a->contenders[a->chosen];

	if (c->pick->workers < c->best->workers)
		advice_because(a, "%d worker%s are enough: %d reach %s, which is within %.0f %%.",
			       c->pick->workers, c->pick->workers == 1 ? "" : "s", c->best->workers,
			       estimate_text(c->best->speedup).s,
			       PERCENT(advice_limit(a, LIMIT_EQUIVALENCE)));
}

static void rule_private_copies(struct advice *a)
{
	const struct race_entry *e = a->contenders[MODEL_THREADS].pick;
	size_t hurdles = hurdles_count(&a->run->facts, MODEL_THREADS);

	if (!e || !e->isolation || strcmp(e->isolation, "private copies"))
		return;
	if (a->chosen != MODEL_THREADS && !a->tied[MODEL_THREADS])
		return;
	if (!a->run->facts.analysed)
		advice_because(a,
			       "Threads were raced with a private copy of the program's data for "
			       "each worker: the figure holds once nothing is shared by accident, "
			       "and the source was not read.");
	else if (hurdles)
		advice_because(
			a,
			"Threads were raced with a private copy of the program's data for "
			"each worker: the figure holds once the %zu change%s listed %s made.",
			hurdles, hurdles == 1 ? "" : "s", hurdles == 1 ? "is" : "are");
}

static bool runs_processes(const char *model)
{
	return !strcmp(model, "processes") || !strcmp(model, "prefork") ||
	       !strcmp(model, "process-per-connection");
}

/* Copies of the program ran side by side: what they gained, more of its own workers will. */
static void rule_raise(struct advice *a)
{
	const struct present *p = &a->verdict->outlook.present;
	const struct contender *c = &a->contenders[a->chosen];
	struct verdict *v = a->verdict;
	int now = (int)(p->busy + 0.5);

	if (children_recorded(&a->run->recording) || !p->concurrent ||
	    p->needs != PRESENT_WORKERS || now < 2 || !strcmp(p->model, "event-loop"))
		return;
	v->model = runs_processes(p->model) ? MODEL_PROCESSES : MODEL_THREADS;
	v->workers = now * c->pick->workers;
	v->speedup = c->pick->speedup;
	advice_because(
		a,
		"It has %d workers at a time already, all of them in a task, while cores are "
		"free: %d copies of the program side by side, %d workers, reached %s. Raise "
		"their number instead of rewriting it.",
		now, c->pick->workers, v->workers, estimate_text(c->pick->speedup).s);
	advice_decide(a, VERDICT_RAISE);
}

const struct rule rules[] = {
	/* what the profile says */
	{ "R01", "The profile decides the row of the table", rule_class, true },
	{ "R02", "Waiting for a lock does not overlap", rule_locks, true },
	{ "R03", "The program is concurrent already", rule_concurrent_already, true },
	{ "R23", "One lock lets one thread run at a time", rule_process_wide_lock, true },
	{ "R24", "One stream: can it be cut?", rule_stream },
	/* is there evidence, and can it be trusted? */
	{ "R04", "Only a profile: bounds, no verdict", rule_no_race },
	{ "R05", "A model that goes wrong is out", rule_out },
	{ "R06", "No other model works", rule_nothing_left },
	{ "R07", "A candidate of the row was not raced", rule_not_raced },
	{ "R10", "The machine was busy", rule_busy },
	{ "R08", "Too few rounds, or too wide an interval", rule_rounds },
	{ "R09", "The profile lost records", rule_lost },
	/* the verdict */
	{ "R11", "A small gain: leave it sequential", rule_leave },
	{ "R12", "The fastest correct model wins", rule_winner },
	{ "R13", "Equal within the margin: a tie", rule_tie },
	{ "R14", "The row settles a tie", rule_row_settles },
	{ "R15", "A row in doubt must not matter", rule_class_in_doubt },
	{ "R16", "Fewer hurdles, then less memory, settle a tie", rule_hurdles_settle },
	{ "R17", "The measured winner is outside the row", rule_override },
	{ "R18", "--policy table: the row ranks first", rule_policy_table },
	{ "R19", "main per input: processes come free", rule_main_per_input },
	{ "R25", "A function inside one run: threads reach its data", rule_inner_unit },
	{ "R20", "The fewest workers that reach the speedup", rule_fewest_workers },
	{ "R21", "Threads were raced with private copies", rule_private_copies },
	{ "R22", "It waits for workers that it has already: raise their number", rule_raise },
};

const size_t rules_n = sizeof(rules) / sizeof(*rules);
