/*
 * rng.h - a small seeded random generator (splitmix64)
 *
 * Every random choice concur makes (order of trials, bootstrap) comes from a seed stored with the
 * run, so that it can be repeated. Not for secrets. Source: Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* Uniform in [0, n), n > 0. */
size_t rng_below(struct rng *rng, size_t n);
/* A random permutation of order[0..n) (Fisher-Yates). */
void rng_shuffle(struct rng *rng, size_t *order, size_t n);

#endif
