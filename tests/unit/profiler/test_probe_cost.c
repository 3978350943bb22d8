/*
 * What a mark costs, by what it lies on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "profiler/probe_cost.h"

/* Of a unit that starts with these bytes: only they are looked at. */
static double cost_of(const char *code, size_t n)
{
	char path[] = "/tmp/concur-test-XXXXXX";
	int fd = mkstemp(path);
	struct unit unit = { .name = path, .path = path };
	struct error *err;
	double ns = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, code, n), n);
	close(fd);
	err = probe_cost(&unit, &ns);
	unlink(path);
	assert_null(err);
	return ns;
}

static void a_second_trap_is_seen(void **state)
{
	double push_ns = cost_of("\x55\x48\x89\xe5", 4);
	double high_push_ns = cost_of("\x41\x57\x41\x56", 4);
	double test_ns = cost_of("\x48\x85\xff\x7e", 4);

	(void)state;
	assert_true(push_ns > 0 && high_push_ns > 0);
#ifdef __x86_64__
	assert_true(test_ns > 1.2 * push_ns && test_ns > 1.2 * high_push_ns);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_trap_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
