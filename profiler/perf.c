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

#define RECORD_MAX   65536 /* a record's size is 16 bits */
#define STACK_FRAMES 32
/* Of the user's stack: blocking calls are made near its top, computing can be deep. */
#define WAIT_STACK_BYTES  1024
#define CPU_STACK_BYTES   8192
#define CLOCK_PERIOD_NS   (1000000000 / 199)
#define STACK_SAMPLE_TYPE (PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER)
/* Per CPU: 100,000 switches a second, each with the stacks of who waits and who ends the wait, for
 * 60 ms, until stacks are taken sparsely. */
#define RING_MAX    (4096 * 4096)
#define RING_WAKEUP (64 * 4096) /* full to there, the reader is woken */
#define RINGS_TOTAL (64 * 1024 * 1024)

static int perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

bool perf_counts_cycles(void)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_HARDWARE,
					.config = PERF_COUNT_HW_CPU_CYCLES,
					.exclude_kernel = 1,
					.exclude_hv = 1 };
	CLEANUP(cleanup_fd) int fd = perf_event_open(&attr, 0, -1);

	return fd >= 0;
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
		.wakeup_watermark = RING_WAKEUP,
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
	attr.mmap = 1;
	attr.mmap2 = 1;
	attr.build_id = 1;
	return attr;
}

static struct perf_event_attr stacks_attr(enum tier tier, uint64_t period)
{
	struct perf_event_attr attr = common_attr(tier);

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	attr.inherit = 1;
	attr.sample_period = period;
	attr.sample_type |= STACK_SAMPLE_TYPE;
	if (period > 1) /* marks them; PERIOD would, but with it the kernel takes every one */
		attr.sample_type |= PERF_SAMPLE_TRANSACTION;
	attr.sample_max_stack = STACK_FRAMES;
	attr.sample_regs_user = DECODE_REGS_MASK;
	attr.sample_stack_user = WAIT_STACK_BYTES;
	attr.exclude_callchain_user = 1;
	return attr;
}

static struct perf_event_attr clock_attr(enum tier tier)
{
	struct perf_event_attr attr = stacks_attr(tier, CLOCK_PERIOD_NS);

	attr.config = PERF_COUNT_SW_TASK_CLOCK;
	attr.sample_type |= PERF_SAMPLE_WEIGHT;
	attr.sample_stack_user = CPU_STACK_BYTES;
	attr.exclude_callchain_kernel = 1;
	return attr;
}

static struct perf_event_attr wake_attr(enum tier tier, uint64_t id)
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

/* The same for all that run on a CPU, the idle task aside. */
static struct perf_event_attr machine_attr(struct perf_event_attr attr)
{
	attr.inherit = 0;
	attr.exclude_idle = 1;
	return attr;
}

static struct perf_event_attr attr_of(enum perf_role role, const struct perf *p)
{
	struct perf_event_attr attr;

	switch (role) {
	case PERF_STACKS:
		return stacks_attr(p->tier, 1);
	case PERF_SPARSE_STACKS:
		return stacks_attr(p->tier, SPARSE_PERIOD);
	case PERF_CLOCK:
		return clock_attr(p->tier);
	case PERF_WAKING:
		return wake_attr(p->tier, p->waking.id);
	case PERF_WOKEN:
		return wake_attr(p->tier, p->woken.id);
	case PERF_WAKERS:
		attr = wake_attr(p->tier, p->waking.id);
		attr.inherit = 1;
		attr.sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
		attr.sample_regs_user = DECODE_REGS_MASK;
		attr.sample_stack_user = WAIT_STACK_BYTES;
		return attr;
	case PERF_RING:
		attr = machine_attr(common_attr(p->tier));
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_DUMMY;
		return attr;
	case PERF_ALL_RECORDS:
		attr = machine_attr(dummy_attr(p->tier));
		attr.context_switch = 0;
		return attr;
	case PERF_ALL_CLOCK:
		attr = machine_attr(clock_attr(p->tier));
		attr.config = PERF_COUNT_SW_CPU_CLOCK;
		return attr;
	case PERF_ALL_SWITCHES:
		attr = machine_attr(common_attr(p->tier));
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_DUMMY;
		attr.context_switch = 1;
		return attr;
	case PERF_ALL_STACKS:
		return machine_attr(stacks_attr(p->tier, 1));
	default:
		return dummy_attr(p->tier);
	}
}

