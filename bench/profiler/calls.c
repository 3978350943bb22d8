/*
 * Calls of a known length: ./calls US COUNT FILE
 *
 * Calls unit_of_work() COUNT times, which computes for about US microseconds each time, and appends to FILE the nanoseconds that
 * the calls took together, on the CPU and by the clock.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEPS_PER_US 750 /* about: what counts is that it is the same each time */

static long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

__attribute__((noinline)) unsigned unit_of_work(long steps, unsigned x)
{
	for (long i = 0; i < steps; i++)
		x = x * 1664525 + 1013904223;
	return x;
}

int main(int argc, char **argv)
{
	long us = argc == 4 ? atol(argv[1]) : 0, count = argc == 4 ? atol(argv[2]) : 0;
	FILE *file = argc == 4 ? fopen(argv[3], "a") : NULL;
	long long cpu, wall;
	volatile unsigned x = 1;

	if (us <= 0 || count <= 0 || !file) {
		fprintf(stderr, "usage: calls US COUNT FILE\n");
		return 2;
	}
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	wall = clock_ns(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++)
		x = unit_of_work(us * STEPS_PER_US, x);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = clock_ns(CLOCK_MONOTONIC) - wall;
	fprintf(file, "%lld %lld\n", cpu, wall);
	return fclose(file) ? 1 : 0;
}
