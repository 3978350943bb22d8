#include "advisor/confidence.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

struct doubts {
	size_t small, large;
};

static void doubt(struct advice *a, size_t *count, char *text)
{
	++*count;
	strings_add(&a->verdict->missing, text);
	free(text);
}

/* Half the interval as a share of the value. */
static double half_width(struct estimate e)
{
	return e.n && e.value > 0 ? (e.high - e.low) / 2 / e.value : 0;
}

static void doubt_race(struct advice *a, struct doubts *d)
{
	const struct race_conditions *c = &a->run->race.conditions;
	struct estimate e = a->verdict->speedup;
	double margin = advice_limit(a, LIMIT_EQUIVALENCE),
	       good = advice_limit(a, LIMIT_GOOD_ROUNDS);

	if (e.n && (double)e.n < good)
		doubt(a, &d->small,
		      xasprintf("%zu clean rounds: %.0f or more would narrow the interval.", e.n,
				good));
	if (half_width(e) > margin)
		doubt(a, &d->large,
		      xasprintf(
			      "The interval is +-%.0f %% wide: more rounds (--budget) or a quieter "
			      "machine would narrow it.",
			      100 * half_width(e)));
	if (half_width(c->noise) > margin)
		doubt(a, &d->large,
		      xasprintf(
			      "The sequential run against itself spreads by +-%.0f %%: smaller "
			      "differences cannot be told; longer tasks or a quieter machine would "
			      "help.",
			      100 * half_width(c->noise)));
	if (c->rounds > 0 && c->dirty_rounds > c->rounds)
		doubt(a, &d->small,
		      xasprintf("%d rounds were repeated because the machine was busy, for %d that "
				"count: race again when it is quiet.",
				c->dirty_rounds, c->rounds));
	if (c->load >= advice_limit(a, LIMIT_OTHERS))
		doubt(a, &d->small,
		      xasprintf("The machine was busy: %.1f tasks of other programs wanted a core, "
				"on average.",
				c->load));
}

static void doubt_profile(struct advice *a, struct doubts *d)
{
	const struct profile *p = &a->run->profile;

	if (!p->measured)
		return;
	if (p->tier != TIER_0 && p->why)
		doubt(a, &d->small, xasprintf("Profile tier %s: %s.", tier_key(p->tier), p->why));
	if (a->row && a->shares.unknown > advice_limit(a, LIMIT_UNKNOWN))
		doubt(a, &d->small,
		      xasprintf("%.0f %% of the profiled time is unexplained.",
				100 * a->shares.unknown));
	if (p->steal_share > advice_limit(a, LIMIT_STEAL))
		doubt(a, &d->small,
		      xasprintf("The host took %.0f %% of the CPU time while the program was "
				"profiled: profile again when it is quiet.",
				100 * p->steal_share));
}

static void doubt_facts(struct advice *a, struct doubts *d)
{
	const struct facts *facts = &a->run->facts;

	if (facts->failures.n)
		doubt(a, &d->small,
		      xasprintf("%zu of %zu translation units could not be analysed.",
				facts->failures.n, facts->units));
	else if (!facts->analysed && a->verdict->kind == VERDICT_RECOMMEND)
		doubt(a, &d->small,
		      xstrdup("The source was not read: -p DIR with its compile_commands.json "
			      "would "
			      "tell what stands in the way."));
}

/* "n = 9, interval +-2 %, against itself +-1 %, tier T0, 0.0 % lost, 0.0 % unknown, 0.3 % stolen" */
static char *basis(const struct advice *a)
{
	const struct race_conditions *c = &a->run->race.conditions;
	const struct profile *p = &a->run->profile;
	struct strbuf out = { 0 };

	if (a->verdict->speedup.n)
		strbuf_addf(&out, "n = %zu, interval +-%.1f %%", a->verdict->speedup.n,
			    100 * half_width(a->verdict->speedup));
	else
		strbuf_addf(&out, "no figure");
	if (c->noise.n)
		strbuf_addf(&out, ", against itself +-%.1f %%", 100 * half_width(c->noise));
	if (p->measured)
		strbuf_addf(&out, ", tier %s, %.1f %% lost, %.1f %% unknown", tier_key(p->tier),
			    100 * p->lost_share, 100 * a->shares.unknown);
	strbuf_addf(&out, ", %.1f %% stolen", 100 * c->steal_share);
	return strbuf_detach(&out);
}

void confidence_find(struct advice *a)
{
	struct doubts d = { 0 };

	doubt_race(a, &d);
	d.large += !a->verdict->speedup.n; /* the table's word, or a rule of thumb */
	doubt_profile(a, &d);
	doubt_facts(a, &d);
	if (a->verdict->kind == VERDICT_CANNOT_TELL)
		return;
	a->verdict->confidence = xstrdup(d.large ? "low" : d.small ? "fair" : "high");
	a->verdict->rests_on = basis(a);
}