static bool map_ring(int fd, size_t size, struct perf_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (; size >= page; size /= 2) {
		void *map = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (map != MAP_FAILED) {
			ring->map = map;
			ring->size = size;
			ring->fd = fd;
			return true;
		}
		if (errno != EPERM && errno != ENOMEM) /* more than may be locked: take less */
			break;
	}
	return false;
}

/* One counter on one CPU; errno tells why not. The descriptor belongs to p. The first one of a ring
 * carries it. */
static bool open_counter(struct perf *p, enum perf_role role, pid_t tid, struct perf_ring *ring,
			 int *fd)
{
	struct perf_event_attr attr = attr_of(role, p);

	if (p->ring_size / 4 < RING_WAKEUP)
		attr.wakeup_watermark = (uint32_t)(p->ring_size / 4);
	*fd = perf_event_open(&attr, tid, ring->cpu);
	if (*fd < 0)
		return false;
	vec_push(&p->counters, ((struct perf_counter){ .fd = *fd, .role = role }));
	if (!ring->map)
		return map_ring(*fd, p->ring_size, ring);
	return !ioctl(*fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd);
}

static bool open_wakers(struct perf *p, pid_t tid, struct perf_ring *ring)
{
	uint64_t id;
	int fd;

	if (!open_counter(p, PERF_WAKERS, tid, ring, &fd) || ioctl(fd, PERF_EVENT_IOC_ID, &id))
		return false;
	vec_push(&ring->ids.wakers, id); /* the kernel counts upwards */
	return true;
}

/* The counters of one thread on one CPU. */
static bool open_thread(struct perf *p, pid_t tid, struct perf_ring *ring, const char **what)
{
	int fd;

	*what = "switch records";
	if (!open_counter(p, PERF_RECORDS, tid, ring, &fd))
		return false;
	*what = "samples of the CPU";
	if (!open_counter(p, PERF_CLOCK, tid, ring, &fd))
		return false;
	*what = "kernel stacks of context switches";
	if (p->tier > TIER_1)
		return true;
	if (!open_counter(p, PERF_STACKS, tid, ring, &fd) ||
	    !open_counter(p, PERF_SPARSE_STACKS, tid, ring, &fd))
		return false;
	*what = "wake-ups by the program";
	return p->tier > TIER_0 || open_wakers(p, tid, ring);
}

static bool open_wakes(struct perf *p, struct perf_ring *ring)
{
	int waking, woken;

	ring->ids.waking.pid_offset = p->waking.pid_offset;
	ring->ids.woken.pid_offset = p->woken.pid_offset;
	return open_counter(p, PERF_WAKING, -1, ring, &waking) &&
	       !ioctl(waking, PERF_EVENT_IOC_ID, &ring->ids.waking.id) &&
	       open_counter(p, PERF_WOKEN, -1, ring, &woken) &&
	       !ioctl(woken, PERF_EVENT_IOC_ID, &ring->ids.woken.id);
}

/* The counters of all threads on one CPU; one that ended meanwhile may be among several. */
static bool open_threads(struct perf *p, const pid_t *tids, size_t n, struct perf_ring *ring,
			 const char **what)
{
	size_t opened = 0;

	for (size_t i = 0; i < n; i++) {
		bool ok = open_thread(p, tids[i], ring, what);

		if (!ok && (errno != ESRCH || n == 1))
			return false;
		opened += ok;
	}
	if (!opened)
		errno = ESRCH;
	return opened;
}

