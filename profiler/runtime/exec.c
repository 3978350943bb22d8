/*
 * exec.c - every job is a fresh process, `workers` at a time, as xargs -P does
 *
 * One thread for each worker spawns (vfork and exec) and waits, so that starting one program never
 * holds up another; the main thread watches the time limits. Each job is its own process group,
 * which is killed when its leader ends: what a job leaves running would slow down its successors.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profiler/runtime/capture.h"
#include "profiler/runtime/host.h"

extern char **environ;

#define SAMPLE_NS 5000000 /* between two looks at the memory */

struct exec_worker {
	struct exec_pool *pool;
	pthread_t thread;
	struct worker_watch watch;
	struct capture_set captures;
	char **argv;
	int stderr_fd;
	bool placed; /* on a core of its own, where its processes start */
};

struct exec_pool {
	const struct host *host;
	struct exec_worker *workers;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	uint32_t running; /* under lock: workers that have not ended */
	_Atomic bool stop;
	_Atomic uint32_t end; /* enum result_end, RESULT_NONE while all is well */
};

/* posix_spawn() with the job's streams, default signals and an own process group. */
static int spawn(struct exec_worker *w, uint32_t task, int stdout_fd, pid_t *pid)
{
	const struct host *h = w->pool->host;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, host_stdin(h, task), O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, stdout_fd, 1);
	posix_spawn_file_actions_adddup2(&files, w->stderr_fd, 2);
	host_argv(h, task, w->argv);
	err = posix_spawn(pid, host_text(h, h->plan->program), &files, &attr, w->argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -err;
}

static void stop(struct exec_pool *pool, enum result_end end)
{
	uint32_t none = RESULT_NONE;

	atomic_compare_exchange_strong(&pool->end, &none, (uint32_t)end);
	pool->stop = true;
}

