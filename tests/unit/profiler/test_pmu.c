#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "profiler/offcpu.h"
#include "profiler/pmu.h"

static void counts_are_scaled_by_the_time_they_were_on(void **state)
{
	static const struct {
		struct pmu_reading reading;
		bool known;
		uint64_t value;
	} cases[] = {
		{ { 1000, 500, 500 }, true, 1000 },
		{ { 1000, 900, 300 }, true, 3000 },
		{ { 0, 900, 0 }, false, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t value = 7;

		assert_int_equal(pmu_scale(&cases[i].reading, &value), cases[i].known);
		assert_int_equal(value, cases[i].value);
	}
}

/* Whatever the machine has: figures, or why there are none. */
static void this_machine_is_counted_or_says_why(void **state)
{
	struct profile p = { 0 };
	struct pmu pmu = { 0 };
	pid_t self = getpid();

	(void)state;
	pmu_open(&self, 1, &pmu);
	for (volatile int i = 0; i < 1000000; i++)
		;
	pmu_fill(&pmu, &p);
	if (offcpu_counts_cycles() && !p.no_counters) {
		assert_true(p.cycles > 0 && p.instructions > 1000000);
	} else {
		assert_non_null(p.no_counters);
		assert_int_equal(p.cycles + p.instructions + p.cache_misses, 0);
	}
	pmu_close(&pmu);
	profile_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_scaled_by_the_time_they_were_on),
		cmocka_unit_test(this_machine_is_counted_or_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