/* The ring of one CPU and all that writes to it. */
static bool open_cpu(struct perf *p, const pid_t *tids, size_t n, int cpu, const char **what)
{
	struct perf_ring ring = { .cpu = cpu };
	bool ok = true;
	int fd;

	if (p->tier == TIER_0) {
		*what = "wake-ups of the whole machine";
		ok = open_counter(p, PERF_RING, -1, &ring, &fd) && open_wakes(p, &ring);
	}
	ok = ok && open_threads(p, tids, n, &ring, what);
	if (ring.map)
		vec_push(&p->rings, ring);
	else
		vec_clear(&ring.ids.wakers);
	return ok;
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

static struct error *refusal(const char *what, enum tier tier)
{
	int error = errno;
	struct error *err = error_errno("perf_event_open refuses %s", what);

	return error_hint(error_reclass(err, ERROR_MACHINE), "%s", lift(tier, error));
}

static struct error *open_all(struct perf *p, const pid_t *tids, size_t n)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read("/sys/devices/system/cpu/online", &text);
	const char *list = strbuf_str(&text), *what = "";
	int first, last;

	if (err)
		return err;
	p->ring_size = ring_size((size_t)sysconf(_SC_NPROCESSORS_ONLN));
	while (next_range(&list, &first, &last)) {
		for (int cpu = first; cpu <= last; cpu++) {
			if (!open_cpu(p, tids, n, cpu, &what) && errno != ENODEV)
				return refusal(what, p->tier);
		}
	}
	if (!p->rings.n)
		return error_new(ERROR_MACHINE, "no CPU can be measured");
	return NULL;
}

/* Many threads on many CPUs take more descriptors than a shell allows. The limit is put back, for
 * programs started later inherit it. */
static struct error *open_with_room(struct perf *p, const pid_t *tids, size_t n)
{
	struct rlimit limit, room;
	struct error *err;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return error_errno("cannot read the limit of open files");
	room = (struct rlimit){ .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
	if (limit.rlim_cur < limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &room);
	err = open_all(p, tids, n);
	if (limit.rlim_cur < limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &limit);
	return err;
}

static struct error *prepare(enum tier tier, struct perf *p)
{
	struct error *err;

	if (tier <= TIER_1 && !kallsyms_readable()) {
		err = error_new(ERROR_MACHINE, "/proc/kallsyms hides the kernel's addresses");
		return error_hint(err, "%s", lift(TIER_1, EACCES));
	}
	if (tier != TIER_0)
		return NULL;
	err = tracefs_tracepoint("sched", "sched_waking", "pid", &p->waking);
	if (!err)
		err = tracefs_tracepoint("sched", "sched_wakeup", "pid", &p->woken);
	return err ? error_hint(err, "%s", lift(TIER_0, EACCES)) : NULL;
}

struct error *perf_open(const pid_t *tids, size_t n, enum tier tier, struct perf *ret)
{
	CLEANUP(perf_close) struct perf p = { .tier = tier };
	struct error *err = prepare(tier, &p);

	if (!err)
		err = open_with_room(&p, tids, n);
	if (err)
		return err;
	p.ready = xcalloc(p.rings.n + 1, sizeof(*p.ready));
	for (size_t i = 0; i < p.rings.n; i++)
		p.ready[i] = (struct pollfd){ .fd = p.rings.items[i].fd, .events = POLLIN };
	p.record = xmalloc(RECORD_MAX);
	*ret = p;
	p = (struct perf){ 0 };
	return NULL;
}

/* --- probes ----------------------------------------------------------------------------------- */

static enum perf_role role_of(enum decode_mark mark)
{
	if (mark == MARK_FILE_LOCK)
		return PERF_FILE_LOCK;
	return mark == MARK_ENTER || mark == MARK_RETURN ? PERF_PROBE : PERF_LOCK_PROBE;
}

/* On one thread and all it will start, on one CPU. */
static bool open_probe(struct perf *p, const struct perf_event_attr *attr, pid_t tid,
		       struct perf_ring *ring, struct decode_probe probe)
{
	struct perf_event_attr own = *attr;
	int fd = perf_event_open(&own, tid, ring->cpu);

