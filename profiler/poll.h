/*
 * poll.h - the accounts of a process tree from /proc alone (T3: perf is refused)
 *
 * Every pass reads each thread's schedstat (time on the CPU and in the run-queue, exact whenever the
 * thread is off the CPU) and the system call it waits in. What is left of a gap between two passes
 * is waiting; it goes to the calls seen at the gap's ends. Waits shorter than a pass that were never
 * met are unknown. New threads and children are looked for at every DISCOVER_EVERY-th pass;
 * shorter-lived ones are not seen at all. Ownership: poller_clear(). One thread at a time.
 */
#ifndef PROFILER_POLL_H
#define PROFILER_POLL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profiler/account.h"
#include "profiler/sites.h"

#define POLL_INTERVAL_NS 1000000
#define DISCOVER_EVERY   2

struct poll_thread;

struct poller {
	pid_t root;
	bool skip_root, attached;
	struct sites *sites; /* borrowed */
	struct account_sums sums;
	uint64_t root_cpu_ns; /* what rusage will count but is not booked */
	struct poll_thread *by_tid;
	uint64_t passes, discovered_ns;
	uint64_t hidden; /* threads whose calls may not be read */
};

void poller_start(struct poller *p, uint64_t now_ns);
void poller_pass(struct poller *p, uint64_t now_ns);
void poller_finish(struct poller *p, uint64_t now_ns);
void poller_clear(struct poller *p);

#endif
