/*
 * offcpu_harness.h - run one workload under the profiler and keep what both of them say
 */
#ifndef TESTS_OFFCPU_HARNESS_H
#define TESTS_OFFCPU_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/profile.h"

#define WORDS 5

struct outcome { /* plain data: it may come from another process */
	bool ran;
	char failure[256], why[512];
	struct profile profile; /* without its strings and sites */
	enum wait_kind first_site_kind;
	uint64_t first_site_ns, sites;
	uint64_t truth_ns[WAIT_KIND_COUNT], truth_runqueue_ns;
	uint64_t births, burnt_ns;
	uint64_t rusage_ns; /* user + system */
	int status;
};

struct setup {
	const char *words[WORDS]; /* the workload and its arguments */
	enum tier at_least;
	enum tier expected; /* when it is not at_least */
	bool skip_root;
	double overhead;
	uint64_t attach_ns; /* not 0: let it run, then watch it for that long and end it */
	size_t attach_at;   /* ... from when it has this many threads, all under way */
	uid_t uid;          /* 0: as we are; else a process of that user does it */
};

void outcome_of(const struct setup *setup, struct outcome *ret);

#endif
