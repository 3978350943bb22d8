/*
 * async_io.c - reading, writing and sockets
 *
 * Task side. What io_uring does differently from a blocking call is made good here: it may stop short
 * where a blocking write goes on, it ignores SO_RCVTIMEO and SO_SNDTIMEO, and a read of an O_DIRECT
 * file at the current position does not move that position. A buffered file that is in memory is
 * read at once (RWF_NOWAIT); not so with O_DIRECT, where that flag waits for the disk all the same.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
#define CURRENT ((uint64_t)-1) /* offset: where the descriptor stands */

/* A read or write, whichever call it came by. */
struct transfer {
	const struct async_fd *f;
	int fd;
	bool vector;
	long buffer; /* or the vector */
	long n;      /* bytes, or entries */
	uint64_t off;
	long flags;
};

static struct transfer transfer_of(long nr, const long a[6])
{
	struct transfer t = { .f = async_fd_of((int)a[0]),
			      .fd = (int)a[0],
			      .buffer = a[1],
			      .n = a[2],
			      .off = CURRENT };

	switch (nr) {
	case SYS_pread64:
	case SYS_pwrite64:
		t.off = (uint64_t)a[3];
		break;
	case SYS_preadv2:
	case SYS_pwritev2:
		t.flags = a[5];
		/* fall through */
	case SYS_preadv:
	case SYS_pwritev:
		t.off = (uint64_t)a[3];
		/* fall through */
	case SYS_readv:
	case SYS_writev:
		t.vector = true;
		break;
	default:
		break;
	}
	return t;
}

static void set_op(struct async_coro *c, uint8_t opcode, int fd, uint64_t addr, uint32_t len,
		   uint64_t off, uint32_t flags)
{
	c->op.opcode = opcode;
	c->op.fd = fd;
	c->op.addr = addr;
	c->op.len = len;
	c->op.off = off;
	c->op.rw_flags = flags;
	c->op.addr3 = 0;
	c->op.file_index = 0;
}

static long ring_transfer(struct async_coro *c, const struct transfer *t, bool write, int64_t ns)
{
	static const uint8_t opcodes[2][2] = { { IORING_OP_READ, IORING_OP_READV },
					       { IORING_OP_WRITE, IORING_OP_WRITEV } };
	bool at_position = t->f->kind == FD_FILE && t->f->direct && t->off == CURRENT &&
			   !(write && t->f->append);
	uint64_t off = t->off;
	long ret;

	if (at_position)
		off = (uint64_t)RAW3(SYS_lseek, t->fd, 0, SEEK_CUR);
	set_op(c, opcodes[write][t->vector], t->fd, (uint64_t)t->buffer,
	       (uint32_t)(t->n > 0x7ffff000 ? 0x7ffff000 : t->n), off, (uint32_t)t->flags);
	ret = async_operation(c, ns);
	if (at_position && ret > 0)
		RAW3(SYS_lseek, t->fd, off + (uint64_t)ret, SEEK_SET);
	return ret == -ETIME ? -EAGAIN : ret;
}

/* Without waiting: -EAGAIN if it would have to, -EOPNOTSUPP if the file cannot tell. */
static long try_transfer(struct async_coro *c, const struct transfer *t, bool write)
{
	struct iovec *iov = (struct iovec *)t->buffer;
	long n = t->n;

	if (!t->vector) {
		c->iov.iov_base = (void *)t->buffer;
		c->iov.iov_len = (size_t)n;
		iov = &c->iov;
		n = 1;
	}
	return RAW6(write ? SYS_pwritev2 : SYS_preadv2, t->fd, iov, n, t->off, 0,
		    t->flags | RWF_NOWAIT);
}

static bool never_waits(const struct async_fd *f)
{
	return f->kind == FD_MEMORY || f->kind == FD_BAD || f->nonblocking;
}

/* --- read ------------------------------------------------------------------------------------- */