	if (fd < 0)
		return errno == ESRCH; /* a thread that ended meanwhile */
	vec_push(&p->counters,
		 ((struct perf_counter){
			 .fd = fd, .role = role_of(probe.mark), .probe = probe.probe }));
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) ||
	    ioctl(fd, PERF_EVENT_IOC_ID, &probe.id))
		return false;
	vec_push(&ring->ids.probes, probe);
	return true;
}

static bool open_probes(struct perf *p, const pid_t *tids, size_t n, uint64_t tracepoint,
			struct decode_probe probe)
{
	struct perf_event_attr attr = common_attr(TIER_0);

	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = tracepoint;
	attr.inherit = 1;
	attr.sample_period = 1;
	if (probe.mark == MARK_FILE_LOCK) {
		attr.sample_type |= PERF_SAMPLE_RAW;
	} else {
		attr.sample_type |= PERF_SAMPLE_REGS_USER;
		attr.sample_regs_user = 1ull << REGISTER_FIRST | 1ull << REGISTER_SP;
	}
	vec_each (&p->rings, ring) {
		for (size_t i = 0; i < n; i++) {
			if (!open_probe(p, &attr, tids[i], ring, probe))
				return false;
		}
	}
	return true;
}

static struct error *add_probe(struct perf *p, const pid_t *tids, size_t n, const char *path,
			       uint64_t offset, struct decode_probe probe)
{
	struct error *err;
	uint64_t id;
	char *name;

	err = tracefs_make_probe(path, offset, probe.mark == MARK_RETURN, &name, &id);
	if (err)
		return err;
	vec_push(&p->probes, name);
	return open_probes(p, tids, n, id, probe) ? NULL
						  : refusal("a probe on the function", TIER_0);
}

struct error *perf_add_probe(struct perf *p, const pid_t *tids, size_t n, const char *path,
			     uint64_t offset, uint32_t probe)
{
	struct decode_probe which = { .probe = probe, .mark = MARK_ENTER };
	struct error *err = add_probe(p, tids, n, path, offset, which);

	which.mark = MARK_RETURN;
	return err ? err : add_probe(p, tids, n, path, offset, which);
}

struct error *perf_add_lock_probe(struct perf *p, const pid_t *tids, size_t n, const char *path,
				  uint64_t offset, bool takes)
{
	struct decode_probe which = { .mark = takes ? MARK_LOCK : MARK_UNLOCK };

	return add_probe(p, tids, n, path, offset, which);
}

struct error *perf_add_file_locks(struct perf *p, const pid_t *tids, size_t n)
{
	static const char *const events[] = { "flock_lock_inode", "posix_lock_inode" };
	static const struct tracefs_field fields[LOCK_FIELDS] = {
		[LOCK_INODE] = { "i_ino", 8 }, [LOCK_DEVICE] = { "s_dev", 4 },
		[LOCK_TYPE] = { "type", 1 },   [LOCK_FIRST] = { "fl_start", 8 },
		[LOCK_LAST] = { "fl_end", 8 }, [LOCK_RESULT] = { "ret", 4 },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		size_t at[LOCK_FIELDS];
		uint64_t id;
		struct error *err =
			tracefs_layout("filelock", events[i], fields, LOCK_FIELDS, at, &id);

		if (err)
			return err;
		vec_each (&p->rings, ring)
			memcpy(ring->ids.lock_at, at, sizeof(at));
		if (!open_probes(p, tids, n, id, (struct decode_probe){ .mark = MARK_FILE_LOCK }))
			return refusal("locks on files", TIER_0);
	}
	return NULL;
}

