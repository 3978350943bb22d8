/*
 * task JOB INPUT - the program that concur races: one task a run
 */
#include <stdio.h>

#include "job.h"

int main(int argc, char **argv)
{
	long sum = argc == 3 ? job_run(argv[1], argv[2]) : -1;

	printf("%lx\n", sum);
	return sum < 0;
}
