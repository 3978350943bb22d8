/* Loaded by calls.c from a file without a name. */
#include <time.h>

void library_pause(int ms);

void library_pause(int ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
	__asm__ volatile(""); /* no tail call */
}
