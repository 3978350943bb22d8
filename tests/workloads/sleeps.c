/* Sleeps: ./sleeps [COUNT [MICROSECONDS]] */
#include "truth.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 30;
	long us = argc > 2 ? atol(argv[2]) : 5000;
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	for (int i = 0; i < count; i++)
		TRUTH("sleep", nanosleep(&t, NULL));
	truth_print();
	return 0;
}
