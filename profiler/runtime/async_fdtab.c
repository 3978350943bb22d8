/*
 * async_fdtab.c - each coroutine's own table of descriptors, and what is known of what is behind them
 *
 * Task side. A coroutine counts its descriptors as a process of its own would; behind a number is a
 * real descriptor, above all numbers that tasks use. Those low numbers of the process are kept
 * occupied, and are put on only to make a child, which lives with the real ones.
 *
 * Kinds are known from the call that opened them or found by asking the kernel once, and kept until
 * something could have changed them; what changes an open file that descriptors share (F_SETFL,
 * SO_RCVTIMEO) forgets everything.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define KNOWN     65536
#define HUGE_PAGE (2ul << 20)
#define CLOEXEC   (1 << 30) /* in a table: the task's own flag; the real descriptor always has it */

struct statfs_head {
	long type;
	long rest[31];
};

static struct async_fd *known;
static bool *owned;                  /* a real descriptor that a coroutine has opened */
static bool *shared;                 /* and that may not be the only one of its open file */
static _Atomic uint64_t devices[16]; /* of files: number << 8 | kind */
static int null_fd;
static _Atomic uint32_t generation = 1;

/* Large tables in large pages: a thousand coroutines each use a page of their own table, which the TLB
 * would miss at each call. */
static void *zeroed(size_t n)
{
	size_t more = n < HUGE_PAGE ? 0 : HUGE_PAGE;
	long p = RAW6(SYS_mmap, 0, n + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	if (more) {
		p = (p + (long)more - 1) & -(long)more;
		RAW3(SYS_madvise, p, n & -more, MADV_HUGEPAGE);
	}
	return (void *)p;
}

/*
 * The kernel's table grows when it is full, and in a process with threads each time waits for a grace period
 * of RCU, 10 ms and more, in which the loop would stand. A rewrite without threads does not wait: before ours
 * are made, neither do we.
 */
void async_fd_reserve(void)
{
	struct {
		uint64_t now, most;
	} limit = { 0 };
	long fd = RAW4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0), last;

	RAW4(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, NULL, &limit);
	last = RAW3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, limit.now < KNOWN ? limit.now - 1 : KNOWN - 1);
	if (last >= 0)
		RAW1(SYS_close, last);
	if (fd >= 0)
		RAW1(SYS_close, fd);
}

/* What is open now is every coroutine's, as if it had been forked here. */
int async_fd_init(void)
{
	int n = async.fds_n;

	known = zeroed(KNOWN * sizeof(*known));
	owned = zeroed(KNOWN * sizeof(*owned));
	shared = zeroed(KNOWN * sizeof(*shared));
	async.fds = zeroed((size_t)(n + 1) * async.opt->coroutines * sizeof(*async.fds));
	if (!known || !owned || !shared || !async.fds)
		return -ENOMEM;
	for (int fd = 0; fd < n; fd++) {
		long flags = RAW2(SYS_fcntl, fd, F_GETFD);

		for (unsigned i = 0; i < async.opt->coroutines; i++)
			async.fds[i * (unsigned)(n + 1) + 1 + (unsigned)fd] =
				flags < 0 ? -1 : fd | (flags & FD_CLOEXEC ? CLOEXEC : 0);
	}
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		struct async_coro *c = &async.coros[i];

		c->fds_top = async.fds + i * (unsigned)(n + 1);
		c->fds = c->fds_top + 1;
		for (int fd = 0; fd < n; fd++)
			if (c->fds[fd] >= 0)
				*c->fds_top = fd + 1;
	}
	null_fd = (int)RAW4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	while (null_fd >= 0 && null_fd < n) { /* occupies the lowest that is free */
		long next = RAW3(SYS_fcntl, null_fd, F_DUPFD_CLOEXEC, 0);

		null_fd = (int)next;
	}
	return null_fd < 0 ? -EMFILE : 0;
}

static bool fits(int fd)
{
	return fd >= 0 && fd < KNOWN;
}

