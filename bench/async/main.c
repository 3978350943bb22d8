/*
 * main WAY JOB CONCURRENCY TASKS DIR PORT - one trial: print wall ns, CPU ns and the sum over all tasks
 *
 * The clock runs from when all workers are there to when the last task has ended.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "profiler/runtime/async.h"

static struct shared { /* with other processes */
	_Atomic unsigned next_task;
	_Atomic uint64_t sum, cpu_ns;
	pthread_barrier_t ready;
} * shared;
static const struct job *job;
static unsigned concurrency, tasks;
static uint64_t began_ns, began_cpu_ns, wall_ns, cpu_ns;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void begin(void)
{
	began_ns = clock_ns(CLOCK_MONOTONIC);
	began_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(void)
{
	wall_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began_cpu_ns;
}

/* A worker of the ways that run the blocking form: `ready` when it could begin. */
static void work(unsigned index, void (*ready)(void))
{
	struct worker w;
	uint64_t sum = 0;

	worker_init(&w, index);
	ready();
	while ((w.task = shared->next_task++) < tasks) {
		w.sum = 0;
		job->blocking(&w);
		sum += w.sum;
	}
	shared->sum += sum;
}

static unsigned cores(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	return (unsigned)CPU_COUNT(&set);
}

static void on_one_core(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void sequential(void)
{
	work(0, begin);
	end();
}

static void all_ready(void)
{
	pthread_barrier_wait(&shared->ready);
}

static void *thread(void *arg)
{
	work((unsigned)(uintptr_t)arg, all_ready);
	return NULL;
}

static void threads(void)
{
	pthread_t *ids = calloc(concurrency, sizeof(*ids));

	for (uintptr_t i = 0; i < concurrency; i++)
		pthread_create(&ids[i], NULL, thread, (void *)i);
	all_ready();
	begin();
	for (unsigned i = 0; i < concurrency; i++)
		pthread_join(ids[i], NULL);
	end();
}

static void all_ready_here(void)
{
	all_ready();
	begin();
}

static void processes(void)
{
	for (unsigned i = 0; i < concurrency; i++) {
		if (fork())
			continue;
		work(i, all_ready_here);
		end();
		shared->cpu_ns += cpu_ns;
		_exit(0);
	}
	all_ready();
	begin();
	while (wait(NULL) > 0)
		;
	end();
	cpu_ns = shared->cpu_ns;
}

/* As concur-host does. */
static void begin_async(void)
{
	async_gather(true);
}

static void body(unsigned index, void *arg)
{
	(void)arg;
	work(index, begin_async);
	async_gather(false);
}

static void refuse(const char *why)
{
	fprintf(stderr, "main: refused: %s\n", why);
	_exit(1);
}

static void coroutines(unsigned executors)
{
	struct async_options opt = {
		.coroutines = concurrency,
		.executors = executors,
		.stack_bytes = 256 * 1024,
		.rewrite = true,
		.descriptors = 64 + concurrency, /* open files are every coroutine's */
		.body = body,
		.refuse = refuse
	};
	struct async_report r = { 0 };

	if (async_why_not())
		refuse(async_why_not());
	if (async_run(&opt, &r))
		refuse("it cannot be started");
	wall_ns = r.wall_ns;
	cpu_ns = r.cpu_ns;
	fprintf(stderr,
		"traps %lu rewritten %lu of %u sites, overhead %.1f%%, busy %.0f%%, longest %.2f "
		"ms, "
		"slices %lu+%lu, pinned %s\n",
		r.traps, r.rewritten, r.sites, 100 * r.overhead_share,
		100 * (double)r.busy_ns / (double)r.wall_ns, (double)r.longest_ns / 1e6, r.slices,
		r.executor_slices, r.pinned[0].name ? r.pinned[0].name : "none");
}

static void async(void)
{
	on_one_core();
	coroutines(0);
}

static void hybrid(void)
{
	coroutines(cores());
}

static void loop(void)
{
	on_one_core();
	shared->sum = loop_run(job, concurrency, tasks, 0, begin, end);
}

static void loop_pool(void)
{
	shared->sum = loop_run(job, concurrency, tasks, cores(), begin, end);
}

static const struct way {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "sequential", sequential }, { "loop", loop },     { "async", async },
	{ "loop+pool", loop_pool },   { "hybrid", hybrid }, { "threads", threads },
	{ "processes", processes },
};

static void share(void)
{
	pthread_barrierattr_t attr;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->ready, &attr, concurrency + 1);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 7)
		return 2;
	concurrency = (unsigned)atoi(argv[3]);
	tasks = (unsigned)atoi(argv[4]);
	job_dir = argv[5];
	job_port = (unsigned)atoi(argv[6]);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (job = jobs; job->name && strcmp(job->name, argv[2]) != 0; job++)
		;
	if (!job->name || !concurrency || concurrency > 1000 || tasks < concurrency)
		return 2;
	job->prepare(concurrency, tasks);
	share();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(ways[i].name, argv[1]) == 0)
			ways[i].run();
	}
	printf("%lu %lu %lx\n", wall_ns, cpu_ns, shared->sum);
	return wall_ns ? 0 : 2;
}
