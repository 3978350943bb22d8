#include "loop.h"

#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "task.h"

struct queue {
	struct flow *head, **tail;
};

struct loop {
	struct io_uring ring;
	char *const *tasks;
	size_t n, started, ended;
	struct answer *answers;
	/* hybrid only */
	int threads_n, event_fd;
	uint64_t event;
	pthread_t *threads;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue todo, done; /* under lock */
	int stop;
};

static void check(int result, const char *what)
{
	if (result < 0)
		task_die(what, strerror(-result));
}

static void push(struct queue *q, struct flow *f)
{
	f->next = NULL;
	*q->tail = f;
	q->tail = &f->next;
}

static struct flow *pop(struct queue *q)
{
	struct flow *f = q->head;

	if (f && !(q->head = f->next))
		q->tail = &q->head;
	return f;
}

/* Two at once, for a link: they must go in together. */
static struct io_uring_sqe *get_sqe(struct loop *loop, unsigned n, void *data)
{
	struct io_uring_sqe *sqe;

	if (io_uring_sq_space_left(&loop->ring) < n)
		io_uring_submit(&loop->ring);
	sqe = io_uring_get_sqe(&loop->ring);
	if (!sqe)
		task_die("io_uring", "the submission queue is full");
	io_uring_sqe_set_data(sqe, data);
	return sqe;
}

void flow_connect(struct flow *f, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct io_uring_sqe *sqe = get_sqe(f->loop, 1, f);

	io_uring_prep_connect(sqe, fd, addr, len);
	io_uring_sqe_set_data(sqe, f);
}

void flow_send(struct flow *f, int fd, const void *data, size_t len)
{
	struct io_uring_sqe *sqe = get_sqe(f->loop, 1, f);

	io_uring_prep_send(sqe, fd, data, len, MSG_NOSIGNAL);
	io_uring_sqe_set_data(sqe, f);
}

void flow_recv(struct flow *f, int fd, void *data, size_t len)
{
	struct io_uring_sqe *sqe = get_sqe(f->loop, 1, f);

	io_uring_prep_recv(sqe, fd, data, len, 0);
	io_uring_sqe_set_data(sqe, f);
}

void flow_recv_within(struct flow *f, int fd, void *data, size_t len, int ms)
{
	struct __kernel_timespec limit = { ms / 1000, ms % 1000 * 1000000L };
	struct io_uring_sqe *sqe = get_sqe(f->loop, 2, f);

	io_uring_prep_recv(sqe, fd, data, len, 0);
	io_uring_sqe_set_data(sqe, f);
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
	sqe = get_sqe(f->loop, 1, NULL);
	io_uring_prep_link_timeout(sqe, &limit, 0);
	io_uring_sqe_set_data(sqe, NULL);
	io_uring_submit(&f->loop->ring); /* the kernel reads the limit now */
}

void flow_write(struct flow *f, int fd, const void *data, size_t len)
{
	struct io_uring_sqe *sqe = get_sqe(f->loop, 1, f);

	io_uring_prep_write(sqe, fd, data, len, (uint64_t)-1);
	io_uring_sqe_set_data(sqe, f);
}

void flow_fsync(struct flow *f, int fd)
{
	struct io_uring_sqe *sqe = get_sqe(f->loop, 1, f);

	io_uring_prep_fsync(sqe, fd, 0);
	io_uring_sqe_set_data(sqe, f);
}

/* --- the pool --- */

static void *pool_thread(void *arg)
{
	struct loop *loop = arg;

	pthread_mutex_lock(&loop->lock);
	while (!loop->stop) {
		struct flow *f = pop(&loop->todo);

		if (!f) {
			pthread_cond_wait(&loop->more, &loop->lock);
			continue;
		}
		pthread_mutex_unlock(&loop->lock);
		f->work(f);
		pthread_mutex_lock(&loop->lock);
		push(&loop->done, f);
		eventfd_write(loop->event_fd, 1);
	}
	pthread_mutex_unlock(&loop->lock);
	return NULL;
}

