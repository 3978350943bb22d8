#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "profiler/dumps.h"
#include "profiler/spaces.h"

#define IP 8 /* in the kernel's order of registers */
#define SP 7

static struct decode_map map_of(uint64_t start, uint64_t offset, const char *path)
{
	return (struct decode_map){
		.start = start, .size = 0x1000, .offset = offset, .path = path
	};
}

static void add(struct spaces *s, pid_t pid, struct decode_map map)
{
	spaces_map(s, pid, &map);
}

static uint64_t where(const struct spaces *s, pid_t pid, uint64_t address)
{
	const struct space *space = spaces_find(s, pid);
	uint64_t ret = 0;

	return space && space_translate(space, address, &ret) ? ret : 0;
}

static void the_same_code_is_at_the_same_place_in_all_processes(void **state)
{
	struct spaces s = { 0 };

	(void)state;
	spaces_start(&s, 10);
	spaces_start(&s, 20);
	add(&s, 10, map_of(0x1000, 0x3000, "/none/a"));
	add(&s, 10, map_of(0x8000, 0, "/none/b"));
	add(&s, 20, map_of(0x5000, 0x3000, "/none/a"));
	assert_int_equal(where(&s, 10, 0x1234), object_base(0) + 0x3234);
	assert_int_equal(where(&s, 20, 0x5234), object_base(0) + 0x3234);
	assert_int_equal(where(&s, 10, 0x8fff), object_base(1) + 0xfff);
	assert_int_equal(where(&s, 10, 0xfff), 0);
	assert_int_equal(where(&s, 10, 0x2000), 0);
	assert_int_equal(where(&s, 10, 0x9000), 0);
	assert_int_equal(where(&s, 30, 0x1234), 0);
	spaces_clear(&s);
}

static void build_ids_tell_objects_apart(void **state)
{
	static const unsigned char one[20] = "1", two[20] = "2";
	struct decode_map maps[3] = { map_of(0x1000, 0, "/none/a"), map_of(0x2000, 0, "/none/copy"),
				      map_of(0x3000, 0, "/none/a") };
	struct spaces s = { 0 };

	(void)state;
	maps[0].build_id = maps[1].build_id = one;
	maps[2].build_id = two;
	spaces_start(&s, 10);
	for (int i = 0; i < 3; i++) {
		maps[i].build_id_n = 20;
		spaces_map(&s, 10, &maps[i]);
	}
	assert_int_equal(s.objects.n, 2);
	assert_int_equal(where(&s, 10, 0x1000), where(&s, 10, 0x2000));
	assert_int_equal(where(&s, 10, 0x3000), object_base(1));
	spaces_clear(&s);
}

static void processes_are_followed(void **state)
{
	struct event fork_ = { .type = EVENT_FORK, .pid = 20, .tid = 20 };
	struct event thread = { .type = EVENT_FORK, .pid = 20, .tid = 21 };
	struct event exit_ = { .type = EVENT_EXIT, .pid = 20, .tid = 20 };
	struct event exec = { .type = EVENT_EXEC, .pid = 10, .tid = 10 };
	struct spaces s = { 0 };

	(void)state;
	fork_.parent_pid = 10;
	thread.parent_pid = 20;
	spaces_start(&s, 10);
	add(&s, 10, map_of(0x1000, 0, "/none/a"));
	spaces_event(&s, &fork_);
	add(&s, 20, map_of(0x2000, 0, "/none/b"));
	assert_int_equal(where(&s, 20, 0x1000), object_base(0));
	assert_int_equal(where(&s, 10, 0x2000), 0);
	spaces_event(&s, &thread);
	spaces_event(&s, &exec);
	assert_null(spaces_find(&s, 10));
	spaces_event(&s, &exit_);
	assert_non_null(spaces_find(&s, 20)); /* a thread lives on */
	exit_.tid = 21;
	spaces_event(&s, &exit_);
	assert_null(spaces_find(&s, 20));
	spaces_clear(&s);
}

static void a_new_mapping_replaces_what_it_covers(void **state)
{
	struct spaces s = { 0 };

	(void)state;
	spaces_start(&s, 10);
	add(&s, 10, map_of(0x1000, 0, "/none/a"));
	add(&s, 10, map_of(0x3000, 0x2000, "/none/a"));
	add(&s, 10, map_of(0x1800, 0, "/none/b"));
	assert_int_equal(where(&s, 10, 0x1000), 0);
	assert_int_equal(where(&s, 10, 0x1800), object_base(1));
	assert_int_equal(where(&s, 10, 0x3000), object_base(0) + 0x2000);
	add(&s, 10, map_of(UINT64_MAX - 0xfff, 0, "/none/c"));  /* its end is beyond all */
	add(&s, 10, map_of(0x9000, UINT64_MAX - 5, "/none/c")); /* no file is that long */
	assert_int_equal(where(&s, 10, 0x9000), 0);
	spaces_clear(&s);
}

