/*
 * harness [-n REPEATS] [-w WORKERS] WHAT DIR - is a trial of concur as fast as what one would write by hand?
 *
 * WHAT is bz2, zlib, jpeg, net: each repeat runs, in random order and under the same scheduling, the
 * harnesses of concur on the program `task`, and hand-written pools (`pool`) of the same work; the
 * ratio is trial / pool of the same repeat, the figure their median with its 95 % interval. Or
 * overhead: what a task costs beside a bare call. Or load: time and memory of a private copy. DIR
 * holds task, pool and the inputs; root gives the service of net its place in front.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "base/stats.h"
#include "base/subprocess.h"
#include "model/race.h"
#include "profiler/field.h"
#include "profiler/trial.h"

#define SERVICE_NS 5000000
#define TIMEOUT_NS 60000000000ull

static const char *dir;
static struct rng rng;

static void check(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "harness: %s\n", err->message);
	exit((int)err->class);
}

/* --- the service of net ----------------------------------------------------------------------- */

static void *answer(void *arg)
{
	const struct timespec delay = { .tv_nsec = SERVICE_NS };
	int fd = (int)(intptr_t)arg;
	char request[16];

	if (read(fd, request, sizeof(request)) > 0) {
		nanosleep(&delay, NULL);
		if (write(fd, "answer\n", 7) != 7)
			perror("answer");
	}
	close(fd);
	return NULL;
}

static void *serve(void *arg)
{
	int listener = (int)(intptr_t)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t t;

		if (fd >= 0 && pthread_create(&t, NULL, answer, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
	}
	return NULL;
}

/* As far in front as a trial is: it stands for a machine elsewhere. Returns its port. */
static int start_service(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *group = fopen("/proc/self/autogroup", "w");
	pthread_t t;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&at, size) || listen(fd, 512) ||
	    getsockname(fd, (void *)&at, &size) ||
	    pthread_create(&t, NULL, serve, (void *)(intptr_t)fd)) {
		perror("harness: service");
		exit(4);
	}
	if (group) {
		fputs("-20", group);
		fclose(group);
	}
	return ntohs(at.sin_port);
}

/* --- the same work, both ways ----------------------------------------------------------------- */

struct work {
	struct target task, pool;
	struct workload tasks; /* task JOB {} */
	unsigned repeat;       /* how often a trial runs them */
};

static char *in_dir(const char *name)
{
	return path_join(dir, name);
}

static void work_init(struct work *w, const char *job, size_t n)
{
	char input[64];

	*w = (struct work){ .task.program = in_dir("task"),
			    .pool.program = in_dir("pool"),
			    .repeat = 1 };
	strings_add(&w->tasks.argv, "task");
	strings_add(&w->tasks.argv, job);
	strings_add(&w->tasks.argv, "{}");
	if (!strcmp(job, "net"))
		snprintf(input, sizeof(input), "%d", start_service());
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(job, "jpeg") || !strcmp(job, "bz2") || !strcmp(job, "zlib"))
			snprintf(input, sizeof(input), "%s.%zu", job, i);
		else if (strcmp(job, "net") != 0)
			snprintf(input, sizeof(input), "%zu", i);
		vec_push(&w->tasks.tasks, strcmp(job, "net") && strcmp(job, "nothing")
						  ? in_dir(input)
						  : xstrdup(input));
	}
}

static struct trial run_trial(const struct work *w, enum trial_way way, int workers, bool sample)
{
	const struct trial_plan plan = { .target = &w->task,
					 .workload = &w->tasks,
					 .way = way,
					 .workers = workers,
					 .repeat = w->repeat,
					 .sample_memory = sample,
					 .timeout_ns = TIMEOUT_NS };
	struct trial t = { 0 };

	check(trial_run(&plan, &t));
	if (t.outcome != OUTCOME_OK) {
		fprintf(stderr, "harness: %s\n", t.why);
		exit(3);
	}
	for (size_t i = 0; i < t.n; i++) {
		if (t.tasks[i].status) {
			fprintf(stderr, "harness: task %zu failed\n", i + 1);
			exit(3);
		}
	}
	return t;
}

struct took { /* of a run: from the first task's start to the last one's end; within one task, on average */
	double wall_ns, task_ns, cpu_ns;
};

