/*
 * where.h - functions and lines of a program file, from its own DWARF and symbols
 *
 * Debug information that lies elsewhere is not asked for. Strings are owned by the caller.
 */
#ifndef PROFILER_WHERE_H
#define PROFILER_WHERE_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

#include "base/error.h"
#include "model/race.h"
#include "model/workload.h"

/* "work (faulty.c:40)", "work", or NULL: nothing is known. `address` is relative to the file's own. */
char *where_is(const char *path, uint64_t address);
/* The same for the places that held an event loop up. */
void where_name_loop(const char *path, struct race_loop *loop);

/* The translation unit of an address, or NULL. libdw's own index misses units that list their addresses
 * nowhere else, as clang's do. */
Dwarf_Die *where_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias);

/* Where a function begins. ERROR_USAGE, said of `option`: there is none. */
struct error *where_find_function(const char *path, const char *name, const char *option,
				  uint64_t *ret) ERROR_MUST_CHECK;

/*
 * The function w->unit, and how its parameters are to be made of texts: a letter for what it
 * returns and one for each parameter, as plan.h lists them. Without DWARF the arguments of the
 * first task decide. ERROR_USAGE: there is none, or a parameter is nothing a text can stand for.
 */
struct error *where_find_unit(const struct target *target, const struct workload *w,
			      struct target_unit *ret) ERROR_MUST_CHECK;

#endif
