#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/decode.h"
#include "profiler/perf.h"
#include "profiler/tracefs.h"

#define WAKING_ID 77

#define WOKEN_ID 78
#define WAKER_ID 91

static uint64_t waker_ids[] = { 80, WAKER_ID, 95 };
static const struct decode_ids ids = { .waking = { WAKING_ID, 24 },
				       .woken = { WOKEN_ID, 16 },
				       .wakers = { .items = waker_ids, .n = 3 } };

struct record { /* built piece by piece */
	_Alignas(8) unsigned char bytes[512];
	size_t n;
};

static void put(struct record *r, const void *bytes, size_t n)
{
	memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
	((struct perf_event_header *)(void *)r->bytes)->size = (uint16_t)r->n;
}

static void put32(struct record *r, uint32_t value)
{
	put(r, &value, sizeof(value));
}

static void put64(struct record *r, uint64_t value)
{
	put(r, &value, sizeof(value));
}

static struct record begin(uint32_t type, uint16_t misc)
{
	struct perf_event_header header = { .type = type, .misc = misc };
	struct record r = { .n = 0 };

	put(&r, &header, sizeof(header));
	return r;
}

/* sample_id_all's trailer: TID, TIME, CPU, IDENTIFIER */
static void put_end(struct record *r, uint32_t pid, uint32_t tid, uint64_t time)
{
	put32(r, pid);
	put32(r, tid);
	put64(r, time);
	put64(r, 1);
	put64(r, 5);
}

static void put_start(struct record *r, uint64_t id, uint32_t pid, uint32_t tid, uint64_t time)
{
	put64(r, id);
	put32(r, pid);
	put32(r, tid);
	put64(r, time);
	put64(r, 1);
}

static bool decode(const struct record *r, struct event *event, struct decode_parts *parts)
{
	return decode_record(r->bytes, r->n, &ids, event, parts);
}

static void switches(void **state)
{
	static const struct {
		uint16_t misc;
		enum event_type type;
		bool preempted;
	} cases[] = {
		{ 0, EVENT_IN, false },
		{ PERF_RECORD_MISC_SWITCH_OUT, EVENT_OUT, false },
		{ PERF_RECORD_MISC_SWITCH_OUT | PERF_RECORD_MISC_SWITCH_OUT_PREEMPT, EVENT_OUT,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct record r = begin(PERF_RECORD_SWITCH, cases[i].misc);
		struct decode_parts parts;
		struct event event;

		put_end(&r, 10, 11, 1000);
		assert_true(decode(&r, &event, &parts));
		assert_int_equal(event.type, cases[i].type);
		assert_int_equal(event.pid, 10);
		assert_int_equal(event.tid, 11);
		assert_int_equal(event.time_ns, 1000);
		if (event.type == EVENT_OUT)
			assert_int_equal(event.preempted, cases[i].preempted);
	}
}

static void births_and_deaths_speak_of_the_child(void **state)
{
	struct record born = begin(PERF_RECORD_FORK, 0), dead = begin(PERF_RECORD_EXIT, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put32(&born, 20), put32(&born, 10), put32(&born, 21), put32(&born, 11);
	put64(&born, 999);
	put_end(&born, 10, 11, 1000);
	assert_true(decode(&born, &event, &parts));
	assert_int_equal(event.type, EVENT_FORK);
	assert_int_equal(event.pid, 20);
	assert_int_equal(event.tid, 21);
	assert_int_equal(event.parent_tid, 11);
	assert_int_equal(event.time_ns, 1000);

	put32(&dead, 20), put32(&dead, 10), put32(&dead, 21), put32(&dead, 11);
	put64(&dead, 999);
	put_end(&dead, 20, 21, 2000);
	assert_true(decode(&dead, &event, &parts));
	assert_int_equal(event.type, EVENT_EXIT);
	assert_int_equal(event.tid, 21);
}

static void only_exec_counts_among_names(void **state)
{
	struct record exec = begin(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	struct record name = begin(PERF_RECORD_COMM, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put32(&exec, 10), put32(&exec, 11), put(&exec, "program", 8);
	put_end(&exec, 10, 11, 1000);
	assert_true(decode(&exec, &event, &parts));
	assert_int_equal(event.type, EVENT_EXEC);
	put32(&name, 10), put32(&name, 11), put(&name, "program", 8);
	put_end(&name, 10, 11, 1000);
	assert_true(decode(&name, &event, &parts));
	assert_int_equal(event.type, EVENT_NONE);
}

static void lost_records_are_counted(void **state)
{
	struct record lost = begin(PERF_RECORD_LOST, 0);
	struct record samples = begin(PERF_RECORD_LOST_SAMPLES, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put64(&lost, 5), put64(&lost, 1234);
	put_end(&lost, 0, 0, 1000);
	assert_true(decode(&lost, &event, &parts));
	assert_int_equal(event.type, EVENT_LOST);
	assert_int_equal(event.lost, 1234);
	put64(&samples, 99);
	put_end(&samples, 0, 0, 1000);
	assert_true(decode(&samples, &event, &parts));
	assert_int_equal(event.lost, 99);
}

static void a_stack_is_borrowed_from_the_record(void **state)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put_start(&r, 5, 10, 11, 1000);
	put64(&r, 3), put64(&r, 0xa), put64(&r, 0xb), put64(&r, 0xc);
	put64(&r, PERF_SAMPLE_REGS_ABI_64);
	for (uint64_t i = 0; i < DECODE_REGS; i++)
		put64(&r, 100 + i);
	put64(&r, 24), put64(&r, 7), put64(&r, 8), put64(&r, 0), put64(&r, 16);
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_STACK);
	assert_int_equal(event.tid, 11);
	assert_int_equal(parts.n, 3);
	assert_int_equal(parts.ips[2], 0xc);
	assert_int_equal(parts.user.regs[16], 116);
	assert_int_equal(parts.user.stack_n, 2); /* as much as was there */
	assert_int_equal(parts.user.stack[1], 8);
	assert_false(event.sparse);
	put64(&r, 0);
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_STACK);
	assert_true(event.sparse);
	put64(&r, 0);
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_SAMPLE);
}

static void a_kernel_thread_has_no_user_side(void **state)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put_start(&r, 5, 10, 11, 1000);
	put64(&r, 1), put64(&r, 0xa);
	put64(&r, PERF_SAMPLE_REGS_ABI_NONE), put64(&r, 0);
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_STACK);
	assert_null(parts.user.regs);
	assert_int_equal(parts.user.stack_n, 0);
}

