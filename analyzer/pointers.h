/*
 * pointers.h - which functions a pointer may hold
 *
 * By name, not by object: a field stands for that field of every object of its type. A function
 * gets into a pointer by assignment, initialisation, or as an argument; from pointer to pointer
 * likewise. Anything else (casts through integers, memcpy) is not seen, so a set may be too small.
 * Ownership: pointers_clear() frees all.
 */
#ifndef ANALYZER_POINTERS_H
#define ANALYZER_POINTERS_H

#include "analyzer/program.h"

struct function_set {
	VEC_FIELDS(uint32_t);
};

struct pointers {
	struct function_set *sets; /* by symbol */
	size_t n;
};

void pointers_find(const struct program *p, struct pointers *ret);
void pointers_clear(struct pointers *pointers);
/* Never NULL. */
const struct function_set *pointers_targets(const struct pointers *pointers, uint32_t symbol);

#endif
