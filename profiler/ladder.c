#include "profiler/ladder.h"

#include <stdlib.h>

#define WAITS_MAX     256
#define COMPUTE_SHARE 0.8 /* of the wall time on a CPU: the table's row "heavy computation" */

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Sorted, without those below 2 and doubles. */
static struct ladder normalise(const int *workers, size_t n, bool climb)
{
	struct ladder all = { .n = n < LADDER_MAX ? n : LADDER_MAX, .climb = climb };
	struct ladder ret = { .climb = climb };

	for (size_t i = 0; i < all.n; i++)
		all.workers[i] = workers[i];
	qsort(all.workers, all.n, sizeof(int), compare_int);
	for (size_t i = 0; i < all.n; i++) {
		if (all.workers[i] >= 2 && (ret.n == 0 || ret.workers[ret.n - 1] != all.workers[i]))
			ret.workers[ret.n++] = all.workers[i];
	}
	return ret;
}

struct ladder ladder_choose(const struct profile *profile, int cores, size_t tasks,
			    const int *asked, size_t asked_n)
{
	int most = tasks > WAITS_MAX ? WAITS_MAX : (int)tasks;
	int steps[LADDER_MAX];
	size_t n = 0;

	if (asked_n)
		return normalise(asked, asked_n, false);
	if (profile->measured && wait_profile_cpu_share(&profile->waits) >= COMPUTE_SHARE) {
		steps[n++] = cores < most ? cores : most;
		steps[n++] = 2 * cores < most ? 2 * cores : most;
	} else {
		for (int w = 2; w < most && n < LADDER_MAX - 2; w *= 4)
			steps[n++] = w;
		steps[n++] = cores < most ? cores : most;
		steps[n++] = most;
	}
	return normalise(steps, n, true);
}