static struct record map_record(uint32_t protection, uint8_t id_n)
{
	struct record r = begin(PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID);
	unsigned char id[24] = { id_n, 0, 0, 0, 0xab };

	put32(&r, 10), put32(&r, 11);
	put64(&r, 0x1000), put64(&r, 0x2000), put64(&r, 0x3000);
	put(&r, id, sizeof(id));
	put32(&r, protection), put32(&r, 0);
	return r;
}

static void mapped_code_has_a_file(void **state)
{
	struct record code = map_record(PROT_READ | PROT_EXEC, 20),
		      data = map_record(PROT_READ, 20);
	struct record odd = map_record(PROT_EXEC, 200), endless = map_record(PROT_EXEC, 20);
	struct decode_parts parts;
	struct event event;

	(void)state;
	put(&code, "/a/file", 8);
	put_end(&code, 10, 11, 1000);
	assert_true(decode(&code, &event, &parts));
	assert_int_equal(event.type, EVENT_MAP);
	assert_int_equal(event.pid, 10);
	assert_int_equal(event.time_ns, 1000);
	assert_int_equal(parts.map.start, 0x1000);
	assert_int_equal(parts.map.size, 0x2000);
	assert_int_equal(parts.map.offset, 0x3000);
	assert_string_equal(parts.map.path, "/a/file");
	assert_int_equal(parts.map.build_id_n, 20);
	assert_int_equal(parts.map.build_id[0], 0xab);
	put(&data, "/a/file", 8);
	put_end(&data, 10, 11, 1000);
	assert_true(decode(&data, &event, &parts));
	assert_int_equal(event.type, EVENT_NONE);
	put(&odd, "/a/file", 8);
	put_end(&odd, 10, 11, 1000);
	assert_true(decode(&odd, &event, &parts));
	assert_int_equal(parts.map.build_id_n, 0);
	put(&endless, "no end..", 8);
	put_end(&endless, 10, 11, 1000);
	assert_false(decode(&endless, &event, &parts));
}

