#include "profiler/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "profiler/kallsyms.h"
#include "profiler/tracefs.h"

#define RECORD_MAX   65536 /* a record's size is 16 bits */
#define STACK_FRAMES 32
#define RING_MAX     (512 * 4096) /* per CPU: no loss at 100,000 records a second */
#define RINGS_TOTAL  (64 * 1024 * 1024)

struct counters { /* what to open on one CPU */
	const pid_t *tids;
	size_t n;
	enum tier tier;
	struct tracepoint waking;
};

static int perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* What all counters share: decode.c depends on it. */
static struct perf_event_attr common_attr(enum tier tier)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.sample_type = DECODE_SAMPLE_TYPE,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = RING_MAX / 4,
		.exclude_hv = 1,
		.exclude_kernel = tier >= TIER_2,
	};
}

static struct perf_event_attr dummy_attr(enum tier tier)
{
	struct perf_event_attr attr = common_attr(tier);

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.inherit = 1;
	attr.task = 1;
	attr.comm = 1;
	attr.comm_exec = 1;
	attr.context_switch = 1;
	return attr;
}

static struct perf_event_attr switches_attr(enum tier tier)
{
	struct perf_event_attr attr = common_attr(tier);

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	attr.inherit = 1;
	attr.sample_period = 1;
	attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
	attr.sample_max_stack = STACK_FRAMES;
	attr.exclude_callchain_user = 1;
	return attr;
}

static struct perf_event_attr waking_attr(enum tier tier, uint64_t id)
{
	struct perf_event_attr attr = common_attr(tier);

	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = id;
	attr.sample_period = 1;
	attr.sample_type |= PERF_SAMPLE_RAW;
	return attr;
}

/* perf_event_paranoid is not consulted to decide anything, only to tell what to change. */
static const char *lift(enum tier tier, int error)
{
	if (error == ENOSYS)
		return "this kernel or its seccomp filter has no perf_event_open";
	if (error == EMFILE || error == ENFILE)
		return "raise the limit of open files: ulimit -Hn";
	if (tier == TIER_0)
		return "run as root, or: setcap cap_perfmon,cap_syslog+ep on the program";
	if (tier == TIER_1)
		return "run as root, or: sysctl kernel.perf_event_paranoid=1 "
		       "kernel.kptr_restrict=0";
	return "run as root, or: sysctl kernel.perf_event_paranoid=2; in a container, allow "
	       "perf_event_open";
}

/* One counter on one CPU; its descriptor, which p owns, to *ret. ENODEV and ESRCH are the caller's
 * to judge by errno. */
static bool open_counter(struct perf *p, struct perf_event_attr *attr, pid_t pid, int cpu, int *ret)
{
	int fd = perf_event_open(attr, pid, cpu);

	if (fd < 0)
		return false;
	vec_push(&p->fds, fd);
	*ret = fd;
	return true;
}

static bool map_ring(int fd, size_t size, struct perf_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (; size >= page; size /= 2) {
		ring->map = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (ring->map != MAP_FAILED) {
			ring->size = size;
			return true;
		}
		if (errno != EPERM && errno != ENOMEM) /* more than may be locked: take less */
			break;
	}
	return false;
}

/* The counters of one CPU. errno tells why not. */
static bool open_cpu(struct perf *p, const struct counters *c, size_t ring_size, int cpu,
		     const char **what)
{
	struct perf_event_attr dummy = dummy_attr(c->tier), switches = switches_attr(c->tier);
	struct perf_event_attr waking = waking_attr(c->tier, c->waking.id);
	struct perf_ring ring = { .cpu = cpu };
	int first = -1, fd = -1;

	dummy.wakeup_watermark = switches.wakeup_watermark = waking.wakeup_watermark =
		(uint32_t)(ring_size / 4);
	for (size_t i = 0; i < c->n; i++) {
		*what = "switch records";
		if (!open_counter(p, &dummy, c->tids[i], cpu, &fd)) {
			if (errno == ESRCH && c->n > 1) /* a thread that ended meanwhile */
				continue;
			return false;
		}
		if (first < 0) {
			*what = "the ring buffer";
			first = fd;
			if (!map_ring(fd, ring_size, &ring))
				return false;
			vec_push(&p->rings, ring);
		} else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first)) {
			return false;
		}
		*what = "kernel stacks of context switches";
		if (c->tier <= TIER_1 &&
		    (!open_counter(p, &switches, c->tids[i], cpu, &fd) ||
		     ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first)) &&
		    (errno != ESRCH || c->n == 1))
			return false;
	}
	*what = "wake-ups of the whole machine";
	if (first < 0) {
		errno = ESRCH;
		return false;
	}
	if (c->tier == TIER_0) {
		struct decode_ids *ids = &p->rings.items[p->rings.n - 1].ids;

		if (!open_counter(p, &waking, -1, cpu, &fd) ||
		    ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first) ||
		    ioctl(fd, PERF_EVENT_IOC_ID, &ids->waking_id))
			return false;
		ids->waking_pid_offset = c->waking.pid_offset;
	}
	p->ready[p->rings.n - 1] = (struct pollfd){ .fd = first, .events = POLLIN };
	return true;
}

