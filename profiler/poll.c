#include "profiler/poll.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/calls.h"
#include "profiler/schedstat.h"

struct poll_thread {
	UT_hash_handle hh;
	pid_t tid, pid;
	int schedstat_fd, syscall_fd; /* -1: cannot be read */
	bool hidden;                  /* the skipped root */
	bool waiting_at_gate;         /* the root, until it runs */
	bool dead;                    /* a zombie: booked, kept so as not to be found anew */
	uint64_t birth_ns;
	uint64_t settled_ns; /* booked up to here */
	struct schedstat settled, last;
	uint32_t site;         /* where it waited at settled_ns, 0: nowhere */
	uint64_t first_run_ns; /* first and last pass since then that saw it run; 0: none */
	uint64_t last_ns;      /* last pass */
};

static void count_birth(struct poller *p, const struct poll_thread *th)
{
	if (th->hidden)
		return;
	if (!p->sums.start_ns || th->birth_ns < p->sums.start_ns)
		p->sums.start_ns = th->birth_ns;
	p->sums.threads++;
	p->sums.processes += th->tid == th->pid;
}

/* Before now_ns it has used CPU or waited for some, and slept for who knows how long, but not
 * before the last time we looked for new ones. */
static uint64_t birth_of(const struct poller *p, const struct schedstat *used, uint64_t now_ns)
{
	uint64_t age_ns = used->on_cpu_ns + used->runqueue_ns;

	if (age_ns > now_ns - p->discovered_ns)
		return p->discovered_ns;
	return now_ns - age_ns;
}

static void add(struct poller *p, pid_t pid, pid_t tid, uint64_t now_ns)
{
	struct poll_thread *th = xcalloc(1, sizeof(*th));

	th->pid = pid;
	th->tid = tid;
	th->schedstat_fd = schedstat_open(pid, tid);
	th->syscall_fd = calls_open(pid, tid);
	th->hidden = p->skip_root && pid == p->root;
	th->waiting_at_gate = tid == p->root && !p->attached;
	schedstat_read(th->schedstat_fd, &th->last);
	th->birth_ns = birth_of(p, &th->last, now_ns);
	if (!p->passes) { /* it was there when we came */
		th->settled = th->last;
		th->birth_ns = now_ns;
	}
	if (th->waiting_at_gate)
		p->root_cpu_ns = th->settled.on_cpu_ns;
	th->settled_ns = th->last_ns = th->birth_ns;
	HASH_ADD_INT(p->by_tid, tid, th);
	if (!th->waiting_at_gate)
		count_birth(p, th);
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/*
 * Book from the last settlement to now_ns, at `site`. If the thread ran in between, only the two
 * gaps next to a pass that met it waiting are known to be waits there.
 */
static void settle(struct poller *p, struct poll_thread *th, uint64_t now_ns, uint32_t site)
{
	uint64_t wall = now_ns > th->settled_ns ? now_ns - th->settled_ns : 0;
	uint64_t on_cpu = at_most(th->last.on_cpu_ns - th->settled.on_cpu_ns, wall);
	uint64_t runqueue = at_most(th->last.runqueue_ns - th->settled.runqueue_ns, wall - on_cpu);
	uint64_t rest = wall - on_cpu - runqueue, head = rest / 2, tail = rest - head;

	if (th->first_run_ns) {
		head = th->site ? at_most(rest, th->first_run_ns - th->settled_ns) : 0;
		tail = site ? at_most(rest - head, now_ns - th->last_ns) : 0;
	}
	if (!th->hidden) {
		p->sums.on_cpu_ns += on_cpu;
		p->sums.runqueue_ns += runqueue;
		p->sums.unknown_ns += rest - (th->site ? head : 0) - (site ? tail : 0);
		sites_add(p->sites, th->site, head, 0);
		sites_add(p->sites, site, tail, site != th->site || on_cpu);
	} else {
		p->root_cpu_ns += on_cpu;
	}
	th->settled = th->last;
	th->settled_ns = now_ns;
	th->site = site;
	th->first_run_ns = 0;
}

static void die(struct poller *p, struct poll_thread *th, uint64_t now_ns)
{
	if (th->dead)
		return;
	th->dead = true;
	if (th->waiting_at_gate)
		return;
	settle(p, th, now_ns, 0);
	if (th->hidden)
		return;
	p->sums.wall_ns += th->settled_ns - th->birth_ns;
	p->sums.end_ns = now_ns;
}

static void drop(struct poller *p, struct poll_thread *th)
{
	if (th->schedstat_fd >= 0)
		close(th->schedstat_fd);
	if (th->syscall_fd >= 0)
		close(th->syscall_fd);
	HASH_DEL(p->by_tid, th);
	free(th);
}

/* The gate was opened between the last pass and this one: its CPU time has moved. */
static bool passed_gate(struct poller *p, struct poll_thread *th)
{
	if (!th->waiting_at_gate)
		return true;
	if (th->last.on_cpu_ns == th->settled.on_cpu_ns)
		return false;
	th->waiting_at_gate = false;
	th->birth_ns = th->settled_ns = th->last_ns;
	count_birth(p, th);
	return true;
}

static void look(struct poller *p, struct poll_thread *th, uint64_t now_ns)
{
	bool there = schedstat_read(th->schedstat_fd, &th->last);
	enum call_state state = CALL_HIDDEN;
	struct call_wait wait;

	if (th->syscall_fd >= 0)
		state = calls_read(th->syscall_fd, th->pid, th->tid, &wait);
	if (state == CALL_GONE)
		die(p, th, now_ns);
	if (th->dead) {
		if (!there ||
		    state != CALL_GONE) /* reaped, or its id has an heir (exec by a thread) */
			drop(p, th);
		return;
	}
	if (!passed_gate(p, th)) {
		th->last_ns = now_ns;
		return;
	}
	if (state == CALL_WAITING)
		settle(p, th, now_ns, sites_call(p->sites, wait.kind, wait.name));
	else if (!th->first_run_ns)
		th->first_run_ns = now_ns;
	p->hidden += state == CALL_HIDDEN;
	th->last_ns = now_ns;
}

static bool known(const struct poller *p, pid_t tid)
{
	struct poll_thread *th;

	HASH_FIND_INT(p->by_tid, &tid, th);
	return th;
}

static void discover_children(struct poller *p, pid_t pid, pid_t tid, uint64_t now_ns)
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	char path[64];
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1) {
		if (!known(p, child))
			add(p, child, child, now_ns);
	}
}

