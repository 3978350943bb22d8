/* Waits for children that sleep: ./children [COUNT [MICROSECONDS]] */
#include <sys/wait.h>

#include "truth.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 20;
	long us = argc > 2 ? atol(argv[2]) : 5000;

	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			truth_die("fork");
		if (!child) {
			pause_us(us);
			_exit(0);
		}
		TRUTH("child", waitpid(child, NULL, 0));
	}
	truth_print();
	return 0;
}
