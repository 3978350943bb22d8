#include "profiler/dumps.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/digest.h"

struct dump_entry {
	UT_hash_handle hh;
	struct digest print;
	uint32_t id;
};

/* Where words point to code, and to which. */
struct print {
	VEC_FIELDS(uint64_t);
};

static void print_clear(struct print *p)
{
	vec_clear(p);
}

/* NULL when the thread is not in code that is known. `print` may be NULL. */
static struct dump *take(const struct space *space, const struct decode_user *user,
			 struct print *print)
{
	struct dump *dump;
	uint64_t ip;

	if (!space || !user->regs || !space_translate(space, user->regs[REGISTER_IP], &ip))
		return NULL;
	dump = xmalloc(sizeof(*dump) + user->stack_n * sizeof(*dump->words));
	memcpy(dump->regs, user->regs, sizeof(dump->regs));
	dump->regs[REGISTER_IP] = ip;
	dump->start = user->regs[REGISTER_SP];
	dump->n = user->stack_n;
	if (print)
		vec_push(print, ip);
	for (size_t i = 0; i < user->stack_n; i++) {
		dump->words[i] = user->stack[i];
		if (!space_translate(space, user->stack[i], &dump->words[i]) || !print)
			continue;
		vec_push(print, i);
		vec_push(print, dump->words[i]);
	}
	return dump;
}

uint32_t dumps_wait(struct dumps *d, const struct space *space, const struct decode_user *user)
{
	CLEANUP(print_clear) struct print print = { 0 };
	struct dump *dump = take(space, user, &print);
	struct dump_entry *entry;
	struct digest key;

	if (!dump)
		return 0;
	key = digest_bytes(print.items, print.n * sizeof(*print.items));
	HASH_FIND(hh, d->by_print, &key, sizeof(key), entry);
	if (entry || d->waits.n > DUMPS_MAX) {
		free(dump);
		return entry ? entry->id : 0;
	}
	if (!d->waits.n)
		vec_push(&d->waits, NULL);
	entry = xcalloc(1, sizeof(*entry));
	entry->print = key;
	entry->id = (uint32_t)d->waits.n;
	vec_push(&d->waits, dump);
	HASH_ADD(hh, d->by_print, print, sizeof(key), entry);
	return entry->id;
}

void dumps_sample(struct dumps *d, const struct space *space, const struct decode_user *user)
{
	struct dump *dump = take(space, user, NULL);
	size_t at;

	if (!dump)
		return;
	d->samples_seen++;
	if (d->samples.n < SAMPLES_MAX) {
		vec_push(&d->samples, dump);
		return;
	}
	at = rng_below(&d->rng, (size_t)d->samples_seen);
	if (at >= SAMPLES_MAX) {
		free(dump);
		return;
	}
	free(d->samples.items[at]);
	d->samples.items[at] = dump;
}

void dumps_clear(struct dumps *d)
{
	struct dump_entry *it, *next;

	HASH_ITER (hh, d->by_print, it, next) {
		HASH_DEL(d->by_print, it);
		free(it);
	}
	vec_each (&d->waits, dump)
		free(*dump);
	vec_each (&d->samples, dump)
		free(*dump);
	vec_clear(&d->waits);
	vec_clear(&d->samples);
}
