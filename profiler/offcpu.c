#include "profiler/offcpu.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "profiler/account.h"
#include "profiler/calls.h"
#include "profiler/dumps.h"
#include "profiler/locks.h"
#include "profiler/perf.h"
#include "profiler/pmu.h"
#include "profiler/poll.h"
#include "profiler/proc.h"
#include "profiler/spaces.h"
#include "profiler/recorder.h"
#include "profiler/stacks.h"
#include "profiler/units.h"
#include "profiler/wakers.h"
#include "profiler/windows.h"

#define SITES_SHOWN  32
#define STACKS_KEPT  200
#define WAKERS_SHOWN 32
#define RATE_NS      25000000 /* over which switches are counted to keep to the budget, */
#define BURST_NS     5000000  /* and when they come so fast that the rings would overflow */
#define OVERHEAD     0.05

/* An event with a copy of what the record has besides, for processes are followed in order of time
 * as well: what an address means depends on what was mapped by then. */
struct queued {
	struct event event;
	struct carried *carried; /* NULL: nothing */
};

struct carried {
	struct decode_user user;
	struct decode_map map;
	uint64_t words[]; /* what the above point to */
};

struct offcpu {
	pid_t root;
	struct offcpu_options opt;
	enum tier tier;
	char *why;
	uint64_t opened_ns;
	struct perf perf; /* T0 to T2 */
	struct pmu pmu;
	struct poller poller; /* T3 */
	struct account account;
	struct call_watch watch; /* T2 */
	struct sites sites;
	struct {
		VEC_FIELDS(struct queued);
	} queue; /* not yet processed, for an earlier one may still come */
	struct spaces spaces;
	struct dumps dumps;
	struct wakers wakers;
	struct recorder *recorders, tasks;
	struct totals totals;   /* to compare with, and in T1 and T2 to correct by */
	struct windows windows; /* T0 */
	uint64_t sequence, round_ns;
	bool dense; /* every switch has its stack taken */
	uint64_t outs, rate_ns,
		rated; /* switches so far; when and at how many the rate was taken */
	uint64_t switches_before;
	struct proc_cpu children_before, root_before, root_cpu; /* root_cpu: as last seen */
	struct proc_steal steal_before;
	struct proc_tids seeds; /* attach: the threads found */
	pthread_t reader;
	bool reading;
	int stop_fd;
};

/*
 * The queue. Each ring is in order of time, but they are read one after another, so a record may be
 * behind one that was read already. What is older than the start of the previous round cannot be
 * overtaken any more: a record reaches its ring within microseconds.
 */

static struct carried *carry_user(const struct decode_user *user)
{
	struct carried *c;

	if (!user->regs)
		return NULL;
	c = xmalloc(sizeof(*c) + (DECODE_REGS + user->stack_n) * sizeof(uint64_t));
	memcpy(c->words, user->regs, DECODE_REGS * sizeof(uint64_t));
	memcpy(c->words + DECODE_REGS, user->stack, user->stack_n * sizeof(uint64_t));
	c->user = (struct decode_user){ c->words, c->words + DECODE_REGS, user->stack_n };
	return c;
}

static struct carried *carry_map(const struct decode_map *map)
{
	size_t path_n = strlen(map->path) + 1;
	struct carried *c = xmalloc(sizeof(*c) + path_n + map->build_id_n);
	char *bytes = (char *)c->words;

	memcpy(bytes, map->path, path_n);
	if (map->build_id_n)
		memcpy(bytes + path_n, map->build_id, map->build_id_n);
	c->map = *map;
	c->map.path = bytes;
	c->map.build_id = (const unsigned char *)bytes + path_n;
	return c;
}

static void add_to_queue(struct offcpu *s, struct event event, struct carried *carried)
{
	event.sequence = s->sequence++;
	vec_push(&s->queue, ((struct queued){ event, carried }));
}