static void disable(struct perf *p, enum perf_role role)
{
	vec_each (&p->counters, counter) {
		if (counter->role == role)
			ioctl(counter->fd, PERF_EVENT_IOC_DISABLE, 0);
	}
}

void perf_stop_lock_probes(struct perf *p)
{
	disable(p, PERF_LOCK_PROBE);
}

void perf_close(struct perf *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	vec_each (&p->rings, ring) {
		munmap(ring->map, page + ring->size);
		vec_clear(&ring->ids.probes);
		vec_clear(&ring->ids.wakers);
	}
	vec_each (&p->counters, counter)
		close(counter->fd);
	vec_each (&p->probes, name)
		tracefs_drop_probe(name);
	vec_clear(&p->probes);
	vec_clear(&p->rings);
	vec_clear(&p->counters);
	free(p->ready);
	free(p->record);
	p->ready = NULL;
	p->record = NULL;
}

static bool is_wake(const struct perf_counter *counter)
{
	return counter->role == PERF_WAKING || counter->role == PERF_WOKEN;
}

static void switch_on(const struct perf_counter *counter, bool on)
{
	ioctl(counter->fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

void perf_set_dense(struct perf *p, bool dense)
{
	vec_each (&p->counters, counter) {
		if (counter->role == PERF_STACKS || counter->role == PERF_WAKERS ||
		    is_wake(counter))
			switch_on(counter, dense);
	}
}

static void close_roles(struct perf *p, enum perf_role first, enum perf_role last)
{
	size_t n = 0;

	vec_each (&p->counters, counter) {
		if (counter->role >= first && counter->role <= last)
			close(counter->fd);
		else
			p->counters.items[n++] = *counter;
	}
	p->counters.n = n;
}

static struct error *open_on_all(struct perf *p, enum perf_role first, enum perf_role last)
{
	int fd;

	vec_each (&p->rings, ring) {
		for (int role = (int)first; role <= (int)last; role++) {
			if (!open_counter(p, (enum perf_role)role, -1, ring, &fd))
				return refusal("records of the whole machine", p->tier);
		}
	}
	return NULL;
}

/* Taking a tracepoint out of the kernel takes it tens of milliseconds, in which those that are still
 * open would go on recording: all are switched off first. */
static void end_roles(struct perf *p, enum perf_role first, enum perf_role last)
{
	vec_each (&p->counters, counter) {
		if (counter->role >= first && counter->role <= last)
			switch_on(counter, false);
	}
	close_roles(p, first, last);
}

struct error *perf_watch_machine(struct perf *p)
{
	struct error *err = open_on_all(p, PERF_ALL_RECORDS, PERF_ALL_CLOCK);

	if (err)
		return err;
	end_roles(p, PERF_RECORDS, PERF_FILE_LOCK);
	perf_close_window(p);
	return NULL;
}

/* Opened and closed, not switched on and off: what is open costs every switch of the machine. */
struct error *perf_open_window(struct perf *p)
{
	vec_each (&p->rings, ring) {
		if (!open_wakes(p, ring))
			return refusal("wake-ups of the whole machine", p->tier);
	}
	return open_on_all(p, PERF_ALL_SWITCHES, PERF_ALL_STACKS);
}

void perf_close_window(struct perf *p)
{
	end_roles(p, PERF_ALL_SWITCHES, PERF_WOKEN);
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
		struct decode_parts parts;
		struct event event;

		if (size < sizeof(*header) || size > head - tail ||
		    !decode_record(whole_record(p, ring, tail, size), size, &ring->ids, &event,
				   &parts)) {
			event = (struct event){ .type = EVENT_LOST, .lost = 1 };
			fn(&event, &parts, arg);
			tail = head;
			break;
		}
		if (event.type != EVENT_NONE)
			fn(&event, &parts, arg);
		tail += size;
	}
	__atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
}

void perf_drain(struct perf *p, perf_fn *fn, void *arg)
{
	vec_each (&p->rings, ring)
		drain_ring(p, ring, fn, arg);
}
