/*
 * A program that works through its items in one process: ./units [COUNT]. What its unit does is
 * known: half of the items wait, all compute, some call the unit again, and some are left by longjmp.
 */
#include <setjmp.h>
#include <stdio.h>

#include "truth.h"

static jmp_buf back;
static int waited, left;

/* Not static and not inlined: it is what is looked for. */
__attribute__((noinline)) int unit_of_work(int item, int depth)
{
	struct timespec t = { .tv_nsec = 4000000 };

	burn_us(500);
	if (item % 10 == 7 && !depth)
		unit_of_work(item, 1);
	if (item % 2) {
		nanosleep(&t, NULL);
		waited++;
	}
	if (item % 10 == 4) {
		left++;
		longjmp(back, 1);
	}
	return item;
}

/* Called as often, but by the unit's loop alone, and short. */
__attribute__((noinline)) int next_item(int item)
{
	__asm__ volatile(
		""); /* keeps calls from being left out, and the function from being cloned */
	return item + 1;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 40;
	volatile int item = 0;

	while (item < count) {
		if (!setjmp(back))
			unit_of_work(item, 0);
		item = next_item(item);
	}
	printf("items %d waited %d left %d\n", count, waited, left);
	return 0;
}
