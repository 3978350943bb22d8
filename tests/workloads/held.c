/*
 * A program whose calls hold locks that nobody waits for: ./held [COUNT]. One call in two computes for 4 ms under a
 * mutex, the others for 4 ms with a file locked; each computes for 1 ms without a lock. The file of
 * the whole run stays locked from the beginning to the end.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include "truth.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int temporary(void)
{
	return open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

__attribute__((noinline)) void unit_of_work(int item, int fd)
{
	burn_us(1000);
	if (item % 2) {
		pthread_mutex_lock(&mutex);
		burn_us(4000);
		pthread_mutex_unlock(&mutex);
	} else {
		flock(fd, LOCK_EX);
		burn_us(4000);
		flock(fd, LOCK_UN);
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 40, whole = temporary(), fd = temporary();

	if (whole < 0 || fd < 0 || flock(whole, LOCK_EX))
		return 1;
	for (int i = 0; i < count; i++)
		unit_of_work(i, fd);
	return 0;
}
