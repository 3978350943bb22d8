/*
 * async_sched.c - the loop, its executors and its helpers
 *
 * Loop side. The loop owns the ring and decides where a coroutine goes on. With executors that is by
 * what followed the same call before: a slice of CPU time that is usually long, or not yet known, runs
 * on an executor; a short one stays on the loop, as handing it over would cost more than it saves.
 *
 * Once the coroutines run, no thread of ours may allocate memory or make a thread: a coroutine may hold the
 * allocator's lock while it waits (fork() takes all of them), and the loop would wait for it for ever.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONG_NS     50000    /* a slice that is worth another thread */
#define PINNED_NS   1000000  /* a direct call that holds the loop up */
#define STALL_NS    20000000 /* a slice that does */
#define WATCH_NS    10000000
#define HELPERS     64
#define LEARNT      4096
#define CPUS_MAX    65
#define LINE        64
#define STACK_AHEAD 2048
#define AHEAD       8 /* coroutines */
#define CANCEL_AHEAD                                                                               \
	0x308 /* where glibc 2.36 keeps a thread's state of cancellation: only a hint */
#define DESCRIPTORS 512

struct queue { /* first in, first out, linked by next */
	struct async_coro *first, **last;
};

struct pool { /* threads that take coroutines off a queue */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue queue;
	unsigned threads;
	bool end;
	pthread_t ids[CPUS_MAX];
};

struct learnt { /* about the slices that follow one call */
	uint64_t site;
	uint64_t mean_tsc;
};

struct async async;

static struct async_cpu cpus[CPUS_MAX];
static struct queue ready = { NULL, &ready.first };
static struct pool executors = { .lock = PTHREAD_MUTEX_INITIALIZER,
				 .more = PTHREAD_COND_INITIALIZER };
static struct pool helpers = { .lock = PTHREAD_MUTEX_INITIALIZER,
			       .more = PTHREAD_COND_INITIALIZER };
static _Atomic(struct async_coro *) inbox; /* for the loop, last in first out */
static _Atomic bool loop_sleeps;
static struct learnt learnt[LEARNT];
static unsigned live;
// concur: ignore-begin[shared-state] of the loop's thread, which alone serves
static struct queue gathered = { NULL, &gathered.first };
static unsigned gathered_n;
// concur: ignore-end[shared-state]
static pthread_t watchdog;
static _Atomic bool watch_end;

static uint64_t ns_of(uint64_t tsc)
{
	return (uint64_t)((double)tsc / async.tsc_per_ns);
}

static void queue_put(struct queue *q, struct async_coro *c)
{
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
}

static struct async_coro *queue_take(struct queue *q)
{
	struct async_coro *c = q->first;

	if (!c)
		return NULL;
	q->first = c->next;
	if (!q->first)
		q->last = &q->first;
	return c;
}

/* --- one slice -------------------------------------------------------------------------------- */

/* What of it was no call that is told by itself. */
static void note_stall(struct async_cpu *cpu, uint64_t spent)
{
	if (spent - cpu->pinned_tsc > async.stall_tsc)
		async_pinned_computing(cpu->stall_place, spent - cpu->pinned_tsc);
	cpu->stall_place = 0;
}

/* Not __builtin_prefetch(): GCC takes a function of nothing else for one without effect, and drops its calls. */
static inline void fetch(const void *p)
{
	__asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)p));
}

/*
 * With a thousand coroutines each has left the caches when its turn comes: fetch what it touches first. That
 * is the end of its stack, with the vector registers and some frames, its descriptors, and of its thread what
 * our stubs and libc's calls look at. A page that the TLB has lost is waited for even so, but for several at
 * once: first a line of each coroutine's stack, as every one is in a page of its own.
 */
static void fetch_ahead(const struct async_coro *first)
{
	ptrdiff_t self = (const char *)&async_self - (const char *)__builtin_thread_pointer();
	const struct async_coro *c = first;

	for (int i = 0; c && i < AHEAD; i++, c = c->next)
		fetch(c->sp);
	c = first;
	for (int i = 0; c && i < AHEAD; i++, c = c->next) {
		const char *thread = (const char *)c->fs;

		for (int at = LINE; at < STACK_AHEAD; at += LINE)
			fetch((const char *)c->sp + at);
		fetch(thread + self);
		fetch(thread);
		fetch(thread + CANCEL_AHEAD);
		fetch(c->fds);
	}
}

