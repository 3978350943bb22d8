#include "profiler/probe_cost.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/stats.h"
#include "base/strbuf.h"
#include "profiler/perf.h"

#define ROUNDS 9
#define CALLS  100

/* Not to be inlined; the statement keeps its calls from being left out. */
static __attribute__((noinline)) void marked(void)
{
	__asm__ volatile("");
}

static double round_ns(void)
{
	uint64_t start_ns = clock_now_ns();

	for (int i = 0; i < CALLS; i++)
		marked();
	return (double)(clock_now_ns() - start_ns) / CALLS;
}

static double median_ns(void)
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ns[i] = round_ns();
	return stats_median(ns, ROUNDS);
}

/* Where in our own file the function lies. */
static bool place_of(uintptr_t address, uint64_t *offset)
{
	CLEANUP(strbuf_clear) struct strbuf maps = { 0 };
	CLEANUP(error_clear) struct error *err = file_read("/proc/self/maps", &maps);
	const char *line = strbuf_str(&maps);

	while (!err && line && *line) {
		uint64_t from, to, at;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &from, &to, &at) == 3 &&
		    address >= from && address < to) {
			*offset = address - from + at;
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

struct error *probe_cost(double *ret)
{
	CLEANUP(perf_close) struct perf perf = { 0 };
	pid_t self = (pid_t)syscall(SYS_gettid);
	double plain_ns = median_ns();
	uint64_t offset;
	struct error *err;

	if (!place_of((uintptr_t)marked, &offset))
		return error_new(ERROR_MACHINE, "/proc/self/maps does not tell where our code is");
	err = perf_open(&self, 1, TIER_0, &perf);
	if (!err)
		err = perf_add_probe(&perf, &self, 1, "/proc/self/exe", offset, 0);
	if (err)
		return error_wrap(err, "cannot tell what marking a call costs");
	*ret = median_ns() - plain_ns;
	return NULL;
}
