/*
 * dumps.h - the user sides of threads, kept until the run is over and they can be unwound
 *
 * A dump is what the kernel copied of a thread: its registers and the top of its stack. Everything
 * in it that points to code is translated (spaces.h), so that it outlives its process.
 *
 * Waits: dumps of the same instruction whose words that point to code are the same, at the same
 * places, come from the same calls; one of them is kept, under a number. Beyond DUMPS_MAX, and when
 * nothing is known of a thread's user side, the number is 0.
 *
 * Samples of the CPU: a uniform sample of SAMPLES_MAX of them is kept (Vitter, "Random Sampling with
 * a Reservoir", 1985, algorithm R), each standing for as much time as the others.
 *
 * So memory is bounded: about 4 MB and 16 MB. Ownership: dumps_clear(). One thread at a time.
 */
#ifndef PROFILER_DUMPS_H
#define PROFILER_DUMPS_H

#include "base/rng.h"
#include "profiler/decode.h"
#include "profiler/spaces.h"

#define DUMPS_MAX   4096
#define SAMPLES_MAX 2048

struct dump {
	uint64_t regs[DECODE_REGS]; /* in the kernel's order */
	uint64_t start;             /* the stack pointer: where words[0] was */
	size_t n;
	uint64_t words[];
};

struct dump_entry;

struct dumps {
	struct {
		VEC_FIELDS(struct dump *); /* items[0] is NULL */
	} waits, samples;
	uint64_t samples_seen;
	struct rng rng;
	struct dump_entry *by_print;
};

uint32_t dumps_wait(struct dumps *d, const struct space *space, const struct decode_user *user);
void dumps_sample(struct dumps *d, const struct space *space, const struct decode_user *user);
void dumps_clear(struct dumps *d);

#endif
