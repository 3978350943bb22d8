/*
 * sites.h - the distinct places where threads wait, and how long they waited there
 *
 * A place is a kernel stack (T0, T1) or a system call on a kind of file (T2, T3), with or without
 * the calls in the program that led there (a dumps.h number). Each gets a small number while the program runs; names and kinds of stacks are worked out afterwards, once per
 * distinct stack. Memory is bounded: beyond SITES_MAX places, further ones are number 0, "unknown".
 * Ownership: sites_clear() frees. One thread at a time.
 */
#ifndef PROFILER_SITES_H
#define PROFILER_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/profile.h"
#include "model/wait_profile.h"

#define SITES_MAX 16384

struct site;

struct sites {
	VEC_FIELDS(struct site *); /* items[0] is NULL: id 0 is "unknown" */
	struct site *by_key;       /* hash */
};

/* ips as perf gives them, innermost first, context markers included. 0 when there is no frame. */
uint32_t sites_stack(struct sites *s, const uint64_t *ips, size_t n);
uint32_t sites_call(struct sites *s, enum wait_kind kind, const char *name);

/* The same place, reached by these calls; the place itself when `dump` is 0, or when too many are
 * known already. */
uint32_t sites_reached(struct sites *s, uint32_t id, uint32_t dump);

/* Of a site made by sites_call(); a stack's is not known before sites_resolve(). */
enum wait_kind sites_kind(const struct sites *s, uint32_t id);

/* Time spent at a site; id 0 is not kept here. */
void sites_add(struct sites *s, uint32_t id, uint64_t ns, uint64_t waits);
/* Take back time that was added. */
void sites_take(struct sites *s, uint32_t id, uint64_t ns);
/* Forget the times, keep the places. */
void sites_zero(struct sites *s);

/* Put names on all stacks with time (reads /proc/kallsyms if there are any). */
struct error *sites_resolve(struct sites *s) ERROR_MUST_CHECK;
/*
 * After sites_resolve(): add all time to waits->wait_ns[] (unknown_ns where the stack has no name)
 * and the longest sites, at most `max`, to *ret.
 */
void sites_sum(const struct sites *s, struct wait_profile *waits, size_t max,
	       struct wait_sites *ret);

struct site_time {
	bool named; /* false: what it waited for is unknown */
	enum wait_kind kind;
	uint32_t dump;
	uint64_t ns, waits;
};

/* After sites_resolve(), for 0 < id < s->n. */
struct site_time sites_time(const struct sites *s, uint32_t id);
void sites_clear(struct sites *s);

#endif
