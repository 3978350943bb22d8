#include "model/recording.h"

#include <stdlib.h>

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
void recording_take_off_marks(struct recording *r)
{
	double mark_ns = r->probe_ns / 2;

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

static uint64_t own_ns(const struct recording *r, size_t call)
{
	const struct recorded_call *c = &r->calls.items[call];
	uint64_t ns = 0;

	for (size_t i = 0; i < c->n; i++)
		ns += r->segments.items[c->first + i].ns;
	return ns;
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

		for (size_t k = 0; k < call.n; k++)
			vec_push(&segments, from->segments.items[call.first + k]);
		call.first = segments.n - call.n;
		vec_push(&calls, call);
	}
	vec_clear(&r->calls);
	vec_clear(&r->segments);
	r->calls = calls;
	r->segments = segments;
	return true;
}