/* The page cache had the beginning; a blocking read would have gone on. */
static long read_rest(struct async_coro *c, struct transfer t, long had)
{
	long ret;

	t.buffer += had;
	t.n -= had;
	if (t.off != CURRENT)
		t.off += (uint64_t)had;
	ret = ring_transfer(c, &t, false, -1);
	return ret > 0 ? had + ret : had;
}

static long read_file(struct async_coro *c, const struct transfer *t)
{
	long ret = -EAGAIN;

	if (!t->f->direct && !t->f->no_nowait) {
		ret = try_transfer(c, t, false);
		if (ret == -EOPNOTSUPP)
			async_fd_no_nowait(t->fd);
		else if (ret > 0 && ret < t->n && !t->vector)
			return read_rest(c, *t, ret);
		else if (ret != -EAGAIN)
			return ret;
	}
	return ring_transfer(c, t, false, -1);
}

long async_call_read(struct async_coro *c, long nr, long a[6])
{
	struct transfer t = transfer_of(nr, a);

	if (never_waits(t.f))
		return async_direct(c, nr, a);
	if (t.f->kind == FD_FILE)
		return read_file(c, &t);
	if (t.f->kind == FD_STREAM && !t.vector && t.n > 0) {
		set_op(c, IORING_OP_RECV, t.fd, (uint64_t)t.buffer, (uint32_t)t.n, 0, 0);
		long ret = async_operation(c, t.f->receive_ns);

		return ret == -ETIME ? -EAGAIN : ret;
	}
	return ring_transfer(c, &t, false, t.f->receive_ns);
}

/* --- write ------------------------------------------------------------------------------------ */

/* All of it, as a blocking write of a stream does. */
static long write_all(struct async_coro *c, struct transfer t)
{
	long done = 0, ret;

	do {
		ret = -EAGAIN;
		if (!t.f->no_nowait && t.f->kind != FD_OTHER)
			ret = try_transfer(c, &t, true);
		if (ret == -EOPNOTSUPP)
			async_fd_no_nowait(t.fd);
		if (ret == -EAGAIN || ret == -EOPNOTSUPP)
			ret = ring_transfer(c, &t, true, t.f->send_ns);
		if (ret <= 0)
			break;
		done += ret;
		t.buffer += ret;
		t.n -= ret;
	} while (t.n > 0);
	return done ? done : ret;
}

/* The same for a vector, which is not ours to change: entry by entry, behind what is `done`. */
static long write_vector(struct async_coro *c, const struct transfer *t, long done)
{
	const struct iovec *iov = (const struct iovec *)t->buffer;
	struct transfer one = *t;
	long skip = done, ret = 0;

	one.vector = false;
	for (long i = 0; i < t->n; i++) {
		if (skip >= (long)iov[i].iov_len) {
			skip -= (long)iov[i].iov_len;
			continue;
		}
		one.buffer = (long)iov[i].iov_base + skip;
		one.n = (long)iov[i].iov_len - skip;
		skip = 0;
		ret = write_all(c, one);
		if (ret > 0)
			done += ret;
		if (ret < one.n)
			break;
	}
	return done ? done : ret;
}

static long vector_bytes(const struct transfer *t)
{
	const struct iovec *iov = (const struct iovec *)t->buffer;
	long sum = 0;

	for (long i = 0; i < t->n; i++)
		sum += (long)iov[i].iov_len;
	return sum;
}

