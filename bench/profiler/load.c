/*
 * A fixed amount of work: ./load cpu|paced|pingpong COUNT
 *
 *	cpu       computes
 *	paced     two processes hand a byte to and fro, with 150 us of computing at each turn
 *	pingpong  the same, as fast as they can
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void compute(long n)
{
	volatile unsigned x = 1;

	for (long i = 0; i < n; i++)
		x = x * 1664525 + 1013904223;
}

static void turns(int from, int to, long count, long work)
{
	char byte = 'x';

	for (long i = 0; i < count; i++) {
		if (read(from, &byte, 1) != 1)
			exit(1);
		compute(work);
		if (write(to, &byte, 1) != 1)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0, work = 0;
	int there[2], back[2], status;
	pid_t child;

	if (count <= 0)
		return 2;
	if (!strcmp(argv[1], "cpu")) {
		compute(count);
		return 0;
	}
	if (!strcmp(argv[1], "paced"))
		work = 150000;
	if (pipe(there) || pipe(back))
		return 1;
	child = fork();
	if (!child) {
		turns(there[0], back[1], count, work);
		_exit(0);
	}
	if (write(back[1], "x", 1) != 1)
		return 1;
	turns(back[0], there[1], count, work);
	return waitpid(child, &status, 0) != child || status;
}
