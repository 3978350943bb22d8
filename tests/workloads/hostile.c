/*
 * Programs that make life hard for whoever watches: ./hostile WHAT
 *	exec         becomes another program half-way (itself, sleeping)
 *	thread-exec  the same from a thread that is not the first
 *	signal       dies by SIGSEGV
 *	close-all    closes every descriptor, then sleeps
 *	orphan       leaves a child behind that lives 100 ms longer
 *	exit-group   ends with other threads blocked
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "truth.h"

static char *self;

static void *become_sleeper(void *arg)
{
	pause_us(30000);
	execl("/proc/self/exe", self, "sleep", (char *)NULL);
	return arg;
}

static void *sleep_long(void *arg)
{
	pause_us(10000000);
	return arg;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t thread;

	self = argv[0];
	if (!strcmp(what, "sleep")) {
		pause_us(100000);
	} else if (!strcmp(what, "exec")) {
		become_sleeper(NULL);
	} else if (!strcmp(what, "thread-exec")) {
		pthread_create(&thread, NULL, become_sleeper, NULL);
		pause_us(10000000);
	} else if (!strcmp(what, "signal")) {
		struct rlimit none = { 0 };

		setrlimit(RLIMIT_CORE, &none);
		pause_us(50000);
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	} else if (!strcmp(what, "close-all")) {
		for (int fd = 0; fd < 1024; fd++)
			close(fd);
		pause_us(100000);
	} else if (!strcmp(what, "orphan")) {
		pause_us(30000);
		if (!fork())
			pause_us(100000);
	} else if (!strcmp(what, "exit-group")) {
		pthread_create(&thread, NULL, sleep_long, NULL);
		pause_us(60000);
	} else {
		return 2;
	}
	return 0;
}
