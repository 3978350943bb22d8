/* A program whose work can be made a few percent more: WORK is in percent, and the answer is the same. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	unsigned long n = strtoul(argv[argc - 1], NULL, 10), steps = n * WORK / 100, x = 1;

	for (unsigned long i = 0; i < steps; i++) {
		x = x * 6364136223846793005ul + 1442695040888963407ul;
		x ^= x >> 29;
	}
	printf("%lu\n", x ? n : 0);
	return 0;
}