static void run_slice(struct async_cpu *cpu, struct async_coro *c)
{
	uint64_t spent;

	c->cpu = cpu;
	if (cpu->mask != c->mask) {
		RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &c->mask, NULL, 8);
		cpu->mask = c->mask;
	}
	c->slice_key = c->site;
	cpu->pinned_tsc = 0;
	cpu->in_call = -1;
	cpu->slice_tsc = async_tsc();
	cpu->running = c;
	async_switch(&cpu->sp, c->sp, c->fs);
	cpu->running = NULL;
	spent = async_tsc() - cpu->slice_tsc;
	if (cpu->loop && spent > async.stall_tsc)
		note_stall(cpu, spent);
	c->slice_tsc = spent;
	cpu->busy_tsc += spent;
	cpu->slices++;
	if (spent > cpu->longest_tsc)
		cpu->longest_tsc = spent;
}

/* --- pools ------------------------------------------------------------------------------------ */

static void pool_put(struct pool *p, struct async_coro *c)
{
	pthread_mutex_lock(&p->lock);
	queue_put(&p->queue, c);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

/* The next one, or NULL at the end. */
static struct async_coro *pool_take(struct pool *p)
{
	struct async_coro *c;

	pthread_mutex_lock(&p->lock);
	while (!p->queue.first && !p->end)
		pthread_cond_wait(&p->more, &p->lock);
	c = queue_take(&p->queue);
	pthread_mutex_unlock(&p->lock);
	return c;
}

static int pool_add(struct pool *p, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* blocked, it would end the process at the next trap */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&p->ids[p->threads], NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->threads += !err;
	return -err;
}

static void pool_end(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->end = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->ids[i], NULL);
}

static void to_loop(struct async_coro *c)
{
	struct async_coro *first = inbox;

	do
		c->next = first;
	while (!atomic_compare_exchange_weak(&inbox, &first, c));
	if (atomic_exchange(&loop_sleeps, false))
		async_ring_wake_up();
}

static void note_thread(struct async_cpu *cpu, bool loop)
{
	cpu->loop = loop;
	cpu->tid = (int)RAW1(SYS_gettid, 0);
	__asm__ volatile("rdfsbase %0" : "=r"(cpu->fs));
	RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &cpu->mask, 8);
}

static void *execute(void *arg)
{
	struct async_cpu *cpu = arg;
	struct async_coro *c;

	note_thread(cpu, false);
	if (async_trap_arm(cpu))
		async.opt->refuse("an executor's system calls cannot be intercepted");
	cpu->plain = async.opt->offload;
	while ((c = pool_take(&executors))) {
		run_slice(cpu, c);
		to_loop(c);
	}
	return NULL;
}

static void *help(void *arg)
{
	struct async_coro *c;

	(void)arg;
	while ((c = pool_take(&helpers))) {
		const long *a = c->args;

		c->res = async_raw(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		c->answered = true;
		to_loop(c);
	}
	return NULL;
}

static void ask_helper(struct async_coro *c)
{
	c->answered = false;
	pool_put(&helpers, c);
}

/* --- the report ------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Everything that counts, from zero. */
static void begin_report(void)
{
	for (unsigned i = 0; i < async.cpus_n; i++) {
		cpus[i].busy_tsc = 0;
		cpus[i].longest_tsc = 0;
		cpus[i].slices = 0;
	}
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		async.coros[i].traps = 0;
		async.coros[i].rewritten = 0;
		async.coros[i].offloads = 0;
	}
	async_pinned_forget();
	async.started_ns = now_ns();
	async.started_cpu_ns = cpu_ns();
}

static void end_report(void)
{
	struct async_report *r = &async.report;
	double overhead_ns;

	*r = (struct async_report){
		.wall_ns = now_ns() - async.started_ns,
		.cpu_ns = cpu_ns() - async.started_cpu_ns,
		.busy_ns = ns_of(cpus[0].busy_tsc),
		.longest_ns = ns_of(cpus[0].longest_tsc),
		.slices = cpus[0].slices,
		.sites = async.sites,
	};
	for (unsigned i = 1; i < async.cpus_n; i++)
		r->executor_slices += cpus[i].slices;
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		r->traps += async.coros[i].traps;
		r->rewritten += async.coros[i].rewritten;
		r->offloads += async.coros[i].offloads;
	}
	async_costs(&r->trap_ns, &r->rewritten_ns);
	r->trap_ns = ns_of(r->trap_ns);
	r->rewritten_ns = ns_of(r->rewritten_ns);
	for (struct async_pinned *p = r->pinned; p < r->pinned + ASYNC_PINNED; p++) {
		if (!async_pinned_next(p))
			break;
		p->ns = ns_of(p->ns);
		p->longest_ns = ns_of(p->longest_ns);
	}
	/* In the middle of a program they cost about twice what they do in a tight loop. */
	overhead_ns = 2.0 * ((double)r->traps * (double)r->trap_ns +
			     (double)r->rewritten * (double)r->rewritten_ns);
	r->overhead_share = r->wall_ns ? overhead_ns / (double)r->wall_ns : 0;
}

/* --- where to go on --------------------------------------------------------------------------- */