static void waking_speaks_of_the_woken(void **state)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);
	unsigned char raw[36] = { 0 };
	struct decode_parts parts;
	struct event event;
	int32_t woken = 4711;
	static const unsigned char interrupts[] = { 0x08, 0x10, 0x40, 0x1d };
	size_t at;

	(void)state;
	memcpy(raw + ids.waking.pid_offset, &woken, sizeof(woken));
	put_start(&r, WAKING_ID, 10, 11, 1000);
	put32(&r, sizeof(raw));
	at = r.n;
	put(&r, raw, sizeof(raw));
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_WAKING);
	assert_int_equal(event.tid, 4711);
	assert_int_equal(event.waker_pid, 10);
	assert_int_equal(event.waker_tid, 11);
	for (size_t i = 0; i < sizeof(interrupts); i++) {
		r.bytes[at + 2] = interrupts[i];
		assert_true(decode(&r, &event, &parts));
		assert_int_equal(event.waker_tid, 0);
	}
}

static void woken_is_told_from_waking(void **state)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);
	unsigned char raw[36] = { 0 };
	struct decode_parts parts;
	struct event event;
	int32_t woken = 4711;

	(void)state;
	memcpy(raw + ids.woken.pid_offset, &woken, sizeof(woken));
	put_start(&r, WOKEN_ID, 10, 11, 1000);
	put32(&r, sizeof(raw));
	put(&r, raw, sizeof(raw));
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_WOKEN);
	assert_int_equal(event.tid, 4711);
}

/* RAW of n bytes, registers, two words of stack. */
static struct record waker_record(size_t n, unsigned char flags)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);
	unsigned char raw[40] = { 0, 0, flags };
	int32_t woken = 4711;

	memcpy(raw + ids.waking.pid_offset, &woken, sizeof(woken));
	put_start(&r, WAKER_ID, 10, 11, 1000);
	put32(&r, (uint32_t)n);
	put(&r, raw, n);
	put64(&r, PERF_SAMPLE_REGS_ABI_64);
	for (uint64_t i = 0; i < DECODE_REGS; i++)
		put64(&r, 100 + i);
	put64(&r, 16), put64(&r, 7), put64(&r, 8), put64(&r, 16);
	return r;
}

static void wakers_have_a_user_side(void **state)
{
	struct record r = waker_record(36, 0), interrupted = waker_record(36, 0x10);
	struct record odd = waker_record(38, 0);
	struct decode_parts parts;
	struct event event;

	(void)state;
	assert_true(decode(&r, &event, &parts));
	assert_int_equal(event.type, EVENT_WAKING);
	assert_int_equal(event.tid, 4711);
	assert_int_equal(event.waker_tid, 11);
	assert_int_equal(parts.user.regs[16], 116);
	assert_int_equal(parts.user.stack_n, 2);
	assert_true(decode(&interrupted, &event, &parts));
	assert_int_equal(event.waker_tid, 0);
	assert_null(parts.user.regs);
	assert_false(decode(&odd, &event, &parts)); /* what follows would not be aligned */
}

static void hostile_records_are_refused(void **state)
{
	struct record chain_too_long = begin(PERF_RECORD_SAMPLE, 0);
	struct record raw_too_long = begin(PERF_RECORD_SAMPLE, 0);
	struct record raw_too_short = begin(PERF_RECORD_SAMPLE, 0);
	struct record no_registers = begin(PERF_RECORD_SAMPLE, 0);
	struct record stack_too_long = begin(PERF_RECORD_SAMPLE, 0);
	struct record *const cases[] = { &chain_too_long, &raw_too_long, &raw_too_short,
					 &no_registers, &stack_too_long };
	struct decode_parts parts;
	struct event event;

	(void)state;
	put_start(&chain_too_long, 5, 1, 1, 1);
	put64(&chain_too_long, UINT64_MAX / 8 + 2), put64(&chain_too_long, 0);
	put_start(&no_registers, 5, 1, 1, 1);
	put64(&no_registers, 0), put64(&no_registers, PERF_SAMPLE_REGS_ABI_64);
	put64(&no_registers, 1);
	put_start(&stack_too_long, 5, 1, 1, 1);
	put64(&stack_too_long, 0), put64(&stack_too_long, PERF_SAMPLE_REGS_ABI_NONE);
	put64(&stack_too_long, UINT64_MAX), put64(&stack_too_long, 0);
	put_start(&raw_too_long, WAKING_ID, 1, 1, 1);
	put32(&raw_too_long, 1000), put32(&raw_too_long, 0);
	put_start(&raw_too_short, WAKING_ID, 1, 1, 1);
	put32(&raw_too_short, 4), put32(&raw_too_short, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_false(decode(cases[i], &event, &parts));
}

/* Every record, cut anywhere, is refused or decodes without reading beyond its end (ASan). */
static void truncated_records_are_refused(void **state)
{
	static const uint32_t types[] = { PERF_RECORD_FORK,   PERF_RECORD_EXIT,
					  PERF_RECORD_LOST,   PERF_RECORD_SWITCH,
					  PERF_RECORD_SAMPLE, PERF_RECORD_LOST_SAMPLES };
	struct decode_parts parts;
	struct event event;

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		for (size_t size = 0; size < 32; size++) {
			struct record r = begin(types[t], 0);
			struct perf_event_header *header = (void *)r.bytes;

			header->size = (uint16_t)size;
			assert_false(decode_record(r.bytes, size, &ids, &event, &parts));
		}
	}
	for (size_t size = 0; size < 8; size++)
		assert_false(decode_record(types, size, &ids, &event, &parts));
}