static void discover_threads(struct poller *p, pid_t pid, uint64_t now_ns)
{
	CLEANUP(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		if (!known(p, tid))
			add(p, pid, tid, now_ns);
		discover_children(p, pid, tid, now_ns);
	}
}

/* Each known process is asked for its threads and their children, found ones too: what is added
 * comes at the end of the list that is being walked. */
static void discover(struct poller *p, uint64_t now_ns)
{
	for (struct poll_thread *it = p->by_tid; it; it = it->hh.next) {
		if (it->tid == it->pid)
			discover_threads(p, it->pid, now_ns);
	}
	p->discovered_ns = now_ns;
}

void poller_start(struct poller *p, uint64_t now_ns)
{
	p->discovered_ns = now_ns;
	add(p, p->root, p->root, now_ns);
	if (p->attached)
		discover(p, now_ns);
}

void poller_pass(struct poller *p, uint64_t now_ns)
{
	struct poll_thread *it, *next;

	if (++p->passes % DISCOVER_EVERY == 0)
		discover(p, now_ns);
	HASH_ITER (hh, p->by_tid, it, next) {
		look(p, it, now_ns);
	}
}

void poller_finish(struct poller *p, uint64_t now_ns)
{
	struct poll_thread *it, *next;

	HASH_ITER (hh, p->by_tid, it, next) {
		schedstat_read(it->schedstat_fd, &it->last);
		die(p, it, now_ns);
		drop(p, it);
	}
}

void poller_clear(struct poller *p)
{
	struct poll_thread *it, *next;

	HASH_ITER (hh, p->by_tid, it, next) {
		drop(p, it);
	}
}
