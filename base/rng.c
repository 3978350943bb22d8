#include "base/rng.h"

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

size_t rng_below(struct rng *rng, size_t n)
{
	/* The first 2^64 mod n values would favour small results: draw again. */
	uint64_t biased = -(uint64_t)n % n;
	uint64_t r;

	do
		r = rng_next(rng);
	while (r < biased);
	return r % n;
}

void rng_shuffle(struct rng *rng, size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = rng_below(rng, i);
		size_t last = order[i - 1];

		order[i - 1] = order[j];
		order[j] = last;
	}
}
