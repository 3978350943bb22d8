#include "profiler/mix.h"

void mix_add(struct mix *m, uint32_t site, uint64_t ns, uint64_t waits)
{
	m->ns += ns;
	m->waits += waits;
	vec_each (m, part) {
		if (part->site == site) {
			part->ns += ns;
			part->waits += waits;
			return;
		}
	}
	vec_push(m, ((struct mix_part){ .site = site, .ns = ns, .waits = waits }));
}

void mix_merge(struct mix *to, const struct mix *from)
{
	vec_each (from, part)
		mix_add(to, part->site, part->ns, part->waits);
}

static uint64_t share_of(uint64_t whole, uint64_t part, uint64_t parts)
{
	return parts ? (uint64_t)((double)whole * ((double)part / (double)parts)) : 0;
}

bool mix_apply(const struct mix *m, struct sites *sites, uint64_t ns, uint64_t waits)
{
	uint64_t ns_left = ns, waits_left = waits;

	if (m->waits < MIX_ENOUGH)
		return false;
	for (size_t i = 0; i < m->n; i++) {
		const struct mix_part *part = &m->items[i];
		uint64_t part_ns = share_of(ns, part->ns, m->ns);
		uint64_t part_waits = share_of(waits, part->waits, m->waits);

		if (i + 1 == m->n || part_ns > ns_left)
			part_ns = ns_left; /* the last one takes what rounding left over */
		if (i + 1 == m->n || part_waits > waits_left)
			part_waits = waits_left;
		sites_add(sites, part->site, part_ns, part_waits);
		ns_left -= part_ns;
		waits_left -= part_waits;
	}
	return true;
}

void mix_clear(struct mix *m)
{
	vec_clear(m);
	m->ns = m->waits = 0;
}
