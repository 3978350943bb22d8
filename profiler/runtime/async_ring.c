/*
 * async_ring.c - the loop's io_uring
 *
 * user_data is the coroutine's address and, in its low bits, what of it has ended. Every submission
 * is waited for to its completion, so an address never goes stale.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum what { MAIN, LIMIT, POLL, POLL_LIMIT, WHATS = 8 };

#define WAKE_UP ((void *)16) /* no coroutine */

static struct io_uring ring;
static int wake_fd = -1;
static uint64_t wake_count;

/* Missing kernel operations are found here, never assumed. */
const char *async_ring_why_not(void)
{
	static const struct {
		int op;
		const char *name;
	} needed[] = {
		{ IORING_OP_READV, "READV" },
		{ IORING_OP_READ, "READ" },
		{ IORING_OP_WRITE, "WRITE" },
		{ IORING_OP_RECV, "RECV" },
		{ IORING_OP_RECVMSG, "RECVMSG" },
		{ IORING_OP_ACCEPT, "ACCEPT" },
		{ IORING_OP_CONNECT, "CONNECT" },
		{ IORING_OP_FSYNC, "FSYNC" },
		{ IORING_OP_TIMEOUT, "TIMEOUT" },
		{ IORING_OP_LINK_TIMEOUT, "LINK_TIMEOUT" },
		{ IORING_OP_POLL_ADD, "POLL_ADD" },
		{ IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL" },
		{ 51, "FUTEX_WAIT" },
	};
	static char why[128];
	struct io_uring_probe *probe;

	if (why[0])
		return why;
	probe = io_uring_get_probe();
	if (!probe) {
		snprintf(why, sizeof(why), "this machine does not allow io_uring");
		return why;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (!io_uring_opcode_supported(probe, needed[i].op)) {
			snprintf(why, sizeof(why), "this kernel's io_uring has no %s",
				 needed[i].name);
			break;
		}
	}
	io_uring_free_probe(probe);
	return why[0] ? why : NULL;
}

static struct io_uring_sqe *sqe_for(void *who, enum what what)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = (uint64_t)(uintptr_t)who | what;
	return sqe;
}

static void listen_for_wake_up(void)
{
	struct io_uring_sqe *sqe;

	if (!io_uring_sq_space_left(&ring))
		io_uring_submit(&ring);
	sqe = sqe_for(WAKE_UP, MAIN);
	sqe->opcode = IORING_OP_READ;
	sqe->fd = wake_fd;
	sqe->addr = (uint64_t)(uintptr_t)&wake_count;
	sqe->len = sizeof(wake_count);
}

/*
 * A thread's first ring fixes how many kernel workers all its rings get, and ours was the tiny one of
 * the probe: as many as a program's own first ring of this size would give.
 */
static void set_workers(unsigned entries)
{
	unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned bounded_unbounded[2] = { entries < 4 * cores ? entries : 4 * cores, 0 };

	io_uring_register_iowq_max_workers(&ring, bounded_unbounded);
}

int async_ring_init(unsigned entries)
{
	unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	int err;

	entries = entries < 256 ? 256 : entries > 16384 ? 16384 : entries;
	err = io_uring_queue_init(entries, &ring, flags);
	if (err == -EINVAL)
		err = io_uring_queue_init(entries, &ring, 0);
	if (err)
		return err;
	set_workers(entries);
	wake_fd = eventfd(0, EFD_CLOEXEC);
	if (wake_fd < 0)
		return -errno;
	listen_for_wake_up();
	return 0;
}

void async_ring_exit(void)
{
	io_uring_queue_exit(&ring);
	close(wake_fd);
}

void async_ring_wake_up(void)
{
	uint64_t one = 1;

	RAW3(1 /* write */, wake_fd, &one, sizeof(one));
}

/* --- submissions ------------------------------------------------------------------------------ */

static void add_limit(struct async_coro *c, int opcode, enum what what)
{
	struct io_uring_sqe *sqe = sqe_for(c, what);

	sqe->opcode = (uint8_t)opcode;
	sqe->fd = -1;
	sqe->addr = (uint64_t)(uintptr_t)&c->limit;
	sqe->len = 1;
	sqe->timeout_flags = c->limit_flags;
	c->pending++;
}

