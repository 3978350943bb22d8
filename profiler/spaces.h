/*
 * spaces.h - where the code of each process comes from
 *
 * A process's code lies at other addresses in every run and every process. Here each file it comes
 * from (object) gets a range of its own, once, and an address of a process becomes an address in
 * its object's range: the same for all processes, and still meaningful when they are gone. Objects
 * are told apart by build-id, else by path. Files that have no path any more (memfd, deleted ones)
 * are opened through the process while it lives.
 *
 * Processes are known from their fork to the exit of their last thread. Ownership: spaces_clear()
 * frees and closes. One thread at a time.
 */
#ifndef PROFILER_SPACES_H
#define PROFILER_SPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profiler/decode.h"

#define OBJECTS_MAX      1024
#define OBJECT_RANGE     ((uint64_t)1 << 32)
#define OBJECT_ADDRESSES ((uint64_t)1 << 44) /* no process has code or stacks there */

struct object {
	char *path; /* as the process saw it */
	int fd;     /* -1: open the path */
	unsigned char build_id[20];
	size_t build_id_n; /* 0: unknown */
};

struct space;

struct spaces {
	struct {
		VEC_FIELDS(struct object);
	} objects;
	struct space *by_pid;
};

void spaces_start(struct spaces *s, pid_t pid);
/* A process that runs already, with this many threads. Reads /proc/PID/maps. */
void spaces_attach(struct spaces *s, pid_t pid, size_t threads);
/* EVENT_FORK, EVENT_EXEC and EVENT_EXIT; others are ignored. */
void spaces_event(struct spaces *s, const struct event *event);
void spaces_map(struct spaces *s, pid_t pid, const struct decode_map *map);
void spaces_clear(struct spaces *s);

/* The space of a process, or NULL when no code of it is known. */
const struct space *spaces_find(const struct spaces *s, pid_t pid);
/* The address in its object's range. False: no code of a file lies there. */
bool space_translate(const struct space *space, uint64_t address, uint64_t *ret);

/* The start of an object's range, whose addresses are offsets in the file. */
uint64_t object_base(size_t index);
/* The object an address lies in the range of. */
bool object_of(const struct spaces *s, uint64_t address, size_t *index);

#endif
