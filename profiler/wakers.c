#include "profiler/wakers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"

struct waker_key {
	uint32_t site;
	pid_t pid, tid; /* 0: an interrupt; -1: one too many */
};

struct waker_entry {
	UT_hash_handle hh;
	struct waker_key key;
	char name[17];
	uint64_t ns, waits;
};

static void read_name(pid_t tid, char name[17])
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	file = tid > 0 ? fopen(path, "re") : NULL;
	if (!file || fscanf(file, "%16[^\n]", name) != 1)
		snprintf(name, 17, "%s", tid > 0 ? "?" : tid ? "others" : "interrupt");
}

void wakers_add(struct wakers *w, uint32_t site, pid_t pid, pid_t tid, uint64_t ns)
{
	struct waker_key key = { site, pid, tid };
	struct waker_entry *entry;

	if (!tid)
		key.pid = 0;
	HASH_FIND(hh, w->by_key, &key, sizeof(key), entry);
	if (!entry && HASH_COUNT(w->by_key) >= WAKERS_MAX) {
		key.pid = key.tid = -1;
		HASH_FIND(hh, w->by_key, &key, sizeof(key), entry);
	}
	if (!entry) {
		entry = xcalloc(1, sizeof(*entry));
		entry->key = key;
		read_name(key.tid, entry->name);
		HASH_ADD(hh, w->by_key, key, sizeof(key), entry);
	}
	entry->ns += ns;
	entry->waits++;
}

void wakers_zero(struct wakers *w)
{
	for (struct waker_entry *it = w->by_key; it; it = it->hh.next)
		it->ns = it->waits = 0;
}

static int most_first(const void *a, const void *b)
{
	const struct wait_waker *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

static void merge(struct wait_wakers *all, const struct waker_entry *entry, enum wait_kind kind)
{
	struct wait_waker waker = { .kind = kind,
				    .pid = entry->key.pid > 0 ? entry->key.pid : 0,
				    .tid = entry->key.tid > 0 ? entry->key.tid : 0,
				    .ns = entry->ns,
				    .waits = entry->waits };

	vec_each (all, it) {
		if (it->kind != kind || it->tid != waker.tid || it->pid != waker.pid)
			continue;
		if (!waker.tid && strcmp(it->name, entry->name))
			continue;
		it->ns += entry->ns;
		it->waits += entry->waits;
		if (!strcmp(it->name, "?")) { /* it was gone when that one was met */
			free(it->name);
			it->name = xstrdup(entry->name);
		}
		return;
	}
	waker.name = xstrdup(entry->name);
	vec_push(all, waker);
}

void wakers_sum(const struct wakers *w, const struct sites *sites, size_t max,
		struct wait_wakers *ret)
{
	for (const struct waker_entry *it = w->by_key; it; it = it->hh.next) {
		struct site_time time = sites_time(sites, it->key.site);

		if (it->ns && time.named)
			merge(ret, it, time.kind);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), most_first);
	while (ret->n > max)
		free(ret->items[--ret->n].name);
}

void wakers_clear(struct wakers *w)
{
	struct waker_entry *it, *next;

	HASH_ITER (hh, w->by_key, it, next) {
		HASH_DEL(w->by_key, it);
		free(it);
	}
}