static void enqueue(struct event *event, const struct decode_parts *parts, void *arg)
{
	struct offcpu *s = arg;
	struct carried *carried = NULL;
	bool ours = !s->windows.on || account_knows(&s->account, event->tid);

	if (!ours && (event->type == EVENT_STACK || event->type == EVENT_SAMPLE))
		return; /* of other programs, or of a thread that is very new */
	if (event->type == EVENT_STACK)
		event->site = sites_stack(&s->sites, parts->ips, parts->n);
	if (event->type == EVENT_MAP)
		carried = carry_map(&parts->map);
	else if (event->type == EVENT_STACK || event->type == EVENT_SAMPLE ||
		 event->type == EVENT_WAKING)
		carried = carry_user(&parts->user);
	if (!event->time_ns) /* a malformed record has no time of its own */
		event->time_ns = clock_now_ns();
	if ((event->type == EVENT_FORK || event->type == EVENT_EXEC) && s->tier == TIER_2)
		call_watch_add(&s->watch, event->pid, event->tid);
	s->outs += ours && event->type == EVENT_OUT;
	add_to_queue(s, *event, carried);
}

static int in_order(const void *a, const void *b)
{
	const struct event *x = &((const struct queued *)a)->event;
	const struct event *y = &((const struct queued *)b)->event;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->sequence < y->sequence ? -1 : 1;
}

/* What a thread was doing when it was sampled, left the CPU, or woke one of ours. */
static void keep_dump(struct offcpu *s, struct event *event, const struct decode_user *user)
{
	pid_t pid = event->type == EVENT_WAKING ? event->waker_pid : event->pid;
	const struct space *space = spaces_find(&s->spaces, pid);

	if (event->type == EVENT_SAMPLE) {
		dumps_sample(&s->dumps, space, user);
	} else if (event->type == EVENT_STACK) {
		event->site =
			sites_reached(&s->sites, event->site, dumps_wait(&s->dumps, space, user));
	} else if (account_knows(&s->account, event->tid)) {
		event->waker_dump = dumps_wait(&s->dumps, space, user);
	}
}

/* Where the code is, then whose time it was. */
static void process_one(struct offcpu *s, struct queued *q)
{
	struct event *event = &q->event;
	const struct carried *c = q->carried;

	if (s->windows.on && !account_follows(&s->account, event))
		return;
	if (event->type == EVENT_MAP) {
		spaces_map(&s->spaces, event->pid, &c->map);
		return;
	}
	if (c && !(s->opt.skip_root && event->pid == s->root))
		keep_dump(s, event, &c->user);
	spaces_event(&s->spaces, event);
	if (event->type != EVENT_SAMPLE)
		account_event(&s->account, event);
}

static void process(struct offcpu *s, uint64_t until_ns)
{
	size_t n = 0;

	if (!s->queue.n)
		return;
	qsort(s->queue.items, s->queue.n, sizeof(*s->queue.items), in_order);
	while (n < s->queue.n && s->queue.items[n].event.time_ns <= until_ns) {
		process_one(s, &s->queue.items[n]);
		free(s->queue.items[n++].carried);
	}
	s->queue.n -= n;
	memmove(s->queue.items, s->queue.items + n, s->queue.n * sizeof(*s->queue.items));
}

static void queue_own(const struct event *event, void *arg)
{
	add_to_queue(arg, *event, NULL);
}

static double budget_of(const struct offcpu *s)
{
	return s->opt.overhead > 0 ? s->opt.overhead : OVERHEAD;
}

static struct windows_watch watch_of(struct offcpu *s)
{
	return (struct windows_watch){ .perf = &s->perf,
				       .account = &s->account,
				       .budget = budget_of(s),
				       .fn = queue_own,
				       .arg = s };
}

/*
 * Stay within the budget: when the switches of the last while, each with its stack, would have taken
 * more than their share of the CPU, take stacks sparsely; when they would take less than half of it,
 * densely again. Totals stay exact either way, for switch records go on. When these alone take too
 * much, record for short windows only (T0).
 */
