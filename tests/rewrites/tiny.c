/* tiny N: how many steps the 3n+1 game takes from N, and from the numbers after it. */
#include <stdlib.h>

#include "task.h"

void task_run(const char *task, FILE *out)
{
	unsigned long first = strtoul(task, NULL, 10), steps = 0;

	for (unsigned long n = first; n < first + 150; n++) {
		for (unsigned long x = n; x > 1; steps++)
			x = x % 2 ? 3 * x + 1 : x / 2;
	}
	fprintf(out, "%lu %lu\n", first, steps);
}
