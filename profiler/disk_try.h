/*
 * disk_try.h - what disk.c and disk_ring.c share: the calls on files that are tried
 *
 * Ownership: disk.c's, for as long as a try runs.
 */
#ifndef PROFILER_DISK_TRY_H
#define PROFILER_DISK_TRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "profiler/disk.h"

#define DISK_ROUND_NS   60000000 /* for each number of calls at once */
#define DISK_BLOCK      4096     /* that is read */
#define DISK_RECORD     512      /* that is written before a sync */
#define DISK_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

struct disk_try {
	const struct disk_uses *uses;
	bool sync;
	int files[DISK_DEPTH_MOST]; /* of our own, without a name; -1: there is none */
	atomic_uint next;           /* use */
	atomic_bool stop;
};

/* The path whose turn it is. */
const char *disk_try_path(struct disk_try *t);

/*
 * Calls a second with DISK_DEPTH_MOST in flight on one io_uring, from a thread of its own, as an event loop would
 * make them; 0: they cannot be made so.
 */
double disk_ring_rate(struct disk_try *t);

#endif