static void add_operation(struct async_coro *c)
{
	struct io_uring_sqe *sqe = sqe_for(c, MAIN);

	sqe->opcode = c->op.opcode;
	sqe->fd = c->op.fd;
	sqe->off = c->op.off;
	sqe->addr = c->op.addr;
	sqe->len = c->op.len;
	sqe->rw_flags = (int)c->op.rw_flags;
	sqe->addr3 = c->op.addr3;
	c->pending = 1;
	if (c->timed) {
		sqe->flags |= IOSQE_IO_LINK;
		add_limit(c, IORING_OP_LINK_TIMEOUT, LIMIT);
	}
}

static void add_polls(struct async_coro *c)
{
	c->pending = 0;
	for (unsigned i = 0; i < c->polls_n; i++) {
		struct io_uring_sqe *sqe;

		if (c->polls[i].fd < 0)
			continue;
		sqe = sqe_for(c, POLL);
		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->fd = c->polls[i].fd;
		sqe->poll32_events = (uint16_t)c->polls[i].events;
		c->pending++;
	}
	if (c->timed)
		add_limit(c, IORING_OP_TIMEOUT, POLL_LIMIT);
}

int async_ring_want(struct async_coro *c)
{
	unsigned most = c->want == WANT_POLLS ? c->polls_n + 1 : 2;

	/* All or nothing: a link must not be split between two submissions. */
	if (io_uring_sq_space_left(&ring) < most)
		return -EBUSY;
	c->timed_out = false;
	c->cancelling = false;
	c->res = 0;
	if (c->want == WANT_POLLS)
		add_polls(c);
	else
		add_operation(c);
	return 0;
}

/* One of several has come: the others are not needed any more. */
static void cancel_others(struct async_coro *c)
{
	static const enum what whats[] = { POLL, POLL_LIMIT };

	c->cancelling = true;
	if (!c->pending)
		return;
	for (int i = 0; i < 1 + c->timed; i++) {
		struct io_uring_sqe *sqe;

		if (!io_uring_sq_space_left(&ring))
			io_uring_submit(&ring);
		sqe = sqe_for(NULL, MAIN);
		sqe->opcode = IORING_OP_ASYNC_CANCEL;
		sqe->fd = -1;
		sqe->addr = (uint64_t)(uintptr_t)c | whats[i];
		sqe->cancel_flags = IORING_ASYNC_CANCEL_ALL;
	}
}

int async_ring_submit(bool wait)
{
	int ret;

	do
		ret = wait ? io_uring_submit_and_wait(&ring, 1)
			   : io_uring_submit_and_get_events(&ring);
	while (ret == -EINTR);
	return ret < 0 && ret != -EBUSY && ret != -EAGAIN ? ret : 0;
}

/* --- completions ------------------------------------------------------------------------------ */

static void take(struct async_coro *c, enum what what, int res)
{
	c->pending--;
	switch (what) {
	case MAIN:
		c->res = res;
		break;
	case LIMIT: /* 1: what cancelling a futex answers */
		c->timed_out = res == -ETIME || res > 0;
		break;
	case POLL:
		if (res < 0 && res != -ECANCELED)
			c->res = res;
		else if (res > 0)
			c->res = 1;
		break;
	case POLL_LIMIT:
		c->timed_out = res == -ETIME && c->res == 0;
		break;
	case WHATS:
		break;
	}
	if ((what == POLL || what == POLL_LIMIT) && !c->cancelling)
		cancel_others(c);
}

struct async_coro *async_ring_next(void)
{
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&ring, &cqe) == 0) {
		uint64_t data = cqe->user_data;
		enum what what = data & (WHATS - 1);
		struct async_coro *c = (void *)(uintptr_t)(data & ~(uint64_t)(WHATS - 1));
		int res = cqe->res;

		io_uring_cqe_seen(&ring, cqe);
		if (!c)
			continue;
		if (c == WAKE_UP) {
			listen_for_wake_up();
			continue;
		}
		take(c, what, res);
		if (!c->pending)
			return c;
	}
	return NULL;
}

#endif
