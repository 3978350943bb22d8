#include "profiler/decode.h"

#include <stddef.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* In any tracepoint's data: a byte of flags, of which three mean an interrupt (hard, soft, NMI). */
#define FLAGS_AT        2
#define FLAGS_INTERRUPT 0x58

/* What every sample begins with, and (in another order) what every other record ends with. */
struct sample_start {
	uint64_t id;
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, reserved;
};

struct sample_end {
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, reserved;
	uint64_t id;
};

struct task_body { /* FORK and EXIT */
	uint32_t pid, ppid, tid, ptid;
	uint64_t time;
};

struct map_body { /* MMAP2 with a build-id, or a device and inode in its place */
	uint32_t pid, tid;
	uint64_t start, size, offset;
	uint8_t build_id_n, reserved[3];
	unsigned char build_id[20];
	uint32_t protection, flags;
};

struct cursor { /* what is left of a record */
	const unsigned char *at;
	size_t size;
};

static bool take(struct cursor *c, void *ret, size_t n)
{
	if (n > c->size)
		return false;
	memcpy(ret, c->at, n);
	c->at += n;
	c->size -= n;
	return true;
}

/* n words where they lie. */
static bool take_words(struct cursor *c, uint64_t n, const uint64_t **ret)
{
	if (n > c->size / sizeof(**ret))
		return false;
	*ret = (const uint64_t *)(const void *)c->at;
	c->at += n * sizeof(**ret);
	c->size -= n * sizeof(**ret);
	return true;
}

static bool take_user(struct cursor *c, struct decode_user *user)
{
	uint64_t abi, size, filled = 0;

	if (!take(c, &abi, sizeof(abi)))
		return false;
	if (abi && !take_words(c, DECODE_REGS, &user->regs))
		return false;
	if (!take(c, &size, sizeof(size)))
		return false;
	if (!take_words(c, size / sizeof(uint64_t), &user->stack))
		return false;
	if (size && !take(c, &filled, sizeof(filled)))
		return false;
	user->stack_n = (size_t)((filled < size ? filled : size) / sizeof(uint64_t));
	if (abi != PERF_SAMPLE_REGS_ABI_64)
		*user = (struct decode_user){ 0 };
	return true;
}

/* A sample that is not of a wake-up. */
static bool decode_stack(const unsigned char *body, size_t size, struct event *event,
			 struct decode_parts *parts)
{
	struct cursor c = { body, size };
	uint64_t n;

	if (!take(&c, &n, sizeof(n)) || !take_words(&c, n, &parts->ips))
		return false;
	parts->n = (size_t)n;
	if (!take_user(&c, &parts->user))
		return false;
	event->sparse = c.size == sizeof(uint64_t);
	if (c.size > sizeof(uint64_t))
		event->type = EVENT_SAMPLE;
	return true;
}

static bool decode_wake(const unsigned char *body, size_t size, size_t offset, struct event *event)
{
	uint32_t raw;
	int32_t tid;

	if (size < sizeof(raw))
		return false;
	memcpy(&raw, body, sizeof(raw));
	if (raw > size - sizeof(raw) || offset > raw || raw - offset < sizeof(tid) ||
	    raw <= FLAGS_AT)
		return false;
	memcpy(&tid, body + sizeof(raw) + offset, sizeof(tid));
	/* Whatever ran when an interrupt came has nothing to do with it. */
	if (!(body[sizeof(raw) + FLAGS_AT] & FLAGS_INTERRUPT)) {
		event->waker_pid = event->pid;
		event->waker_tid = event->tid;
	}
	event->pid = 0;
	event->tid = tid;
	return true;
}

static const struct decode_probe *probe_of(const struct decode_ids *ids, uint64_t id)
{
	vec_each (&ids->probes, probe) {
		if (probe->id == id)
			return probe;
	}
	return NULL;
}

/* A lock on a file was asked for or let go of, and the call succeeded; else it is of no interest. */
static bool decode_file_lock(const unsigned char *body, size_t size, const size_t *at,
			     struct event *event)
{
	struct lock_id lock = { .file = true };
	unsigned char type;
	uint32_t raw;
	int32_t result;

