#include "db/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/finding.h"
#include "db/stack_diff.h"

#define MIN_SAMPLES  6
#define CONFIDENCE   0.95
#define EQUIVALENCE  0.05
#define SAMPLES_MOST 1000 /* a side: no race has more, a foreign file may */
#define SEED         1    /* equal runs give an equal comparison */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static const char *or_unknown(const char *s)
{
	return s ? s : "unknown";
}

/* Comparable at all? */

static void name_machine(struct strbuf *sb, const struct machine *m)
{
	strbuf_addf(sb, "%s (%s, %d cores)", or_unknown(m->hostname), or_unknown(m->cpu), m->cores);
}

static void check_machine(const struct run *a, const struct run *b, struct strings *why_not)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	if (same_text(a->machine.id, b->machine.id))
		return;
	strbuf_add(&sb, "other machine: ");
	name_machine(&sb, &a->machine);
	strbuf_add(&sb, ", then ");
	name_machine(&sb, &b->machine);
	strings_add(why_not, strbuf_str(&sb));
}

/* A trial may run the list of tasks several times over; a part of the list is another job. */
static bool runs_whole_list(const struct run *run)
{
	size_t n = run->workload.tasks.n;

	return n && run->race.conditions.tasks && run->race.conditions.tasks % n == 0;
}

static void check_workload(const struct run *a, const struct run *b, struct strings *why_not)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	if (!same_text(a->workload.id, b->workload.id)) {
		strbuf_addf(&sb, "other workload: %zu tasks (%s), then %zu tasks (%s)",
			    a->workload.tasks.n, or_unknown(a->workload.id), b->workload.tasks.n,
			    or_unknown(b->workload.id));
		strings_add(why_not, strbuf_str(&sb));
	} else if (a->race.measured && b->race.measured &&
		   a->race.conditions.tasks != b->race.conditions.tasks &&
		   !(runs_whole_list(a) && runs_whole_list(b))) {
		strbuf_addf(&sb, "other trials: %llu tasks each, then %llu",
			    (unsigned long long)a->race.conditions.tasks,
			    (unsigned long long)b->race.conditions.tasks);
		strings_add(why_not, strbuf_str(&sb));
	}
}

static void check_tier(const struct run *a, const struct run *b, struct strings *why_not)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	if (!a->profile.measured || !b->profile.measured || a->profile.tier == b->profile.tier)
		return;
	strbuf_addf(&sb, "other measuring tier: %s, then %s", tier_key(a->profile.tier),
		    tier_key(b->profile.tier));
	strings_add(why_not, strbuf_str(&sb));
}

static void check_tool(const struct run *a, const struct run *b, struct strings *why_not)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	if (same_text(a->tool_version, b->tool_version))
		return;
	strbuf_addf(&sb, "other version of concur: %s, then %s", or_unknown(a->tool_version),
		    or_unknown(b->tool_version));
	strings_add(why_not, strbuf_str(&sb));
}

/* The verdicts */

static bool names_model(const struct verdict *v)
{
	return v->kind != VERDICT_NONE && v->kind != VERDICT_CANNOT_TELL;
}

static bool has_tie(const struct verdict *v, enum model model)
{
	vec_each (&v->ties, tie)
		if (tie->model == model)
			return true;
	return false;
}

/* Which of two tied models comes first is chance: no change. */
static bool tied(const struct verdict *a, const struct verdict *b)
{
	return names_model(a) && a->kind == b->kind && has_tie(a, b->model) && has_tie(b, a->model);
}

static bool verdict_differs(const struct verdict *a, const struct verdict *b)
{
	if (a->kind != b->kind)
		return true;
	return names_model(a) && a->model != b->model && !tied(a, b);
}

static void name_verdict(struct strbuf *sb, const struct verdict *v)
{
	if (v->kind == VERDICT_NONE)
		strbuf_add(sb, "no verdict");
	else if (v->kind == VERDICT_CANNOT_TELL)
		strbuf_add(sb, "\"cannot tell\"");
	else if (v->kind == VERDICT_LEAVE)
		strbuf_add(sb, "\"leave it sequential\"");
	else if (v->kind == VERDICT_RAISE)
		strbuf_addf(sb, "\"raise the workers\" to %s x %d", model_title(v->model),
			    v->workers);
	else
		strbuf_addf(sb, "%s x %d", model_title(v->model), v->workers);
	if (names_model(v) && v->speedup.n)
		strbuf_addf(sb, " (%.2fx [%.2f, %.2f], n=%zu)", v->speedup.value, v->speedup.low,
			    v->speedup.high, v->speedup.n);
}

