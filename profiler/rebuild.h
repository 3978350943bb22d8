/*
 * rebuild.h - build a program anew, in a form that can be loaded as a library
 *
 * The second way for one that cannot (statically linked, at a fixed address): its translation units
 * are compiled as the compile database says, as position-independent code, and linked with the
 * libraries the program itself needs. All harnesses then run the new program, so that they differ in
 * nothing else. A link of too few units would be another program: the units are those the program's
 * debugging information names, each of them must be in the list, and there must be one.
 * Ownership: rebuild_clear() removes the files and frees.
 */
#ifndef PROFILER_REBUILD_H
#define PROFILER_REBUILD_H

#include "base/error.h"
#include "model/workload.h"

struct rebuild_unit { /* borrowed from the compile database */
	const char *directory, *file;
	const struct strings *argv; /* compiler first; without file and output */
};

struct rebuild_units {
	VEC_FIELDS(struct rebuild_unit);
};

struct rebuild {
	char *dir;     /* of temporary files */
	char *program; /* in it */
	size_t built;  /* units */
	size_t named;  /* that the old program names; 0: it names none */
};

struct error *rebuild_program(const char *program, const struct rebuild_units *units,
			      struct rebuild *ret) ERROR_MUST_CHECK;
void rebuild_clear(struct rebuild *r);

#endif
