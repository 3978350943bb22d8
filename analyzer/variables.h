/*
 * variables.h - who reads and writes the variables that all threads share
 *
 * Every access to a variable with static storage, once for each place: what headers hold is seen by
 * many units. Left out are constants, what each thread has its own of, and what exists to be shared.
 * Accesses through pointers that a variable's address went into are not seen; handing it out is.
 * Ownership: variables_clear() frees; names are borrowed from the program.
 */
#ifndef ANALYZER_VARIABLES_H
#define ANALYZER_VARIABLES_H

#include "analyzer/locks.h"
#include "analyzer/program.h"

struct site {
	const char *file;
	const char *function;
	uint32_t line;
	uint8_t kind;     /* enum event_kind: EVENT_READ ... EVENT_ADDRESS */
	const char *lock; /* held there, as far as can be seen; or NULL */
};

struct variable {
	VEC_FIELDS(struct site);
	size_t writes, throughs, addresses, locked;
	const char *lock; /* of one of the locked */
	bool candidate;   /* false: none that is shared, and has no sites */
};

struct variables {
	struct variable *items; /* by symbol */
	size_t n;
};

void variables_find(const struct program *p, const struct locks *locks, struct variables *ret);
void variables_clear(struct variables *all);

#endif
