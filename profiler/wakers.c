#include "profiler/wakers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/stacks.h"

struct waker_key {
	uint32_t site;
	pid_t pid, tid; /* 0: an interrupt; -1: one too many */
	uint32_t dump;
};

struct waker_entry {
	UT_hash_handle hh;
	struct waker_key key;
	char name[17];
	uint64_t ns, waits;
};

static bool read_comm(pid_t tid, char name[17])
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	file = fopen(path, "re");
	return file && fscanf(file, "%16[^\n]", name) == 1;
}

/* A thread that has just ended, as the waker of one that joins it has, goes by its process's name. */
static void read_name(const struct waker_key *key, char name[17])
{
	if (key->tid > 0 && (read_comm(key->tid, name) || read_comm(key->pid, name)))
		return;
	snprintf(name, 17, "%s", key->tid > 0 ? "?" : key->tid ? "others" : "interrupt");
}

void wakers_add(struct wakers *w, uint32_t site, struct waker waker, uint64_t ns)
{
	struct waker_key key = { site, waker.pid, waker.tid, waker.dump };
	struct waker_entry *entry;

	if (!waker.tid)
		key.pid = 0;
	HASH_FIND(hh, w->by_key, &key, sizeof(key), entry);
	if (!entry && HASH_COUNT(w->by_key) >= WAKERS_MAX) {
		key.pid = key.tid = -1;
		key.dump = 0;
		HASH_FIND(hh, w->by_key, &key, sizeof(key), entry);
	}
	if (!entry) {
		entry = xcalloc(1, sizeof(*entry));
		entry->key = key;
		read_name(&entry->key, entry->name);
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

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_frames(const struct stack_frames *a, const struct stack_frames *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct stack_frame *x = &a->items[i], *y = &b->items[i];

		if (x->line != y->line || !same_text(x->function, y->function) ||
		    !same_text(x->object, y->object) || !same_text(x->file, y->file))
			return false;
	}
	return true;
}

/* Takes the frames. */
static void merge(struct wait_wakers *all, const struct waker_entry *entry, enum wait_kind kind,
		  struct stack_frames *frames)
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
		if (!same_frames(&it->frames, frames))
			continue;
		stack_frames_clear(frames);
		it->ns += entry->ns;
		it->waits += entry->waits;
		if (!strcmp(it->name, "?")) { /* it was gone when that one was met */
			free(it->name);
			it->name = xstrdup(entry->name);
		}
		return;
	}
	waker.name = xstrdup(entry->name);
	waker.frames = *frames;
	vec_push(all, waker);
}

void wakers_sum(const struct wakers *w, const struct sites *sites, const struct dumps *dumps,
		struct unwinder *unwinder, size_t max, struct wait_wakers *ret)
{
	for (const struct waker_entry *it = w->by_key; it; it = it->hh.next) {
		struct site_time time = sites_time(sites, it->key.site);

		struct stack_frames frames = { 0 };

		if (!it->ns || !time.named)
			continue;
		if (it->key.dump && it->key.dump < dumps->waits.n)
			stacks_frames(unwinder, dumps->waits.items[it->key.dump], &frames);
		merge(ret, it, time.kind, &frames);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), most_first);
	while (ret->n > max) {
		struct wait_waker *last = &ret->items[--ret->n];

		free(last->name);
		stack_frames_clear(&last->frames);
	}
}

void wakers_clear(struct wakers *w)
{
	struct waker_entry *it, *next;

	HASH_ITER (hh, w->by_key, it, next) {
		HASH_DEL(w->by_key, it);
		free(it);
	}
}
