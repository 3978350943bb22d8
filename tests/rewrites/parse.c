/* parse FILE: reads a letter, counts its words, and asks a service about the most frequent ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"
#include "task.h"

#define SLOTS 16384

struct word {
	char text[24];
	unsigned n;
};

static unsigned hash(const char *s)
{
	unsigned h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static void count(struct word *words, const char *text)
{
	unsigned i = hash(text) % SLOTS;

	while (words[i].n && strcmp(words[i].text, text) != 0)
		i = (i + 1) % SLOTS;
	if (!words[i].n)
		snprintf(words[i].text, sizeof(words[i].text), "%s", text);
	words[i].n++;
}

/* The most frequent word; of equals, the first by the alphabet. */
static const struct word *most(const struct word *words)
{
	const struct word *best = &words[0];

	for (size_t i = 1; i < SLOTS; i++) {
		if (words[i].n > best->n ||
		    (words[i].n == best->n && strcmp(words[i].text, best->text) < 0))
			best = &words[i];
	}
	return best;
}

/* The first line says where to ask. */
static void read_letter(struct talk *t, const char *task)
{
	struct word *words = calloc(SLOTS, sizeof(*words));
	FILE *letter = fopen(task, "r");
	char service[64], where[128], text[24];

	if (!letter || !words)
		task_die(task, strerror(errno));
	if (fscanf(letter, "%63s", service) != 1)
		task_die(task, "is empty");
	while (fscanf(letter, "%23s", text) == 1)
		count(words, text);
	fclose(letter);
	snprintf(where, sizeof(where), "%s/%s", service, most(words)->text);
	free(words);
	talk_to(t, where);
}

static void add(struct talk *t)
{
	t->sum = (t->sum * 31 + hash(t->reply)) & 0xffffffff;
}

const struct talk_job talk_job = { 2, 1500, read_letter, add, 0 };