static struct learnt *learnt_of(uint64_t site)
{
	return &learnt[(site * 0x9e3779b97f4a7c15ull) >> 52];
}

static void learn(const struct async_coro *c)
{
	struct learnt *l = learnt_of(c->slice_key);

	if (l->site != c->slice_key) {
		l->site = c->slice_key;
		l->mean_tsc = c->slice_tsc;
		return;
	}
	l->mean_tsc += c->slice_tsc / 4;
	l->mean_tsc -= l->mean_tsc / 5;
}

static bool is_long(const struct async_coro *c)
{
	const struct learnt *l = learnt_of(c->site);

	return l->site != c->site || (double)l->mean_tsc > LONG_NS * async.tsc_per_ns;
}

static void go_on(struct async_coro *c)
{
	if (executors.threads && !async.opt->offload && is_long(c))
		pool_put(&executors, c);
	else
		queue_put(&ready, c);
}

/* The last one to come sets all going, and goes first. */
static void gather(struct async_coro *c)
{
	if (++gathered_n < async.opt->coroutines) {
		queue_put(&gathered, c);
		return;
	}
	gathered_n = 0;
	c->res = true;
	async.measured = !c->args[0];
	if (async.measured)
		end_report();
	else
		begin_report();
	go_on(c);
	while ((c = queue_take(&gathered)))
		go_on(c);
}

/* It has switched away: see to what it wants. */
static void serve(struct async_coro *c)
{
	if (executors.threads)
		learn(c);
	switch (c->want) {
	case WANT_NOTHING:
		live--;
		break;
	case WANT_RING:
	case WANT_POLLS:
		while (async_ring_want(c) == -EBUSY)
			async_ring_submit(false);
		break;
	case WANT_HELPER:
		ask_helper(c);
		break;
	case WANT_LOOP:
		queue_put(&ready, c);
		break;
	case WANT_EXECUTOR:
		pool_put(&executors, c);
		break;
	case WANT_YIELD:
		go_on(c);
		break;
	case WANT_ALL:
		gather(c);
		break;
	}
}

static void empty_inbox(void)
{
	struct async_coro *c = atomic_exchange(&inbox, NULL), *in_order = NULL;

	while (c) { /* turn it round */
		struct async_coro *next = c->next;

		c->next = in_order;
		in_order = c;
		c = next;
	}
	while (in_order) {
		c = in_order;
		in_order = c->next;
		if (!c->answered) {
			serve(c);
			continue;
		}
		c->answered = false;
		go_on(c);
	}
}

/* --- the loop --------------------------------------------------------------------------------- */

static void wait_for_something(void)
{
	bool wait = !ready.first;

	if (wait) {
		loop_sleeps = true;
		if (inbox) {
			loop_sleeps = false;
			wait = false;
		}
	}
	if (async_ring_submit(wait))
		async.opt->refuse("io_uring refused what it was asked");
	loop_sleeps = false;
}

static void loop(struct async_cpu *cpu)
{
	struct async_coro *c;

	while (live) {
		struct queue now = ready; /* whoever becomes ready meanwhile is next time's */

		if (now.first == NULL)
			now.last = &now.first;
		ready = (struct queue){ NULL, &ready.first };
		for (unsigned i = 0; (c = queue_take(&now)); i++) {
			if (i % AHEAD == 0)
				fetch_ahead(c);
			run_slice(cpu, c);
			serve(c);
		}
		empty_inbox();
		if (!live)
			break;
		wait_for_something();
		while ((c = async_ring_next()))
			go_on(c);
	}
}

/* --- the watchdog ----------------------------------------------------------------------------- */

/*
 * It looks every 10 ms. While a slice goes on for longer than STALL_NS, it asks where: a call is known, and
 * who computes is interrupted by a signal, whose handler reads the program counter.
 */
static void watch_slice(struct async_cpu *cpu, const struct async_coro *c, uint64_t spent)
{
	struct async_pinned where = { .count = 1, .ns = ns_of(spent), .longest_ns = ns_of(spent) };
	long nr = cpu->in_call;

	if (nr >= 0) {
		where.name = async_syscall_name(nr);
		where.place = async_place_of(c, 0, c->call_sp);
	} else {
		if (cpu->selector == ASYNC_BLOCK)
			RAW3(SYS_tgkill, async.pid, cpu->tid, SIGSYS);
		where.name = "computing";
		where.place = cpu->stall_place;
	}
	if (async.opt->on_stall)
		async.opt->on_stall(&where);
}

static void *watch(void *arg)
{
	const struct timespec period = { .tv_nsec = WATCH_NS };
	struct async_cpu *cpu = &cpus[0];

	(void)arg;
	while (!watch_end) {
		const struct async_coro *c = cpu->running;
		uint64_t spent = async_tsc() - cpu->slice_tsc;

		if (c && spent > async.stall_tsc && spent < UINT64_MAX / 2)
			watch_slice(cpu, c, spent);
		nanosleep(&period, NULL);
	}
	return NULL;
}

