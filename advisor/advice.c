#include "advisor/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/children.h"
#include "advisor/outlook.h"
#include "base/alloc.h"
#include "base/cleanup.h"

/* Without the waits of workers that have nothing to do: they are no part of a task. */
static struct wait_profile in_tasks(const struct profile *p, const struct meanings *m)
{
	struct wait_profile w = p->waits;

	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		uint64_t idle = m->idle_of_kind[k];

		if (idle > w.wait_ns[k]) /* stacks of a stored run that do not add up */
			idle = w.wait_ns[k];
		w.wait_ns[k] -= idle;
		w.wall_ns -= idle;
	}
	return w;
}

static struct shares shares_of(const struct wait_profile *w)
{
	struct shares s = { 0 };
	double base;

	if (w->wall_ns <= w->runqueue_ns)
		return s;
	base = (double)(w->wall_ns - w->runqueue_ns);
	s.known = true;
	s.cpu = (double)wait_profile_cpu_ns(w) / base;
	s.unknown = (double)w->unknown_ns / base;
	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		s.kind[k] = (double)w->wait_ns[k] / base;
		*(wait_kind_overlaps(k) ? &s.overlappable : &s.serial) += s.kind[k];
	}
	return s;
}

/* Wrong once is wrong: a model that fails with any number of workers is out with all of them. That
 * an entry could not be measured says nothing about the others. */
static const struct race_entry *find_out(const struct race *race, enum model model)
{
	const struct race_entry *unmeasured = NULL;

	vec_each (race, e) {
		if (e->model != model || e->outcome == OUTCOME_OK)
			continue;
		if (e->outcome != OUTCOME_NOT_MEASURABLE)
			return e;
		unmeasured = e;
	}
	return race_best(race, model) ? NULL : unmeasured;
}

static bool has_figure(const struct race_entry *e, enum model model)
{
	return e->model == model && e->outcome == OUTCOME_OK && e->speedup.n &&
	       isfinite(e->speedup.value);
}

/* Equal speedups: fewer workers, so that the order of the entries does not matter. */
static bool is_better(const struct race_entry *e, const struct race_entry *than)
{
	if (!than || e->speedup.value != than->speedup.value)
		return !than || e->speedup.value > than->speedup.value;
	return e->workers < than->workers;
}

/* More workers than the simulation has evidence for, such as a disk that was tried with fewer at once:
 * the figures of fewer workers stand. */
static bool is_vague(const struct race *race, const struct race_entry *e, double width)
{
	return race->simulated && e->workers > 2 &&
	       e->speedup.high - e->speedup.low > width * e->speedup.value;
}

static struct contender contender_of(const struct race *race, enum model model, double margin,
				     double width)
{
	struct contender c = { .out = find_out(race, model) };

	vec_each (race, e) {
		if (e->model != model)
			continue;
		c.raced = true;
		if (is_vague(race, e, width))
			continue;
		if (!c.out && has_figure(e, model) && is_better(e, c.best))
			c.best = e;
	}
	c.pick = c.best;
	vec_each (race, e) {
		if (c.best && has_figure(e, model) && e->workers < c.pick->workers &&
		    e->speedup.value >= (1 - margin) * c.best->speedup.value)
			c.pick = e;
	}
	return c;
}

static struct error *read_profile(struct advice *a)
{
	const struct profile *p = &a->run->profile;
	struct outlook *o = &a->verdict->outlook;
	struct wait_profile tasks;
	struct meanings m;
	struct error *err;

	if (!p->measured)
		return NULL;
	err = meanings_find(p, &m);
	if (err)
		return err;
	outlook_present(a, &m, &o->present);
	tasks = in_tasks(p, &m);
	a->shares = shares_of(o->present.concurrent ? &tasks : &p->waits);
	if (children_recorded(&a->run->recording)) /* who starts them only waits for them */
		a->shares = shares_of(&a->run->recording.inside);
	if (!o->present.concurrent)
		outlook_bounds(a, &o->bounds);
	return NULL;
}

struct error *advice_init(struct advice *a, const struct run *run, const struct table *table,
			  enum advisor_policy policy, struct verdict *verdict)
{
	struct error *err;

	*a = (struct advice){ .run = run, .table = table, .policy = policy, .verdict = verdict };
	err = read_profile(a);
	if (err)
		return err;
	for (int m = MODEL_SEQUENTIAL + 1; m < MODEL_COUNT && run->race.measured; m++) {
		struct contender *c = &a->contenders[m];

		*c = contender_of(&run->race, m, advice_limit(a, LIMIT_EQUIVALENCE),
				  advice_limit(a, LIMIT_WIDTH));
		if (c->best && is_better(c->best, a->contenders[a->leader].best))
			a->leader = m;
	}
	return NULL;
}

double advice_limit(const struct advice *a, enum limit limit)
{
	return a->table->limits[limit];
}

size_t advice_tied_n(const struct advice *a)
{
	size_t n = 0;

	for (int m = 0; m < MODEL_COUNT; m++)
		n += a->tied[m];
	return n;
}

void advice_apply(struct advice *a)
{
	vec_each (&a->verdict->rules, id) {
		if (!strcmp(*id, a->rule))
			return;
	}
	strings_add(&a->verdict->rules, a->rule);
}

void advice_because(struct advice *a, const char *fmt, ...)
{
	CLEANUP(cleanup_free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	advice_apply(a);
	strings_add(&a->verdict->reasons, text);
}

void advice_lacks(struct advice *a, const char *fmt, ...)
{
	CLEANUP(cleanup_free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	advice_apply(a);
	strings_add(&a->verdict->missing, text);
}

void advice_decide(struct advice *a, enum verdict_kind kind)
{
	advice_apply(a);
	a->verdict->kind = kind;
	a->decided = true;
}

struct estimate_text estimate_text(struct estimate e)
{
	int d = e.high >= 99.95 ? 0 : e.high >= 9.995 ? 1 : 2; /* three digits */
	struct estimate_text t = { "not measured" };

	if (e.n)
		snprintf(t.s, sizeof(t.s), "%.*fx [%.*f, %.*f], n = %zu", d, e.value, d, e.low, d,
			 e.high, e.n);
	return t;
}