static int64_t timeout_of(int fd, int option)
{
	struct {
		long s, us;
	} tv;
	unsigned n = sizeof(tv);

	if (RAW6(SYS_getsockopt, fd, SOL_SOCKET, option, &tv, &n, 0) < 0 || (!tv.s && !tv.us))
		return -1;
	return tv.s * 1000000000 + tv.us * 1000;
}

static enum async_fd_kind kind_of_socket(int fd)
{
	int type = 0;
	unsigned n = sizeof(type);

	RAW6(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n, 0);
	return type == SOCK_STREAM ? FD_STREAM : FD_PACKET;
}

static enum async_fd_kind kind_on(long file_system)
{
	switch (file_system) {
	case 0x01021994: /* tmpfs */
	case 0x858458f6: /* ramfs */
	case 0x9fa0:     /* proc */
	case 0x62656572: /* sysfs */
	case 0x63677270: /* cgroup2 */
		return FD_MEMORY;
	default:
		return FD_FILE;
	}
}

/* Asked once for each device. */
static enum async_fd_kind kind_of_file(int fd, uint64_t device)
{
	_Atomic uint64_t *known_device = &devices[device % 16];
	uint64_t seen = *known_device;
	struct statfs_head fs;
	enum async_fd_kind kind;

	if (seen && seen >> 8 == device)
		return (enum async_fd_kind)(seen & 0xff);
	if (RAW2(SYS_fstatfs, fd, &fs) < 0)
		return FD_FILE;
	kind = kind_on(fs.type);
	*known_device = device << 8 | kind;
	return kind;
}

static enum async_fd_kind kind_of(int fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFSOCK:
		return kind_of_socket(fd);
	case S_IFREG:
		return kind_of_file(fd, st->st_dev);
	case S_IFDIR:
		return FD_MEMORY;
	case S_IFIFO:
		return FD_PIPE;
	case S_IFCHR: /* null, zero, full, random, urandom */
		return st->st_rdev >> 8 == 1 ? FD_MEMORY : FD_OTHER;
	case S_IFBLK:
		return FD_FILE;
	default:
		return FD_OTHER;
	}
}

struct async_fd async_fd_opened(int fd, long flags, const struct stat *st)
{
	struct async_fd f = {
		.generation = generation,
		.kind = flags & O_PATH ? FD_MEMORY : kind_of(fd, st),
		.nonblocking = flags & O_NONBLOCK,
		.direct = flags & O_DIRECT,
		.synced = flags & (O_SYNC | O_DSYNC),
		.append = flags & O_APPEND,
		.receive_ns = -1,
		.send_ns = -1,
	};

	if (f.kind != FD_FILE)
		f.direct = false; /* a pipe's packet mode */
	return f;
}

static struct async_fd look(int fd)
{
	struct async_fd f = { .generation = generation, .kind = FD_BAD };
	struct stat st;
	long flags = RAW2(SYS_fcntl, fd, F_GETFL);

	if (flags < 0 || RAW2(SYS_fstat, fd, &st) < 0)
		return f;
	f = async_fd_opened(fd, flags, &st);
	if (f.kind == FD_STREAM || f.kind == FD_PACKET) {
		f.receive_ns = timeout_of(fd, SO_RCVTIMEO);
		f.send_ns = timeout_of(fd, SO_SNDTIMEO);
	}
	return f;
}

const struct async_fd *async_fd_of(int fd)
{
	static const struct async_fd bad = { .kind = FD_BAD };
	struct async_fd *f;

	if (!fits(fd))
		return &bad;
	f = &known[fd];
	if (f->kind == FD_UNKNOWN || f->kind == FD_BAD || f->generation != generation)
		*f = look(fd);
	return f;
}

void async_fd_no_nowait(int fd)
{
	if (fits(fd))
		known[fd].no_nowait = true;
}

void async_fd_changed(int fd)
{
	if (fits(fd) && owned[fd] && !shared[fd])
		known[fd].kind = FD_UNKNOWN;
	else
		generation++;
}

int async_fd_real(const struct async_coro *c, int fd)
{
	if (fd < 0 || fd >= async.fds_n || c->fds[fd] < 0)
		return -1;
	return c->fds[fd] & ~CLOEXEC;
}

