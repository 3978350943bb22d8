#include "db/gate.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/compare.h"

#define JUDGED_MOST 3

static struct gate_check *add(struct gate *gate, const char *name, enum gate_result result,
			      char *text)
{
	struct gate_check *check = vec_add(&gate->checks);

	*check = (struct gate_check){ .name = xstrdup(name),
				      .result = result,
				      .ratio = { NAN, NAN, NAN, 0 },
				      .p = NAN,
				      .text = text };
	return check;
}

/* A ratio as a slow-down in percent: 0.95 is 5.3 % slower. */
static double slower(double ratio)
{
	return 100 * (1 / ratio - 1);
}

static char *say(const char *what, const struct estimate *r, const char *test, double p,
		 const struct gate_limits *limits)
{
	double change = slower(r->value);

	return xasprintf("%s: %.1f %% %s [%+.1f, %+.1f], n = %zu, %s p = %.2g; limit %.1f %%", what,
			 fabs(change), change > 0 ? "slower" : "faster", slower(r->high),
			 slower(r->low), r->n, test ? test : "?", p, 100 * limits->max_regression);
}

double gate_pair_passes_from(const struct gate_limits *limits)
{
	return 1 / (1 + limits->max_regression);
}

double gate_pair_fails_below(const struct gate_limits *limits)
{
	return fmin(gate_pair_passes_from(limits), 1 - LAYOUT);
}

static enum gate_result judge(const struct estimate *r, enum change change,
			      const struct gate_limits *limits)
{
	double limit = gate_pair_passes_from(limits);

	if (r->n < limits->min_runs || !isfinite(r->low) || !isfinite(r->high))
		return GATE_CANNOT_TELL;
	if (change == CHANGE_WORSE && r->high < limit)
		return GATE_FAILED;
	return r->low >= limit || change == CHANGE_SAME || change == CHANGE_BETTER
		       ? GATE_PASSED
		       : GATE_CANNOT_TELL;
}

static void judge_time(struct gate *gate, const struct comparison_entry *e,
		       const struct gate_limits *limits)
{
	CLEANUP(cleanup_free)
	char *name = xasprintf("%s x %d", model_key(e->model), e->workers);
	CLEANUP(cleanup_free) char *said = NULL;
	struct gate_check *check;

	if (e->change == CHANGE_NOT_MEASURED || !e->ratio.n) {
		add(gate, name, GATE_NOT_MEASURED,
		    xasprintf("%s: not measured: %s", name, e->why ? e->why : "no samples"));
		return;
	}
	said = say(name, &e->ratio, e->test, e->p, limits);
	check = add(gate, name, judge(&e->ratio, e->change, limits), NULL);
	check->ratio = e->ratio;
	check->p = e->p;
	check->text = check->result == GATE_CANNOT_TELL && e->why
			      ? xasprintf("%s; %s", said, e->why)
			      : MOVE(said);
}

static void judge_verdict(struct gate *gate, const struct run *a, const struct run *b,
			  const struct comparison *c)
{
	bool known = a->verdict.kind != VERDICT_NONE && b->verdict.kind != VERDICT_NONE;

	add(gate, "verdict",
	    !known               ? GATE_NOT_MEASURED
	    : c->verdict_changed ? GATE_FAILED
				 : GATE_PASSED,
	    xasprintf("verdict: %s", c->verdict));
}

static void judge_findings(struct gate *gate, const struct run *a, const struct run *b,
			   const struct comparison *c)
{
	if (!a->facts.analysed || !b->facts.analysed)
		add(gate, "findings", GATE_NOT_MEASURED,
		    xstrdup("findings: the source was not analysed in both runs"));
	else
		add(gate, "findings", c->new_findings.n ? GATE_FAILED : GATE_PASSED,
		    xasprintf("findings: %zu new, %zu fixed, %zu remain%s%s", c->new_findings.n,
			      c->fixed_findings.n, c->remaining_findings,
			      c->new_findings.n ? "; the first new one is " : "",
			      c->new_findings.n ? c->new_findings.items[0] : ""));
}

