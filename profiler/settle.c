#include "profiler/settle.h"

void settle_born(struct settle *s)
{
	s->begun = true;
}

void settle_reset(struct settle *s)
{
	settle_clear(s);
	*s = (struct settle){ 0 };
}

void settle_cpu(struct settle *s, uint64_t ns)
{
	s->cpu_ns += ns;
}

void settle_runqueue(struct settle *s, uint64_t ns)
{
	s->runqueue_ns += ns;
}

void settle_wait(struct settle *s, uint32_t site, bool woken, uint64_t ns)
{
	if (s->begun)
		mix_add(woken ? &s->woken : &s->waits, site, ns, 1);
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* Equal parts of all waits; of those that are shorter, all they have. Returns what was found. */
static uint64_t take_once(struct mix *waits, uint64_t wanted_ns, enum settle_move move,
			  settle_fn *fn, void *arg)
{
	uint64_t left_ns = wanted_ns, n = 0;

	vec_each (waits, part)
		n += part->ns ? part->waits : 0;
	vec_each (waits, part) {
		uint64_t equal_ns =
			n ? (uint64_t)((double)wanted_ns * (double)part->waits / (double)n) : 0;
		uint64_t ns = at_most(at_most(equal_ns, part->ns), left_ns);

		if (!ns)
			continue;
		fn(part->site, move, ns, arg);
		part->ns -= ns;
		left_ns -= ns;
	}
	return wanted_ns - left_ns;
}

static uint64_t take(struct mix *waits, int64_t owed_ns, enum settle_move move, settle_fn *fn,
		     void *arg)
{
	uint64_t taken_ns = 0, ns;

	while (owed_ns > (int64_t)taken_ns) {
		ns = take_once(waits, (uint64_t)owed_ns - taken_ns, move, fn, arg);
		if (!ns)
			break;
		taken_ns += ns;
	}
	return taken_ns;
}

/* Too much in the run-queue, too little on the CPU: the same time. */
static uint64_t late_start(struct settle *s)
{
	uint64_t ns;

	if (s->owed_runqueue_ns >= 0 || s->owed_cpu_ns <= 0)
		return 0;
	ns = at_most((uint64_t)-s->owed_runqueue_ns, (uint64_t)s->owed_cpu_ns);
	ns = at_most(ns, s->runqueue_ns);
	s->owed_runqueue_ns += (int64_t)ns;
	s->owed_cpu_ns -= (int64_t)ns;
	s->runqueue_ns -= ns;
	s->cpu_ns += ns;
	return ns;
}

/* What is in the run-queue too early, to the waits before it: equal parts for each wake-up. */
static void give_back(struct settle *s, settle_fn *fn, void *arg)
{
	uint64_t most_ns = s->owed_runqueue_ns < 0 ? (uint64_t)-s->owed_runqueue_ns : 0;
	uint64_t left_ns = at_most(most_ns, s->runqueue_ns), waits = s->woken.waits;

	vec_each (&s->woken, part) {
		uint64_t ns = (uint64_t)((double)left_ns * (double)part->waits / (double)waits);

		fn(part->site, SETTLE_QUEUE_TO_WAIT, ns, arg);
		s->owed_runqueue_ns += (int64_t)ns;
		s->runqueue_ns -= ns;
		left_ns -= ns;
		waits -= part->waits;
	}
}

uint64_t settle_by(struct settle *s, const struct schedstat *now, settle_fn *fn, void *arg,
		   struct profile_check *check)
{
	uint64_t cpu_ns = now->on_cpu_ns - s->from.on_cpu_ns, ns, late_ns;
	uint64_t runqueue_ns = now->runqueue_ns - s->from.runqueue_ns;

	if (!s->begun || now->on_cpu_ns < s->from.on_cpu_ns ||
	    now->runqueue_ns < s->from.runqueue_ns) {
		settle_reset(s);
		s->begun = true;
		s->from = *now;
		return 0;
	}
	s->owed_cpu_ns += (int64_t)(cpu_ns - s->cpu_ns);
	s->owed_runqueue_ns += (int64_t)(runqueue_ns - s->runqueue_ns);
	late_ns = late_start(s);
	give_back(s, fn, arg);
	ns = take(&s->waits, s->owed_runqueue_ns, SETTLE_WAIT_TO_QUEUE, fn, arg);
	s->owed_runqueue_ns -= (int64_t)ns;
	s->runqueue_ns += ns;
	ns = take(&s->waits, s->owed_cpu_ns, SETTLE_WAIT_TO_CPU, fn, arg);
	s->owed_cpu_ns -= (int64_t)ns;
	check->cpu_ns += s->cpu_ns + ns;
	check->runqueue_ns += s->runqueue_ns;
	check->kernel_cpu_ns += cpu_ns;
	check->kernel_runqueue_ns += runqueue_ns;
	s->from = *now;
	s->cpu_ns = s->runqueue_ns = 0;
	settle_clear(s);
	return late_ns;
}

void settle_clear(struct settle *s)
{
	mix_clear(&s->waits);
	mix_clear(&s->woken);
}
