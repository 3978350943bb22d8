/*
 * ladder.h - which numbers of workers to try
 */
#ifndef PROFILER_LADDER_H
#define PROFILER_LADDER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/profile.h"

#define LADDER_MAX 16

struct ladder {
	int workers[LADDER_MAX]; /* ascending, each at least 2 */
	size_t n;
	bool climb; /* stop where more workers gain nothing; false: the user named these */
};

/*
 * asked: the user's, or NULL. Otherwise a program that computes gets cores and twice the cores; one
 * that waits gets 2, 8, 32, ... up to 256, and the race looks around the best of them. More workers than tasks make no sense and are left out,
 * unless asked for.
 */
struct ladder ladder_choose(const struct profile *profile, int cores, size_t tasks,
			    const int *asked, size_t asked_n);

#endif