static void keep_to_budget(struct offcpu *s, uint64_t now_ns)
{
	uint64_t ns = now_ns - s->rate_ns, outs = s->outs - s->rated;
	struct windows_watch watch = watch_of(s);
	double budget = budget_of(s), cost;
	bool dense = s->dense;

	if (s->windows.on) {
		windows_turn(&s->windows, &watch, s->outs);
		return;
	}
	if (s->tier > TIER_1 || ns < BURST_NS)
		return;
	cost = (double)(outs * STACK_NS) / (double)ns;
	if (ns < RATE_NS && !(dense && cost > 4 * budget)) /* no need to hurry */
		return;
	if (cost > budget)
		dense = false;
	else if (cost < budget / 2)
		dense = true;
	s->rate_ns = now_ns;
	s->rated = s->outs;
	if (s->tier == TIER_0 && !s->opt.units_n &&
	    (double)(outs * RECORD_NS) > budget * (double)ns) {
		struct error *err = windows_start(&s->windows, &watch, s->outs);

		if (!err)
			return;
		error_free(err);
	}
	if (dense == s->dense)
		return;
	perf_set_dense(&s->perf, dense);
	s->dense = dense;
	s->account.sparse = true; /* once is enough: some of its waits will have no stack */
}

/* Marking locks is dear: those that are taken too often are left alone from then on. */
static void stop_locks(struct offcpu *s, uint64_t now_ns)
{
	bool stop = s->recorders && recorder_locks_cost(s->recorders, now_ns - s->opened_ns);

	if (stop)
		perf_stop_lock_probes(&s->perf);
	for (size_t i = 0; stop && i < s->opt.units_n; i++)
		recorder_stop_locks(&s->recorders[i]);
}

static void drain(struct offcpu *s)
{
	uint64_t previous_ns = s->round_ns;

	s->round_ns = clock_now_ns();
	perf_drain(&s->perf, enqueue, s);
	process(s, previous_ns);
	stop_locks(s, s->round_ns);
	keep_to_budget(s, s->round_ns);
	proc_cpu_process(s->root, s->opt.skip_root, &s->root_cpu);
}

/* T2: what a thread was doing at this moment. One that left the CPU and can be read as running has
 * been woken: that is all this tier sees of wake-ups. */
