/*
 * tracefs.h - the number and layout of one kernel tracepoint
 */
#ifndef PROFILER_TRACEFS_H
#define PROFILER_TRACEFS_H

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
/* From the text of a format file. `field` must be 4 bytes wide. */
struct error *tracefs_parse(const char *text, const char *field,
			    struct tracepoint *ret) ERROR_MUST_CHECK;

#endif
