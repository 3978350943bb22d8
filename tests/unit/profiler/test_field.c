/* Which tasks a trial takes, and what its time stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/field.h"

#define MS        1000000ull
#define LONG_TIME (1000000 * MS)

struct list {
	struct workload workload;
	struct trial reference;
};

static void list_clear(struct list *l)
{
	workload_clear(&l->workload);
	trial_clear(&l->reference);
}

/* Task i takes ms(i). */
static struct list list_of(size_t n, uint64_t (*ms)(size_t i))
{
	struct list l = { .reference.n = n,
			  .reference.tasks = xcalloc(n, sizeof(struct task_result)) };

	for (size_t i = 0; i < n; i++) {
		CLEANUP(cleanup_free) char *name = xasprintf("%zu", i);

		strings_add(&l.workload.tasks, name);
		l.reference.tasks[i].wall_ns = ms(i) * MS;
		l.reference.wall_ns += ms(i) * MS;
	}
	return l;
}

static uint64_t hundred(size_t i)
{
	(void)i;
	return 100;
}

static uint64_t growing(size_t i)
{
	return 50 + i;
}

static void assert_part_of(const struct field *part, const struct field *whole)
{
	for (size_t i = 0; i < part->reference.n; i++) {
		assert_true(i == 0 || part->numbers[i] > part->numbers[i - 1]);
		assert_int_equal(atol(part->workload.tasks.items[i]), part->numbers[i]);
		assert_true(part->numbers[i] < whole->reference.n);
	}
}

static void a_part_stands_for_the_field(void **state)
{
	static const struct {
		uint64_t (*ms)(size_t i);
		int workers;
		double scale, within; /* 0: the whole field */
	} cases[] = {
		{ hundred, 1, 100.0 / 12, 0 }, /* twelve at least */
		{ hundred, 2, 50.0 / 7, 0 },   /* 0.7 s */
		{ hundred, 8, 13.0 / 7, 0 },   /* 100 tasks are 13 turns of 8, not 12.5 */
		{ hundred, 16, 0, 0 },         /* it would be more than three quarters */
		{ growing, 1, 100.0 / 12, 0.05 },
		{ growing, 4, 100.0 / 32, 0.05 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(list_clear) struct list l = list_of(100, cases[i].ms);
		CLEANUP(field_clear)
		struct field whole = field_choose(&l.workload, &l.reference, LONG_TIME, 16);
		CLEANUP(field_clear) struct field part = field_part(&whole, cases[i].workers);

		assert_int_equal(whole.reference.n, 100);
		assert_int_equal(field_repeat(&whole), 1);
		assert_true(!part.numbers == !cases[i].scale);
		if (!part.numbers)
			continue;
		assert_int_equal(part.reference.n % (size_t)cases[i].workers, 0);
		assert_part_of(&part, &whole);
		if (fabs(part.scale / cases[i].scale - 1) > cases[i].within + 1e-9)
			fail_msg("case %zu: %g, not %g", i, part.scale, cases[i].scale);
	}
}

static void a_long_list_is_cut_to_the_budget(void **state)
{
	CLEANUP(list_clear) struct list l = list_of(1000, hundred);
	CLEANUP(field_clear)
	struct field f = field_choose(&l.workload, &l.reference, 60000 * MS, 32);

	(void)state;
	assert_int_equal(f.reference.n, 64); /* two turns of the widest rung */
	assert_int_equal(f.numbers[0],
			 7); /* the middle of the first stretch, not the cold first task */
	assert_int_equal(f.reference.wall_ns, 6400 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_stands_for_the_field),
		cmocka_unit_test(a_long_list_is_cut_to_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