static void await_pool(struct loop *loop)
{
	struct io_uring_sqe *sqe = get_sqe(loop, 1, loop);

	io_uring_prep_read(sqe, loop->event_fd, &loop->event, sizeof(loop->event), 0);
	io_uring_sqe_set_data(sqe, loop);
}

static void start_pool(struct loop *loop)
{
	loop->event_fd = eventfd(0, EFD_CLOEXEC);
	loop->threads = calloc((size_t)loop->threads_n, sizeof(*loop->threads));
	for (int i = 0; i < loop->threads_n; i++)
		check(-pthread_create(&loop->threads[i], NULL, pool_thread, loop), "thread");
	await_pool(loop);
}

static void stop_pool(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->stop = 1;
	pthread_cond_broadcast(&loop->more);
	pthread_mutex_unlock(&loop->lock);
	for (int i = 0; i < loop->threads_n; i++)
		pthread_join(loop->threads[i], NULL);
	free(loop->threads);
	close(loop->event_fd);
}

void flow_work(struct flow *f, void (*work)(struct flow *f))
{
	struct loop *loop = f->loop;

	if (!loop->threads_n) {
		work(f);
		task_steps.step(f, 0);
		return;
	}
	f->work = work;
	pthread_mutex_lock(&loop->lock);
	push(&loop->todo, f);
	pthread_cond_signal(&loop->more);
	pthread_mutex_unlock(&loop->lock);
}

static void step(struct flow *f, int result);

static void take_done(struct loop *loop)
{
	struct flow *f;

	pthread_mutex_lock(&loop->lock);
	while ((f = pop(&loop->done))) {
		pthread_mutex_unlock(&loop->lock);
		step(f, 0);
		pthread_mutex_lock(&loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
}

/* --- the loop --- */

static void run_whole(struct flow *f)
{
	task_run(f->task, f->out);
}

/* A job without steps is one piece of work. */
static void step(struct flow *f, int result)
{
	if (task_steps.step) {
		task_steps.step(f, result);
	} else if (f->work) {
		flow_end(f);
	} else if (f->loop->threads_n) {
		flow_work(f, run_whole);
	} else {
		run_whole(f);
		flow_end(f);
	}
}

static void start_next(struct loop *loop)
{
	size_t i = loop->started++;
	struct flow *f = calloc(1, sizeof(*f) + task_steps.state_size);

	if (!f)
		task_die("memory", strerror(errno));
	*f = (struct flow){ .task = loop->tasks[i], .state = f + 1, .loop = loop, .index = i };
	f->out = open_memstream(&loop->answers[i].text, &loop->answers[i].len);
	step(f, 0);
}

void flow_end(struct flow *f)
{
	fclose(f->out);
	f->loop->ended++;
	free(f);
}

static void turn(struct loop *loop)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;
	int result = io_uring_submit_and_wait(&loop->ring, 1);

	if (result != -EINTR)
		check(result, "io_uring");
	io_uring_for_each_cqe(&loop->ring, head, cqe)
	{
		void *data = io_uring_cqe_get_data(cqe);

		n++;
		if (data == loop) {
			await_pool(loop);
			take_done(loop);
		} else if (data) {
			step(data, cqe->res);
		}
	}
	io_uring_cq_advance(&loop->ring, n);
}

void loop_run(char *const *tasks, size_t n, int in_flight, int pool, struct answer *answers)
{
	struct loop loop = { .tasks = tasks,
			     .n = n,
			     .answers = answers,
			     .threads_n = pool,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .more = PTHREAD_COND_INITIALIZER };

	loop.todo.tail = &loop.todo.head;
	loop.done.tail = &loop.done.head;
	check(io_uring_queue_init(256, &loop.ring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN),
	      "io_uring");
	if (pool)
		start_pool(&loop);
	while (loop.ended < n) {
		while (loop.started < n && loop.started - loop.ended < (size_t)in_flight)
			start_next(&loop);
		if (loop.ended < n && loop.started > loop.ended)
			turn(&loop);
	}
	if (pool)
		stop_pool(&loop);
	io_uring_queue_exit(&loop.ring);
}
