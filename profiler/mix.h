/*
 * mix.h - what a sample of waits was made of, and what that says about those not sampled
 *
 * Of a program that switches very often only one stack in many is taken. The sample is even, so the
 * shares of the sites in its time estimate their shares in all the time. Ownership: mix_clear().
 */
#ifndef PROFILER_MIX_H
#define PROFILER_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "profiler/sites.h"

#define MIX_ENOUGH 30 /* sampled waits; fewer say too little */

struct mix_part {
	uint32_t site;
	uint64_t ns, waits;
};

struct mix {
	VEC_FIELDS(struct mix_part);
	uint64_t ns, waits; /* of all parts */
};

void mix_add(struct mix *m, uint32_t site, uint64_t ns, uint64_t waits);
void mix_merge(struct mix *to, const struct mix *from);
/* Book `ns` of `waits` waits nobody saw to the sites, in their shares, exactly. False, and nothing
 * is booked, when the sample is too small. */
bool mix_apply(const struct mix *m, struct sites *sites, uint64_t ns, uint64_t waits);
void mix_clear(struct mix *m);

#endif