static void set(struct async_coro *c, int fd, int real, bool cloexec)
{
	c->fds[fd] = real | (cloexec ? CLOEXEC : 0);
	if (fits(real))
		owned[real] = true;
	if (fd >= *c->fds_top)
		*c->fds_top = fd + 1;
}

static void forget(long real)
{
	if (real >= 0 && real < KNOWN) {
		known[real].kind = FD_UNKNOWN;
		shared[real] = false;
	}
}

/* The lowest number that is free, as open() promises. */
static long give_from(struct async_coro *c, long real, int from, bool cloexec)
{
	if (real < 0)
		return real;
	for (int fd = from; fd < async.fds_n; fd++) {
		if (c->fds[fd] < 0) {
			set(c, fd, (int)real, cloexec);
			return fd;
		}
	}
	RAW1(SYS_close, real);
	return -EMFILE;
}

long async_fd_give(struct async_coro *c, long real)
{
	long flags;

	if (real < 0)
		return real;
	flags = RAW2(SYS_fcntl, real, F_GETFD);
	if (!(flags & FD_CLOEXEC))
		RAW3(SYS_fcntl, real, F_SETFD, FD_CLOEXEC);
	forget(real);
	return give_from(c, real, 0, flags & FD_CLOEXEC);
}

long async_fd_give_known(struct async_coro *c, long real, bool cloexec, const struct async_fd *f)
{
	if (real < 0)
		return real;
	forget(real);
	if (f && fits((int)real))
		known[real] = *f;
	return give_from(c, real, 0, cloexec);
}

static long close_one(struct async_coro *c, int fd)
{
	int real = async_fd_real(c, fd);

	if (real < 0)
		return -EBADF;
	c->fds[fd] = -1;
	if (!fits(real) || !owned[real])
		return 0;
	known[real].kind = FD_UNKNOWN;
	owned[real] = false;
	return RAW1(SYS_close, real);
}

/* --- for children ----------------------------------------------------------------------------- */

void async_fd_dress(const struct async_coro *c)
{
	for (int fd = 0; fd < async.fds_n && (fd < *c->fds_top || fd < 3); fd++) {
		int real = async_fd_real(c, fd);

		if (real >= 0 && real != fd)
			RAW3(SYS_dup3, real, fd, c->fds[fd] & CLOEXEC ? O_CLOEXEC : 0);
		else if (real < 0 && fd < 3)
			RAW3(SYS_dup3, null_fd, fd, O_CLOEXEC);
	}
}

void async_fd_undress(const struct async_coro *c)
{
	for (int fd = 0; fd < async.fds_n && fd < *c->fds_top; fd++) {
		int real = async_fd_real(c, fd);

		if (real >= 0 && real != fd)
			RAW3(SYS_dup3, null_fd, fd, O_CLOEXEC);
	}
}

/* In a forked child: what is not the task's. */
void async_fd_only_own(const struct async_coro *c)
{
	int first = 0; /* of a gap between those */

	for (int fd = 0; fd < async.fds_n && fd < *c->fds_top; fd++) {
		if (async_fd_real(c, fd) < 0)
			continue;
		if (fd > first)
			RAW3(SYS_close_range, first, fd - 1, 0);
		first = fd + 1;
	}
	RAW3(SYS_close_range, first, ~0u, 0);
}

/* --- calls ------------------------------------------------------------------------------------ */

long async_call_close(struct async_coro *c, long nr, long a[6])
{
	(void)nr;
	return close_one(c, (int)a[0]);
}

long async_call_close_range(struct async_coro *c, long nr, long a[6])
{
	unsigned first = (unsigned)a[0], last = (unsigned)a[1];

	(void)nr;
	for (unsigned fd = first; fd <= last && (int)fd < async.fds_n && (int)fd < *c->fds_top;
	     fd++) {
		if (c->fds[fd] < 0)
			continue;
		if (a[2] & 4) /* CLOSE_RANGE_CLOEXEC */
			c->fds[fd] |= CLOEXEC;
		else
			close_one(c, (int)fd);
	}
	return 0;
}