static void a_running_process_is_read(void **state)
{
	struct spaces s = { 0 };

	(void)state;
	spaces_attach(&s, getpid(), 1);
	assert_true(s.objects.n >= 2); /* this program and libc, whatever else */
	assert_true(where(&s, getpid(), (uint64_t)(uintptr_t)a_running_process_is_read));
	assert_true(where(&s, getpid(), (uint64_t)(uintptr_t)getpid));
	assert_int_equal(where(&s, getpid(), (uint64_t)(uintptr_t)&s), 0);
	spaces_clear(&s);
}

struct thread { /* as it looks in a sample */
	uint64_t regs[DECODE_REGS], stack[4];
};

static uint32_t dump(struct dumps *d, const struct spaces *s, pid_t pid, const struct thread *t)
{
	struct decode_user user = { t->regs, t->stack, 4 };

	return dumps_wait(d, spaces_find(s, pid), &user);
}

static void the_same_calls_are_one_dump(void **state)
{
	struct thread a = { .regs = { [IP] = 0x1010, [SP] = 0x100 },
			    .stack = { 5, 0x1020, 6, 0x1030 } };
	struct thread data = { .regs = { [IP] = 0x1010, [SP] = 0x900 },
			       .stack = { 7, 0x1020, 8, 0x1030 } };
	struct thread moved = { .regs = { [IP] = 0x7010, [SP] = 0x100 },
				.stack = { 5, 0x7020, 6, 0x7030 } };
	struct thread other = { .regs = { [IP] = 0x1010, [SP] = 0x100 },
				.stack = { 5, 0x1024, 6, 0x1030 } };
	struct decode_user kernel_thread = { 0 };
	struct spaces s = { 0 };
	struct dumps d = { 0 };

	(void)state;
	spaces_start(&s, 10);
	spaces_start(&s, 20);
	add(&s, 10, map_of(0x1000, 0, "/none/a"));
	add(&s, 20, map_of(0x7000, 0, "/none/a"));
	assert_int_equal(dump(&d, &s, 10, &a), 1);
	assert_int_equal(dump(&d, &s, 10, &data), 1);
	assert_int_equal(dump(&d, &s, 20, &moved), 1);
	assert_int_equal(dump(&d, &s, 10, &other), 2);
	assert_int_equal(dump(&d, &s, 30, &a), 0);
	assert_int_equal(dumps_wait(&d, spaces_find(&s, 10), &kernel_thread), 0);
	assert_int_equal(d.waits.items[1]->words[1], object_base(0) + 0x20);
	dumps_clear(&d);
	spaces_clear(&s);
}

/* However many come: the memory is bounded, and early and late samples have the same chance. */
static void dumps_are_bounded(void **state)
{
	struct thread t = { .regs = { [IP] = 0x1010 } };
	struct decode_user user = { t.regs, t.stack, 4 };
	struct spaces s = { 0 };
	struct dumps d = { 0 };
	size_t late = 0;

	(void)state;
	spaces_start(&s, 10);
	add(&s, 10, map_of(0x1000, 0, "/none/a"));
	for (uint64_t i = 0; i < 2 * DUMPS_MAX; i++) {
		t.stack[0] = 0x1000 + i % 0x1000;
		t.stack[1] = 0x1000 + i / 0x1000;
		dumps_wait(&d, spaces_find(&s, 10), &user);
	}
	assert_int_equal(d.waits.n, DUMPS_MAX + 1);
	for (uint64_t i = 0; i < 20 * SAMPLES_MAX; i++) {
		t.stack[0] = i << 32;
		dumps_sample(&d, spaces_find(&s, 10), &user);
	}
	assert_int_equal(d.samples_seen, 20 * SAMPLES_MAX);
	assert_int_equal(d.samples.n, SAMPLES_MAX);
	vec_each (&d.samples, it)
		late += (*it)->words[0] >> 32 >= 10 * SAMPLES_MAX;
	assert_in_range(late, SAMPLES_MAX * 4 / 10, SAMPLES_MAX * 6 / 10);
	dumps_clear(&d);
	spaces_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_code_is_at_the_same_place_in_all_processes),
		cmocka_unit_test(build_ids_tell_objects_apart),
		cmocka_unit_test(processes_are_followed),
		cmocka_unit_test(a_new_mapping_replaces_what_it_covers),
		cmocka_unit_test(a_running_process_is_read),
		cmocka_unit_test(the_same_calls_are_one_dump),
		cmocka_unit_test(dumps_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