	if (size < sizeof(raw))
		return false;
	memcpy(&raw, body, sizeof(raw));
	body += sizeof(raw);
	if (raw > size - sizeof(raw))
		return false;
	for (int i = 0; i < LOCK_FIELDS; i++) {
		if (raw < sizeof(uint64_t) || at[i] > raw - sizeof(uint64_t))
			return false;
	}
	memcpy(&result, body + at[LOCK_RESULT], sizeof(result));
	memcpy(&lock.device, body + at[LOCK_DEVICE], sizeof(lock.device));
	memcpy(&lock.object, body + at[LOCK_INODE], sizeof(lock.object));
	memcpy(&lock.first, body + at[LOCK_FIRST], sizeof(lock.first));
	memcpy(&lock.last, body + at[LOCK_LAST], sizeof(lock.last));
	memcpy(&type, body + at[LOCK_TYPE], sizeof(type));
	if (result)
		event->type = EVENT_NONE;
	else /* one that many may hold is none */
		event->type = type == F_WRLCK ? EVENT_LOCK : EVENT_UNLOCK;
	event->lock = lock;
	return true;
}

static bool decode_probe(const unsigned char *body, size_t size, const struct decode_ids *ids,
			 const struct decode_probe *probe, struct event *event)
{
	static const enum event_type types[] = { [MARK_ENTER] = EVENT_ENTER,
						 [MARK_RETURN] = EVENT_RETURN,
						 [MARK_LOCK] = EVENT_LOCK,
						 [MARK_UNLOCK] = EVENT_UNLOCK };
	struct cursor c = { body, size };
	uint64_t abi, argument, stack_pointer;

	if (probe->mark == MARK_FILE_LOCK)
		return decode_file_lock(body, size, ids->lock_at, event);
	if (!take(&c, &abi, sizeof(abi)) || !abi || !take(&c, &argument, sizeof(argument)) ||
	    !take(&c, &stack_pointer, sizeof(stack_pointer)))
		return false;
	event->type = types[probe->mark];
	if (probe->mark == MARK_LOCK || probe->mark == MARK_UNLOCK) {
		event->lock =
			(struct lock_id){ .device = (uint32_t)event->pid, .object = argument };
		return true;
	}
	event->stack_pointer = stack_pointer;
	event->probe = probe->probe;
	return true;
}

/* With what the waker was doing, unless an interrupt came in between. */
static bool decode_waker(const unsigned char *body, size_t size, const struct decode_ids *ids,
			 struct event *event, struct decode_parts *parts)
{
	struct cursor c = { body, size };
	uint32_t raw;

	if (!decode_wake(body, size, ids->waking.pid_offset, event) || !take(&c, &raw, sizeof(raw)))
		return false;
	if (raw > c.size || (raw + sizeof(raw)) % sizeof(uint64_t))
		return false;
	c.at += raw;
	c.size -= raw;
	if (!take_user(&c, &parts->user))
		return false;
	if (!event->waker_tid)
		parts->user = (struct decode_user){ 0 };
	return true;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool decode_sample(const unsigned char *body, size_t size, const struct decode_ids *ids,
			  struct event *event, struct decode_parts *parts)
{
	const struct decode_probe *probe;
	struct sample_start start;

