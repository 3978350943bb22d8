#include "model/recording.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"

#define GAPS_MATTER 0.02 /* of the time from the first call on */
#define GAPS_ALIKE  0.5  /* of their mean is their median: it is not a few that are long */

void recording_clear(struct recording *r)
{
	free(r->why);
	free(r->unit);
	free(r->object);
	free(r->disk_tried);
	vec_clear(&r->calls);
	vec_clear(&r->segments);
	vec_each (&r->timeline, call)
		vec_clear(&call->segments);
	vec_clear(&r->timeline);
	vec_each (&r->locks, lock)
		free(lock->name);
	vec_clear(&r->locks);
	*r = (struct recording){ 0 };
}

/* A lock that is held has half of the mark of its taking, and half of that of its letting go, within. */
static void take_off_locks(struct recording *r, double mark_ns)
{

	if (!r->locks_watched_ns)
		return;
	vec_each (&r->locks, lock) {
		double marks_ns = mark_ns * (double)lock->holds;
		double held_ns = (double)lock->held_ns - marks_ns;
		double watched_ns = (double)r->locks_watched_ns - 2 * marks_ns;

		lock->held_ns = held_ns > 0 ? (uint64_t)held_ns : 0;
		r->locks_watched_ns = watched_ns > 1 ? (uint64_t)watched_ns : 1;
	}
}

double recording_cost_share(const struct recording *r)
{
	double cost_ns = r->probe_ns * (double)(r->total + r->nested);

	return r->elapsed_ns ? cost_ns / (double)r->elapsed_ns : 0;
}

static uint64_t less(uint64_t ns, uint64_t mark_ns)
{
	return ns > mark_ns ? ns - mark_ns : 0;
}

/* The end of the mark of its entry lies within a call, and the beginning of that of its return. */
static void take_off_calls(struct recording *r)
{
	const uint64_t mark_ns = (uint64_t)(r->probe_ns / 2);

	for (size_t i = 0; i < r->calls.n; i++) {
		struct recorded_call *call = &r->calls.items[i];
		struct segment *of = r->segments.items + call->first;

		for (size_t k = 0; k < call->n; k++) {
			if (of[k].kind != SEGMENT_CPU)
				continue;
			of[k].ns = less(of[k].ns, mark_ns);
			break;
		}
		for (size_t k = 1; k <= call->gap_n; k++) {
			if (of[-(ptrdiff_t)k].kind != SEGMENT_CPU)
				continue;
			of[-(ptrdiff_t)k].ns = less(of[-(ptrdiff_t)k].ns, mark_ns);
			break;
		}
		call->gap_cpu_ns = less(call->gap_cpu_ns, mark_ns);
	}
}

void recording_take_off_marks(struct recording *r, double lock_mark_ns)
{
	take_off_calls(r);
	take_off_locks(r, lock_mark_ns);
}

uint64_t recording_wait_ns(const struct recording *r, enum wait_kind kind)
{
	return r->inside.wait_ns[kind] + (r->gaps_repeat ? r->outside.wait_ns[kind] : 0);
}

static uint64_t own_ns(const struct recording *r, size_t call)
{
	const struct recorded_call *c = &r->calls.items[call];
	uint64_t ns = 0;

	for (size_t i = 0; i < c->n; i++)
		ns += r->segments.items[c->first + i].ns;
	return ns;
}

/*
 * For a file, another machine, a while. Not for a pipe or for any of several things (poll), as that
 * is how a program waits for its next item to come.
 */
static bool waits_for_its_item(int kind)
{
	return kind == WAIT_DISK || kind == WAIT_NETWORK || kind == WAIT_SLEEP;
}

static uint64_t gap_waits_ns(const struct recording *r, const struct recorded_call *call)
{
	uint64_t ns = 0;

	for (size_t i = call->first - call->gap_n; i < call->first; i++)
		ns += waits_for_its_item(r->segments.items[i].kind) ? r->segments.items[i].ns : 0;
	return ns;
}

/* What comes before the first call of all is done once, and does not count. */
void recording_judge_gaps(struct recording *r)
{
	double *ns = xcalloc(r->calls.n + 1, sizeof(*ns)), gaps_ns = 0, all_ns = 0;
	size_t n = 0;

	for (size_t i = 1; i < r->calls.n; i++) {
		const struct recorded_call *call = &r->calls.items[i];

		ns[n] = (double)gap_waits_ns(r, call);
		gaps_ns += ns[n++];
		all_ns += (double)(call->gap_cpu_ns + call->gap_wait_ns + own_ns(r, i));
	}
	r->gaps_repeat = n && gaps_ns >= GAPS_MATTER * all_ns &&
			 stats_median(ns, n) >= GAPS_ALIKE * gaps_ns / (double)n;
	free(ns);
}

/* Which of the recordings has as many before it as behind it. */
static const struct recording *median_of(const struct recording *r, size_t n, size_t call)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t ns = own_ns(&r[i], call);
		size_t less = 0;

		for (size_t k = 0; k < n; k++)
			less += own_ns(&r[k], call) < ns || (own_ns(&r[k], call) == ns && k < i);
		if (less == n / 2)
			return &r[i];
	}
	return r;
}

bool recording_take_medians(struct recording *r, size_t n)
{
	struct recorded_calls calls = { 0 };
	struct segments segments = { 0 };

	for (size_t i = 1; i < n; i++) {
		if (r[i].calls.n != r->calls.n || r[i].total != r->total ||
		    r[i].locks.n != r->locks.n || !r[i].locks_watched_ns != !r->locks_watched_ns)
			return false;
	}
	for (size_t i = 0; i < r->calls.n; i++) {
		const struct recording *from = median_of(r, n, i);
		struct recorded_call call = from->calls.items[i];

		for (size_t k = call.first - call.gap_n; k < call.first + call.n; k++)
			vec_push(&segments, from->segments.items[k]);
		call.first = segments.n - call.n;
		vec_push(&calls, call);
	}
	vec_clear(&r->calls);
	vec_clear(&r->segments);
	r->calls = calls;
	r->segments = segments;
	recording_judge_gaps(r);
	return true;
}
