/*
 * locks.h - the functions of the C library by which a program takes and lets go of locks
 *
 * Those that say which lock as their first argument: mutexes, read-write locks taken for writing. Not:
 * spin locks, whose first instruction takes no probe; those that may fail (trylock), as only their result tells; condition variables, which let
 * go of their mutex for a while; what a program builds of its own from atomics. The library's own
 * locks (malloc, stdio) do not go through these functions. Ownership: lock_functions_clear().
 */
#ifndef PROFILER_LOCKS_H
#define PROFILER_LOCKS_H

#include <stdbool.h>

#include "base/vec.h"
#include "profiler/units.h"

struct lock_function {
	struct unit place;
	bool takes; /* false: it lets go */
};

struct lock_functions {
	VEC_FIELDS(struct lock_function);
};

/* Those that the program or one of its libraries has. */
void lock_functions_find(const char *program, struct lock_functions *ret);
void lock_functions_clear(struct lock_functions *f);

#endif
