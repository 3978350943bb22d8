#include "model/profile.h"

#include <assert.h>
#include <stdlib.h>

#include "model/keys.h"

#define TIERS(X) /* id, key, what it takes and what it gives */                                    \
	X(TIER_0, "T0",                                                                            \
	  "root or CAP_PERFMON: exact waits by kind, blocked split from run-queue by wake-ups")    \
	X(TIER_1, "T1",                                                                            \
	  "perf_event_paranoid <= 1: exact waits by kind, run-queue from the scheduler's totals")  \
	X(TIER_2, "T2",                                                                            \
	  "perf_event_paranoid 2: exact time off the CPU, its kinds estimated by polling /proc")   \
	X(TIER_3, "T3",                                                                            \
	  "no perf: CPU time and run-queue from rusage and /proc, the waits' kinds polled")

KEYS_DEFINE(tier, TIERS)
KEYS_DEFINE_FROM(tier)

#define MEANING(id, key, meaning) [id] = meaning,

const char *tier_meaning(enum tier tier)
{
	static const char *const meanings[] = { TIERS(MEANING) };

	assert(tier < TIER_COUNT);
	return meanings[tier];
}

void stack_frames_clear(struct stack_frames *frames)
{
	vec_each (frames, frame) {
		free(frame->function);
		free(frame->object);
		free(frame->file);
	}
	vec_clear(frames);
}

void stacks_clear(struct stacks *stacks)
{
	vec_each (stacks, stack)
		stack_frames_clear(&stack->frames);
	vec_clear(stacks);
}

void profile_clear(struct profile *p)
{
	vec_each (&p->sites, site)
		free(site->symbol);
	vec_clear(&p->sites);
	vec_each (&p->wakers, waker) {
		free(waker->name);
		stack_frames_clear(&waker->frames);
	}
	vec_clear(&p->wakers);
	stacks_clear(&p->stacks);
	free(p->why);
	free(p->no_counters);
	*p = (struct profile){ 0 };
}
