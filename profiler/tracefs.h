/*
 * tracefs.h - the number and layout of one kernel tracepoint; tracepoints of our own
 */
#ifndef PROFILER_TRACEFS_H
#define PROFILER_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct tracepoint {
	uint64_t id;
	size_t pid_offset; /* of the field asked for, in the RAW data */
};

/*
 * Reads events/SYSTEM/EVENT/format where tracefs is mounted; where it is not, through a private
 * mount that no one else sees and that ends with the call (CAP_SYS_ADMIN).
 */
struct error *tracefs_tracepoint(const char *system, const char *event, const char *field,
				 struct tracepoint *ret) ERROR_MUST_CHECK;
struct tracefs_field {
	const char *name;
	unsigned size; /* bytes; one of another size is not known */
};

/* The number of a kernel's tracepoint and where these fields lie in its RAW data. */
struct error *tracefs_layout(const char *system, const char *event,
			     const struct tracefs_field *fields, size_t n, size_t *offsets,
			     uint64_t *id) ERROR_MUST_CHECK;
/* From the text of a format file. `field` must be 4 bytes wide. */
struct error *tracefs_parse(const char *text, const char *field,
			    struct tracepoint *ret) ERROR_MUST_CHECK;

/*
 * A tracepoint of our own, on the entry to or the return from the function at an offset of a file. It
 * exists for the whole machine until tracefs_drop_probe(), but does nothing by itself; those of
 * processes that ended without dropping theirs are dropped when the next one is made.
 */
struct error *tracefs_make_probe(const char *path, uint64_t offset, bool returns, char **name,
				 uint64_t *id) ERROR_MUST_CHECK;
/* All counters on it must be closed. Frees the name. */
void tracefs_drop_probe(char **name);

#endif