static void met(pid_t pid, pid_t tid, const struct call_wait *wait, void *arg)
{
	struct offcpu *s = arg;
	struct event event = { .type = EVENT_WOKEN, .pid = pid, .tid = tid };

	event.time_ns = clock_now_ns();
	if (wait) {
		event.type = EVENT_CALL;
		event.site = sites_call(&s->sites, wait->kind, wait->name);
	}
	add_to_queue(s, event, NULL);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

/* A ring whose last thread has ended is ready for ever: stop listening to it. */
static bool any_ring_ready(struct offcpu *s, struct pollfd *stop, uint64_t timeout_ns)
{
	struct pollfd *ready = s->perf.ready;
	size_t n = s->perf.rings.n;
	struct timespec timeout = timespec_of(timeout_ns);
	bool any = false;

	ready[n] = *stop;
	ppoll(ready, n + 1, &timeout, NULL);
	*stop = ready[n];
	for (size_t i = 0; i < n; i++) {
		any = any || ready[i].revents & POLLIN;
		if (ready[i].revents & (POLLHUP | POLLERR))
			ready[i].fd = -1;
	}
	return any;
}

/* Looking may not take more than a twentieth of one CPU (own CPU time: however long it was kept waiting
 * itself), on average: a single slow look is no reason to be blind for long. */
static uint64_t pause_after(uint64_t took_ns, uint64_t *average_ns)
{
	*average_ns = (*average_ns * 15 + took_ns) / 16;
	return *average_ns * 20 > POLL_INTERVAL_NS ? *average_ns * 20 : POLL_INTERVAL_NS;
}

static void read_perf(struct offcpu *s)
{
	struct pollfd stop = { .fd = s->stop_fd, .events = POLLIN };
	uint64_t pause_ns = s->tier == TIER_2 ? POLL_INTERVAL_NS : TOTALS_NS, average_ns = 0;

	while (!stop.revents) {
		if (s->windows.on)
			pause_ns = windows_wait_ns(&s->windows, clock_now_ns());
		bool ready = any_ring_ready(s, &stop, pause_ns);
		uint64_t now_ns = clock_now_ns();

		if (s->tier == TIER_2) {
			uint64_t start_ns = clock_thread_ns();

			call_watch_look(&s->watch, met, s);
			pause_ns = pause_after(clock_thread_ns() - start_ns, &average_ns);
		}
		if (!s->windows.on && now_ns >= s->totals.next_ns)
			totals_take(&s->totals, &s->account, queue_own, s);
		if (ready || s->tier == TIER_2 || s->windows.on ||
		    now_ns - s->round_ns >= TOTALS_NS)
			drain(s);
	}
	perf_drain(&s->perf, enqueue, s);
	process(s, UINT64_MAX);
}

/* T3 */
static void read_proc(struct offcpu *s)
{
	struct pollfd stop = { .fd = s->stop_fd, .events = POLLIN };
	uint64_t pause_ns = POLL_INTERVAL_NS, average_ns = 0;

	while (!stop.revents) {
		struct timespec pause = timespec_of(pause_ns);
		uint64_t start_ns;

		ppoll(&stop, 1, &pause, NULL);
		start_ns = clock_thread_ns();
		poller_pass(&s->poller, clock_now_ns());
		proc_cpu_process(s->root, s->opt.skip_root, &s->root_cpu);
		pause_ns = pause_after(clock_thread_ns() - start_ns, &average_ns);
	}
}

static void *reader_main(void *arg)
{
	struct offcpu *s = arg;

	const struct sched_param first = { .sched_priority = 1 };

	/* Behind the target it would lose records; refused to ordinary users, which is fine. */
	pthread_setschedparam(pthread_self(), SCHED_RR, &first);
	if (s->tier == TIER_3)
		read_proc(s);
	else
		read_perf(s);
	return NULL;
}

static struct error *start_reader(struct offcpu *s)
{
	sigset_t all, before;
	int error;

	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (s->stop_fd < 0)
		return error_errno("cannot make an eventfd");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->reader, NULL, reader_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		errno = error;
		return error_errno("cannot start the profiler's thread");
	}
	s->reading = true;
	return NULL;
}