static struct took time_trial(const struct work *w, enum trial_way way, int workers)
{
	struct trial t = run_trial(w, way, workers, false);
	struct took ret = { .wall_ns = (double)t.wall_ns };

	for (size_t i = 0; i < t.n; i++) {
		ret.task_ns += (double)(t.tasks[i].wall_ns) / (double)t.n;
		ret.cpu_ns += (double)t.tasks[i].cpu_ns / (double)t.n;
	}
	trial_clear(&t);
	return ret;
}

/* The pool runs as the one task of a trial, so that it is scheduled as the harness is. */
static struct took time_pool(const struct work *w, const char *model, int workers)
{
	CLEANUP(cleanup_free) char *times = in_dir("times");
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(workload_clear) struct workload one = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct took ret = { 0 };
	struct trial_plan plan = { .target = &w->pool,
				   .workload = &one,
				   .way = TRIAL_EXEC,
				   .workers = 1,
				   .timeout_ns = TIMEOUT_NS };

	strings_add(&one.argv, "pool");
	strings_add(&one.argv, model);
	vec_push(&one.argv, xasprintf("%d", workers));
	strings_add(&one.argv, w->tasks.argv.items[1]);
	strings_add(&one.argv, times);
	strings_add(&one.argv, w->task.program);
	for (unsigned i = 0; i < w->repeat; i++) {
		vec_each (&w->tasks.tasks, task)
			strings_add(&one.argv, *task);
	}
	strings_add(&one.tasks, "");
	check(trial_run(&plan, &t));
	if (t.outcome != OUTCOME_OK || t.tasks[0].status) {
		fprintf(stderr, "harness: pool %s failed\n", model);
		exit(3);
	}
	check(file_read(times, &text));
	if (sscanf(strbuf_str(&text), "%lf %lf %lf", &ret.wall_ns, &ret.task_ns, &ret.cpu_ns) !=
	    3) {
		fprintf(stderr, "harness: pool %s tells no times\n", model);
		exit(3);
	}
	return ret;
}

static const struct pair {
	const char *name, *pool;
	enum trial_way way;
} pairs[] = {
	{ "threads", "threads", TRIAL_COPIES },
	{ "processes", "spawn", TRIAL_EXEC },
	{ "prefork", "processes", TRIAL_PREFORK },
};

#define PAIRS (sizeof(pairs) / sizeof(*pairs))

static void print_estimate(const char *what, const struct samples *s, double unit, const char *name)
{
	struct estimate e = stats_bootstrap_median(s->items, s->n, 0.95, &rng);

	printf("%-28s %8.3f%s [%.3f, %.3f], n = %zu\n", what, e.value / unit, name, e.low / unit,
	       e.high / unit, e.n);
}

/* As long as a trial of a race is: what the first tasks of a worker cost more is part of a short one only. */
static unsigned choose_repeat(const struct work *w)
{
	struct field f = { .workload = w->tasks, .reference = run_trial(w, TRIAL_FORK, 1, false) };
	unsigned ret = field_repeat(&f);

	trial_clear(&f.reference);
	return ret;
}

static void compare(const char *job, int workers, int repeats)
{
	size_t n = !strcmp(job, "net") ? 400 : 24;
	struct samples ratios[PAIRS] = { 0 }, harness[PAIRS] = { 0 }, pool[PAIRS] = { 0 };
	struct samples inside[PAIRS] = { 0 }, cpu[PAIRS] = { 0 };
	struct work w;

	work_init(&w, job, n);
	w.repeat = choose_repeat(&w);
	for (int repeat = -1; repeat < repeats; repeat++) { /* the first one warms up */
		struct took took[2 * PAIRS];
		size_t order[2 * PAIRS];

		for (size_t i = 0; i < 2 * PAIRS; i++)
			order[i] = i;
		rng_shuffle(&rng, order, 2 * PAIRS);
		for (size_t k = 0; k < 2 * PAIRS; k++) {
			const struct pair *p = &pairs[order[k] / 2];

			took[order[k]] = order[k] % 2 ? time_pool(&w, p->pool, workers)
						      : time_trial(&w, p->way, workers);
		}
		for (size_t i = 0; i < PAIRS && repeat >= 0; i++) {
			const struct took *a = &took[2 * i], *b = a + 1;

			vec_push(&ratios[i], a->wall_ns / b->wall_ns);
			vec_push(&harness[i], a->wall_ns);
			vec_push(&pool[i], b->wall_ns);
			vec_push(&inside[i], a->task_ns / b->task_ns);
			vec_push(&cpu[i], a->cpu_ns / b->cpu_ns);
		}
	}
	for (size_t i = 0; i < PAIRS; i++) {
		char what[64];

		snprintf(what, sizeof(what), "%s %s x %d / pool", job, pairs[i].name, workers);
		print_estimate(what, &ratios[i], 1, "");
		printf("    trial %.1f ms, pool %.1f ms, medians of %zu tasks\n",
		       stats_median(harness[i].items, harness[i].n) / 1e6,
		       stats_median(pool[i].items, pool[i].n) / 1e6, n * w.repeat);
		print_estimate("    within a task, wall", &inside[i], 1, "");
		print_estimate("    within a task, CPU", &cpu[i], 1, "");
	}
}

