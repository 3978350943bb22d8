/* Two processes hand one byte back and forth: ./pingpong [COUNT [MICROSECONDS]], each computing that
 * long at its turn. Both print their truth. */
#include <sys/wait.h>

#include "truth.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 3000, there[2], back[2];
	long us = argc > 2 ? atol(argv[2]) : 0;
	char byte = 'x';
	pid_t child;

	if (pipe(there) || pipe(back))
		truth_die("pipe");
	child = fork();
	if (!child) {
		ssize_t n = 1;

		close(there[1]);
		while (n == 1) {
			TRUTH("pipe", n = read(there[0], &byte, 1));
			if (us)
				burn_us(us);
			if (n == 1 && write(back[1], &byte, 1) != 1)
				break;
		}
		truth_print();
		_exit(0);
	}
	for (int i = 0; i < count; i++) {
		if (us)
			burn_us(us);
		if (write(there[1], &byte, 1) != 1)
			truth_die("write");
		TRUTH("pipe", read(back[0], &byte, 1));
	}
	close(there[1]);
	TRUTH("child", waitpid(child, NULL, 0));
	truth_print();
	return 0;
}