static int kind_of(const struct gate_check *check)
{
	if (!strcmp(check->name, "verdict"))
		return GATE_ON_VERDICT;
	return !strcmp(check->name, "findings") ? GATE_ON_FINDINGS : GATE_ON_REGRESSION;
}

/* Last: what fails, and whether there was anything to go by. */
static void conclude(struct gate *gate, const struct gate_limits *limits)
{
	bool any = false;

	gate->passed = true;
	vec_each (&gate->checks, check) {
		if (!(kind_of(check) & limits->fail_on))
			continue;
		any |= check->result != GATE_NOT_MEASURED;
		check->fails =
			check->result == GATE_FAILED ||
			(check->result != GATE_PASSED && limits->fail_on & GATE_ON_CANNOT_TELL);
		gate->passed &= !check->fails;
	}
	if (any)
		return;
	add(gate, "evidence", GATE_NOT_MEASURED,
	    xstrdup("nothing that this gate is to fail on was measured"))
		->fails = true;
	gate->passed = false;
}

static void begin(struct gate *gate, const struct run *a, const struct run *b,
		  const struct gate_limits *limits)
{
	*gate = (struct gate){ .a = xstrdup(a->id),
			       .b = xstrdup(b->id),
			       .max_regression = limits->max_regression,
			       .confidence = limits->confidence,
			       .min_runs = limits->min_runs };
}

static bool recommends(const struct verdict *v, const struct comparison_entry *e)
{
	return (v->kind == VERDICT_RECOMMEND || v->kind == VERDICT_RAISE) && v->model == e->model &&
	       v->workers == e->workers;
}

static bool is_judged(const struct run *a, const struct run *b, const struct comparison_entry *e)
{
	return e->model == MODEL_SEQUENTIAL || recommends(&a->verdict, e) ||
	       recommends(&b->verdict, e);
}

void gate_runs(const struct run *a, const struct run *b, const struct gate_limits *limits,
	       struct gate *ret)
{
	CLEANUP(comparison_clear) struct comparison c = { 0 };
	const struct compare_options opt = {
		.confidence = 1 - (1 - limits->confidence) / JUDGED_MOST,
		.min_samples = limits->min_runs,
		.force = limits->force,
	};

	begin(ret, a, b, limits);
	compare_with(a, b, &opt, &c);
	vec_each (&c.why_not, why) {
		CLEANUP(cleanup_free)
		char *note = xasprintf("%s%s", c.forced ? "compared all the same: " : "", *why);

		strings_add(&ret->notes, note);
	}
	vec_each (&c.entries, e) {
		if (!is_judged(a, b, e))
			continue;
		if (!c.comparable && !c.forced)
			e->change = CHANGE_NOT_MEASURED;
		judge_time(ret, e, limits);
	}
	judge_verdict(ret, a, b, &c);
	judge_findings(ret, a, b, &c);
	conclude(ret, limits);
}

static enum change change_of(const struct estimate *r)
{
	if (r->high < 1 - LAYOUT)
		return CHANGE_WORSE;
	return r->low > 1 + LAYOUT ? CHANGE_BETTER : CHANGE_CANNOT_TELL;
}

void gate_pair(const struct run *a, const struct run *b, const struct pair *pair,
	       const struct gate_limits *limits, struct gate *ret)
{
	struct comparison_entry e = { .model = MODEL_SEQUENTIAL,
				      .workers = 1,
				      .change = change_of(&pair->ratio),
				      .ratio = pair->ratio,
				      .p = pair->p,
				      .test = "Wilcoxon signed-rank",
				      .why = pair->ratio.n ? NULL : "no clean pair of runs" };

	begin(ret, a, b, limits);
	if (pair->differ) {
		CLEANUP(cleanup_free)
		char *note = xasprintf("the two answer %zu tasks differently", pair->differ);

		strings_add(&ret->notes, note);
	}
	vec_each (&pair->walls_old, ns)
		vec_push(&ret->walls_old, *ns);
	vec_each (&pair->walls_new, ns)
		vec_push(&ret->walls_new, *ns);
	judge_time(ret, &e, limits);
	conclude(ret, limits);
}