static void compare_verdicts(const struct verdict *a, const struct verdict *b,
			     struct comparison *ret)
{
	struct strbuf sb = { 0 };

	ret->verdict_changed = verdict_differs(a, b);
	if (a->kind == VERDICT_NONE && b->kind == VERDICT_NONE) {
		ret->verdict = xstrdup("neither run has a verdict");
		return;
	}
	strbuf_add(&sb, "it was ");
	name_verdict(&sb, a);
	strbuf_add(&sb, ", and is ");
	name_verdict(&sb, b);
	if (!ret->verdict_changed && names_model(a) && a->model != b->model)
		strbuf_add(&sb, ": the two tied both times");
	ret->verdict = strbuf_detach(&sb);
}

/* The race */

/* How far from 1 the sequential run's own ratio to itself may lie; NAN: not known. */
static double noise_floor(const struct estimate *noise)
{
	if (!noise->n || !isfinite(noise->low) || !isfinite(noise->high))
		return NAN;
	return fmax(fabs(1 - noise->low), fabs(noise->high - 1));
}

/* Not fmax(), which prefers the number: what one run does not know, the two do not know. */
static double larger_floor(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}

static char *explain(const struct comparison_entry *e, double floor,
		     const struct compare_options *opt)
{
	if (e->ratio.n < opt->min_samples)
		return xasprintf("%zu %s%s, need %zu on both sides", e->ratio.n,
				 opt->of_runs ? "run" : "round", e->ratio.n == 1 ? "" : "s",
				 opt->min_samples);
	if (isnan(floor))
		return xstrdup("the noise of the machine was not measured on both sides");
	if (e->ratio.low > 1 || e->ratio.high < 1)
		return xasprintf("the difference is not clear of the noise (+-%.1f %%, p = %.3f)",
				 100 * floor, e->p);
	return xasprintf("the interval %.2f to %.2f is too wide", e->ratio.low, e->ratio.high);
}

static enum change judge(const struct comparison_entry *e, double floor,
			 const struct compare_options *opt)
{
	const struct estimate *r = &e->ratio;

	if (r->n < opt->min_samples)
		return CHANGE_CANNOT_TELL;
	if (!isnan(floor) && e->p < 1 - opt->confidence) {
		if (r->low > 1 + floor)
			return CHANGE_BETTER;
		if (r->high < 1 - floor)
			return CHANGE_WORSE;
	}
	if (r->low >= 1 - EQUIVALENCE && r->high <= 1 + EQUIVALENCE)
		return CHANGE_SAME;
	return CHANGE_CANNOT_TELL;
}

/*
 * Wall time of each trial divided by its tasks: two races may have run the list a different number
 * of times. Owned by the caller.
 */
static double *walls_per_task(const struct run *run, const struct race_entry *e)
{
	double tasks = (double)(run->race.conditions.tasks ? run->race.conditions.tasks : 1);
	double *walls = xcalloc(e->walls.n, sizeof(*walls));

	for (size_t i = 0; i < e->walls.n; i++)
		walls[i] = e->walls.items[i] / tasks;
	return walls;
}

static void measure(const struct run *a, const struct run *b, const struct race_entry *ea,
		    const struct race_entry *eb, double confidence, struct comparison_entry *ret)
{
	CLEANUP(cleanup_free) double *wa = walls_per_task(a, ea);
	CLEANUP(cleanup_free) double *wb = walls_per_task(b, eb);
	size_t na = ea->walls.n < SAMPLES_MOST ? ea->walls.n : SAMPLES_MOST;
	size_t nb = eb->walls.n < SAMPLES_MOST ? eb->walls.n : SAMPLES_MOST;
	struct rng rng = { SEED };

	ret->test = xstrdup("Mann-Whitney");
	ret->p = stats_mann_whitney(wa, na, wb, nb);
	ret->ratio = stats_bootstrap_ratio(wa, na, wb, nb, confidence, &rng);
}

