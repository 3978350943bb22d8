/*
 * pool MODEL WORKERS JOB TIMES INPUT... - the same work as a person would write it: a pool of threads
 * or of forked processes that take the next input from a counter
 *
 * MODEL is threads, processes or spawn; spawn starts ./task for each input, as xargs -P does. TIMES
 * gets the wall time from the first task's start to the last one's end in ns, as a trial of concur
 * has it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

struct shared {
	_Atomic long next, sum;
	_Atomic unsigned long long first, last, inside, cpu;
	pthread_barrier_t ready;
};

static struct shared *shared;
static const char *model, *job, *program;
static char **inputs;
static long n;

static unsigned long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (unsigned long long)t.tv_sec * 1000000000 + (unsigned long long)t.tv_nsec;
}

static long spawn(const char *input)
{
	extern char **environ;
	char *argv[] = { (char *)program, (char *)job, (char *)input, NULL };
	int status = 0;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, argv, environ) || waitpid(pid, &status, 0) < 0)
		return -1;
	return status ? -1 : 1;
}

static void *work(void *arg)
{
	unsigned long long none = 0, start;
	long i;

	(void)arg;
	pthread_barrier_wait(&shared->ready);
	start = clock_ns(CLOCK_MONOTONIC);
	atomic_compare_exchange_strong(&shared->first, &none, start);
	while ((i = shared->next++) < n) {
		unsigned long long begin = clock_ns(CLOCK_MONOTONIC);
		unsigned long long cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		long sum = *model == 's' ? spawn(inputs[i]) : job_run(job, inputs[i]);

		if (sum < 0)
			exit(1);
		shared->cpu += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
		shared->inside += clock_ns(CLOCK_MONOTONIC) - begin;
		shared->sum += sum;
	}
	start = clock_ns(CLOCK_MONOTONIC);
	none = shared->last;
	while (start > none && !atomic_compare_exchange_weak(&shared->last, &none, start))
		;
	return NULL;
}

static int run_threads(int workers)
{
	pthread_t threads[256];

	for (int i = 0; i < workers; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int run_processes(int workers)
{
	int status, bad = 0;

	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			work(NULL);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}

int main(int argc, char **argv)
{
	pthread_barrierattr_t attr;
	int workers = argc > 6 ? atoi(argv[2]) : 0;
	FILE *times;
	int bad;

	if (workers < 1 || workers > 256)
		return 2;
	model = argv[1];
	job = argv[3];
	program = argv[5];
	inputs = argv + 6;
	n = argc - 6;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->ready, &attr, (unsigned)workers);
	bad = *model == 'p' ? run_processes(workers) : run_threads(workers);
	times = fopen(argv[4], "w");
	if (bad || !times)
		return 1;
	fprintf(times, "%llu %llu %llu\n", shared->last - shared->first,
		shared->inside / (unsigned long long)n, shared->cpu / (unsigned long long)n);
	return fclose(times) != 0;
}