/* A ring as the kernel shares it, in ordinary memory. */
#define RING_BYTES 4096

struct ring_fixture {
	struct perf perf;
	unsigned char *map;
	struct event seen[16];
	size_t n;
};

static void keep(struct event *event, const struct decode_parts *parts, void *arg)
{
	struct ring_fixture *f = arg;

	(void)parts;
	assert_true(f->n < 16);
	f->seen[f->n++] = *event;
}

static void ring_open(struct ring_fixture *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*f = (struct ring_fixture){ 0 };
	f->map = mmap(NULL, page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	assert_true(f->map != MAP_FAILED);
	vec_push(&f->perf.rings,
		 ((struct perf_ring){
			 .map = f->map, .size = RING_BYTES, .ids.waking = ids.waking }));
	f->perf.record = xmalloc(65536);
}

static void ring_write(struct ring_fixture *f, uint64_t at, const void *bytes, size_t n)
{
	unsigned char *data = f->map + sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < n; i++)
		data[(at + i) % RING_BYTES] = ((const unsigned char *)bytes)[i];
}

static struct perf_event_mmap_page *ring_control(struct ring_fixture *f)
{
	return (struct perf_event_mmap_page *)(void *)f->map;
}

/* At every place a record can begin, also where it wraps around the ring's end. */
static void records_wrap_around(void **state)
{
	struct record r = begin(PERF_RECORD_SWITCH, 0);

	(void)state;
	put_end(&r, 10, 11, 1000);
	for (uint64_t at = RING_BYTES - 64; at <= RING_BYTES; at += 8) {
		struct ring_fixture f;

		ring_open(&f);
		ring_control(&f)->data_tail = at;
		ring_control(&f)->data_head = at + 2 * r.n;
		ring_write(&f, at, r.bytes, r.n);
		ring_write(&f, at + r.n, r.bytes, r.n);
		perf_drain(&f.perf, keep, &f);
		assert_int_equal(f.n, 2);
		assert_int_equal(f.seen[0].type, EVENT_IN);
		assert_int_equal(f.seen[1].tid, 11);
		assert_int_equal(ring_control(&f)->data_tail, at + 2 * r.n);
		perf_close(&f.perf);
	}
}

/* A size that cannot be: the rest of the ring is given up, and said to be lost. */
static void a_broken_ring_is_skipped(void **state)
{
	static const uint16_t sizes[] = { 0, 4, 7, 2000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct record r = begin(PERF_RECORD_SWITCH, 0);
		struct ring_fixture f;

		put_end(&r, 10, 11, 1000);
		ring_open(&f);
		ring_write(&f, 0, r.bytes, r.n);
		((struct perf_event_header *)(void *)r.bytes)->size = sizes[i];
		ring_write(&f, r.n, r.bytes, r.n);
		ring_control(&f)->data_head = 2 * r.n;
		perf_drain(&f.perf, keep, &f);
		assert_int_equal(f.n, 2);
		assert_int_equal(f.seen[0].type, EVENT_IN);
		assert_int_equal(f.seen[1].type, EVENT_LOST);
		assert_int_equal(ring_control(&f)->data_tail, 2 * r.n);
		perf_close(&f.perf);
	}
}

