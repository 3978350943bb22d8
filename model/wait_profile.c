#include "model/wait_profile.h"

#include <assert.h>

#include "model/keys.h"

KEYS_DEFINE(wait_kind, WAIT_KINDS)
KEYS_DEFINE_FROM(wait_kind)

bool wait_kind_overlaps(enum wait_kind kind)
{
#define OVERLAPS(id, key, overlaps) [id] = overlaps,
	static const bool overlap[] = { WAIT_KINDS(OVERLAPS) };
#undef OVERLAPS

	assert(kind < WAIT_KIND_COUNT);
	return overlap[kind];
}

/* A profile may come from a stored text: sums stop at the largest value instead of wrapping. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t total;

	return __builtin_add_overflow(a, b, &total) ? UINT64_MAX : total;
}

uint64_t wait_profile_cpu_ns(const struct wait_profile *p)
{
	return sum(p->user_ns, p->system_ns);
}

uint64_t wait_profile_waits_ns(const struct wait_profile *p)
{
	uint64_t ns = 0;

	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		ns = sum(ns, p->wait_ns[kind]);
	return ns;
}

static uint64_t explained_ns(const struct wait_profile *p)
{
	return sum(sum(wait_profile_cpu_ns(p), p->runqueue_ns), wait_profile_waits_ns(p));
}

uint64_t wait_profile_parts_ns(const struct wait_profile *p)
{
	return sum(explained_ns(p), p->unknown_ns);
}

bool wait_profile_adds_up(const struct wait_profile *p)
{
	return p->wall_ns == wait_profile_parts_ns(p);
}

uint64_t wait_profile_close(struct wait_profile *p)
{
	uint64_t explained = explained_ns(p), excess = 0;

	if (explained > p->wall_ns) {
		excess = explained - p->wall_ns;
		p->wall_ns = explained;
	}
	p->unknown_ns = p->wall_ns - explained;
	return excess;
}

static double share(uint64_t part_ns, uint64_t wall_ns)
{
	return wall_ns ? (double)part_ns / (double)wall_ns : 0;
}

double wait_profile_cpu_share(const struct wait_profile *p)
{
	return share(wait_profile_cpu_ns(p), p->wall_ns);
}

double wait_profile_overlappable_share(const struct wait_profile *p)
{
	uint64_t ns = 0;

	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		if (wait_kind_overlaps(kind))
			ns = sum(ns, p->wait_ns[kind]);
	return share(ns, p->wall_ns);
}

double wait_profile_unknown_share(const struct wait_profile *p)
{
	return share(p->unknown_ns, p->wall_ns);
}

void wait_profile_add(struct wait_profile *total, const struct wait_profile *p)
{
	total->wall_ns = sum(total->wall_ns, p->wall_ns);
	total->user_ns = sum(total->user_ns, p->user_ns);
	total->system_ns = sum(total->system_ns, p->system_ns);
	total->runqueue_ns = sum(total->runqueue_ns, p->runqueue_ns);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		total->wait_ns[kind] = sum(total->wait_ns[kind], p->wait_ns[kind]);
	total->unknown_ns = sum(total->unknown_ns, p->unknown_ns);
}