long async_call_write(struct async_coro *c, long nr, long a[6])
{
	struct transfer t = transfer_of(nr, a);
	long ret;

	if (never_waits(t.f) || t.n <= 0)
		return async_direct(c, nr, a);
	if (t.f->kind == FD_FILE)
		return t.f->direct || t.f->synced || t.flags ? ring_transfer(c, &t, true, -1)
							     : async_direct(c, nr, a);
	if (t.f->kind == FD_PACKET)
		return ring_transfer(c, &t, true, t.f->send_ns);
	if (!t.vector)
		return write_all(c, t);
	/* In one piece when it fits, as it would have been. */
	ret = try_transfer(c, &t, true);
	if (ret < 0 && ret != -EAGAIN && ret != -EOPNOTSUPP)
		return ret;
	return ret == vector_bytes(&t) ? ret : write_vector(c, &t, ret > 0 ? ret : 0);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static long recv_plain(struct async_coro *c, const struct async_fd *f, const long a[6])
{
	bool all = a[3] & MSG_WAITALL && f->kind == FD_STREAM;
	long done = 0, ret;

	do {
		set_op(c, IORING_OP_RECV, (int)a[0], (uint64_t)(a[1] + done),
		       (uint32_t)(a[2] - done), 0, (uint32_t)(a[3] & ~MSG_WAITALL));
		ret = async_operation(c, f->receive_ns);
		if (ret <= 0)
			break;
		done += ret;
	} while (all && done < a[2]);
	return done ? done : ret;
}

static long recv_from(struct async_coro *c, const struct async_fd *f, const long a[6])
{
	unsigned *length = (unsigned *)a[5];
	long ret;

	c->iov.iov_base = (void *)a[1];
	c->iov.iov_len = (size_t)a[2];
	c->msg.msg_name = (void *)a[4];
	c->msg.msg_namelen = length ? *length : 0;
	c->msg.msg_iov = &c->iov;
	c->msg.msg_iovlen = 1;
	c->msg.msg_control = NULL;
	c->msg.msg_controllen = 0;
	c->msg.msg_flags = 0;
	set_op(c, IORING_OP_RECVMSG, (int)a[0], (uint64_t)&c->msg, 1, 0, (uint32_t)a[3]);
	ret = async_operation(c, f->receive_ns);
	if (ret >= 0 && length)
		*length = c->msg.msg_namelen;
	return ret;
}

/* Their numbers in a message would have to be translated, and are not. */
static void refuse_descriptors(const struct msghdr *m)
{
	const char *at = m->msg_control, *end = at + m->msg_controllen;

	while (at && at + sizeof(struct cmsghdr) <= end) {
		const struct cmsghdr *part = (const void *)at;

		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			async_refuse("sendmsg or recvmsg", "descriptors passed over a socket");
		if (part->cmsg_len < sizeof(*part))
			return;
		at += (part->cmsg_len + 7) & ~7ul;
	}
}

long async_call_recv(struct async_coro *c, long nr, long a[6])
{
	const struct async_fd *f = async_fd_of((int)a[0]);
	long flags = nr == SYS_recvmsg ? a[2] : a[3];
	long ret;

	if (never_waits(f) || flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) {
		ret = async_direct(c, nr, a);
	} else if (nr == SYS_recvmsg) {
		set_op(c, IORING_OP_RECVMSG, (int)a[0], (uint64_t)a[1], 1, 0, (uint32_t)flags);
		ret = async_operation(c, f->receive_ns);
	} else if (a[4] || a[2] <= 0) {
		ret = recv_from(c, f, a);
	} else {
		ret = recv_plain(c, f, a);
	}
	if (nr == SYS_recvmsg && ret >= 0)
		refuse_descriptors((const struct msghdr *)a[1]);
	return ret == -ETIME ? -EAGAIN : ret;
}

static long send_once(struct async_coro *c, const struct async_fd *f, long nr, long a[6],
		      int flags_at)
{
	long flags = a[flags_at], ret;

	a[flags_at] |= MSG_DONTWAIT;
	for (;;) {
		ret = async_direct(c, nr, a);
		if (ret != -EAGAIN)
			break;
		ret = async_await(c, (int)a[0], POLLOUT, f->send_ns);
		if (ret == -ETIME)
			ret = -EAGAIN;
		if (ret < 0)
			break;
	}
	a[flags_at] = flags;
	return ret;
}

long async_call_send(struct async_coro *c, long nr, long a[6])
{
	const struct async_fd *f = async_fd_of((int)a[0]);
	int flags_at = nr == SYS_sendmsg ? 2 : 3;
	long done = 0, ret;

	if (nr == SYS_sendmsg)
		refuse_descriptors((const struct msghdr *)a[1]);
	if (never_waits(f) || a[flags_at] & MSG_DONTWAIT)
		return async_direct(c, nr, a);
	ret = send_once(c, f, nr, a, flags_at);
	if (nr == SYS_sendmsg && ret >= 0 && f->kind == FD_STREAM) {
		const struct msghdr *m = (const struct msghdr *)a[1];
		struct transfer t = { .f = f,
				      .fd = (int)a[0],
				      .vector = true,
				      .off = CURRENT,
				      .buffer = (long)m->msg_iov,
				      .n = (long)m->msg_iovlen };

		if (ret < vector_bytes(&t))
			return write_vector(c, &t, ret);
	}
	if (nr == SYS_sendmsg || f->kind != FD_STREAM || ret < 0)
		return ret;
	for (done = ret; done < a[2]; done += ret) { /* a stream socket takes what fits */
		long rest[6] = { a[0], a[1] + done, a[2] - done, a[3], a[4], a[5] };

		ret = send_once(c, f, nr, rest, 3);
		if (ret < 0)
			break;
	}
	return done;
}

/* Several messages: as many as come at once, then wait for the next. */
static long messages(struct async_coro *c, const long a[6], short events, int64_t ns)
{
	struct mmsghdr *vector = (struct mmsghdr *)a[1];
	long nr = events == POLLIN ? SYS_recvmmsg : SYS_sendmmsg;
	long n = a[2], done = 0, ret = 0;

	while (done < n) {
		long part[6] = { a[0], (long)(vector + done), n - done, a[3] | MSG_DONTWAIT, 0, 0 };

		ret = async_direct(c, nr, part);
		if (ret > 0) {
			done += ret;
			if (a[3] & MSG_WAITFORONE)
				break;
			continue;
		}
		if (ret != -EAGAIN)
			break;
		ret = async_await(c, (int)a[0], events, ns);
		if (ret < 0)
			break;
	}
	if (done)
		return done;
	return ret == -ETIME ? -EAGAIN : ret;
}

long async_call_recvmmsg(struct async_coro *c, long nr, long a[6])
{
	const struct async_fd *f = async_fd_of((int)a[0]);
	const struct timespec *limit = (const struct timespec *)a[4];
	int64_t ns = f->receive_ns;

	if (never_waits(f) || a[3] & MSG_DONTWAIT)
		return async_direct(c, nr, a);
	if (limit)
		ns = limit->tv_sec * 1000000000 + limit->tv_nsec;
	return messages(c, a, POLLIN, ns);
}

long async_call_sendmmsg(struct async_coro *c, long nr, long a[6])
{
	const struct async_fd *f = async_fd_of((int)a[0]);

	if (never_waits(f) || a[3] & MSG_DONTWAIT)
		return async_direct(c, nr, a);
	return messages(c, a, POLLOUT, f->send_ns);
}

long async_call_connect(struct async_coro *c, long nr, long a[6])
{
	const struct async_fd *f = async_fd_of((int)a[0]);
	long ret;

	if (never_waits(f))
		return async_direct(c, nr, a);
	set_op(c, IORING_OP_CONNECT, (int)a[0], (uint64_t)a[1], 0, (uint64_t)(unsigned)a[2], 0);
	ret = async_operation(c, f->send_ns);
	return ret == -ETIME ? -EINPROGRESS : ret;
}

long async_call_accept(struct async_coro *c, long nr, long a[6])
{
	struct async_fd f = *async_fd_of((int)a[0]); /* a connection inherits its time limits */
	long flags = nr == SYS_accept4 ? a[3] : 0, ret;

	if (never_waits(&f) || c->cpu->plain) {
		long args[6] = { a[0], a[1], a[2], flags | SOCK_CLOEXEC };

		ret = async_direct(c, SYS_accept4, args);
	} else {
		set_op(c, IORING_OP_ACCEPT, (int)a[0], (uint64_t)a[1], 0, (uint64_t)a[2],
		       (uint32_t)flags | SOCK_CLOEXEC);
		ret = async_operation(c, f.receive_ns);
	}
	f.nonblocking = flags & SOCK_NONBLOCK;
	return async_fd_give_known(c, ret == -ETIME ? -EAGAIN : ret, flags & SOCK_CLOEXEC,
				   f.kind == FD_BAD ? NULL : &f);
}

/* --- files ------------------------------------------------------------------------------------ */

long async_call_fsync(struct async_coro *c, long nr, long a[6])
{
	set_op(c, IORING_OP_FSYNC, (int)a[0], 0, 0, 0,
	       nr == SYS_fdatasync ? IORING_FSYNC_DATASYNC : 0);
	return async_operation(c, -1);
}

/* Opening a FIFO or a device may wait for the other side. */
static bool opening_waits(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) || (S_ISCHR(st->st_mode) && st->st_rdev >> 8 != 1);
}

