#include "loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POOL_MAX 64

static struct io_uring ring;
static struct io_uring_sqe *asked; /* for last */
static struct worker *workers;
static unsigned next_task, tasks_n, live;
static uint64_t sum;

/* What the loop hands to the pool, and what comes back. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct worker **todo, **done;
static unsigned todo_first, todo_last, done_n, size, pool_n;
static bool stop;
static int wake_fd;
static uint64_t wake_count;

static void *pool_work(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		struct worker *w;
		uint64_t one = 1;

		while (todo_first == todo_last && !stop)
			pthread_cond_wait(&more, &lock);
		if (todo_first == todo_last)
			break;
		w = todo[todo_first++ % size];
		pthread_mutex_unlock(&lock);
		job_compute(w);
		pthread_mutex_lock(&lock);
		done[done_n++] = w;
		if (done_n == 1 && write(wake_fd, &one, sizeof(one)) < 0)
			die("eventfd");
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void to_pool(struct worker *w)
{
	pthread_mutex_lock(&lock);
	todo[todo_last++ % size] = w;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

struct io_uring_sqe *loop_sqe(void)
{
	asked = io_uring_get_sqe(&ring);
	if (!asked) {
		io_uring_submit(&ring);
		asked = io_uring_get_sqe(&ring);
	}
	return asked;
}

static void listen_to_pool(void)
{
	io_uring_prep_read(loop_sqe(), wake_fd, &wake_count, sizeof(wake_count), 0);
	io_uring_sqe_set_data(asked, NULL);
}

/* As far as it gets without waiting; then with the next task. */
static void drive(const struct job *job, struct worker *w, int res)
{
	for (;;) {
		switch (job->step(w, res)) {
		case NEXT_WAIT:
			io_uring_sqe_set_data(asked, w);
			return;
		case NEXT_CPU:
			if (pool_n) {
				to_pool(w);
				return;
			}
			job_compute(w);
			break;
		case NEXT_DONE:
			sum += w->sum;
			if (next_task == tasks_n) {
				live--;
				return;
			}
			w->task = next_task++;
			w->sum = 0;
			w->step = 0;
			break;
		}
		res = 0;
	}
}

static void take_from_pool(const struct job *job)
{
	struct worker *back[1024];
	unsigned n;

	pthread_mutex_lock(&lock);
	n = done_n;
	for (unsigned i = 0; i < n; i++)
		back[i] = done[i];
	done_n = 0;
	pthread_mutex_unlock(&lock);
	listen_to_pool();
	for (unsigned i = 0; i < n; i++)
		drive(job, back[i], 0);
}

static void run(const struct job *job)
{
	while (live) {
		struct io_uring_cqe *cqe;

		if (io_uring_submit_and_wait(&ring, 1) < 0)
			die("io_uring");
		while (io_uring_peek_cqe(&ring, &cqe) == 0) {
			struct worker *w = io_uring_cqe_get_data(cqe);
			int res = cqe->res;

			io_uring_cqe_seen(&ring, cqe);
			if (w)
				drive(job, w, res);
			else
				take_from_pool(job);
		}
	}
}

static void start_pool(unsigned concurrency, pthread_t *ids)
{
	size = concurrency;
	todo = calloc(size, sizeof(struct worker *));
	done = calloc(size, sizeof(struct worker *));
	wake_fd = eventfd(0, EFD_CLOEXEC);
	for (unsigned i = 0; i < pool_n; i++)
		pthread_create(&ids[i], NULL, pool_work, NULL);
	listen_to_pool();
}

uint64_t loop_run(const struct job *job, unsigned concurrency, unsigned tasks, unsigned pool,
		  void (*begin)(void), void (*end)(void))
{
	pthread_t ids[POOL_MAX];

	workers = calloc(concurrency, sizeof(*workers));
	for (unsigned i = 0; i < concurrency; i++)
		worker_init(&workers[i], i);
	if (io_uring_queue_init(concurrency < 128 ? 256 : 2 * concurrency, &ring,
				IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN))
		die("io_uring");
	pool_n = pool > POOL_MAX ? POOL_MAX : pool;
	if (pool_n)
		start_pool(concurrency, ids);
	tasks_n = tasks;
	begin();
	live = concurrency;
	for (unsigned i = 0; i < concurrency; i++) {
		workers[i].task = next_task++;
		drive(job, &workers[i], 0);
	}
	run(job);
	end();
	pthread_mutex_lock(&lock);
	stop = true;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < pool_n; i++)
		pthread_join(ids[i], NULL);
	return sum;
}
