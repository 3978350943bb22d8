/*
 * Calls are counted in a process and in what it starts; what is called too often is let go of. The program is this one,
 * forked and held until the counters are there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "profiler/call_counts.h"
#include "profiler/offcpu.h"

#define CALLS   300
#define OPENS   5
#define FLOOD_S 2 /* until then the flood must have been noticed */

static __attribute__((noinline)) int called(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static __attribute__((noinline)) int flooded(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 2;
}

static __attribute__((noinline)) int never(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 3;
}

/* Where in this program's file the function lies. */
static struct unit unit_of(char *name, int (*function)(int))
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t address = (uintptr_t)function;
	struct unit unit = { .name = name, .path = "/proc/self/exe" };
	unsigned long start, end, offset;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    start <= address && address < end)
			unit.offset = address - start + offset;
	}
	fclose(maps);
	assert_true(unit.offset > 0);
	return unit;
}

static void call_all(int times)
{
	for (int i = 0; i < times; i++)
		called(i);
}

/* A third of the calls are a child's. */
static void work(int gate)
{
	char go;
	pid_t child;

	if (read(gate, &go, 1) != 1)
		_exit(1);
	for (int i = 0; i < OPENS; i++)
		close(open("/dev/null", O_RDONLY));
	child = fork();
	if (!child) {
		call_all(CALLS / 3);
		_exit(0);
	}
	call_all(CALLS - CALLS / 3);
	waitpid(child, NULL, 0);
	for (alarm(FLOOD_S);;)
		flooded(1);
}

static void calls_are_counted(void **state)
{
	struct unit units[] = { unit_of("called", called), unit_of("flooded", flooded),
				unit_of("never", never) };
	struct call_count counts[3] = { 0 };
	struct call_counts *session;
	CLEANUP(cleanup_free) char *why = NULL;
	uint64_t opened = 0;
	int fds[2], status;
	pid_t pid;

	(void)state;
	if (offcpu_probe(&why) != TIER_0)
		skip();
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid)
		work(fds[0]);
	assert_null(call_counts_open(pid, units, 3, &session));
	assert_int_equal(write(fds[1], "", 1), 1);
	waitpid(pid, &status, 0);
	call_counts_close(session, counts, &opened);
	assert_int_equal(counts[0].calls, CALLS);
	assert_false(counts[0].let_go);
	assert_true(counts[0].per_s > 0);
	assert_true(counts[1].let_go);
	assert_true(counts[1].calls > CALL_COUNTS_ENOUGH);
	assert_int_equal(counts[2].calls, 0);
	assert_int_equal(opened, OPENS);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