/* What follows `prefix` in s, or NULL. */
static const char *after(const char *s, const char *prefix)
{
	while (*prefix) {
		if (*s++ != *prefix++)
			return NULL;
	}
	return s;
}

/* The descriptor that a path names, or -1. */
static int descriptor_in(const char *path)
{
	static const char *const streams[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	const char *digits = after(path, "/dev/fd/");
	int fd = 0;

	for (int i = 0; i < 3; i++) {
		const char *end = after(path, streams[i]);

		if (end && !*end)
			return i;
	}
	if (!digits)
		digits = after(path, "/proc/self/fd/");
	if (!digits)
		digits = after(path, "/proc/thread-self/fd/");
	if (!digits || !*digits)
		return -1;
	for (; *digits >= '0' && *digits <= '9' && fd < 100000; digits++)
		fd = 10 * fd + *digits - '0';
	return *digits ? -1 : fd;
}

/* /dev/stdout and its like are the task's own: the path with the real descriptor, into `to`. */
static long own_path(const struct async_coro *c, long path, char to[32])
{
	int fd = *(const char *)path == '/' ? descriptor_in((const char *)path) : -1;
	const char *prefix = "/proc/self/fd/";
	unsigned real = (unsigned)async_fd_real(c, fd), unit = 1;
	char *at = to;

	if (fd < 0 || (int)real < 0)
		return path;
	while (*prefix)
		*at++ = *prefix++;
	while (real / unit >= 10)
		unit *= 10;
	for (; unit; unit /= 10)
		*at++ = (char)('0' + real / unit % 10);
	*at = '\0';
	return (long)to;
}

long async_call_open(struct async_coro *c, long nr, long a[6])
{
	long at[6] = { a[0], a[1], a[2], a[3] };
	bool looked = false;
	struct async_fd f;
	struct stat st;
	char path[32];
	long flags, fd;

	if (nr != SYS_openat) {
		at[0] = async.cwd_used ? c->cwd_fd : AT_FDCWD;
		at[1] = a[0];
		at[2] = nr == SYS_creat ? O_CREAT | O_WRONLY | O_TRUNC : a[1];
		at[3] = nr == SYS_creat ? a[1] : a[2];
	}
	at[1] = own_path(c, at[1], path);
	flags = at[2];
	at[2] |= O_CLOEXEC;
	if (!(flags & (O_NONBLOCK | O_DIRECTORY | O_PATH)))
		looked = RAW4(SYS_newfstatat, at[0], at[1], &st, 0) == 0;
	if (looked && opening_waits(&st))
		fd = async_helper(c, SYS_openat, at);
	else
		fd = async_direct(c, SYS_openat, at);
	if (looked && fd >= 0)
		f = async_fd_opened((int)fd, flags, &st);
	return async_fd_give_known(c, fd, flags & O_CLOEXEC, looked ? &f : NULL);
}

long async_call_flock(struct async_coro *c, long nr, long a[6])
{
	long try[6] = { a[0], a[1] | 4 /* LOCK_NB */ };
	long ret = async_direct(c, nr, try);

	if (ret != -EAGAIN || a[1] & 4)
		return ret;
	return async_helper(c, nr, a);
}

#endif
