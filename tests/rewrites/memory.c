/* memory SEED: streams over more memory than any cache holds, and a sum. */
#include <stdlib.h>

#include "task.h"

#define N (2u << 20) /* doubles in each of three vectors: 16 MiB */

void task_run(const char *task, FILE *out)
{
	double *a = malloc(N * sizeof(*a)), *b = malloc(N * sizeof(*b)),
	       *c = malloc(N * sizeof(*c));
	double sum = 0, seed = atof(task);

	if (!a || !b || !c)
		task_die(task, "out of memory");
	for (size_t i = 0; i < N; i++) {
		b[i] = seed + (double)(i & 1023);
		c[i] = (double)(i & 63);
	}
	for (int pass = 0; pass < 4; pass++) {
		for (size_t i = 0; i < N; i++)
			a[i] = b[i] + 3 * c[i];
		for (size_t i = 0; i < N; i++)
			b[i] = a[i] + c[i] / 2;
	}
	for (size_t i = 0; i < N; i++)
		sum += b[i];
	fprintf(out, "%s %.1f\n", task, sum);
	free(a);
	free(b);
	free(c);
}