/* Of the id as much as tells runs of different milliseconds apart, and can be typed. */
static char *why_unmeasured(const char *id, const struct race_entry *e)
{
	char run[sizeof("01234567-89ab")];

	snprintf(run, sizeof(run), "%s", id);
	if (!e)
		return xasprintf("not in the race of run %s", run);
	if (e->outcome == OUTCOME_OK && e->wall.n)
		return xasprintf("the samples of run %s were pruned", run);
	if (e->outcome == OUTCOME_OK)
		return xasprintf("no clean round in run %s", run);
	return xasprintf("%s in run %s%s%s", outcome_key(e->outcome), run, e->why ? ": " : "",
			 e->why ? e->why : "");
}

static bool usable(const struct race_entry *e)
{
	return e && e->outcome == OUTCOME_OK && e->walls.n;
}

static struct comparison_entry compare_entry(const struct run *a, const struct run *b,
					     const struct race_entry *ea,
					     const struct race_entry *eb, bool comparable,
					     const struct compare_options *opt)
{
	const struct race_entry *either = ea ? ea : eb;
	struct comparison_entry ret = { .model = either->model,
					.workers = either->workers,
					.change = CHANGE_NOT_MEASURED,
					.ratio = { NAN, NAN, NAN, 0 },
					.p = NAN };
	double floor = larger_floor(noise_floor(&a->race.conditions.noise),
				    noise_floor(&b->race.conditions.noise));

	if (!usable(ea) || !usable(eb)) {
		ret.why = usable(ea) ? why_unmeasured(b->id, eb) : why_unmeasured(a->id, ea);
		return ret;
	}
	measure(a, b, ea, eb, opt->confidence, &ret);
	ret.change = comparable ? judge(&ret, floor, opt) : CHANGE_CANNOT_TELL;
	if (!comparable)
		ret.why = xstrdup("the runs are not comparable");
	else if (ret.change == CHANGE_CANNOT_TELL)
		ret.why = explain(&ret, floor, opt);
	return ret;
}

static const struct race_entry *find_entry(const struct race *race, const struct race_entry *like)
{
	vec_each (race, e)
		if (e->model == like->model && e->workers == like->workers)
			return e;
	return NULL;
}

static int by_model(const void *pa, const void *pb)
{
	const struct comparison_entry *a = pa, *b = pb;

	if (a->model != b->model)
		return a->model < b->model ? -1 : 1;
	return a->workers < b->workers ? -1 : a->workers > b->workers;
}

static void compare_races(const struct run *a, const struct run *b,
			  const struct compare_options *opt, struct comparison *ret)
{
	bool judged = ret->comparable || ret->forced;

	vec_each (&a->race, e)
		vec_push(&ret->entries,
			 compare_entry(a, b, e, find_entry(&b->race, e), judged, opt));
	vec_each (&b->race, e)
		if (!find_entry(&a->race, e))
			vec_push(&ret->entries, compare_entry(a, b, NULL, e, judged, opt));
	if (ret->entries.n)
		qsort(ret->entries.items, ret->entries.n, sizeof(*ret->entries.items), by_model);
}

/* The waits */

static double per_task(const struct run *run, uint64_t ns)
{
	return run->profile.tasks ? (double)ns / (double)run->profile.tasks : NAN;
}

static void compare_wait(const char *kind, uint64_t a_ns, uint64_t b_ns, const struct run *a,
			 const struct run *b, struct comparison *ret)
{
	double a_wall = (double)a->profile.waits.wall_ns, b_wall = (double)b->profile.waits.wall_ns;

	if (!a_ns && !b_ns)
		return;
	vec_push(&ret->waits, ((struct comparison_wait){ .kind = xstrdup(kind),
							 .before = a_ns ? (double)a_ns / a_wall : 0,
							 .after = b_ns ? (double)b_ns / b_wall : 0,
							 .before_ns = per_task(a, a_ns),
							 .after_ns = per_task(b, b_ns) }));
}

static void compare_waits(const struct run *a, const struct run *b, struct comparison *ret)
{
	const struct wait_profile *pa = &a->profile.waits, *pb = &b->profile.waits;

	if (!a->profile.measured || !b->profile.measured)
		return;
	compare_wait("cpu", wait_profile_cpu_ns(pa), wait_profile_cpu_ns(pb), a, b, ret);
	compare_wait("run-queue", pa->runqueue_ns, pb->runqueue_ns, a, b, ret);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		compare_wait(wait_kind_key((enum wait_kind)kind), pa->wait_ns[kind],
			     pb->wait_ns[kind], a, b, ret);
	compare_wait("unknown", pa->unknown_ns, pb->unknown_ns, a, b, ret);
}