/* The next range of "0-3,8" as first and last; false at the end. */
static bool next_range(const char **list, int *first, int *last)
{
	char *end;

	if (**list < '0' || **list > '9')
		return false;
	*first = *last = (int)strtol(*list, &end, 10);
	if (*end == '-')
		*last = (int)strtol(end + 1, &end, 10);
	*list = *end == ',' ? end + 1 : end;
	return true;
}

static size_t ring_size(size_t cpus)
{
	size_t size = RING_MAX;

	while (size > 32 * 4096 && size * cpus > RINGS_TOTAL)
		size /= 2;
	return size;
}

static struct error *open_all(struct perf *p, const struct counters *c)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read("/sys/devices/system/cpu/online", &text);
	size_t size = ring_size((size_t)sysconf(_SC_NPROCESSORS_ONLN));
	const char *list = strbuf_str(&text);
	int first, last;

	if (err)
		return err;
	while (next_range(&list, &first, &last)) {
		for (int cpu = first; cpu <= last; cpu++) {
			const char *what = "";

			p->ready = xreallocarray(p->ready, p->rings.n + 2, sizeof(*p->ready));
			if (open_cpu(p, c, size, cpu, &what) || errno == ENODEV)
				continue;
			int error = errno;
			err = error_errno("perf_event_open refuses %s", what);
			return error_hint(error_reclass(err, ERROR_MACHINE), "%s",
					  lift(c->tier, error));
		}
	}
	if (!p->rings.n)
		return error_new(ERROR_MACHINE, "no CPU can be measured");
	return NULL;
}

/* Many threads on many CPUs take more descriptors than a shell allows. The limit is put back, for
 * programs started later inherit it. */
static struct error *open_with_room(struct perf *p, const struct counters *c)
{
	struct rlimit limit, room;
	struct error *err;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return error_errno("cannot read the limit of open files");
	room = (struct rlimit){ .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
	if (limit.rlim_cur < limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &room);
	err = open_all(p, c);
	if (limit.rlim_cur < limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &limit);
	return err;
}

struct error *perf_open(const pid_t *tids, size_t n, enum tier tier, struct perf *ret)
{
	CLEANUP(perf_close) struct perf p = { 0 };
	struct counters c = { .tids = tids, .n = n, .tier = tier };
	struct error *err = NULL;

	if (tier == TIER_0)
		err = tracefs_tracepoint("sched", "sched_waking", "pid", &c.waking);
	if (err)
		return error_hint(err, "%s", lift(TIER_0, EACCES));
	if (tier <= TIER_1 && !kallsyms_readable())
		return error_hint(
			error_new(ERROR_MACHINE, "/proc/kallsyms hides the kernel's addresses"),
			"%s", lift(TIER_1, EACCES));
	err = open_with_room(&p, &c);
	if (err)
		return err;
	p.record = xmalloc(RECORD_MAX);
	*ret = p;
	p = (struct perf){ 0 };
	return NULL;
}

void perf_close(struct perf *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	vec_each (&p->rings, ring)
		munmap(ring->map, page + ring->size);
	vec_each (&p->fds, fd)
		close(*fd);
	vec_clear(&p->rings);
	vec_clear(&p->fds);
	free(p->ready);
	free(p->record);
	p->ready = NULL;
	p->record = NULL;
}

/* The record at `tail` in one piece. */
static const void *whole_record(const struct perf *p, const struct perf_ring *ring, uint64_t tail,
				size_t size)
{
	const unsigned char *data = (unsigned char *)ring->map + sysconf(_SC_PAGESIZE);
	size_t offset = tail & (ring->size - 1), before = ring->size - offset;

	if (size <= before)
		return data + offset;
	memcpy(p->record, data + offset, before);
	memcpy(p->record + before, data, size - before);
	return p->record;
}

static void drain_ring(struct perf *p, struct perf_ring *ring, perf_fn *fn, void *arg)
{
	struct perf_event_mmap_page *control = ring->map;
	uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = control->data_tail;

	while (tail < head) {
		const struct perf_event_header *header =
			whole_record(p, ring, tail, sizeof(*header));
		size_t size = header->size;
		struct decode_chain chain;
		struct event event;

		if (size < sizeof(*header) || size > head - tail ||
		    !decode_record(whole_record(p, ring, tail, size), size, &ring->ids, &event,
				   &chain)) {
			event = (struct event){ .type = EVENT_LOST, .lost = 1 };
			fn(&event, &chain, arg);
			tail = head;
			break;
		}
		if (event.type != EVENT_NONE)
			fn(&event, &chain, arg);
		tail += size;
	}
	__atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
}

void perf_drain(struct perf *p, perf_fn *fn, void *arg)
{
	vec_each (&p->rings, ring)
		drain_ring(p, ring, fn, arg);
}