/* Wait for the job's process; fills all but the digest. */
static void await(struct exec_worker *w, pid_t pid, struct result_job *job)
{
	struct rusage usage = { 0 };
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	job->end_ns = host_now_ns();
	w->watch.deadline_ns = 0;
	w->watch.pid = 0;
	kill(-pid, SIGKILL); /* while the zombie still holds the number */
	while (wait4(pid, &job->status, 0, &usage) < 0 && errno == EINTR)
		;
	host_count(w->pool->host, &(struct rusage){ 0 }, &usage);
	host_note_memory(w->pool->host, job, job->status, &usage);
	job->cpu_ns = 1000u * (uint64_t)(1000000 * (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
					 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int run_job(struct exec_worker *w, uint32_t index)
{
	const struct host *h = w->pool->host;
	struct result_job *job = &h->result->jobs[index];
	int out = capture_open();
	pid_t pid;
	int err;

	if (out < 0 || ftruncate(w->stderr_fd, 0) < 0 || lseek(w->stderr_fd, 0, SEEK_SET) < 0)
		return out < 0 ? out : -errno;
	w->watch.job = index;
	job->state = JOB_RUNNING;
	job->start_ns = host_now_ns();
	err = spawn(w, index % h->plan->tasks, out, &pid);
	if (err) {
		close(out);
		return err;
	}
	host_limit_memory(h, pid);
	if (w->placed)
		host_release(pid);
	w->watch.pid = pid;
	w->watch.deadline_ns = job->start_ns + h->plan->timeout_ns;
	await(w, pid, job);
	job->state = JOB_ENDED;
	capture_keep(&w->captures, index, out);
	capture_rest(&w->captures, index, w->stderr_fd);
	if (!host_went_well(h, job->status))
		capture_tail(h, index, w->stderr_fd);
	return 0;
}

static void *work(void *arg)
{
	struct exec_worker *w = arg;
	struct exec_pool *pool = w->pool;
	uint32_t job;
	int err;

	w->placed = pool->host->plan->workers <= host_cores();
	if (w->placed)
		host_place((uint32_t)(w - pool->workers));
	while (!pool->stop && host_next_job(pool->host, &job)) {
		err = run_job(w, job);
		if (err) {
			host_why(pool->host, "cannot start %s: %s",
				 host_text(pool->host, pool->host->plan->program), strerror(-err));
			stop(pool, RESULT_CANNOT_START);
		}
	}
	pthread_mutex_lock(&pool->lock);
	pool->running--;
	pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Kill what is past its time; returns when to look again. */
static uint64_t check_deadlines(struct exec_pool *pool)
{
	uint64_t now = host_now_ns();
	uint64_t next = now + pool->host->plan->timeout_ns;

	for (uint32_t i = 0; i < pool->host->plan->workers; i++) {
		struct worker_watch *watch = &pool->workers[i].watch;
		uint64_t deadline = watch->deadline_ns;
		pid_t pid = watch->pid;

		if (!deadline || !pid)
			continue;
		if (now < deadline) {
			next = deadline < next ? deadline : next;
			continue;
		}
		pool->host->result->jobs[watch->job].flags |= JOB_TIMED_OUT;
		pool->host->result->bad_job = watch->job;
		stop(pool, RESULT_TIMEOUT);
	}
	return next;
}

static void kill_running(struct exec_pool *pool)
{
	for (uint32_t i = 0; i < pool->host->plan->workers; i++) {
		pid_t pid = pool->workers[i].watch.pid;

		if (pid) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
	}
}

static void sample_memory(struct exec_pool *pool)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < pool->host->plan->workers; i++) {
		pid_t pid = pool->workers[i].watch.pid;

		if (pid)
			sum += host_pss_bytes(pid);
	}
	if (sum > pool->host->result->pss_bytes)
		pool->host->result->pss_bytes = sum;
}

/* The main thread: until every worker has ended. */
static void supervise(struct exec_pool *pool)
{
	bool sample = pool->host->plan->flags & PLAN_SAMPLE_PSS;

	pthread_mutex_lock(&pool->lock);
	while (pool->running) {
		uint64_t until = check_deadlines(pool);
		struct timespec ts;

		if (sample)
			sample_memory(pool);
		if (sample && until > host_now_ns() + SAMPLE_NS)
			until = host_now_ns() + SAMPLE_NS;
		if (pool->stop) { /* until the last one is gone, whatever was being started */
			kill_running(pool);
			until = host_now_ns() + SAMPLE_NS;
		}
		ts = (struct timespec){ (time_t)(until / 1000000000u),
					(long)(until % 1000000000u) };
		pthread_cond_timedwait(&pool->ended, &pool->lock, &ts);
	}
	pthread_mutex_unlock(&pool->lock);
}

static int start_workers(struct exec_pool *pool)
{
	const struct host *h = pool->host;
	struct rlimit files = { 0 };
	uint32_t keep;

	getrlimit(RLIMIT_NOFILE, &files);
	keep = (uint32_t)((files.rlim_cur > 100000 ? 100000 : files.rlim_cur) / 2 /
			  h->plan->workers);
	for (uint32_t i = 0; i < h->plan->workers; i++) {
		struct exec_worker *w = &pool->workers[i];

		w->pool = pool;
		w->argv = host_memory((host_max_argc(h) + 1) * sizeof(*w->argv));
		w->stderr_fd = memfd_create("stderr", MFD_CLOEXEC);
		if (!w->argv || w->stderr_fd < 0 || capture_init(&w->captures, h, 3, keep))
			return -ENOMEM;
	}
	pthread_mutex_lock(&pool->lock);
	for (uint32_t i = 0; i < h->plan->workers; i++) {
		int err = pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]);

		if (err) {
			host_why(h, "cannot start worker %u: %s", i + 1, strerror(err));
			stop(pool, RESULT_CANNOT_START);
			break;
		}
		pool->running++;
	}
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

enum result_end exec_run(const struct host *h)
{
	static struct exec_pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool.ended, &attr);
	pool.host = h;
	pool.workers = host_memory(h->plan->workers * sizeof(*pool.workers));
	if (!pool.workers || start_workers(&pool)) {
		host_why(h, "cannot prepare %u workers: %s", h->plan->workers, strerror(errno));
		return RESULT_CANNOT_START;
	}
	supervise(&pool);
	for (uint32_t i = 0; i < h->plan->workers; i++)
		capture_finish(&pool.workers[i].captures);
	return pool.end == RESULT_NONE ? RESULT_DONE : (enum result_end)pool.end;
}
