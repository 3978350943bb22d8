#include "profiler/sites.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "data/data.h"
#include "profiler/classify.h"
#include "profiler/kallsyms.h"

#define REACHED_MAX    (SITES_MAX / 4 * 3) /* leaves room for places that are still to come */
#define FRAMES_MAX     64
#define CONTEXT_MARKER ((uint64_t)-4095) /* PERF_CONTEXT_KERNEL and the like are not below */

struct site {
	UT_hash_handle hh;
	uint32_t id;
	char *name; /* NULL: none known */
	enum wait_kind kind;
	uint64_t ns, waits;
	size_t frames_n; /* 0: a call, or `place` is set */
	uint32_t place;  /* sites_reached(): the site without the dump */
	uint32_t dump;
	uint64_t key[FRAMES_MAX];
	size_t key_size;
};

/* The site with these key bytes; *fresh tells whether it was made now. NULL when there are too many. */
static struct site *intern(struct sites *s, const void *key, size_t size, bool *fresh)
{
	struct site *site;

	*fresh = false;
	HASH_FIND(hh, s->by_key, key, size, site);
	if (site)
		return site;
	if (!s->n)
		vec_push(s, NULL);
	if (s->n > SITES_MAX)
		return NULL;
	site = xcalloc(1, sizeof(*site));
	memcpy(site->key, key, size);
	site->key_size = size;
	site->id = (uint32_t)s->n;
	vec_push(s, site);
	HASH_ADD_KEYPTR(hh, s->by_key, site->key, size, site);
	*fresh = true;
	return site;
}

uint32_t sites_stack(struct sites *s, const uint64_t *ips, size_t n)
{
	uint64_t frames[FRAMES_MAX];
	size_t frames_n = 0;
	struct site *site;
	bool fresh;

	for (size_t i = 0; i < n && frames_n < FRAMES_MAX; i++) {
		if (ips[i] < CONTEXT_MARKER)
			frames[frames_n++] = ips[i];
	}
	if (!frames_n)
		return 0;
	site = intern(s, frames, frames_n * sizeof(*frames), &fresh);
	if (!site)
		return 0;
	site->frames_n = frames_n;
	return site->id;
}

uint32_t sites_call(struct sites *s, enum wait_kind kind, const char *name)
{
	struct site *site;
	char key[64] = { (char)('a' + kind) }; /* so never the bytes of an address in the kernel */
	bool fresh;

	strncpy(key + 1, name, sizeof(key) - 2);
	site = intern(s, key, sizeof(key), &fresh);
	if (!site)
		return 0;
	if (fresh) {
		site->kind = kind;
		site->name = xstrdup(name);
	}
	return site->id;
}

uint32_t sites_reached(struct sites *s, uint32_t id, uint32_t dump)
{
	/* Neither an address of the kernel nor as long as a call's key. */
	uint64_t key = (uint64_t)id << 32 | dump;
	struct site *site;
	bool fresh;

	if (!id || !dump)
		return id;
	if (s->n >= REACHED_MAX) {
		HASH_FIND(hh, s->by_key, &key, sizeof(key), site);
		return site ? site->id : id;
	}
	site = intern(s, &key, sizeof(key), &fresh);
	site->place = id;
	site->dump = dump;
	return site->id;
}

enum wait_kind sites_kind(const struct sites *s, uint32_t id)
{
	return id && id < s->n ? s->items[id]->kind : WAIT_OTHER;
}

void sites_add(struct sites *s, uint32_t id, uint64_t ns, uint64_t waits)
{
	if (!id || id >= s->n)
		return;
	s->items[id]->ns += ns;
	s->items[id]->waits += waits;
}

void sites_take(struct sites *s, uint32_t id, uint64_t ns)
{
	if (id && id < s->n)
		s->items[id]->ns -= ns;
}

void sites_zero(struct sites *s)
{
	for (size_t i = 1; i < s->n; i++)
		s->items[i]->ns = s->items[i]->waits = 0;
}

static void resolve_stack(struct site *site, const struct kallsyms *k, const struct classifier *c)
{
	const char *names[FRAMES_MAX], *symbol;

	/* All but the innermost are return addresses, which may lie just past their function. */
	for (size_t i = 0; i < site->frames_n; i++)
		names[i] = kallsyms_name(k, site->key[i] - (i > 0));
	site->kind = classifier_kind(c, names, site->frames_n, &symbol);
	site->name = xstrdup(symbol);
}

static struct error *load(struct classifier *c, struct kallsyms *k)
{
	struct error *err = c->n ? NULL : classifier_parse(data_wait_sites_tsv, c);

	return err || k->n ? err : kallsyms_load(k);
}

struct error *sites_resolve(struct sites *s)
{
	CLEANUP(classifier_clear) struct classifier c = { 0 };
	CLEANUP(kallsyms_clear) struct kallsyms k = { 0 };

	for (size_t i = 1; i < s->n; i++) {
		struct site *site = s->items[i];
		struct site *place = site->place ? s->items[site->place] : site;

		if (!site->ns || site->name)
			continue;
		if (!place->name && place->frames_n) {
			struct error *err = load(&c, &k);

			if (err)
				return err;
			resolve_stack(place, &k, &c);
		}
		if (place == site)
			continue;
		site->kind = place->kind;
		site->name = xstrdup(place->name);
	}
	return NULL;
}

struct site_time sites_time(const struct sites *s, uint32_t id)
{
	const struct site *site = s->items[id];

	return (struct site_time){ .named = site->name,
				   .kind = site->kind,
				   .dump = site->dump,
				   .ns = site->ns,
				   .waits = site->waits };
}

static int longest_first(const void *a, const void *b)
{
	const struct wait_site *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

/* One entry for all stacks that end in the same symbol and kind. */
static void merge(struct wait_sites *all, const struct site *site)
{
	struct wait_site entry = { .kind = site->kind, .ns = site->ns, .waits = site->waits };

	vec_each (all, it) {
		if (it->kind == site->kind && !strcmp(it->symbol, site->name)) {
			it->ns += site->ns;
			it->waits += site->waits;
			return;
		}
	}
	entry.symbol = xstrdup(site->name);
	vec_push(all, entry);
}

void sites_sum(const struct sites *s, struct wait_profile *waits, size_t max,
	       struct wait_sites *ret)
{
	for (size_t i = 1; i < s->n; i++) {
		const struct site *site = s->items[i];

		if (!site->name) {
			waits->unknown_ns += site->ns;
			continue;
		}
		waits->wait_ns[site->kind] += site->ns;
		if (site->ns)
			merge(ret, site);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), longest_first);
	while (ret->n > max)
		free(ret->items[--ret->n].symbol);
}

void sites_clear(struct sites *s)
{
	HASH_CLEAR(hh, s->by_key);
	for (size_t i = 1; i < s->n; i++) {
		free(s->items[i]->name);
		free(s->items[i]);
	}
	vec_clear(s);
}