/* What a task costs that does nothing: beside a call, and as a process. */
static void overhead(int repeats)
{
	struct samples threads = { 0 }, processes = { 0 }, bare = { 0 }, forks = { 0 };
	size_t n = 1000;
	struct work w;

	work_init(&w, "nothing", n);
	for (int repeat = 0; repeat < repeats; repeat++) {
		vec_push(&threads, time_trial(&w, TRIAL_COPIES, 1).wall_ns / (double)n);
		vec_push(&bare, time_pool(&w, "threads", 1).wall_ns / (double)n);
		vec_push(&processes, time_trial(&w, TRIAL_EXEC, 1).wall_ns / (double)n);
		vec_push(&forks, time_trial(&w, TRIAL_FORK, 1).wall_ns / (double)n);
	}
	print_estimate("a bare call", &bare, 1e3, " us");
	print_estimate("threads, one task", &threads, 1e3, " us");
	print_estimate("processes, one task", &processes, 1e3, " us");
	print_estimate("fork, one task", &forks, 1e3, " us");
}

/* From the difference between many copies and one. */
static void load(const char *program, int repeats)
{
	enum { MANY = 33 };
	struct samples ms = { 0 }, kib = { 0 };
	struct work w = { .task.program = path_absolute(program) };
	char what[64];

	strings_add(&w.tasks.argv, "program");
	strings_add(&w.tasks.argv, "--version");
	for (int i = 0; i < MANY; i++)
		strings_add(&w.tasks.tasks, "");
	for (int repeat = 0; repeat < repeats; repeat++) {
		double took[2], bytes[2];

		for (int many = 0; many < 2; many++) {
			uint64_t start_ns = clock_now_ns();
			struct trial t = run_trial(&w, TRIAL_COPIES, many ? MANY : 1, true);

			took[many] = (double)(clock_now_ns() - start_ns);
			bytes[many] = (double)t.pss_bytes;
			trial_clear(&t);
		}
		vec_push(&ms, (took[1] - took[0]) / (MANY - 1));
		vec_push(&kib, (bytes[1] - bytes[0]) / (MANY - 1));
	}
	snprintf(what, sizeof(what), "%s, load", program);
	print_estimate(what, &ms, 1e6, " ms");
	snprintf(what, sizeof(what), "%s, memory", program);
	print_estimate(what, &kib, 1024, " KiB");
}

int main(int argc, char **argv)
{
	int repeats = 30, workers = 2, c;

	while ((c = getopt(argc, argv, "n:w:")) != -1) {
		if (c == 'n')
			repeats = atoi(optarg);
		else if (c == 'w')
			workers = atoi(optarg);
		else
			return 2;
	}
	if (argc - optind < 2 || repeats < 5 || workers < 1) {
		fprintf(stderr, "usage: harness [-n REPEATS] [-w WORKERS] WHAT DIR [PROGRAM...]\n");
		return 2;
	}
	dir = argv[optind + 1];
	rng.state = clock_now_ns();
	interrupt_install();
	subprocess_init();
	if (!strcmp(argv[optind], "overhead"))
		overhead(repeats);
	else if (!strcmp(argv[optind], "load"))
		for (int i = optind + 2; i < argc; i++)
			load(argv[i], repeats);
	else
		compare(argv[optind], workers, repeats);
	return 0;
}
