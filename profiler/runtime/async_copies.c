/*
 * async_copies.c - PLAN_ASYNC and PLAN_HYBRID: the workers of copies.c as coroutines
 *
 * `workers` is how many tasks are in flight, each in its own copy of the program. One thread runs them
 * all; with PLAN_HYBRID as many executors as there are cores take the long slices. All share one
 * descriptor table, which the async runtime divides among them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "profiler/runtime/async.h"
#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

#define OVERHEAD_MAX                                                                               \
	0.10             /* of the time: more, and the figure says more about us than about async */
#define FILES_MAX  65000 /* as many descriptors as the runtime keeps track of */
#define TASK_FILES 1024  /* that one task may have open; above are ours */

static struct copy *all;
static unsigned base_fd, keep_each;

static void work(unsigned index, void *arg)
{
	(void)arg;
	copy_work(&all[index]);
}

static void refuse(const char *why)
{
	copy_refuse("%s", why);
}

/* _exit() from inside libc, where no hook reaches. */
static void on_exit_call(unsigned index, int status)
{
	all[index].discard = true;
	copy_end_job(&all[index], (status & 0xff) << 8);
}

/* Before there are threads: growing a table that several share takes the kernel milliseconds. */
static void make_room_for_descriptors(const struct host *h, struct async_options *opt)
{
	struct rlimit files = { 0 };
	unsigned limit, each;
	int fd;

	getrlimit(RLIMIT_NOFILE, &files);
	opt->files_limit = files.rlim_cur;
	files.rlim_cur = files.rlim_max > FILES_MAX ? FILES_MAX : files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	limit = (unsigned)files.rlim_cur;
	base_fd = limit < 4 * TASK_FILES ? limit / 4 : TASK_FILES;
	each = (limit - 2 * base_fd) / 2 / h->plan->workers;
	keep_each = each > 256 ? 256 : each > 9 ? each - 8 : 1;
	opt->descriptors = base_fd + keep_each + 8;
	fd = fcntl(0, F_DUPFD_CLOEXEC, limit - 1);
	if (fd >= 0)
		close(fd);
}

void async_copies_descriptors(unsigned *base, unsigned *keep)
{
	*base = base_fd;
	*keep = keep_each;
}

/* What one coroutine used is not known; what all did, is. */
static void share_cpu(const struct host *h, uint64_t total_ns)
{
	for (uint32_t i = 0; i < h->plan->jobs; i++)
		h->result->jobs[i].cpu_ns = total_ns / h->plan->jobs;
}

static void keep_pinned(const struct async_pinned *p, struct result_pinned *ret)
{
	const struct image *image = &all[0].image;

	*ret = (struct result_pinned){ .count = p->count,
				       .ns = p->ns,
				       .longest_ns = p->longest_ns };
	snprintf(ret->call, sizeof(ret->call), "%s", p->name);
	ret->address = p->place;
	if (p->place)
		snprintf(ret->place, sizeof(ret->place), "%s+0x%llx",
			 image->modules[image->n - 1].name, (unsigned long long)p->place);
}

static void on_stall(const struct async_pinned *where)
{
	keep_pinned(where, &all[0].host->result->loop.stalled);
}

/* Of the program itself, without its libraries. */
static const struct async_code *where_code_lies(const struct host *h)
{
	struct async_code *code = host_memory(h->plan->workers * sizeof(*code));

	for (uint32_t i = 0; code && i < h->plan->workers; i++) {
		const struct image_module *m = &all[i].image.modules[all[i].image.n - 1];

		code[i] = (struct async_code){ m->low, m->high };
	}
	return code;
}

/* Where the function that executors run begins in each copy; NULL: none is named. */
static char *const *where_offload_begins(const struct host *h)
{
	char **entry = h->plan->offload ? host_memory(h->plan->workers * sizeof(*entry)) : NULL;

	for (uint32_t i = 0; entry && i < h->plan->workers; i++) {
		const struct image_module *m = &all[i].image.modules[all[i].image.n - 1];

		entry[i] = (char *)m->map->l_addr + h->plan->offload;
	}
	return entry;
}

static void keep_report(const struct host *h, const struct async_report *r)
{
	struct result_loop *loop = &h->result->loop;

	*loop = (struct result_loop){
		.wall_ns = r->wall_ns,
		.busy_ns = r->busy_ns,
		.longest_ns = r->longest_ns,
		.slices = r->slices,
		.executor_slices = r->executor_slices,
		.traps = r->traps,
		.rewritten = r->rewritten,
		.trap_ns = r->trap_ns,
		.sites = r->sites,
		.overhead_permille = (uint32_t)(1000 * r->overhead_share),
	};
	for (int i = 0; i < RESULT_PINNED && i < ASYNC_PINNED && r->pinned[i].name; i++)
		keep_pinned(&r->pinned[i], &loop->pinned[i]);
}

int async_copies_start(const struct host *h, struct copy *copies)
{
	struct async_options opt = {
		.coroutines = h->plan->workers,
		.rewrite = true,
		.body = work,
		.refuse = refuse,
		.on_exit = on_exit_call,
		.on_stall = on_stall,
	};
	struct async_report report;
	cpu_set_t cores;
	int err;

	if (async_why_not()) {
		host_why(h, "%s", async_why_not());
		return -ENOSYS;
	}
	all = copies;
	opt.code = where_code_lies(h);
	if (h->plan->mode == PLAN_HYBRID && sched_getaffinity(0, sizeof(cores), &cores) == 0)
		opt.executors = (unsigned)CPU_COUNT(&cores);
	if (opt.executors)
		opt.offload = where_offload_begins(h);
	make_room_for_descriptors(h, &opt);
	err = async_run(&opt, &report);
	if (err) {
		host_why(h, "an event loop with %u tasks in flight cannot be started: %s",
			 opt.coroutines, strerror(-err));
		return err;
	}
	share_cpu(h, report.cpu_ns);
	keep_report(h, &report);
	if (opt.offload && !report.offloads) {
		host_why(h, "no task calls the function that is to be offloaded; inlined calls do "
			    "not count");
		return -ENOENT;
	}
	if (report.overhead_share > OVERHEAD_MAX) {
		host_why(
			h,
			"intercepting its system calls takes up to %.0f %% of the time (%.0f traps "
			"and %.0f jumps a task)",
			100 * report.overhead_share, (double)report.traps / h->plan->jobs,
			(double)report.rewritten / h->plan->jobs);
		return -EOVERFLOW;
	}
	return 0;
}
