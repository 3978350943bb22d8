/*
 * Pure CPU: ./burn [THREADS [MILLISECONDS]]. With several threads all of them share one CPU, so
 * that each waits for the others in the run-queue.
 */
#include <pthread.h>
#include <sched.h>

#include "truth.h"

static long ms = 150;

static void *spin(void *arg)
{
	burn_us(ms * 1000);
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t threads[64];

	ms = argc > 2 ? atol(argv[2]) : ms;
	if (n > 1 && n <= 64) {
		cpu_set_t all, one;
		int cpu = 0;

		sched_getaffinity(0, sizeof(all), &all);
		while (!CPU_ISSET(cpu, &all))
			cpu++;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		for (int i = 0; i < n; i++)
			pthread_create(&threads[i], NULL, spin, NULL);
		for (int i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
	} else {
		spin(NULL);
	}
	truth_print();
	return 0;
}
