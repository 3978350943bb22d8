/*
 * wait_profile.h - where the wall-clock time of a set of threads went
 *
 * The parts always add up:
 *
 *	wall_ns == user_ns + system_ns + runqueue_ns + sum(wait_ns[]) + unknown_ns
 *
 * wall_ns is the sum of the threads' lives (for one single-threaded process: its wall time).
 * unknown_ns is what no probe explained. It is reported, never spread over the other parts, so that
 * a poor measurement looks poor. Plain data: copy with '=', no destructor, no locking.
 */
#ifndef MODEL_WAIT_PROFILE_H
#define MODEL_WAIT_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define WAIT_KINDS(X) /* id, key, can many of these waits overlap? */                              \
	X(WAIT_NETWORK, "network", true)                                                           \
	X(WAIT_DISK, "disk", true)                                                                 \
	X(WAIT_PIPE, "pipe", true)                                                                 \
	X(WAIT_LOCK, "lock", false)                                                                \
	X(WAIT_SLEEP, "sleep", true)                                                               \
	X(WAIT_CHILD, "child", true)                                                               \
	X(WAIT_POLL, "poll", true)                                                                 \
	X(WAIT_PAGE_FAULT, "page-fault", true)                                                     \
	X(WAIT_OTHER, "other", false)

#define X(id, ...) id,
enum wait_kind { WAIT_KINDS(X) WAIT_KIND_COUNT };
#undef X

struct wait_profile {
	uint64_t wall_ns;
	uint64_t user_ns, system_ns;
	uint64_t runqueue_ns; /* runnable, but no core was free */
	uint64_t wait_ns[WAIT_KIND_COUNT];
	uint64_t unknown_ns;
};

const char *wait_kind_key(enum wait_kind kind);
bool wait_kind_overlaps(enum wait_kind kind);
bool wait_kind_from_key(const char *key, enum wait_kind *ret);

uint64_t wait_profile_cpu_ns(const struct wait_profile *p);
uint64_t wait_profile_waits_ns(const struct wait_profile *p);
/* The right side of the invariant above. Sums stop at UINT64_MAX: they never wrap. */
uint64_t wait_profile_parts_ns(const struct wait_profile *p);
/* The invariant above, exactly. */
bool wait_profile_adds_up(const struct wait_profile *p);
/*
 * Set unknown_ns to what is missing from wall_ns. When the parts exceed wall_ns (clocks of
 * different sources), wall_ns becomes their sum; returns that excess in ns, for the caller to
 * judge.
 */
uint64_t wait_profile_close(struct wait_profile *p);

/* Shares of wall_ns, 0..1; 0 when wall_ns is 0. */
double wait_profile_cpu_share(const struct wait_profile *p);
/* What overlapping could hide; the speedup on one core is <= 1 / (1 - share). */
double wait_profile_overlappable_share(const struct wait_profile *p);
double wait_profile_unknown_share(const struct wait_profile *p);
void wait_profile_add(struct wait_profile *sum, const struct wait_profile *p);

#endif
