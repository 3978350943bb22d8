#include "profiler/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stats.h"

#define ROUNDS 5
#define TRIPS  200
#define STARTS 16

struct line { /* to the worker and back */
	int there[2], back[2];
};

static void line_close(struct line *line)
{
	cleanup_fd(&line->there[0]);
	cleanup_fd(&line->there[1]);
	cleanup_fd(&line->back[0]);
	cleanup_fd(&line->back[1]);
}

static struct error *line_open(struct line *line)
{
	*line = (struct line){ { -1, -1 }, { -1, -1 } };
	if (pipe2(line->there, O_CLOEXEC) || pipe2(line->back, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	return NULL;
}

/* CPU time of this process and of the children that it waited for. */
static double cpu_ns(void)
{
	struct timespec own;
	struct rusage children;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return (double)own.tv_sec * 1e9 + (double)own.tv_nsec +
	       (double)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1e9 +
	       (double)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e3;
}

static void *echo(void *arg)
{
	struct line *line = arg;
	char c;

	for (int i = 0; i < TRIPS && read(line->there[0], &c, 1) == 1; i++) {
		if (write(line->back[1], &c, 1) != 1)
			break;
	}
	return NULL;
}

static void send_all(struct line *line)
{
	char c = 0;

	for (int i = 0; i < TRIPS; i++) {
		if (write(line->there[1], &c, 1) != 1 || read(line->back[0], &c, 1) != 1)
			return;
	}
}

static struct error *to_threads(struct line *line)
{
	pthread_t worker;

	if (pthread_create(&worker, NULL, echo, line))
		return error_new(ERROR_MACHINE, "cannot start a thread");
	send_all(line);
	pthread_join(worker, NULL);
	return NULL;
}

static struct error *to_processes(struct line *line)
{
	pid_t worker = fork();

	if (worker < 0)
		return error_errno("cannot start a process");
	if (!worker) {
		echo(line);
		_exit(0);
	}
	send_all(line);
	waitpid(worker, NULL, 0);
	return NULL;
}

/* Submit, wait for what is ready, take it. */
static struct error *to_a_loop(struct line *line)
{
	struct pollfd ready = { .fd = line->there[0], .events = POLLIN };
	char c = 0;

	for (int i = 0; i < TRIPS; i++) {
		if (write(line->there[1], &c, 1) != 1 || poll(&ready, 1, -1) != 1 ||
		    read(line->there[0], &c, 1) != 1)
			break;
	}
	return NULL;
}

/* The worker's start is in the figure too: it is small, and a pool has it as well. */
static struct error *measure(struct error *(*hand_over)(struct line *), double *ret)
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP(line_close) struct line line;
		struct error *err = line_open(&line);
		double before_ns = cpu_ns();

		if (!err)
			err = hand_over(&line);
		if (err)
			return err;
		ns[i] = (cpu_ns() - before_ns) / TRIPS;
	}
	*ret = stats_median(ns, ROUNDS);
	return NULL;
}

static void *nothing(void *arg)
{
	return arg;
}

static struct error *start_threads(void)
{
	pthread_t workers[STARTS];
	int n = 0;

	while (n < STARTS && !pthread_create(&workers[n], NULL, nothing, NULL))
		n++;
	for (int i = 0; i < n; i++)
		pthread_join(workers[i], NULL);
	return n == STARTS ? NULL : error_new(ERROR_MACHINE, "cannot start %d threads", STARTS);
}

static struct error *start_processes(void)
{
	pid_t workers[STARTS];
	int n = 0;

	while (n < STARTS && (workers[n] = fork()) >= 0) {
		if (!workers[n])
			_exit(0);
		n++;
	}
	for (int i = 0; i < n; i++)
		waitpid(workers[i], NULL, 0);
	return n == STARTS ? NULL : error_errno("cannot start %d processes", STARTS);
}

static struct error *measure_start(struct error *(*start)(void), double *ret)
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t before_ns = clock_now_ns();
		struct error *err = start();

		if (err)
			return err;
		ns[i] = (double)(clock_now_ns() - before_ns) / STARTS;
	}
	*ret = stats_median(ns, ROUNDS);
	return NULL;
}

struct error *start_costs(double ret[MODEL_COUNT])
{
	struct error *err = measure_start(start_threads, &ret[MODEL_THREADS]);

	if (!err)
		err = measure_start(start_processes, &ret[MODEL_PROCESSES]);
	ret[MODEL_SEQUENTIAL] = ret[MODEL_ASYNC] = ret[MODEL_HYBRID] = 0;
	return err ? error_wrap(err, "cannot tell what a worker's start costs") : NULL;
}

struct error *handover_costs(double ret[MODEL_COUNT])
{
	struct error *err = measure(to_threads, &ret[MODEL_THREADS]);

	if (!err)
		err = measure(to_processes, &ret[MODEL_PROCESSES]);
	if (!err)
		err = measure(to_a_loop, &ret[MODEL_ASYNC]);
	ret[MODEL_SEQUENTIAL] = 0;
	ret[MODEL_HYBRID] = ret[MODEL_THREADS];
	return err ? error_wrap(err, "cannot tell what handing over a task costs") : NULL;
}
