/*
 * catalogue.h - what is known of library functions
 *
 * data/functions.tsv, parsed. It is applied to what the parser found, never while parsing, so that
 * an edit needs no new parse. The columns are described at the head of the table. Ownership:
 * catalogue_free() frees; entries are borrowed from it.
 */
#ifndef ANALYZER_CATALOGUE_H
#define ANALYZER_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* id, key in the table, the wait kind it is reported as (NULL: not a wait), in words */
#define EFFECTS(X)                                                                                 \
	X(EFFECT_NETWORK, "network", "network", "waits for the network")                           \
	X(EFFECT_DNS, "dns", "network", "waits for name resolution (DNS)")                         \
	X(EFFECT_DISK, "disk", "disk", "waits for the disk")                                       \
	X(EFFECT_PIPE, "pipe", "pipe", "waits for a pipe or terminal")                             \
	X(EFFECT_FD, "fd", "other", "waits for a file, pipe or socket: the descriptor decides")    \
	X(EFFECT_LOCK, "lock", "lock", "waits for another thread or process")                      \
	X(EFFECT_SLEEP, "sleep", "sleep", "sleeps")                                                \
	X(EFFECT_CHILD, "child", "child", "waits for a child process")                             \
	X(EFFECT_POLL, "poll", "poll", "waits for events")                                         \
	X(EFFECT_OUTPUT, "output", NULL, "writes to a buffered stream, in order")                  \
	X(EFFECT_COMPUTE, "compute", NULL, "computes for long")                                    \
	X(EFFECT_CALLS_BACK, "calls-back", NULL, "calls functions it was given")                   \
	X(EFFECT_THREADS, "threads", NULL, "starts threads")                                       \
	X(EFFECT_PROCESSES, "processes", NULL, "starts processes")                                 \
	X(EFFECT_FORKS, "forks", NULL, "goes on in a child with a copy of the memory")             \
	X(EFFECT_EVENT_LOOP, "event-loop", NULL, "runs or feeds an event loop")                    \
	X(EFFECT_OPENMP, "openmp", NULL, "OpenMP runtime")                                         \
	X(EFFECT_ACQUIRE, "acquire", NULL, "takes a lock")                                         \
	X(EFFECT_TRY_ACQUIRE, "try-acquire", NULL, "may take a lock")                              \
	X(EFFECT_RELEASE, "release", NULL, "releases a lock")                                      \
	X(EFFECT_LETS_GO, "lets-go", NULL, "releases the lock while it waits")                     \
	X(EFFECT_GIL_RELEASE, "gil-release", NULL, "releases the GIL")                             \
	X(EFFECT_GIL_ACQUIRE, "gil-acquire", NULL, "takes the GIL back")                           \
	X(EFFECT_NORETURN, "noreturn", NULL, "does not return")                                    \
	X(EFFECT_LOG, "log", NULL, "reports an error")                                             \
	X(EFFECT_EXEC, "exec", NULL, "replaces the program")                                       \
	X(EFFECT_OPENS_SOCKET, "opens-socket", NULL, "its result is a socket")                     \
	X(EFFECT_OPENS_FILE, "opens-file", NULL, "its result is a file")

#define X(id, ...) id,
enum effect { EFFECTS(X) EFFECT_COUNT };
#undef X

#define EFFECT_BIT(effect) ((uint64_t)1 << (effect))

enum condition_kind {
	CONDITION_NO_BLOCK,
	CONDITION_MT_SAFE,
	CONDITION_MT_UNSAFE, /* only then; without one, always */
	CONDITION_WRITES,
};

struct condition { /* holds when the argument, a known constant, compares so */
	enum condition_kind kind;
	uint8_t argument; /* from 0 */
	enum { TEST_EQUAL, TEST_BITS, TEST_ALWAYS } test;
	int64_t value;
};

struct catalogue_entry {
	const char *name, *header;
	uint64_t effects;
	const char *mt_unsafe;   /* why, or NULL */
	bool mt_wide;            /* it is no race, but acts on every thread */
	unsigned safe_since;     /* as catalogue_version(): that glibc is safe; 0: none is */
	const char *replacement; /* or NULL */
	const char *source;
	struct condition conditions[4];
	size_t conditions_n;
	bool is_own; /* of the project: holds for functions that it defines as well */
};

enum { /* of the table */
       CATALOGUE_NAME,
       CATALOGUE_HEADER,
       CATALOGUE_EFFECTS,
       CATALOGUE_MT,
       CATALOGUE_REPLACEMENT,
       CATALOGUE_CONDITIONS,
       CATALOGUE_SOURCE,
       CATALOGUE_COLUMNS
};

struct catalogue;

/* `what` names the table in messages: "functions.tsv". `text` is copied. */
struct error *catalogue_parse(const char *text, const char *what,
			      struct catalogue **ret) ERROR_MUST_CHECK;
/* The entry of this name, made if there is none, is the project's own from now on. */
void catalogue_own(struct catalogue *cat, const char *name);
/* Replace one column of an own entry by this text, which is copied. */
struct error *catalogue_set(struct catalogue *cat, const char *name, int column,
			    const char *text) ERROR_MUST_CHECK;
/* Are there entries of the project's own? */
bool catalogue_has_own(const struct catalogue *cat);
void catalogue_free(struct catalogue *cat);
void catalogue_clear(struct catalogue **cat); /* for CLEANUP */
/* NULL: not known. */
const struct catalogue_entry *catalogue_find(const struct catalogue *cat, const char *name);
/* Does the entry name a condition of this kind? */
bool catalogue_has(const struct catalogue_entry *e, enum condition_kind kind);
/* 2032 for "2.32"; 0: not a version. */
unsigned catalogue_version(const char *s);
size_t catalogue_size(const struct catalogue *cat);

const char *effect_key(enum effect effect);
const char *effect_wait(enum effect effect);  /* the wait kind's key, or NULL */
const char *effect_words(enum effect effect); /* "waits for the disk" */

#endif
