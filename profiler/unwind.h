/*
 * unwind.h - from dumps to calls, with libdw
 *
 * A dump (dumps.h) is walked with the call frame information of the objects its code comes from, so
 * that code without frame pointers is no obstacle; each address becomes the calls it stands for, the
 * inlined ones included. Works after the run, from the objects' files alone; what has no call frame
 * information ends the walk. Debug information is looked for in the object, next to it and in
 * /usr/lib/debug, never on the network. Names are found once per address.
 *
 * Ownership: unwinder_new() to unwinder_free(); it borrows the spaces. One thread at a time.
 */
#ifndef PROFILER_UNWIND_H
#define PROFILER_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/profile.h"
#include "profiler/dumps.h"
#include "profiler/spaces.h"

#define CALLS_MAX 64

struct code_addresses {
	VEC_FIELDS(uint64_t); /* innermost first; return addresses less 1 */
};

struct unwinder;

struct unwinder *unwinder_new(const struct spaces *spaces);
void unwinder_free(struct unwinder **u);

/* False: the walk ended before the thread's first function. */
bool unwinder_walk(struct unwinder *u, const struct dump *dump, struct code_addresses *ret);
/* The calls an address stands for, innermost first, at least one; borrowed until unwinder_free(). */
const struct stack_frames *unwinder_name(struct unwinder *u, uint64_t address);

#endif
