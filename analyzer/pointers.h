/*
 * pointers.h - which functions a pointer may hold, and what a descriptor stands for
 *
 * By name, not by object: a field stands for that field of every object of its type. A function
 * gets into a pointer by assignment, initialisation, or as an argument; from pointer to pointer
 * likewise. Descriptors flow in the same way, from the call that made them. Anything else (casts through integers, memcpy) is not seen, so a set may be too small.
 * Ownership: pointers_clear() frees all.
 */
#ifndef ANALYZER_POINTERS_H
#define ANALYZER_POINTERS_H

#include "analyzer/program.h"

struct function_set {
	VEC_FIELDS(uint32_t);
};

enum descriptor { DESCRIPTOR_SOCKET = 1, DESCRIPTOR_FILE = 2 };

struct pointers {
	struct function_set *sets; /* by symbol */
	uint8_t *descriptors;      /* by symbol: enum descriptor, all that were seen */
	size_t n;
};

void pointers_find(const struct program *p, struct pointers *ret);
void pointers_clear(struct pointers *pointers);
/* Never NULL. */
const struct function_set *pointers_targets(const struct pointers *pointers, uint32_t symbol);
/* The effects of the call w stands at, whose callee is this entry: without waits that a condition
 * lifts, and with network or disk for `fd` where the descriptor is known. */
uint64_t pointers_effects(const struct pointers *pointers, const struct program_walk *w,
			  const struct catalogue_entry *e);

#endif
