#include "advisor/children.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define PROCESSES_LEAST 5   /* the one that starts them, and as many as make a loop */
#define WAITING_LEAST   0.4 /* of the time, for children */
#define AT_ONCE_MOST    1.3 /* that do something */

/* What the processes did, without what is waited for elsewhere in the tree. Where they have threads
 * of their own, those that wait for a lock are taken for idle. */
static struct wait_profile work_of(const struct profile *p)
{
	struct wait_profile w = p->waits;

	w.runqueue_ns = w.wait_ns[WAIT_CHILD] = w.wait_ns[WAIT_PIPE] = 0;
	if (p->threads > p->processes)
		w.wait_ns[WAIT_LOCK] = 0;
	w.wall_ns = wait_profile_parts_ns(&w);
	return w;
}

bool children_in_turn(const struct profile *p)
{
	double elapsed = (double)p->elapsed_ns;

	return p->measured && p->processes >= PROCESSES_LEAST &&
	       (double)p->waits.wait_ns[WAIT_CHILD] >= WAITING_LEAST * elapsed &&
	       (double)work_of(p).wall_ns <= AT_ONCE_MOST * elapsed;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void record_equal_calls(const struct profile *p, const char *unit,
			const struct wait_profile *inside, uint64_t calls, struct recording *ret)
{
	const uint64_t n = calls > RECORDING_CALLS ? RECORDING_CALLS : calls;
	uint64_t cpu_ns = wait_profile_cpu_ns(inside), gap_cpu_ns, gap_wait_ns;

	gap_cpu_ns = less(wait_profile_cpu_ns(&p->waits), cpu_ns) / n;
	gap_wait_ns =
		less(p->elapsed_ns, inside->wall_ns + gap_cpu_ns * n + p->waits.runqueue_ns) / n;
	free(ret->why);
	*ret = (struct recording){ .made = true,
				   .unit = xstrdup(unit),
				   .found = true,
				   .runs = 1,
				   .elapsed_ns = p->elapsed_ns,
				   .total = n,
				   .at_once = 1,
				   .threads = 1,
				   .inside = *inside };
	ret->p5_ns = ret->p50_ns = ret->p95_ns = inside->wall_ns / n;
	ret->outside.user_ns = gap_cpu_ns * n;
	ret->outside.unknown_ns = gap_wait_ns * n;
	ret->outside.wall_ns = wait_profile_parts_ns(&ret->outside);
	for (uint64_t i = 0; i < n; i++) {
		struct recorded_call call = { .start_ns = i * (p->elapsed_ns / n),
					      .wall_ns = inside->wall_ns / n,
					      .gap_cpu_ns = gap_cpu_ns,
					      .gap_wait_ns = gap_wait_ns,
					      .first = ret->segments.n };
		struct segment cpu = { SEGMENT_CPU, cpu_ns / n };
		struct segment unknown = { SEGMENT_UNKNOWN, inside->unknown_ns / n };

		vec_push(&ret->segments, cpu);
		for (int k = 0; k < WAIT_KIND_COUNT; k++) {
			struct segment wait = { k, inside->wait_ns[k] / n };

			if (wait.ns)
				vec_push(&ret->segments, wait);
		}
		if (unknown.ns)
			vec_push(&ret->segments, unknown);
		call.n = ret->segments.n - call.first;
		vec_push(&ret->calls, call);
	}
}

bool children_recorded(const struct recording *r)
{
	return r->made && r->unit && !strcmp(r->unit, CHILDREN_UNIT);
}

void children_record(const struct profile *p, struct recording *ret)
{
	struct wait_profile inside = work_of(p);

	record_equal_calls(p, CHILDREN_UNIT, &inside, p->processes - 1, ret);
}