/* A mutex is known by its address, in its process. */
static void mutexes_are_known_by_address(void **state)
{
	struct decode_probe probes[] = { { 50, 0, MARK_LOCK }, { 51, 0, MARK_UNLOCK } };
	const struct decode_ids with = { .probes = { .items = probes, .n = 2 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct record r = begin(PERF_RECORD_SAMPLE, 0);
		struct decode_parts parts;
		struct event event;

		put_start(&r, probes[i].id, 10, 11, 1000);
		put64(&r, 2), put64(&r, 0xabc0), put64(&r, 0x7ffc0000);
		assert_true(decode_record(r.bytes, r.n, &with, &event, &parts));
		assert_int_equal(event.type, i ? EVENT_UNLOCK : EVENT_LOCK);
		assert_int_equal(event.tid, 11);
		assert_false(event.lock.file);
		assert_int_equal(event.lock.device, 10);
		assert_int_equal(event.lock.object, 0xabc0);
		r.n -= 8;
		((struct perf_event_header *)(void *)r.bytes)->size = (uint16_t)r.n;
		assert_false(decode_record(r.bytes, r.n, &with, &event, &parts));
	}
}

/* inode, device, type, first, last, result: eight bytes each, though some need fewer. */
static struct record file_lock(uint64_t type, uint64_t result, uint32_t raw)
{
	struct record r = begin(PERF_RECORD_SAMPLE, 0);

	put_start(&r, 52, 10, 11, 1000);
	put32(&r, raw);
	put64(&r, 77), put64(&r, 8), put64(&r, type);
	put64(&r, 100), put64(&r, 199), put64(&r, result);
	put32(&r, 0);
	return r;
}

static void locks_on_files_are_known_by_inode_and_range(void **state)
{
	struct decode_probe probe = { 52, 0, MARK_FILE_LOCK };
	const struct decode_ids with = { .probes = { .items = &probe, .n = 1 },
					 .lock_at = { 0, 8, 16, 24, 32, 40 } };
	const uint64_t failed = (uint64_t)-11;
	const struct {
		struct record r;
		bool whole;
		enum event_type type;
	} cases[] = {
		{ file_lock(F_WRLCK, 0, 48), true, EVENT_LOCK },
		{ file_lock(F_RDLCK, 0, 48), true, EVENT_UNLOCK }, /* many may have it */
		{ file_lock(F_UNLCK, 0, 48), true, EVENT_UNLOCK },
		{ file_lock(F_WRLCK, failed, 48), true, EVENT_NONE },
		{ file_lock(F_WRLCK, 0, 40), false, EVENT_NONE }, /* the result is missing */
		{ file_lock(F_WRLCK, 0, 4), false, EVENT_NONE },
		{ file_lock(F_WRLCK, 0, 4000), false, EVENT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct decode_parts parts;
		struct event event;

		assert_int_equal(
			decode_record(cases[i].r.bytes, cases[i].r.n, &with, &event, &parts),
			cases[i].whole);
		if (!cases[i].whole)
			continue;
		assert_int_equal(event.type, cases[i].type);
		assert_true(event.lock.file);
		assert_int_equal(event.lock.object, 77);
		assert_int_equal(event.lock.device, 8);
		assert_int_equal(event.lock.first, 100);
		assert_int_equal(event.lock.last, 199);
	}
}

static void tracepoint_format(void **state)
{
	static const char text[] =
		"name: sched_waking\nID: 375\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
		"\nprint fmt: \"pid=%d\", REC->pid\n";
	struct tracepoint tp = { 0 };
	CLEANUP(error_clear) struct error *missing = NULL, *wide = NULL, *empty = NULL;

	(void)state;
	assert_null(tracefs_parse(text, "pid", &tp));
	assert_int_equal(tp.id, 375);
	assert_int_equal(tp.pid_offset, 24);
	missing = tracefs_parse(text, "tid", &tp);
	assert_string_equal(missing->message, "no field \"tid\" of 4 bytes");
	wide = tracefs_parse(text, "common_type", &tp);
	assert_string_equal(wide->message, "no field \"common_type\" of 4 bytes");
	empty = tracefs_parse("", "pid", &tp);
	assert_string_equal(empty->message, "no ID line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches),
		cmocka_unit_test(births_and_deaths_speak_of_the_child),
		cmocka_unit_test(only_exec_counts_among_names),
		cmocka_unit_test(lost_records_are_counted),
		cmocka_unit_test(a_stack_is_borrowed_from_the_record),
		cmocka_unit_test(a_kernel_thread_has_no_user_side),
		cmocka_unit_test(mapped_code_has_a_file),
		cmocka_unit_test(waking_speaks_of_the_woken),
		cmocka_unit_test(woken_is_told_from_waking),
		cmocka_unit_test(wakers_have_a_user_side),
		cmocka_unit_test(hostile_records_are_refused),
		cmocka_unit_test(truncated_records_are_refused),
		cmocka_unit_test(records_wrap_around),
		cmocka_unit_test(a_broken_ring_is_skipped),
		cmocka_unit_test(mutexes_are_known_by_address),
		cmocka_unit_test(locks_on_files_are_known_by_inode_and_range),
		cmocka_unit_test(tracepoint_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
