/*
 * loader.h - can a built program be loaded as a library, one private copy for each worker?
 *
 * Decided from the ELF headers, before anything runs; concur-host (runtime/image.c) does the
 * loading. Which libraries the program needs is asked of its own dynamic linker. Ownership: a list
 * owns its strings.
 */
#ifndef PROFILER_LOADER_H
#define PROFILER_LOADER_H

#include <stdbool.h>

#include "base/vec.h"

struct loader_library {
	char *name; /* as DT_NEEDED spells it */
	char *path;
	bool shared; /* it cannot be copied: its thread-local variables need the static block */
};

struct loader_libraries {
	VEC_FIELDS(struct loader_library); /* what a library needs comes before it */
};

/*
 * NULL: it can, and `libraries` are those to be copied with it (all but libc's own family). Else
 * why not, one clause for people, owned by the caller: "it is statically linked".
 */
char *loader_why_not(const char *program, struct loader_libraries *libraries);
void loader_libraries_clear(struct loader_libraries *libraries);

#endif