	if (size < sizeof(start))
		return false;
	memcpy(&start, body, sizeof(start));
	body += sizeof(start);
	size -= sizeof(start);
	event->time_ns = start.time;
	event->pid = (pid_t)start.pid;
	event->tid = (pid_t)start.tid;
	event->type = EVENT_WAKING;
	if (ids->waking.id && start.id == ids->waking.id)
		return decode_wake(body, size, ids->waking.pid_offset, event);
	if (ids->wakers.n &&
	    bsearch(&start.id, ids->wakers.items, ids->wakers.n, sizeof(*ids->wakers.items), by_id))
		return decode_waker(body, size, ids, event, parts);
	event->type = EVENT_WOKEN;
	if (ids->woken.id && start.id == ids->woken.id)
		return decode_wake(body, size, ids->woken.pid_offset, event);
	probe = probe_of(ids, start.id);
	if (probe)
		return decode_probe(body, size, ids, probe, event);
	event->type = EVENT_STACK;
	event->site = 0;
	return decode_stack(body, size, event, parts);
}

static bool decode_task(const unsigned char *body, size_t size, bool born, struct event *event)
{
	struct task_body task;

	if (size < sizeof(task))
		return false;
	memcpy(&task, body, sizeof(task));
	event->type = born ? EVENT_FORK : EVENT_EXIT;
	event->pid = (pid_t)task.pid;
	event->tid = (pid_t)task.tid;
	if (born) {
		event->parent_tid = (pid_t)task.ptid;
		event->parent_pid = (pid_t)task.ppid;
	}
	return true;
}

static bool decode_lost(const unsigned char *body, size_t size, bool samples, struct event *event)
{
	size_t offset = samples ? 0 : sizeof(uint64_t); /* LOST begins with the counter's id */

	if (size < offset + sizeof(event->lost))
		return false;
	memcpy(&event->lost, body + offset, sizeof(event->lost));
	event->type = EVENT_LOST;
	return true;
}

static bool decode_map(const struct perf_event_header *header, const unsigned char *body,
		       size_t size, struct event *event, struct decode_map *map)
{
	struct cursor c = { body, size };
	struct map_body head;

	if (!take(&c, &head, sizeof(head)) || !memchr(c.at, '\0', c.size))
		return false;
	if (!(head.protection & PROT_EXEC))
		return true;
	*map = (struct decode_map){ .start = head.start,
				    .size = head.size,
				    .offset = head.offset,
				    .path = (const char *)c.at };
	if (header->misc & PERF_RECORD_MISC_MMAP_BUILD_ID &&
	    head.build_id_n <= sizeof(head.build_id)) {
		map->build_id = body + offsetof(struct map_body, build_id);
		map->build_id_n = head.build_id_n;
	}
	event->type = EVENT_MAP;
	event->pid = (pid_t)head.pid;
	return true;
}

static bool decode_other(const struct perf_event_header *header, const unsigned char *body,
			 size_t size, struct event *event, struct decode_parts *parts)
{
	switch (header->type) {
	case PERF_RECORD_SWITCH:
	case PERF_RECORD_SWITCH_CPU_WIDE:
		event->type = header->misc & PERF_RECORD_MISC_SWITCH_OUT ? EVENT_OUT : EVENT_IN;
		event->preempted = header->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		return true;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return decode_task(body, size, header->type == PERF_RECORD_FORK, event);
	case PERF_RECORD_COMM:
		event->type = header->misc & PERF_RECORD_MISC_COMM_EXEC ? EVENT_EXEC : EVENT_NONE;
		return true;
	case PERF_RECORD_MMAP2:
		return decode_map(header, body, size, event, &parts->map);
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		return decode_lost(body, size, header->type == PERF_RECORD_LOST_SAMPLES, event);
	default:
		event->type = EVENT_NONE;
		return true;
	}
}

bool decode_record(const void *record, size_t size, const struct decode_ids *ids,
		   struct event *event, struct decode_parts *parts)
{
	const unsigned char *body = record;
	struct perf_event_header header;
	struct sample_end end;

	*event = (struct event){ 0 };
	*parts = (struct decode_parts){ 0 };
	if (size < sizeof(header))
		return false;
	memcpy(&header, body, sizeof(header));
	if (header.size < sizeof(header) || header.size > size)
		return false;
	body += sizeof(header);
	size = header.size - sizeof(header);
	if (header.type == PERF_RECORD_SAMPLE)
		return decode_sample(body, size, ids, event, parts);
	if (size < sizeof(end))
		return false;
	size -= sizeof(end);
	memcpy(&end, body + size, sizeof(end));
	event->time_ns = end.time;
	event->pid = (pid_t)end.pid;
	event->tid = (pid_t)end.tid;
	return decode_other(&header, body, size, event, parts);
}
