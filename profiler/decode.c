#include "profiler/decode.h"

#include <string.h>

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

/* A sample that is not a waking one. */
static bool decode_stack(const unsigned char *body, size_t size, struct event *event,
			 struct decode_chain *chain)
{
	uint64_t n;

	if (size < sizeof(n))
		return false;
	memcpy(&n, body, sizeof(n));
	size -= sizeof(n);
	if (n > size / sizeof(uint64_t))
		return false;
	event->sparse = size > n * sizeof(uint64_t);
	chain->ips = (const uint64_t *)(const void *)(body + sizeof(n));
	chain->n = (size_t)n;
	return true;
}

static bool decode_waking(const unsigned char *body, size_t size, size_t offset,
			  struct event *event)
{
	uint32_t raw;
	int32_t tid;

	if (size < sizeof(raw))
		return false;
	memcpy(&raw, body, sizeof(raw));
	if (raw > size - sizeof(raw) || offset > raw || raw - offset < sizeof(tid))
		return false;
	memcpy(&tid, body + sizeof(raw) + offset, sizeof(tid));
	event->type = EVENT_WAKING;
	event->pid = 0;
	event->tid = tid;
	return true;
}

static bool decode_sample(const unsigned char *body, size_t size, const struct decode_ids *ids,
			  struct event *event, struct decode_chain *chain)
{
	struct sample_start start;

	if (size < sizeof(start))
		return false;
	memcpy(&start, body, sizeof(start));
	body += sizeof(start);
	size -= sizeof(start);
	event->time_ns = start.time;
	event->pid = (pid_t)start.pid;
	event->tid = (pid_t)start.tid;
	if (ids->waking_id && start.id == ids->waking_id)
		return decode_waking(body, size, ids->waking_pid_offset, event);
	event->type = EVENT_STACK;
	event->site = 0;
	return decode_stack(body, size, event, chain);
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
	if (born)
		event->parent_tid = (pid_t)task.ptid;
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

static bool decode_other(const struct perf_event_header *header, const unsigned char *body,
			 size_t size, struct event *event)
{
	switch (header->type) {
	case PERF_RECORD_SWITCH:
		event->type = header->misc & PERF_RECORD_MISC_SWITCH_OUT ? EVENT_OUT : EVENT_IN;
		event->preempted = header->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		return true;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return decode_task(body, size, header->type == PERF_RECORD_FORK, event);
	case PERF_RECORD_COMM:
		event->type = header->misc & PERF_RECORD_MISC_COMM_EXEC ? EVENT_EXEC : EVENT_NONE;
		return true;
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		return decode_lost(body, size, header->type == PERF_RECORD_LOST_SAMPLES, event);
	default:
		event->type = EVENT_NONE;
		return true;
	}
}

bool decode_record(const void *record, size_t size, const struct decode_ids *ids,
		   struct event *event, struct decode_chain *chain)
{
	const unsigned char *body = record;
	struct perf_event_header header;
	struct sample_end end;

	*event = (struct event){ 0 };
	*chain = (struct decode_chain){ 0 };
	if (size < sizeof(header))
		return false;
	memcpy(&header, body, sizeof(header));
	if (header.size < sizeof(header) || header.size > size)
		return false;
	body += sizeof(header);
	size = header.size - sizeof(header);
	if (header.type == PERF_RECORD_SAMPLE)
		return decode_sample(body, size, ids, event, chain);
	if (size < sizeof(end))
		return false;
	size -= sizeof(end);
	memcpy(&end, body + size, sizeof(end));
	event->time_ns = end.time;
	event->pid = (pid_t)end.pid;
	event->tid = (pid_t)end.tid;
	return decode_other(&header, body, size, event);
}