static void stop_reader(struct offcpu *s)
{
	uint64_t one = 1;

	if (!s->reading)
		return;
	while (write(s->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(s->reader, NULL);
	s->reading = false;
}

/* The first tier from `from` on that opens; each refusal adds a line of reasons to *why. */
static enum tier open_best(const struct proc_tids *tids, enum tier from, struct perf *perf,
			   char **why)
{
	CLEANUP(strbuf_clear) struct strbuf reasons = { 0 };
	enum tier tier;

	if (from > TIER_0)
		strbuf_addf(&reasons, "tier %s or below was asked for", tier_key(from));
	for (tier = from; tier < TIER_3; tier++) {
		struct error *err = perf_open(tids->items, tids->n, tier, perf);

		if (!err)
			break;
		strbuf_addf(&reasons, "%sno %s: %s (%s)", reasons.len ? "; " : "", tier_key(tier),
			    err->message, err->hint ? err->hint : "no remedy known");
		error_free(err);
	}
	*why = reasons.len ? strbuf_detach(&reasons) : NULL;
	return tier;
}

static size_t threads_of(const struct offcpu *s, pid_t pid)
{
	size_t n = 0;

	vec_each (&s->seeds, tid)
		n += proc_process_of(*tid) == pid;
	return n;
}

/* What each thread of a running process is doing at this moment. */
static void seed(struct offcpu *s)
{
	vec_each (&s->seeds, tid) {
		pid_t pid = proc_process_of(*tid);
		CLEANUP(cleanup_fd) int fd = calls_open(pid, *tid);
		struct event event = { .type = EVENT_SEED, .pid = pid, .tid = *tid };
		struct call_wait wait;

		account_attach(&s->account, pid, *tid, s->opened_ns);
		if (pid == *tid)
			spaces_attach(&s->spaces, pid, threads_of(s, pid));
		if (s->tier == TIER_2)
			call_watch_add(&s->watch, pid, *tid);
		event.time_ns = clock_now_ns();
		if (fd >= 0 && calls_read(fd, pid, *tid, &wait) == CALL_WAITING)
			event.site = sites_call(&s->sites, wait.kind, wait.name);
		add_to_queue(s, event, NULL);
	}
}

/* Threads born while the counters were being opened may have none: look again until none was. */
static struct error *open_counters(struct offcpu *s)
{
	struct error *err;

	for (int tries = 0; tries < 5; tries++) {
		CLEANUP(proc_tids_clear) struct proc_tids before = { 0 }, after = { 0 };

		err = proc_tids(s->root, s->opt.attach, &before);
		if (err)
			return err;
		free(s->why);
		s->opened_ns = clock_now_ns();
		s->tier = open_best(&before, s->opt.at_least, &s->perf, &s->why);
		pmu_close(&s->pmu);
		pmu_open(before.items, before.n, &s->pmu);
		if (s->tier == TIER_3 || !s->opt.attach)
			return NULL;
		err = proc_tids(s->root, true, &after);
		if (err)
			return err;
		proc_tids_clear(&s->seeds);
		s->seeds = after;
		after = (struct proc_tids){ 0 };
		if (s->seeds.n <= before.n || tries == 4)
			break;
		perf_close(&s->perf);
	}
	return NULL;
}

static void start_accounts(struct offcpu *s)
{
	s->account = (struct account){ .root = s->root,
				       .skip_root = s->opt.skip_root,
				       .polled = s->tier == TIER_2,
				       .sites = &s->sites,
				       .wakers = s->tier == TIER_0 ? &s->wakers : NULL,
				       .recorders = s->recorders,
				       .tasks = s->opt.tasks ? &s->tasks : NULL,
				       .recorders_n = s->opt.units_n };
	s->poller = (struct poller){ .root = s->root,
				     .skip_root = s->opt.skip_root,
				     .attached = s->opt.attach,
				     .sites = &s->sites };
	if (s->tier == TIER_3)
		poller_start(&s->poller, s->opened_ns);
	else if (s->opt.attach)
		seed(s);
	else
		account_start(&s->account, s->opened_ns);
	if (!s->opt.attach)
		spaces_start(&s->spaces, s->root);
	if (s->tier == TIER_2 && !s->opt.attach)
		call_watch_add(&s->watch, s->root, s->root);
}

/* Locks that cannot be watched here are not: the calls can be recorded all the same. */
static void open_lock_probes(struct offcpu *s, const pid_t *tids, size_t n)
{
	if (!s->opt.locks)
		return;
	error_free(perf_add_file_locks(&s->perf, tids, n));
	vec_each (s->opt.locks, f)
		error_free(perf_add_lock_probe(&s->perf, tids, n, f->place.path, f->place.offset,
					       f->takes));
}

static struct error *open_probes(struct offcpu *s)
{
	const pid_t *tids;
	size_t n;

	if (!s->opt.units_n)
		return NULL;
	if (s->tier != TIER_0)
		return error_new(ERROR_MACHINE, "calls cannot be recorded: %s", s->why);
	tids = s->opt.attach ? s->seeds.items : &s->root;
	n = s->opt.attach ? s->seeds.n : 1;
	s->recorders = xcalloc(s->opt.units_n, sizeof(*s->recorders));
	for (size_t i = 0; i < s->opt.units_n; i++) {
		const struct unit *unit = &s->opt.units[i];
		struct error *err =
			perf_add_probe(&s->perf, tids, n, unit->path, unit->offset, (uint32_t)i);

		if (err)
			return error_wrap(err, "cannot record the calls of %s", unit->name);
	}
	open_lock_probes(s, tids, n);
	return NULL;
}

struct error *offcpu_open(pid_t pid, const struct offcpu_options *opt, struct offcpu **ret)
{
	struct offcpu *s = xcalloc(1, sizeof(*s));
	struct error *err;

	s->root = pid;
	s->opt = *opt;
	s->stop_fd = -1;
	s->dense = true;
	if (!opt->attach)
		proc_wait_asleep(pid);
	proc_cpu_children(&s->children_before, &s->switches_before);
	proc_steal(&s->steal_before);
	err = open_counters(s);
	if (!err)
		err = open_probes(s);
	if (!err) {
		proc_cpu_process(pid, opt->skip_root, &s->root_before);
		s->root_cpu = s->root_before;
		start_accounts(s);
		err = start_reader(s);
	}
	if (err) {
		offcpu_abort(s);
		return error_wrap(err, "cannot profile process %d", pid);
	}
	*ret = s;
	return NULL;
}

void offcpu_abort(struct offcpu *s)
{
	if (!s)
		return;
	stop_reader(s);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	perf_close(&s->perf);
	account_clear(&s->account);
	poller_clear(&s->poller);
	call_watch_clear(&s->watch);
	sites_clear(&s->sites);
	proc_tids_clear(&s->seeds);
	vec_each (&s->queue, q)
		free(q->carried);
	vec_clear(&s->queue);
	dumps_clear(&s->dumps);
	wakers_clear(&s->wakers);
	for (size_t i = 0; s->recorders && i < s->opt.units_n; i++)
		recorder_clear(&s->recorders[i]);
	free(s->recorders);
	recorder_clear(&s->tasks);
	windows_clear(&s->windows);
	totals_clear(&s->totals);
	pmu_close(&s->pmu);
	spaces_clear(&s->spaces);
	free(s->why);
	free(s);
}

/*
 * The proportion of user to system time. Of children it comes from rusage, less what the skipped
 * root used; of a process that was attached to, from its own /proc/PID/stat.
 */
static void split_cpu(const struct offcpu *s, uint64_t cpu_ns, struct wait_profile *waits)
{
	struct proc_cpu used = { 0 }, root = proc_cpu_since(s->root_cpu, s->root_before);
	double system_share = 0;

	if (s->opt.attach) {
		used = root;
	} else {
		proc_cpu_children(&used, NULL);
		used = proc_cpu_since(used, s->children_before);
		if (s->opt.skip_root)
			used = proc_cpu_since(used, root);
	}
	if (used.user_ns + used.system_ns)
		system_share = (double)used.system_ns / (double)(used.user_ns + used.system_ns);
	waits->system_ns = (uint64_t)(system_share * (double)cpu_ns);
	waits->user_ns = cpu_ns - waits->system_ns;
}

/* T3: CPU time is exact from rusage, once the tree was reaped. */
static uint64_t polled_cpu_ns(const struct offcpu *s)
{
	struct proc_cpu used = { 0 };
	uint64_t cpu_ns;

	if (s->opt.attach)
		return s->poller.sums.on_cpu_ns;
	proc_cpu_children(&used, NULL);
	used = proc_cpu_since(used, s->children_before);
	cpu_ns = used.user_ns + used.system_ns;
	cpu_ns -= cpu_ns < s->poller.root_cpu_ns ? cpu_ns : s->poller.root_cpu_ns;
	return cpu_ns > s->poller.sums.on_cpu_ns ? cpu_ns : s->poller.sums.on_cpu_ns;
}

static void fill(const struct offcpu *s, struct profile *p)
{
	const struct account_sums *sums = s->tier == TIER_3 ? &s->poller.sums : &s->account.sums;
	CLEANUP(unwinder_free) struct unwinder *unwinder = unwinder_new(&s->spaces);
	struct proc_steal steal = s->steal_before;
	uint64_t cpu_ns = s->tier == TIER_3 ? polled_cpu_ns(s) : sums->on_cpu_ns;

	p->tier = s->tier;
	p->waits.wall_ns = sums->wall_ns;
	p->waits.runqueue_ns = sums->runqueue_ns;
	split_cpu(s, cpu_ns, &p->waits);
	sites_sum(&s->sites, &p->waits, SITES_SHOWN, &p->sites);
	wakers_sum(&s->wakers, &s->sites, &s->dumps, unwinder, WAKERS_SHOWN, &p->wakers);
	wait_profile_close(&p->waits);
	/* T2's clock stands still in the kernel. */
	stacks_fill(&s->sites, &s->dumps, unwinder,
		    s->tier == TIER_2 ? p->waits.user_ns : wait_profile_cpu_ns(&p->waits),
		    STACKS_KEPT, p);
	p->elapsed_ns = sums->end_ns - sums->start_ns;
	p->processes = sums->processes;
	p->threads = sums->threads;
	p->switches = sums->switches;
	if (s->account.lost)
		p->lost_share =
			(double)s->account.lost / (double)(s->account.lost + s->account.seen);
	p->checked = s->account.check;
	proc_steal(&steal);
	p->steal_share = proc_steal_share(s->steal_before, steal);
	pmu_fill(&s->pmu, p);
	p->measured = true;
}

static void fill_recordings(const struct offcpu *s, const struct profile *p)
{
	if (s->opt.tasks) {
		recorder_fill(&s->tasks, &s->sites, &p->waits, s->account.sums.start_ns,
			      s->account.sums.end_ns, s->opt.tasks);
		s->opt.tasks->made = true;
	}
	for (size_t i = 0; s->recorders && i < s->opt.units_n; i++) {
		struct recording *r = &s->opt.recordings[i];

		recorder_fill(&s->recorders[i], &s->sites, &p->waits, s->account.sums.start_ns,
			      s->account.sums.end_ns, r);
		r->unit = xstrdup(s->opt.units[i].name);
		r->object = xstrdup(s->opt.units[i].path);
		r->made = true;
		r->runs = 1;
	}
}

/* Why the tier is no better, and what was left out to stay cheap; NULL if there is nothing to say. */
static char *explain(struct offcpu *s)
{
	CLEANUP(cleanup_free) char *why = MOVE(s->why);
	double budget = budget_of(s);

	if (s->windows.on)
		return xasprintf("%s%sthe program switched more than %.0f times a second: "
				 "switches were recorded for %d ms at a time (windows: %" PRIu64
				 "), so as to cost it no more than %g %%; totals in between are "
				 "the kernel's own counts, "
				 "kinds of waits as in these windows",
				 why ? why : "", why ? "; " : "", budget * 1e9 / RECORD_NS,
				 WINDOW_NS / 1000000, s->windows.opened, 100 * budget);
	if (!s->account.sparse)
		return MOVE(why);
	return xasprintf(
		"%s%swhile the program switched more than %.0f times a second, one stack in "
		"%d was taken and no wake-ups: all of them would have cost it over %g %%",
		why ? why : "", why ? "; " : "", budget * 1e9 / STACK_NS, SPARSE_PERIOD,
		100 * budget);
}

struct error *offcpu_close(struct offcpu *s, struct profile *ret)
{
	CLEANUP(profile_clear) struct profile p = { 0 };
	uint64_t now_ns = clock_now_ns();
	struct error *err;

	stop_reader(s);
	account_finish(&s->account, now_ns);
	poller_finish(&s->poller, now_ns);
	if (s->tier == TIER_3) {
		proc_cpu_children(NULL, &s->poller.sums.switches);
		s->poller.sums.switches -= s->switches_before;
	}
	err = sites_resolve(&s->sites);
	if (!err) {
		fill(s, &p);
		fill_recordings(s, &p);
		p.why = explain(s);
		*ret = p;
		p = (struct profile){ 0 };
	}
	offcpu_abort(s);
	return err ? error_wrap(err, "cannot name the places waited at") : NULL;
}

enum tier offcpu_probe(char **why)
{
	CLEANUP(proc_tids_clear) struct proc_tids self = { 0 };
	CLEANUP(perf_close) struct perf perf = { 0 };

	vec_push(&self, (pid_t)syscall(SYS_gettid));
	return open_best(&self, TIER_0, &perf, why);
}

bool offcpu_counts_cycles(void)
{
	return perf_counts_cycles();
}
