/*
 * wakers.h - who ended the waits: the thread that let go of a lock, the peer that wrote, an interrupt
 *
 * For T0, where every wake-up of the machine is seen, with the thread it was made by. A waker's name
 * is read when it is first met, for it may be gone at the end. Of the program's own threads it is also
 * known what they were doing, such as unlocking. Memory is bounded: of more than
 * WAKERS_MAX, the later ones are not told apart. Ownership: wakers_clear(). One thread at a time.
 */
#ifndef PROFILER_WAKERS_H
#define PROFILER_WAKERS_H

#include <stdint.h>
#include <sys/types.h>

#include "model/profile.h"
#include "profiler/dumps.h"
#include "profiler/sites.h"
#include "profiler/unwind.h"

#define WAKERS_MAX 4096

struct waker_entry;

struct wakers {
	struct waker_entry *by_key;
};

struct waker {
	pid_t pid, tid; /* 0: an interrupt */
	uint32_t dump;  /* what it was doing, a dumps.h number; 0: not known */
};

/* A wait of ns at `site` was ended. */
void wakers_add(struct wakers *w, uint32_t site, struct waker waker, uint64_t ns);
void wakers_zero(struct wakers *w);
/* After sites_resolve(): those that ended most time of waiting, at most `max`. */
void wakers_sum(const struct wakers *w, const struct sites *sites, const struct dumps *dumps,
		struct unwinder *unwinder, size_t max, struct wait_wakers *ret);
void wakers_clear(struct wakers *w);

#endif
