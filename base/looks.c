#include "base/looks.h"

#include <math.h>

#define APART 1.5 /* closer looks end sooner, but each has a smaller share */

size_t looks_next(size_t n)
{
	return (size_t)ceil(APART * (double)n);
}

static size_t count(size_t first, size_t most)
{
	size_t n = 1;

	for (; first < most; first = looks_next(first))
		n++;
	return n;
}

struct looks looks_plan(size_t least, size_t most, double confidence)
{
	struct looks l = { .first = least ? least : 1 };
	double share;

	/* The widest signed-rank interval of n samples leaves 2^(1 - n). */
	for (;; l.first++) {
		l.n = count(l.first, most);
		share = (1 - confidence) / (double)l.n;
		if (exp2(1 - (double)l.first) <= share)
			break;
	}
	l.confidence = 1 - share;
	return l;
}
