/* A little of everything in one thread: ./mixed [ROUNDS] */
#include <poll.h>
#include <sys/wait.h>

#include "truth.h"

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 15, fd = scratch_file(0), fds[2];
	struct timespec t = { .tv_nsec = 4000000 };
	struct pollfd wanted = { .events = POLLIN };

	if (pipe(fds))
		truth_die("pipe");
	wanted.fd = fds[0];
	for (int i = 0; i < rounds; i++) {
		pid_t child;
		char byte;

		TRUTH("sleep", nanosleep(&t, NULL));
		TRUTH("poll", poll(&wanted, 1, 3));
		burn_us(2000);
		if (pwrite(fd, "x", 1, (off_t)i * 4096) != 1)
			truth_die("pwrite");
		TRUTH("disk", fsync(fd));
		child = fork();
		if (!child) {
			pause_us(2000);
			(void)!write(fds[1], "x", 1);
			pause_us(1500);
			_exit(0);
		}
		TRUTH("pipe", read(fds[0], &byte, 1));
		TRUTH("child", waitpid(child, NULL, 0));
	}
	truth_print();
	return 0;
}
