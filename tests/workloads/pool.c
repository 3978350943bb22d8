/*
 * A queue and threads that take from it: ./pool WORKERS ITEMS wait|lock|sparse
 *	wait	each item waits 5 ms for an answer that does not come
 *	lock	each item sleeps 2 ms under one mutex
 *	sparse	as wait, but an item comes only every 10 ms
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "truth.h"

static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER, everything = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int left;
static int done;
static const char *mode;

static void item(int fd)
{
	char c;

	if (strcmp(mode, "lock")) {
		(void)!recv(fd, &c, 1, 0);
		return;
	}
	pthread_mutex_lock(&everything);
	pause_us(2000);
	pthread_mutex_unlock(&everything);
}

static int take(void)
{
	int got;

	pthread_mutex_lock(&queue);
	while (!left && !done)
		pthread_cond_wait(&more, &queue);
	got = left > 0;
	left -= got;
	pthread_mutex_unlock(&queue);
	return got;
}

static void *work(void *arg)
{
	struct timeval patience = { .tv_usec = 5000 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		truth_die("socketpair");
	while (take())
		item(ends[0]);
	return arg;
}

int main(int argc, char **argv)
{
	int workers = argc > 1 ? atoi(argv[1]) : 4, items = argc > 2 ? atoi(argv[2]) : 100;
	pthread_t threads[64];

	mode = argc > 3 ? argv[3] : "wait";
	if (workers < 1 || workers > 64)
		workers = 4;
	left = strcmp(mode, "sparse") ? items : 0;
	for (int i = 0; i < workers; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; !strcmp(mode, "sparse") && i < items; i++) {
		pause_us(10000);
		pthread_mutex_lock(&queue);
		left++;
		pthread_cond_signal(&more);
		pthread_mutex_unlock(&queue);
	}
	pthread_mutex_lock(&queue);
	done = 1;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&queue);
	for (int i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
	truth_print();
	return 0;
}
