/*
 * The kernel makes calls on a ring that cannot be made without waiting (all syncs, openat, and reads where the
 * file system has no way to begin one) on workers of its own: at most as many as the ring has
 * entries, and at most 4 for each core, for one thread. The ring is as large as the
 * one of our own event loop, in a new thread, whose first ring fixes how many workers it gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profiler/disk_try.h"

#define RING_ENTRIES 256

enum stage { STAGE_OPEN, STAGE_CALL, STAGE_CLOSE };

struct flow { /* one call after another */
	struct disk_try *try;
	const char *path;
	int own, fd; /* own -1: a file of the program's is opened for each call */
	enum stage stage;
	size_t done;
	uint64_t start_ns, end_ns; /* of the calls that count: all but the first */
	char block[DISK_BLOCK];
};

struct ring_try {
	struct disk_try *try;
	struct io_uring ring;
	struct flow flows[DISK_DEPTH_MOST];
	size_t under_way;
	uint64_t until_ns;
	bool failed; /* then nothing new is begun, and what is under way is waited for */
	double rate;
};

static void submit_stage(struct ring_try *r, struct flow *f)
{
	struct io_uring_sqe *sqe =
		io_uring_get_sqe(&r->ring); /* there are more entries than flows */

	if (f->stage == STAGE_OPEN) {
		io_uring_prep_openat(sqe, AT_FDCWD, f->path, DISK_OPEN_FLAGS, 0);
	} else if (f->stage == STAGE_CLOSE) {
		io_uring_prep_close(sqe, f->fd);
	} else if (f->try->sync) {
		io_uring_prep_fsync(sqe, f->fd, 0);
	} else {
		posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
		io_uring_prep_read(sqe, f->fd, f->block, sizeof(f->block), 0);
	}
	io_uring_sqe_set_data(sqe, f);
}

static void begin_call(struct ring_try *r, struct flow *f)
{
	f->fd = f->own;
	f->stage = f->own < 0 ? STAGE_OPEN : STAGE_CALL;
	f->path = disk_try_path(f->try);
	r->failed |= f->own >= 0 && pwrite(f->own, f->block, DISK_RECORD, 0) != DISK_RECORD;
	submit_stage(r, f);
}

static void end_call(struct ring_try *r, struct flow *f)
{
	f->end_ns = clock_now_ns();
	if (f->start_ns)
		f->done++;
	else
		f->start_ns = f->end_ns;
	if (!r->failed && (f->end_ns < r->until_ns || !f->done))
		begin_call(r, f);
	else
		r->under_way--;
}

static void fail(struct ring_try *r, struct flow *f)
{
	if (f->own < 0 && f->stage == STAGE_CALL)
		close(f->fd);
	r->failed = true;
	r->under_way--;
}

static void end_stage(struct ring_try *r, struct flow *f, int result)
{
	if (result < 0) {
		fail(r, f);
	} else if (f->stage == STAGE_CLOSE || (f->stage == STAGE_CALL && f->own >= 0)) {
		end_call(r, f);
	} else {
		f->fd = f->stage == STAGE_OPEN ? result : f->fd;
		f->stage++;
		submit_stage(r, f);
	}
}

/* False: the ring itself does not work. Its calls end with the thread, at the latest. */
static bool turn(struct ring_try *r)
{
	struct io_uring_cqe *cqe;
	int submitted = io_uring_submit_and_wait(&r->ring, 1);

	if (submitted < 0 && submitted != -EINTR)
		return false;
	while (!io_uring_peek_cqe(&r->ring, &cqe)) {
		struct flow *f = io_uring_cqe_get_data(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&r->ring, cqe);
		end_stage(r, f, result);
	}
	return true;
}

static void *ring_main(void *arg)
{
	struct ring_try *r = arg;

	if (io_uring_queue_init(RING_ENTRIES, &r->ring, 0))
		return NULL;
	r->until_ns = clock_now_ns() + DISK_ROUND_NS;
	for (; r->under_way < DISK_DEPTH_MOST; r->under_way++) {
		struct flow *f = &r->flows[r->under_way];

		f->try = r->try;
		f->own = r->try->files[r->under_way];
		begin_call(r, f);
	}
	while (r->under_way && turn(r))
		continue;
	io_uring_queue_exit(&r->ring);
	for (size_t i = 0; i < DISK_DEPTH_MOST && !r->failed && !r->under_way; i++) {
		struct flow *f = &r->flows[i];

		r->rate += (double)f->done / (double)(f->end_ns - f->start_ns) * 1e9;
	}
	return NULL;
}

double disk_ring_rate(struct disk_try *t)
{
	struct ring_try *r = xcalloc(1, sizeof(*r));
	pthread_t thread;
	double rate;

	r->try = t;
	if (!pthread_create(&thread, NULL, ring_main, r))
		pthread_join(thread, NULL);
	rate = r->rate;
	free(r);
	return rate;
}
