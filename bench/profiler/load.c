/*
 * A fixed amount of work: ./load cpu|paced|brisk|pingpong COUNT
 *
 *	cpu       computes
 *	paced     two processes hand a byte to and fro, with 100 us of computing at each turn
 *	brisk     the same with 5 us
 *	pingpong  the same, as fast as they can
 *
 * Both on one CPU: on two, how long a turn takes depends on where the scheduler happens to put them.
 */
#define _GNU_SOURCE
#include <sched.h>
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
	cpu_set_t one;
	pid_t child;

	if (count <= 0)
		return 2;
	if (!strcmp(argv[1], "cpu")) {
		compute(count);
		return 0;
	}
	if (!strcmp(argv[1], "paced"))
		work = 100000;
	if (!strcmp(argv[1], "brisk"))
		work = 5000;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
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
