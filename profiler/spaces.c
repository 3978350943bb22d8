#include "profiler/spaces.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"

struct mapping {
	uint64_t start, end;
	uint64_t target; /* of start, in the object's range */
};

struct space {
	UT_hash_handle hh;
	pid_t pid;
	size_t threads;
	struct {
		VEC_FIELDS(struct mapping); /* by start; none overlap */
	} maps;
};

static struct space *find(const struct spaces *s, pid_t pid)
{
	struct space *space;

	HASH_FIND_INT(s->by_pid, &pid, space);
	return space;
}

static struct space *add(struct spaces *s, pid_t pid, size_t threads)
{
	struct space *space = find(s, pid);

	if (!space) {
		space = xcalloc(1, sizeof(*space));
		space->pid = pid;
		HASH_ADD_INT(s->by_pid, pid, space);
	}
	space->threads = threads;
	space->maps.n = 0;
	return space;
}

static void forget(struct spaces *s, struct space *space)
{
	HASH_DEL(s->by_pid, space);
	vec_clear(&space->maps);
	free(space);
}

void spaces_start(struct spaces *s, pid_t pid)
{
	add(s, pid, 1);
}

static void on_fork(struct spaces *s, const struct event *event)
{
	const struct space *parent = find(s, event->parent_pid);
	struct space *child = find(s, event->pid);

	if (event->pid == event->parent_pid) {
		if (child)
			child->threads++;
		return;
	}
	child = add(s, event->pid, 1);
	for (size_t i = 0; parent && i < parent->maps.n; i++)
		vec_push(&child->maps, parent->maps.items[i]);
}

void spaces_event(struct spaces *s, const struct event *event)
{
	struct space *space;

	switch (event->type) {
	case EVENT_FORK:
		on_fork(s, event);
		break;
	case EVENT_EXEC:
		add(s, event->pid, 1);
		break;
	case EVENT_EXIT:
		space = find(s, event->pid);
		if (space && space->threads-- <= 1)
			forget(s, space);
		break;
	default:
		break;
	}
}

/* --- objects --- */

static bool has_path(const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(path);

	if (n >= sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted))
		return false;
	return *path == '/' && strncmp(path, "//", 2) && strncmp(path, "/memfd:", 7);
}

/* Held open: by the end of the run another file may have the path. */
static int open_object(pid_t pid, const struct decode_map *map)
{
	char path[96];

	if (has_path(map->path)) {
		int fd = open(map->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0)
			return fd;
	}
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, map->start,
		 map->start + map->size);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool same(const struct object *o, const struct decode_map *map)
{
	if (o->build_id_n && map->build_id_n)
		return o->build_id_n == map->build_id_n &&
		       !memcmp(o->build_id, map->build_id, o->build_id_n);
	return !strcmp(o->path, map->path);
}

/* Its index, or OBJECTS_MAX when there are too many. */
static size_t object_add(struct spaces *s, pid_t pid, const struct decode_map *map)
{
	struct object object = { .fd = -1 };

	for (size_t i = 0; i < s->objects.n; i++) {
		if (same(&s->objects.items[i], map))
			return i;
	}
	if (s->objects.n == OBJECTS_MAX)
		return OBJECTS_MAX;
	object.path = xstrdup(map->path);
	if (map->build_id_n)
		memcpy(object.build_id, map->build_id, map->build_id_n);
	object.build_id_n = map->build_id_n;
	object.fd = open_object(pid, map);
	vec_push(&s->objects, object);
	return s->objects.n - 1;
}

uint64_t object_base(size_t index)
{
	return OBJECT_ADDRESSES + index * OBJECT_RANGE;
}

bool object_of(const struct spaces *s, uint64_t address, size_t *index)
{
	if (address < OBJECT_ADDRESSES ||
	    (address - OBJECT_ADDRESSES) / OBJECT_RANGE >= s->objects.n)
		return false;
	*index = (size_t)((address - OBJECT_ADDRESSES) / OBJECT_RANGE);
	return true;
}

/* --- mappings --- */

/* What the new mapping covers is gone. */
static void cut(struct space *space, uint64_t start, uint64_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < space->maps.n; i++) {
		struct mapping m = space->maps.items[i];

		if (m.start >= end || m.end <= start)
			space->maps.items[n++] = m;
	}
	space->maps.n = n;
}

void spaces_map(struct spaces *s, pid_t pid, const struct decode_map *map)
{
	struct space *space = find(s, pid);
	struct mapping m = { .start = map->start, .end = map->start + map->size };
	size_t object, at;

	if (!space || !map->size || m.end < m.start || map->size > OBJECT_RANGE ||
	    map->offset > OBJECT_RANGE - map->size)
		return;
	cut(space, m.start, m.end);
	if (!strcmp(map->path, "//anon")) /* code made while running */
		return;
	object = object_add(s, pid, map);
	if (object == OBJECTS_MAX)
		return;
	m.target = object_base(object) + map->offset;
	vec_push(&space->maps, m);
	for (at = space->maps.n - 1; at && space->maps.items[at - 1].start > m.start; at--)
		space->maps.items[at] = space->maps.items[at - 1];
	space->maps.items[at] = m;
}

void spaces_attach(struct spaces *s, pid_t pid, size_t threads)
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	CLEANUP(cleanup_free) char *line = NULL;
	size_t cap = 0;
	char path[64];

	add(s, pid, threads);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && getline(&line, &cap, file) > 0) {
		uint64_t start, end, offset;
		char execute;
		int name = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%*c%c%*c %" SCNx64 " %*s %*s %n",
			   &start, &end, &execute, &offset, &name) < 4 ||
		    execute != 'x' || !name || end < start)
			continue;
		line[name + (int)strcspn(line + name, "\n")] = '\0';
		if (!line[name])
			continue;
		spaces_map(s, pid,
			   &(struct decode_map){ .start = start,
						 .size = end - start,
						 .offset = offset,
						 .path = line + name });
	}
}

const struct space *spaces_find(const struct spaces *s, pid_t pid)
{
	const struct space *space = find(s, pid);

	return space && space->maps.n ? space : NULL;
}

bool space_translate(const struct space *space, uint64_t address, uint64_t *ret)
{
	size_t low = 0, high = space->maps.n;

	if (!high || address < space->maps.items[0].start ||
	    address >= space->maps.items[high - 1].end)
		return false;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (space->maps.items[mid].start <= address)
			low = mid;
		else
			high = mid;
	}
	if (address >= space->maps.items[low].end)
		return false;
	*ret = space->maps.items[low].target + (address - space->maps.items[low].start);
	return true;
}

void spaces_clear(struct spaces *s)
{
	struct space *it, *next;

	HASH_ITER (hh, s->by_pid, it, next)
		forget(s, it);
	vec_each (&s->objects, object) {
		free(object->path);
		if (object->fd >= 0)
			close(object->fd);
	}
	vec_clear(&s->objects);
}
