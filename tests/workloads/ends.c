/*
 * How calls of a unit may end: ./ends. Three threads make ten each, every one of which ends in a tail
 * call, so that its return is that of another function; then the program exits within one more.
 */
#include <pthread.h>
#include <stdio.h>

#include "truth.h"

#define THREADS 3
#define CALLS   10

__attribute__((noinline)) int finish(int item)
{
	struct timespec t = { .tv_nsec = 2000000 };

	nanosleep(&t, NULL);
	if (item == CALLS)
		exit(0);
	return item;
}

__attribute__((noinline)) int unit_of_work(int item)
{
	burn_us(300);
	return finish(item);
}

static void *work(void *arg)
{
	for (int i = 0; i < CALLS; i++)
		unit_of_work(i);
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	unit_of_work(CALLS);
	return 1;
}
