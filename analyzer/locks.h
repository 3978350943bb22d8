/*
 * locks.h - which lock is held where
 *
 * Source order inside one body: a call that takes a lock opens a region, the one that releases it
 * closes the region; a release in a branch that leaves the function or the loop closes it for that
 * branch alone. Functions that take a lock and return with it held, or release one they did not
 * take, are summarised, so that wrappers count. A lock is known by its spelling ("cache->lock").
 * No aliases, no paths: what this says is likely, not certain. trylock is left out.
 * Ownership: locks_clear() frees all.
 */
#ifndef ANALYZER_LOCKS_H
#define ANALYZER_LOCKS_H

#include "analyzer/pointers.h"
#include "analyzer/program.h"

struct held { /* a lock, taken at this line */
	const char *name;
	uint32_t line;
};

struct locks {
	const struct program *program;
	const struct pointers *pointers; /* borrowed */
	enum effect takes, releases;
	uint32_t **at; /* by unit and event: 1 + index into `held` of the innermost, or 0 */
	struct {
		VEC_FIELDS(struct held);
	} held;
	struct lock_summary *summaries; /* by symbol */
};

/* EFFECT_ACQUIRE and EFFECT_RELEASE for locks; other pairs of effects have regions as well. */
void locks_find(const struct program *p, const struct pointers *pointers, enum effect takes,
		enum effect releases, struct locks *ret);
void locks_clear(struct locks *locks);
/* The innermost lock held at the event w stands at, or NULL. */
const struct held *locks_at(const struct locks *locks, const struct program_walk *w);
/* Does the call w stands at take or release a lock, itself or as a wrapper? */
bool locks_is_operation(const struct locks *locks, const struct program_walk *w);

#endif
