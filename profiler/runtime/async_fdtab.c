/*
 * async_fdtab.c - what is known of each descriptor, and whose it is
 *
 * Task side. Kinds are found by asking the kernel once and kept until something could have changed
 * them; whatever changes the open file that descriptors may share (F_SETFL, SO_RCVTIMEO) forgets
 * everything. Coroutines share one table of descriptors but each thinks that it has its own: 0, 1
 * and 2 are translated, and a descriptor can be closed by its owner alone.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define KNOWN   65536
#define GUARDED 4096   /* descriptors that are looked at for being open before the tasks begin */
#define OURS    0xffff /* an owner */

struct statfs_head {
	long type;
	long rest[31];
};

static struct async_fd *known;
static uint16_t *owner; /* index of a coroutine + 1; 0: nobody's */
static _Atomic uint32_t generation = 1;

static void *zeroed(size_t n)
{
	long p = RAW6(SYS_mmap, 0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p < 0 && p > -4096 ? NULL : (void *)p;
}

int async_fd_init(void)
{
	known = zeroed(KNOWN * sizeof(*known));
	owner = zeroed(KNOWN * sizeof(*owner));
	if (!known || !owner)
		return -ENOMEM;
	for (int fd = 0; fd < GUARDED; fd++) {
		if (RAW2(SYS_fcntl, fd, F_GETFD) >= 0)
			owner[fd] = OURS;
	}
	return 0;
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

static enum async_fd_kind kind_of_file(int fd)
{
	struct statfs_head fs;

	if (RAW2(SYS_fstatfs, fd, &fs) < 0)
		return FD_FILE;
	switch (fs.type) {
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

static enum async_fd_kind kind_of(int fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFSOCK:
		return kind_of_socket(fd);
	case S_IFREG:
		return kind_of_file(fd);
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

static void look(int fd, struct async_fd *ret)
{
	struct stat st;
	long flags = RAW2(SYS_fcntl, fd, F_GETFL);

	*ret = (struct async_fd){ .generation = generation, .kind = FD_BAD };
	if (flags < 0 || RAW2(SYS_fstat, fd, &st) < 0)
		return;
	ret->receive_ns = -1;
	ret->send_ns = -1;
	ret->nonblocking = flags & O_NONBLOCK;
	ret->direct = flags & O_DIRECT;
	ret->synced = flags & (O_SYNC | O_DSYNC);
	ret->append = flags & O_APPEND;
	ret->kind = flags & O_PATH ? FD_MEMORY : kind_of(fd, &st);
	if (ret->kind == FD_STREAM || ret->kind == FD_PACKET) {
		ret->receive_ns = timeout_of(fd, SO_RCVTIMEO);
		ret->send_ns = timeout_of(fd, SO_SNDTIMEO);
	}
	if (ret->kind != FD_FILE)
		ret->direct = false; /* a pipe's packet mode */
}

const struct async_fd *async_fd_of(int fd)
{
	static const struct async_fd bad = { .kind = FD_BAD };
	struct async_fd *f;

	if (!fits(fd))
		return &bad;
	f = &known[fd];
	if (f->kind == FD_UNKNOWN || f->kind == FD_BAD || f->generation != generation)
		look(fd, f);
	return f;
}

void async_fd_no_nowait(int fd)
{
	if (fits(fd))
		known[fd].no_nowait = true;
}

void async_fd_changed(void)
{
	generation++;
}

void async_fd_opened(struct async_coro *c, int fd)
{
	if (!fits(fd))
		return;
	known[fd].kind = FD_UNKNOWN;
	owner[fd] = (uint16_t)(c->index + 1);
}

void async_fd_closed(int fd)
{
	if (!fits(fd))
		return;
	known[fd].kind = FD_UNKNOWN;
	owner[fd] = 0;
}

bool async_fd_is_own(const struct async_coro *c, int fd)
{
	return fits(fd) && owner[fd] == c->index + 1;
}

int async_fd_real(const struct async_coro *c, int fd)
{
	return fd >= 0 && fd < 3 ? c->slots[fd] : fd;
}

/* The lowest free number, as open() promises, where a program can tell: when it has closed 0, 1 or 2. */
long async_fd_give(struct async_coro *c, long fd)
{
	if (fd < 0)
		return fd;
	async_fd_opened(c, (int)fd);
	for (int i = 0; i < 3; i++) {
		if (c->slots[i] < 0) {
			c->slots[i] = (int)fd;
			return i;
		}
	}
	return fd;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Closes what a slot holds, unless it was never the task's own. */
static long empty_slot(struct async_coro *c, int slot)
{
	int fd = c->slots[slot];

	if (fd < 0)
		return -EBADF;
	c->slots[slot] = -1;
	if (!async_fd_is_own(c, fd))
		return 0;
	async_fd_closed(fd);
	return RAW1(SYS_close, fd);
}

long async_call_close(struct async_coro *c, long nr, long a[6])
{
	int fd = (int)a[0];

	for (int i = 0; i < 3; i++) {
		if (c->slots[i] == fd) /* args are real by now */
			return empty_slot(c, i);
	}
	/* Nobody's: opened by a thread that the task made. */
	if (!fits(fd) || (owner[fd] && !async_fd_is_own(c, fd)))
		return -EBADF;
	async_fd_closed(fd);
	return RAW1(nr, fd);
}

long async_call_close_range(struct async_coro *c, long nr, long a[6])
{
	unsigned long last = (unsigned long)(unsigned)a[1];

	(void)nr;
	if (a[2] & 4) /* CLOSE_RANGE_CLOEXEC: no coroutine runs another program in its place */
		return 0;
	for (unsigned long fd = (unsigned)a[0]; fd <= last && fd < KNOWN; fd++) {
		if (fd < 3) {
			empty_slot(c, (int)fd);
		} else if (owner[fd] == c->index + 1 && (int)fd != c->slots[0] &&
			   (int)fd != c->slots[1] && (int)fd != c->slots[2]) {
			async_fd_closed((int)fd);
			RAW1(SYS_close, fd);
		}
	}
	return 0;
}

static long dup_onto(struct async_coro *c, long nr, const long a[6])
{
	int to = (int)a[1];
	long fd;

	if (to >= 3) {
		if (!async_fd_is_own(c, to) && RAW2(SYS_fcntl, to, F_GETFD) >= 0)
			async_refuse("dup2", "onto a descriptor that is not the task's own");
		fd = RAW3(nr, a[0], to, a[2]);
		if (fd >= 0)
			async_fd_opened(c, (int)fd);
		return fd;
	}
	fd = RAW3(SYS_fcntl, a[0], F_DUPFD_CLOEXEC, 10);
	if (fd < 0)
		return fd;
	if (c->slots[to] >= 0)
		empty_slot(c, to);
	async_fd_opened(c, (int)fd);
	c->slots[to] = (int)fd;
	return to;
}

long async_call_dup(struct async_coro *c, long nr, long a[6])
{
	if (nr == SYS_dup)
		return async_fd_give(c, RAW3(SYS_fcntl, a[0], F_DUPFD, 3));
	return dup_onto(c, nr, a);
}

long async_call_fcntl(struct async_coro *c, long nr, long a[6])
{
	long ret;

	switch (a[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		ret = RAW3(nr, a[0], a[1], a[2] < 3 ? 3 : a[2]);
		return a[2] < 3 ? async_fd_give(c, ret)
				: (ret >= 0 ? async_fd_opened(c, (int)ret), ret : ret);
	case F_SETFL:
		ret = RAW3(nr, a[0], a[1], a[2]);
		async_fd_changed();
		return ret;
	case F_SETLKW: /* a lock of the whole process: it would not keep tasks apart */
		async_refuse("fcntl(F_SETLKW)", "a record lock belongs to the whole process");
	case F_OFD_SETLKW:
		return async_helper(c, nr, a);
	default:
		return RAW3(nr, a[0], a[1], a[2]);
	}
}

long async_call_ioctl(struct async_coro *c, long nr, long a[6])
{
	long ret = async_direct(c, nr, a);

	if (a[1] == 0x5421) /* FIONBIO */
		async_fd_changed();
	return ret;
}

long async_call_setsockopt(struct async_coro *c, long nr, long a[6])
{
	long ret = async_direct(c, nr, a);

	if (a[1] == SOL_SOCKET && (a[2] == SO_RCVTIMEO || a[2] == SO_SNDTIMEO))
		async_fd_changed();
	return ret;
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
