#include "advisor/advisor.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/advice.h"
#include "advisor/confidence.h"
#include "advisor/hurdles.h"
#include "advisor/rules.h"
#include "advisor/scaling.h"
#include "advisor/witness.h"
#include "base/alloc.h"
#include "base/cleanup.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static int compare_ties(const void *va, const void *vb)
{
	const struct verdict_tie *a = va, *b = vb;

	if (a->speedup.value != b->speedup.value)
		return a->speedup.value < b->speedup.value ? 1 : -1;
	return (int)a->model - (int)b->model;
}

static struct verdict_tie tie_of(const struct contender *c)
{
	return (struct verdict_tie){
		.model = c->pick->model,
		.workers = c->pick->workers,
		.speedup = c->pick->speedup,
	};
}

/* The figure of a verdict that changes nothing is the sequential run against itself. */
static void keep_sequential(struct advice *a)
{
	const struct race *race = &a->run->race;
	const struct race_entry *e = race_best(race, MODEL_SEQUENTIAL);

	a->verdict->model = MODEL_SEQUENTIAL;
	a->verdict->workers = 1;
	a->verdict->speedup = race->conditions.noise;
	if (!race->conditions.noise.n && e)
		a->verdict->speedup = e->speedup;
}

static void recommend(struct advice *a)
{
	const struct contender *chosen = &a->contenders[a->chosen];
	struct verdict *v = a->verdict;

	v->kind = VERDICT_RECOMMEND;
	v->model = a->chosen;
	v->workers = chosen->pick->workers;
	v->speedup = chosen->pick->speedup;
	for (int m = 0; m < MODEL_COUNT; m++) {
		if (a->tied[a->chosen] && a->tied[m] && m != (int)a->chosen)
			vec_push(&v->ties, tie_of(&a->contenders[m]));
	}
	if (v->ties.n)
		qsort(v->ties.items, v->ties.n, sizeof(*v->ties.items), compare_ties);
}

/* The sentence that decided was the last to be added; it is the first to be read. */
static void put_last_first(struct strings *list)
{
	char *last;

	if (!list->n)
		return;
	last = list->items[list->n - 1];
	memmove(list->items + 1, list->items, (list->n - 1) * sizeof(*list->items));
	list->items[0] = last;
}

static bool comes_before(const struct fact *f, const struct fact *than)
{
	int order = than ? strcmp(f->file, than->file) : -1;

	return order ? order < 0 : f->line < than->line;
}

/* The function that was named, or found by its calls, or that the source calls for each item. Owned by the caller;
 * NULL: none is known by a name. */
static char *unit_of(const struct run *run)
{
	const char *asked = run->workload.unit, *found = run->recording.unit;
	const struct fact *first = NULL;

	if (asked && !strcmp(asked, "auto")) {
		if (found && !found[strspn(found, NAME_LETTERS)])
			return xstrdup(found);
	} else if (asked && strcmp(asked, "main") != 0) {
		return xstrdup(asked);
	}
	vec_each (&run->facts, f) {
		if (!strcmp(f->check, "unit-of-work") && f->effect &&
		    !strcmp(f->effect, "per-item") && comes_before(f, first))
			first = f;
	}
	return first ? xstrdup(first->symbol) : NULL;
}

struct error *advisor_advise(const struct run *run, const struct advisor_options *opt,
			     struct verdict *ret)
{
	struct verdict verdict = { .kind = VERDICT_NONE };
	struct advice a;
	struct table table;
	struct error *err = table_load(&table);

	if (err)
		return err;
	err = advice_init(&a, run, &table, opt ? opt->policy : POLICY_MEASURED, &verdict);
	if (err)
		return err;
	for (size_t i = 0; i < rules_n && !a.decided; i++) {
		a.rule = rules[i].id;
		rules[i].apply(&a);
	}
	if (!a.decided)
		recommend(&a);
	else if (verdict.kind == VERDICT_LEAVE)
		keep_sequential(&a);
	if (verdict.kind == VERDICT_LEAVE)
		put_last_first(&verdict.reasons);
	if (verdict.kind == VERDICT_CANNOT_TELL)
		put_last_first(&verdict.missing);
	confidence_find(&a);
	hurdles_list(&a);
	witness_all(&a);
	verdict.unit = unit_of(run);
	scaling_find(&a, opt ? opt->cores : NULL, opt ? opt->cores_n : 0, &verdict.scalings);
	*ret = verdict;
	return NULL;
}

struct error *advisor_outlook(const struct run *run, struct verdict *ret)
{
	struct verdict verdict = { .kind = VERDICT_NONE };
	struct advice a;
	struct table table;
	struct error *err = table_load(&table);

	if (!err)
		err = advice_init(&a, run, &table, POLICY_MEASURED, &verdict);
	if (err)
		return err;
	for (size_t i = 0; i < rules_n; i++) {
		a.rule = rules[i].id;
		if (rules[i].of_profile)
			rules[i].apply(&a);
	}
	*ret = verdict;
	return NULL;
}

struct error *advisor_scaling(const struct run *run, const struct advisor_options *opt,
			      struct scalings *ret)
{
	CLEANUP(verdict_clear) struct verdict scratch = { 0 };
	struct advice a;
	struct table table;
	struct error *err = table_load(&table);

	if (!err)
		err = advice_init(&a, run, &table, opt->policy, &scratch);
	if (err)
		return err;
	scaling_find(&a, opt->cores, opt->cores_n, ret);
	return NULL;
}
