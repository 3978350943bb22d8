#include "profiler/settle.h"

#define CLOCKS_APART                                                                               \
	1000 /* the scheduler's clock is not slewed, the records' is, by 1 in 2000 at most */
#define LATE_NS 10000 /* and so much later than the kernel counts may a record be taken */

void settle_born(struct settle *s)
{
	s->begun = true;
}

void settle_reset(struct settle *s)
{
	settle_clear(s);
	*s = (struct settle){ 0 };
}

void settle_run(struct settle *s)
{
	s->runs++;
}

void settle_cpu(struct settle *s, uint64_t ns)
{
	s->counts[SETTLE_CPU].booked_ns += ns;
}

void settle_runqueue(struct settle *s, uint64_t ns)
{
	s->counts[SETTLE_QUEUE].booked_ns += ns;
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
static uint64_t take_once(struct mix *waits, uint64_t wanted_ns, enum settle_part to, settle_fn *fn,
			  void *arg)
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
		fn(SETTLE_WAIT, to, part->site, ns, arg);
		part->ns -= ns;
		left_ns -= ns;
	}
	return wanted_ns - left_ns;
}

static uint64_t take(struct mix *waits, int64_t owed_ns, enum settle_part to, settle_fn *fn,
		     void *arg)
{
	uint64_t taken_ns = 0, ns;

	while (owed_ns > (int64_t)taken_ns) {
		ns = take_once(waits, (uint64_t)owed_ns - taken_ns, to, fn, arg);
		if (!ns)
			break;
		taken_ns += ns;
	}
	return taken_ns;
}

/* What is booked beyond the kernel's count since the last reading. */
static uint64_t beyond(const struct settle_count *count)
{
	return at_most(count->owed_ns < 0 ? (uint64_t)-count->owed_ns : 0, count->booked_ns);
}

static void less(struct settle_count *count, uint64_t ns)
{
	count->booked_ns -= ns;
	count->owed_ns += (int64_t)ns;
}

static void more(struct settle_count *count, uint64_t ns)
{
	count->booked_ns += ns;
	count->owed_ns -= (int64_t)ns;
}

/* Too much here, too little there: the same time, as a record is later than the switch. */
static void pass_on(struct settle *s, enum settle_part from, enum settle_part to, settle_fn *fn,
		    void *arg)
{
	struct settle_count *giver = &s->counts[from], *taker = &s->counts[to];
	uint64_t ns = at_most(beyond(giver), taker->owed_ns > 0 ? (uint64_t)taker->owed_ns : 0);

	if (!ns)
		return;
	fn(from, to, 0, ns, arg);
	less(giver, ns);
	more(taker, ns);
}

/* What is in the run-queue too early, to the waits before it: equal parts for each wake-up. */
static void give_back(struct settle *s, settle_fn *fn, void *arg)
{
	uint64_t left_ns = beyond(&s->counts[SETTLE_QUEUE]), waits = s->woken.waits;

	vec_each (&s->woken, part) {
		uint64_t ns = (uint64_t)((double)left_ns * (double)part->waits / (double)waits);

		fn(SETTLE_QUEUE, SETTLE_WAIT, part->site, ns, arg);
		less(&s->counts[SETTLE_QUEUE], ns);
		left_ns -= ns;
		waits -= part->waits;
	}
}

/* What the kernel counts beyond what is booked was at the ends of waits: those whose end was not seen. */
static void take_back(struct settle *s, enum settle_part to, settle_fn *fn, void *arg)
{
	struct settle_count *count = &s->counts[to];

	more(count, take(&s->waits, count->owed_ns, to, fn, arg));
	more(count, take(&s->woken, count->owed_ns, to, fn, arg));
}

/* Neither on the CPU nor in a run-queue, and yet it did not wait: the host or an interrupt had the CPU. */
static void give_up(struct settle *s, enum settle_part from, settle_fn *fn, void *arg)
{
	uint64_t ns = beyond(&s->counts[from]);

	if (!ns)
		return;
	fn(from, SETTLE_UNKNOWN, 0, ns, arg);
	less(&s->counts[from], ns);
}

static void begin(struct settle *s, const struct schedstat *now)
{
	settle_reset(s);
	s->begun = true;
	s->from = *now;
}

/*
 * More than was booked, and more than the two clocks are apart: in the run-queue of another CPU, part of the
 * open stretch is counted already. So it is of a wait whose end was not seen, until another run tells.
 */
static bool half_counted(struct settle *s, const struct schedstat *now, bool queued)
{
	uint64_t counted_ns =
		now->on_cpu_ns - s->from.on_cpu_ns + now->runqueue_ns - s->from.runqueue_ns;
	uint64_t booked_ns = s->counts[SETTLE_CPU].booked_ns + s->counts[SETTLE_QUEUE].booked_ns;
	uint64_t doubted = s->doubted;

	booked_ns += booked_ns / CLOCKS_APART + LATE_NS + (queued ? 0 : s->waits.ns + s->woken.ns);
	if (counted_ns <= booked_ns)
		return false;
	s->doubted = s->runs + 1;
	return queued || !doubted || doubted == s->doubted;
}

/* Whether all that the kernel has counted is booked, as the number of its runs tells; else it runs by now. */
static bool complete(struct settle *s, const struct schedstat *now, bool queued)
{
	uint64_t runs = now->runs - s->from.runs;
	bool ahead = s->ahead;

	s->ahead = runs > s->runs;
	/* It started between a run and its record; or runs have no record: begin again. */
	if (runs < s->runs || (ahead && s->ahead))
		begin(s, now);
	else if (runs == s->runs)
		return !half_counted(s, now, queued);
	return false;
}

void settle_by(struct settle *s, const struct schedstat *now, bool queued, settle_fn *fn, void *arg,
	       struct profile_check *check)
{
	struct settle_count *cpu = &s->counts[SETTLE_CPU], *queue = &s->counts[SETTLE_QUEUE];
	uint64_t cpu_ns = now->on_cpu_ns - s->from.on_cpu_ns;
	uint64_t runqueue_ns = now->runqueue_ns - s->from.runqueue_ns;

	if (!s->begun || now->on_cpu_ns < s->from.on_cpu_ns ||
	    now->runqueue_ns < s->from.runqueue_ns) {
		begin(s, now);
		return;
	}
	if (!complete(s, now, queued))
		return;
	cpu->owed_ns += (int64_t)(cpu_ns - cpu->booked_ns);
	queue->owed_ns += (int64_t)(runqueue_ns - queue->booked_ns);
	pass_on(s, SETTLE_QUEUE, SETTLE_CPU, fn, arg);
	pass_on(s, SETTLE_CPU, SETTLE_QUEUE, fn, arg);
	give_back(s, fn, arg);
	take_back(s, SETTLE_QUEUE, fn, arg);
	take_back(s, SETTLE_CPU, fn, arg);
	give_up(s, SETTLE_QUEUE, fn, arg);
	give_up(s, SETTLE_CPU, fn, arg);
	check->cpu_ns += cpu->booked_ns;
	check->runqueue_ns += queue->booked_ns;
	check->kernel_cpu_ns += cpu_ns;
	check->kernel_runqueue_ns += runqueue_ns;
	s->from = *now;
	s->runs = s->doubted = cpu->booked_ns = queue->booked_ns = 0;
	settle_clear(s);
}

void settle_clear(struct settle *s)
{
	mix_clear(&s->waits);
	mix_clear(&s->woken);
}
