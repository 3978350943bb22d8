/*
 * disk.h - how many of a program's waits for files are served at once: seen, then tried
 *
 * While a program runs, its threads are looked at, and where one waits in a call on a file, the call's
 * kind and the file are kept. Afterwards the same kind of call is made on the same file systems by
 * 1 and by DISK_DEPTH_MOST threads, and by one thread with as many in flight on an io_uring, for a short and bounded
 * time: what comes out is how many times as many calls they get done. Synchronous writes go to files of our own that have no name; where
 * such files cannot be made (FUSE) the program's own are synced, unchanged. Files are opened and read, after the
 * kernel was asked to forget what it has of them.
 *
 * Ownership: disk_uses_clear(). disk_watch_start() to disk_watch_stop() has a thread of its own.
 */
#ifndef PROFILER_DISK_H
#define PROFILER_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/recording.h"

struct disk_use {
	char *path;
	uint64_t syncs, others; /* looks that met a call on it */
};

struct disk_uses {
	VEC_FIELDS(struct disk_use);
};

struct disk_watch;

struct disk_watch *disk_watch_start(pid_t root);
/* Adds to *uses. */
void disk_watch_stop(struct disk_watch *w, struct disk_uses *uses);
void disk_uses_clear(struct disk_uses *uses);

struct disk_depth { /* over one call after another; n 0: no use was seen, or the files are gone */
	struct estimate threads;
	struct estimate loop; /* n 0: by itself where a ring cannot be had */
	char *what;           /* was tried: "fsync in /var/log"; owned by the caller */
};

/* Takes about two seconds. */
void disk_depth(const struct disk_uses *uses, struct disk_depth *ret);

#endif
