#include "profiler/probe_cost.h"

#include <fcntl.h>
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

/*
 * What a mark costs depends on the instruction that it lies on: the kernel does some of them itself
 * (push, nop), and lets the processor step over all others, which takes a second trap, and ten
 * times as long on a virtual machine.
 */
#ifdef __x86_64__
static __attribute__((naked)) void done_by_kernel(void)
{
	__asm__("push %rbp\n\tpop %rbp\n\tret");
}

static __attribute__((naked)) void endbr(void)
{
	__asm__("endbr64\n\tret");
}

static __attribute__((naked)) void stepped_over(void)
{
	__asm__("test %rdi, %rdi\n\tret");
}
#else
static __attribute__((noinline)) void stepped_over(void)
{
	__asm__ volatile("");
}
#endif

typedef void (*marked_fn)(void);

/* Ours that starts as the unit does. */
static marked_fn starts_like(const struct unit *unit)
{
#ifdef __x86_64__
	CLEANUP(cleanup_fd) int fd = open(unit->path, O_RDONLY | O_CLOEXEC);
	unsigned char code[4];
	size_t at;

	if (fd < 0 || pread(fd, code, sizeof(code), (off_t)unit->offset) != sizeof(code))
		return stepped_over;
	if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4))
		return endbr;
	at = code[0] == 0x41; /* push of r8 to r15 */
	if ((code[at] & 0xf8) == 0x50 || code[0] == 0x90)
		return done_by_kernel;
#else
	(void)unit;
#endif
	return stepped_over;
}

static double round_ns(marked_fn marked)
{
	uint64_t start_ns = clock_now_ns();

	for (int i = 0; i < CALLS; i++)
		marked();
	return (double)(clock_now_ns() - start_ns) / CALLS;
}

static double median_ns(marked_fn marked)
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ns[i] = round_ns(marked);
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

struct error *probe_cost(const struct unit *unit, double *ret)
{
	CLEANUP(perf_close) struct perf perf = { 0 };
	pid_t self = (pid_t)syscall(SYS_gettid);
	marked_fn marked = starts_like(unit);
	double plain_ns = median_ns(marked);
	uint64_t offset;
	struct error *err;

	if (!place_of((uintptr_t)marked, &offset))
		return error_new(ERROR_MACHINE, "/proc/self/maps does not tell where our code is");
	err = perf_open(&self, 1, TIER_0, &perf);
	if (!err)
		err = perf_add_probe(&perf, &self, 1, "/proc/self/exe", offset, 0);
	if (err)
		return error_wrap(err, "cannot tell what marking a call costs");
	*ret = median_ns(marked) - plain_ns;
	return NULL;
}
