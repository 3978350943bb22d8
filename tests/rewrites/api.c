/* api ADDRESS:PORT/NAME: asks a service for one record after another, and how far each is from the one before. */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

#include "task.h"

/* Levenshtein's distance, with one row of the matrix. */
static unsigned distance(const char *a, const char *b)
{
	size_t len = strlen(b);
	unsigned *row = calloc(len + 1, sizeof(*row)), result;

	if (!row)
		task_die("record", "out of memory");
	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (; *a; a++) {
		unsigned corner = row[0]++;

		for (size_t j = 1; j <= len; j++) {
			unsigned best = corner + (*a != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	result = row[len];
	free(row);
	return result;
}

static void compare(struct talk *t)
{
	t->sum = t->sum * 31 + distance(t->last, t->reply);
	t->sum &= 0xffffffff;
}

const struct talk_job talk_job = { 10, 1400, talk_to, compare, 0 };
