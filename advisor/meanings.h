/*
 * meanings.h - what the waits of a profile are about, by the library calls they were made in
 *
 * The kernel books a thread that wants a mutex and a worker without work alike: both sleep on a
 * futex. data/wait_calls.tsv tells them apart by the calls that led there, which the profile knows
 * in tiers T0 and T1. Plain data, no allocation; pure.
 */
#ifndef ADVISOR_MEANINGS_H
#define ADVISOR_MEANINGS_H

#include <stdint.h>

#include "base/error.h"
#include "model/profile.h"

enum wait_meaning {
	MEANS_TASK,    /* part of a task: an answer, a file, a delay */
	MEANS_HELD,    /* another thread holds the lock */
	MEANS_IDLE,    /* no work has come */
	MEANS_JOIN,    /* until a thread or process ends */
	MEANS_LOOP,    /* an event loop with nothing ready */
	MEANS_UNKNOWN, /* of a kind that could be any of these, and no call is known */
	MEANS_COUNT
};

struct meanings {
	uint64_t ns[MEANS_COUNT];               /* add up to the profile's waits */
	uint64_t idle_of_kind[WAIT_KIND_COUNT]; /* idle, join and loop by kind of wait */
	const struct stack *top_held; /* the heaviest wait for a lock, borrowed; or NULL */
};

/* Fails only when data/wait_calls.tsv (embedded) is broken. */
struct error *meanings_find(const struct profile *profile, struct meanings *ret) ERROR_MUST_CHECK;

#endif
