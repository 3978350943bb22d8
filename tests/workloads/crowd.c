/*
 * Many that live shortly: ./crowd threads|children [COUNT [MICROSECONDS]]
 * Each burns the given CPU time; prints "truth births COUNT 0" and "truth burnt NS 0".
 */
#include <pthread.h>
#include <sys/wait.h>

#include "truth.h"

static long us = 300;

static void *live(void *arg)
{
	burn_us(us);
	return arg;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "threads";
	int count = argc > 2 ? atoi(argv[2]) : 500;

	us = argc > 3 ? atol(argv[3]) : us;
	for (int i = 0; i < count; i++) {
		if (!strcmp(what, "threads")) {
			pthread_t thread;

			if (pthread_create(&thread, NULL, live, NULL))
				truth_die("pthread_create");
			if (i % 4 == 3) /* some live side by side */
				pthread_join(thread, NULL);
			else
				pthread_detach(thread);
		} else {
			pid_t child = fork();

			if (child < 0)
				truth_die("fork");
			if (!child) {
				live(NULL);
				_exit(0);
			}
			if (i % 4 == 3) {
				while (waitpid(-1, NULL, WNOHANG) > 0)
					;
			}
		}
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	pause_us(20000); /* for the detached ones */
	printf("truth births %d 0\ntruth burnt %lld 0\n", count, (long long)count * us * 1000);
	truth_print();
	return 0;
}
