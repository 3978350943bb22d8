/*
 * suppressions.h - findings that the source itself says are meant
 *
 *	sleep(1); // concur: ignore[blocking-call] the device needs it
 *	// concur: ignore[shared-state,could-be-const] set before the threads start
 *	static int level;
 *	n = rand(); // NOLINT(concur-mt-unsafe-call): one thread only
 *	// NOLINTNEXTLINE(concur-mt-unsafe-call): one thread only
 *	// concur: ignore-begin[mt-unsafe-call] one thread only
 *	...
 *	// concur: ignore-end[mt-unsafe-call]
 *	// NOLINTBEGIN(concur-mt-unsafe-call): one thread only; up to NOLINTEND(...)
 *
 * A comment after code speaks of its line, one alone of the next line with code, one that begins of
 * all lines up to its end, itself included. Only comments that begin so count, not strings.
 * Ownership: suppressions_clear() frees all.
 */
#ifndef ANALYZER_SUPPRESSIONS_H
#define ANALYZER_SUPPRESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

struct suppression {
	const char *file; /* borrowed from the caller of suppressions_read() */
	char *check;      /* "*": every check */
	uint32_t line;    /* what it speaks of; 0: nothing follows */
	uint32_t last;    /* up to this line; UINT32_MAX: nothing ends it */
	uint32_t at_line, at_column;
	char *reason; /* or NULL: none is given */
	bool used;
	bool is_end; /* of what never began */
};

struct suppressions {
	VEC_FIELDS(struct suppression);
};

/* Appends those in `text`, the content of `file`. */
void suppressions_read(const char *text, const char *file, struct suppressions *list);
void suppressions_clear(struct suppressions *list);

#endif