static long dup_real(int real)
{
	long copy = RAW3(SYS_fcntl, real, F_DUPFD_CLOEXEC, async.fds_n);

	forget(copy);
	if (fits(real) && copy >= 0 && copy < KNOWN)
		shared[real] = shared[copy] = true;
	return copy;
}

static long dup_onto(struct async_coro *c, int real, int to, bool cloexec)
{
	long copy;

	if (to < 0 || to >= async.fds_n)
		return -EBADF;
	copy = dup_real(real);
	if (copy < 0)
		return copy;
	close_one(c, to);
	set(c, to, (int)copy, cloexec);
	return to;
}

long async_call_dup(struct async_coro *c, long nr, long a[6])
{
	int real = async_fd_real(c, (int)a[0]);

	if (real < 0)
		return -EBADF;
	if (nr == SYS_dup)
		return give_from(c, dup_real(real), 0, false);
	if (a[0] == a[1])
		return nr == SYS_dup2 ? a[1] : -EINVAL;
	return dup_onto(c, real, (int)a[1], nr == SYS_dup3 && a[2] & O_CLOEXEC);
}

long async_call_fcntl(struct async_coro *c, long nr, long a[6])
{
	int fd = (int)a[0], real = async_fd_real(c, fd);
	long args[6] = { real, a[1], a[2] }, ret;

	if (real < 0)
		return -EBADF;
	switch (a[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (a[2] < 0 || a[2] >= async.fds_n)
			return -EINVAL;
		return give_from(c, dup_real(real), (int)a[2], a[1] == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return c->fds[fd] & CLOEXEC ? FD_CLOEXEC : 0;
	case F_SETFD:
		c->fds[fd] = real | (a[2] & FD_CLOEXEC ? CLOEXEC : 0);
		return 0;
	case F_SETFL:
		ret = async_direct(c, nr, args);
		async_fd_changed(real);
		return ret;
	case F_SETLKW: /* a lock of the whole process: it would not keep tasks apart */
		async_refuse("fcntl(F_SETLKW)", "a record lock belongs to the whole process");
	case F_OFD_SETLKW:
		return async_helper(c, nr, args);
	default:
		return async_direct(c, nr, args);
	}
}

long async_call_ioctl(struct async_coro *c, long nr, long a[6])
{
	int fd = (int)a[0], real = async_fd_real(c, fd);
	long args[6] = { real, a[1], a[2] }, ret;

	if (real < 0)
		return -EBADF;
	if (a[1] == 0x5450 || a[1] == 0x5451) { /* FIONCLEX, FIOCLEX */
		c->fds[fd] = real | (a[1] == 0x5451 ? CLOEXEC : 0);
		return 0;
	}
	ret = async_direct(c, nr, args);
	if (a[1] == 0x5421) /* FIONBIO */
		async_fd_changed(real);
	return ret;
}

long async_call_setsockopt(struct async_coro *c, long nr, long a[6])
{
	long ret = async_direct(c, nr, a);

	if (a[1] == SOL_SOCKET && (a[2] == SO_RCVTIMEO || a[2] == SO_SNDTIMEO))
		async_fd_changed((int)a[0]);
	return ret;
}

long async_call_socket(struct async_coro *c, long nr, long a[6])
{
	long type = a[1], plain = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	const struct async_fd f = { .generation = generation,
				    .kind = plain == SOCK_STREAM ? FD_STREAM : FD_PACKET,
				    .nonblocking = type & SOCK_NONBLOCK,
				    .receive_ns = -1,
				    .send_ns = -1 };

	a[1] |= SOCK_CLOEXEC;
	return async_fd_give_known(c, async_direct(c, nr, a), type & SOCK_CLOEXEC, &f);
}

long async_call_pair(struct async_coro *c, long nr, long a[6])
{
	int *pair = (int *)(nr == SYS_socketpair ? a[3] : a[0]);
	long ret = async_direct(c, nr, a);

	if (ret == 0) {
		pair[0] = (int)async_fd_give(c, pair[0]);
		pair[1] = (int)async_fd_give(c, pair[1]);
	}
	return ret;
}

#endif
