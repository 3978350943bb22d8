/* Threads that want one mutex, each holding it over a sleep: ./locks [THREADS [COUNT]] */
#include <pthread.h>

#include "truth.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static int count = 20;

static void *contend(void *arg)
{
	struct timespec t = { .tv_nsec = 2000000 };

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < count; i++) {
		TRUTH("lock", pthread_mutex_lock(&mutex));
		TRUTH("sleep", nanosleep(&t, NULL));
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 4;
	pthread_t threads[64];

	count = argc > 2 ? atoi(argv[2]) : count;
	if (n < 1 || n > 64)
		n = 4;
	pthread_barrier_init(&barrier, NULL, (unsigned)n);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, contend, NULL);
	for (int i = 0; i < n; i++)
		TRUTH("lock", pthread_join(threads[i], NULL)); /* a futex as well */
	truth_print();
	return 0;
}
