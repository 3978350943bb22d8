/*
 * units.h - where in which file the code of a function lies
 *
 * Looks in the program's own symbols, in its separate debug file (by build-id, below
 * /usr/lib/debug), and in the libraries it is linked with. A function that the compiler cloned
 * (name.isra.0, name.constprop.1) is found by its plain name. "program+0x1a2b0" is an address in
 * the file, for functions without a name.
 *
 * Ownership: unit_clear() frees.
 */
#ifndef PROFILER_UNITS_H
#define PROFILER_UNITS_H

#include <stdint.h>

#include "base/error.h"

struct unit {
	char *name;
	char *path;      /* the file */
	uint64_t offset; /* of the first instruction, in the file */
};

struct error *unit_find(const char *program, const char *name, struct unit *ret) ERROR_MUST_CHECK;
void unit_clear(struct unit *unit);

#endif