/* --- calibration ------------------------------------------------------------------------------ */

static double tsc_per_ns(void)
{
	uint64_t ns = now_ns(), tsc = async_tsc(), ns_end;

	do
		ns_end = now_ns();
	while (ns_end - ns < 2000000);
	return (double)(async_tsc() - tsc) / (double)(ns_end - ns);
}

/* The components of the vector state that this machine has, of those a switch keeps. */
static uint64_t vector_state(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return ((uint64_t)high << 32 | low) & 6; /* SSE and AVX */
}

/* --- start and end ---------------------------------------------------------------------------- */

static bool has_user_dispatch(void)
{
	return prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 0, 0, 0, 0) == 0;
}

const char *async_why_not(void)
{
	if (!(getauxval(AT_HWCAP2) & 2))
		return "this kernel does not let programs set their thread register (FSGSBASE)";
	return async_trap_why_not() ? async_trap_why_not() : async_ring_why_not();
}

static int make_coros(const struct async_options *opt)
{
	size_t size = opt->coroutines * sizeof(*async.coros);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t mask;

	if (p == MAP_FAILED)
		return -ENOMEM;
	async.coros = p;
	RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	for (unsigned i = 0; i < opt->coroutines; i++) {
		struct async_coro *c = &async.coros[i];

		c->index = i;
		c->mask = mask & ~ASYNC_OURS;
		c->cwd_fd = -1;
		c->umask = -1;
	}
	return async_tcb_make(async.coros, opt->coroutines, opt->stack_bytes);
}

static int start_watchdog(void)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&watchdog, NULL, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static int start(const struct async_options *opt)
{
	int err;

	async.opt = opt;
	async.seccomp = opt->seccomp || !has_user_dispatch();
	async.cpus = cpus;
	async.cpus_n = 1 + opt->executors;
	async.tsc_per_ns = tsc_per_ns();
	async.pid = (int)RAW1(SYS_getpid, 0);
	async.stall_tsc = (uint64_t)(STALL_NS * async.tsc_per_ns);
	async.pinned_tsc = (uint64_t)(PINNED_NS * async.tsc_per_ns);
	async.xstate = vector_state();
	async.sites = opt->rewrite ? async_rewrite() : 0;
	mallopt(M_ARENA_MAX, (int)async.cpus_n);
	async.fds_n = opt->descriptors ? (int)opt->descriptors : DESCRIPTORS;
	async_fd_reserve();
	err = make_coros(opt);
	if (!err)
		err = async_fd_init();
	async.base_cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!err)
		err = async_ring_init(2 * opt->coroutines);
	if (!err)
		err = async_trap_install();
	if (!err)
		err = async_offload_init();
	note_thread(&cpus[0], true);
	executors.queue.last = &executors.queue.first;
	helpers.queue.last = &helpers.queue.first;
	for (int i = 0; !err && i < HELPERS; i++)
		err = pool_add(&helpers, help, NULL);
	for (unsigned i = 0; !err && i < opt->executors; i++)
		err = pool_add(&executors, execute, &cpus[1 + i]);
	if (!err)
		err = start_watchdog();
	return err ? err : async_trap_arm(&cpus[0]);
}

int async_run(const struct async_options *opt, struct async_report *ret)
{
	int err;

	if (!opt->coroutines || (opt->offload && !opt->executors) || opt->executors >= CPUS_MAX ||
	    opt->coroutines >= 0xffff)
		return -EINVAL;
	err = start(opt);
	if (err)
		return err;
	live = opt->coroutines;
	for (unsigned i = 0; i < opt->coroutines; i++)
		go_on(&async.coros[i]);
	begin_report();
	loop(&cpus[0]);
	if (!async.measured)
		end_report();
	*ret = async.report;
	has_user_dispatch(); /* off */
	RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &async.coros[0].mask, NULL, 8);
	watch_end = true;
	pthread_join(watchdog, NULL);
	pool_end(&executors);
	pool_end(&helpers);
	async_tcb_end(async.coros, opt->coroutines);
	async_ring_exit();
	return 0;
}

void async_leave(void)
{
	if (async_self)
		async_self->cpu->selector = ASYNC_ALLOW;
}

#else

#include <errno.h>

void async_reserve(void)
{
}

bool async_gather(bool begin)
{
	(void)begin;
	return false;
}

const char *async_why_not(void)
{
	return "Syscall User Dispatch exists on x86-64 only";
}

int async_run(const struct async_options *opt, struct async_report *ret)
{
	(void)opt;
	(void)ret;
	return -ENOSYS;
}

void async_leave(void)
{
}

const char *async_syscall_name(long nr)
{
	(void)nr;
	return "a system call";
}

#endif
