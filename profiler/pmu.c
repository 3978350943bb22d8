#include "profiler/pmu.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

static const struct pmu_kind {
	uint64_t config;
	size_t offset; /* in struct profile */
} kinds[] = {
	{ PERF_COUNT_HW_CPU_CYCLES, offsetof(struct profile, cycles) },
	{ PERF_COUNT_HW_INSTRUCTIONS, offsetof(struct profile, instructions) },
	{ PERF_COUNT_HW_CACHE_MISSES, offsetof(struct profile, cache_misses) },
};

enum { KINDS_N = sizeof(kinds) / sizeof(*kinds) };

static int open_one(uint64_t config, pid_t tid)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_HARDWARE,
					.config = config,
					.inherit = 1,
					.exclude_kernel = 1,
					.exclude_hv = 1,
					.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
						       PERF_FORMAT_TOTAL_TIME_RUNNING };

	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static char *reason(int error)
{
	if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV)
		return xstrdup("this machine gives no access to a processor's counters (PMU)");
	return xasprintf("the kernel refuses the processor's counters: %s", strerror(error));
}

void pmu_open(const pid_t *tids, size_t n, struct pmu *ret)
{
	for (int which = 0; which < KINDS_N; which++) {
		for (size_t i = 0; i < n; i++) {
			int fd = open_one(kinds[which].config, tids[i]);

			if (fd < 0 && errno == ESRCH) /* it has just ended */
				continue;
			if (fd < 0) {
				char *why = reason(errno);

				pmu_close(ret);
				ret->why = why;
				return;
			}
			vec_push(ret, ((struct pmu_counter){ .fd = fd, .which = which }));
		}
	}
}

bool pmu_scale(const struct pmu_reading *reading, uint64_t *ret)
{
	if (!reading->running_ns)
		return false;
	*ret = (uint64_t)((double)reading->value * (double)reading->enabled_ns /
			  (double)reading->running_ns);
	return true;
}

void pmu_fill(const struct pmu *pmu, struct profile *p)
{
	uint64_t counted = 0;

	vec_each (pmu, counter) {
		uint64_t *sum = (uint64_t *)(void *)((char *)p + kinds[counter->which].offset);
		struct pmu_reading reading;
		uint64_t value;

		if (read(counter->fd, &reading, sizeof(reading)) != sizeof(reading) ||
		    !pmu_scale(&reading, &value))
			continue;
		*sum += value;
		counted += value;
	}
	if (counted)
		return;
	p->no_counters = xstrdup(pmu->why ? pmu->why : "the processor's counters were never on");
}

void pmu_close(struct pmu *pmu)
{
	vec_each (pmu, counter)
		close(counter->fd);
	vec_clear(pmu);
	free(pmu->why);
	pmu->why = NULL;
}