/* The findings: two multisets of identities */

struct finding {
	struct digest identity;
	size_t fact;
	bool matched;
};

struct findings {
	VEC_FIELDS(struct finding);
};

static void findings_clear(struct findings *f)
{
	vec_clear(f);
}

static int compare_digests(const struct digest *a, const struct digest *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

static int by_identity(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;
	int order = compare_digests(&a->identity, &b->identity);

	return order ? order : a->fact < b->fact ? -1 : a->fact > b->fact;
}

static int by_fact(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;

	return a->fact < b->fact ? -1 : a->fact > b->fact;
}

static void sort(struct findings *f, int (*order)(const void *, const void *))
{
	if (f->n)
		qsort(f->items, f->n, sizeof(*f->items), order);
}

static void identify(const struct facts *facts, struct findings *ret)
{
	for (size_t i = 0; i < facts->n; i++)
		vec_push(ret, ((struct finding){ finding_identity(&facts->items[i]), i, false }));
	sort(ret, by_identity);
}

/* Both sorted by identity; returns the number of pairs. */
static size_t match(struct findings *a, struct findings *b)
{
	size_t pairs = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		int order = compare_digests(&a->items[i].identity, &b->items[j].identity);

		if (!order) {
			a->items[i].matched = b->items[j].matched = true;
			pairs++;
		}
		i += order <= 0;
		j += order >= 0;
	}
	return pairs;
}

static bool failed(const struct facts *facts, const char *file)
{
	vec_each (&facts->failures, failure)
		if (same_text(failure->file, file))
			return true;
	return false;
}

/* What `other` could not look at is neither new nor fixed. */
static void list_unmatched(const struct facts *facts, struct findings *found,
			   const struct facts *other, struct strings *ret)
{
	sort(found, by_fact);
	vec_each (found, f) {
		const struct fact *fact = &facts->items[f->fact];
		CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

		if (f->matched || failed(other, fact->file))
			continue;
		strbuf_addf(&sb, "%s: %s: %s", or_unknown(fact->file), or_unknown(fact->check),
			    or_unknown(fact->symbol));
		if (fact->function)
			strbuf_addf(&sb, " in %s", fact->function);
		strings_add(ret, strbuf_str(&sb));
	}
}

static void compare_findings(const struct facts *a, const struct facts *b, struct comparison *ret)
{
	CLEANUP(findings_clear) struct findings fa = { 0 };
	CLEANUP(findings_clear) struct findings fb = { 0 };

	if (!a->analysed || !b->analysed)
		return;
	identify(a, &fa);
	identify(b, &fb);
	ret->remaining_findings = match(&fa, &fb);
	list_unmatched(b, &fb, a, &ret->new_findings);
	list_unmatched(a, &fa, b, &ret->fixed_findings);
}

void compare_with(const struct run *a, const struct run *b, const struct compare_options *opt,
		  struct comparison *ret)
{
	struct comparison c = {
		.a = xstrdup(a->id), .b = xstrdup(b->id), .a_runs = 1, .b_runs = 1
	};
	struct compare_options o = opt ? *opt : (struct compare_options){ 0 };

	o.confidence = o.confidence > 0 ? o.confidence : CONFIDENCE;
	o.min_samples = o.min_samples ? o.min_samples : MIN_SAMPLES;
	check_machine(a, b, &c.why_not);
	check_workload(a, b, &c.why_not);
	check_tier(a, b, &c.why_not);
	check_tool(a, b, &c.why_not);
	c.comparable = !c.why_not.n;
	c.forced = o.force && !c.comparable;
	compare_verdicts(&a->verdict, &b->verdict, &c);
	compare_races(a, b, &o, &c);
	compare_waits(a, b, &c);
	stack_diff(a, b, &c.stacks);
	compare_findings(&a->facts, &b->facts, &c);
	*ret = c;
}

void compare_runs(const struct run *a, const struct run *b, struct comparison *ret)
{
	compare_with(a, b, NULL, ret);
}
