/*
 * async_process.c - processes, threads, signals, and what a process has one of
 *
 * Task side. A child that shares our memory or gets a stack of its own must be made with the task's own
 * registers and stack (IN_PLACE).
 * A coroutine's working directory and umask are kept beside the process's, and put on, with its
 * descriptors 0 to 2, just before a child is made: nobody else uses the process's own.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#define THREADS_MAX 4096

/* --- making children -------------------------------------------------------------------------- */

/* Make the process look like this task, for a child to inherit; until its next call. */
static void dress(struct async_coro *c)
{
	async_fd_dress(c);
	c->dressed = true;
	if (async.cwd_used)
		RAW1(SYS_fchdir, c->cwd_fd);
	if (async.umask_used)
		RAW1(SYS_umask, c->umask);
}

/* A process with memory of its own: it goes on from here, natively, with the task's results. */
static long fork_here(struct async_coro *c, long nr, const long a[6])
{
	long ret = async_raw(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	if (ret == 0) {
		async_fd_only_own(c);
		async_self = NULL;
	} else if (ret > 0 && c->children_n < ASYNC_CHILDREN) {
		c->children[c->children_n++] = (int)ret;
	}
	return ret;
}

long async_call_clone(struct async_coro *c, long nr, long a[6])
{
	const struct clone_args *args = (const struct clone_args *)a[0];
	uint64_t flags = nr == SYS_clone3  ? args->flags
			 : nr == SYS_clone ? (uint64_t)a[0]
			 : nr == SYS_vfork ? CLONE_VM | CLONE_VFORK
					   : 0;
	uint64_t tls = nr == SYS_clone3 ? args->tls : (uint64_t)a[4];

	if (!(flags & CLONE_THREAD) && async.seccomp)
		async_refuse("fork",
			     "this kernel has seccomp only, under which a child could run no "
			     "other program");
	if (!(flags & CLONE_THREAD)) {
		if (c->cpu->plain)
			async_refuse("fork", c->offloaded ? "from a function that is offloaded"
							  : "from a thread of its own");
		if (!c->cpu->loop) {
			c->want = WANT_LOOP;
			async_wait(c);
		}
		dress(c);
	}
	if (!(flags & CLONE_VM))
		return fork_here(c, nr, a);
	c->nr = nr;
	if (flags & CLONE_VFORK) {
		async_vforking = 1;
		return async_run_in_place(c, async_in_place_vfork);
	}
	if (!(flags & CLONE_SETTLS))
		async_refuse("clone", "a child that shares memory but no thread's state");
	async_run_in_place(c, async_in_place_thread);
	/* The child reads its way back from its own TLS, at the same place in it as ours. */
	*(uint64_t *)(tls + ((uint64_t)&async_return - c->fs)) = async_return;
	*(struct async_coro **)(tls + ((uint64_t)&async_maker - c->fs)) = c;
	return nr;
}

/*
 * A thread that a task has made: it runs beside the loop and waits in the kernel, as a thread does,
 * but with the descriptors and the directory of its task.
 */
void async_adopt(void)
{
	static struct async_coro coros[THREADS_MAX];
	static struct async_cpu cpus[THREADS_MAX];
	static _Atomic unsigned used;
	unsigned i = used++;
	struct async_coro *c = &coros[i], *maker = async_maker;
	struct async_cpu *cpu = &cpus[i];

	if (i >= THREADS_MAX)
		async_refuse("pthread_create", "more often than 4096 times");
	cpu->plain = true;
	cpu->tid = (int)RAW1(SYS_gettid, 0);
	c->cpu = cpu;
	c->tid = cpu->tid;
	c->index = maker->index;
	c->fds = maker->fds;
	c->fds_top = maker->fds_top;
	c->cwd_fd = maker->cwd_fd;
	c->umask = maker->umask;
	__asm__ volatile("rdfsbase %0" : "=r"(c->fs));
	async_self = c;
	if (async_trap_arm(cpu))
		async_refuse("pthread_create", "a thread whose calls cannot be intercepted");
	cpu->selector = ASYNC_BLOCK;
}

long async_call_exit(struct async_coro *c, long nr, long a[6])
{
	if (nr == SYS_exit && c->cpu->plain && !c->offloaded)
		return async_direct(c, nr, a);
	if (nr == SYS_exit)
		async_refuse("pthread_exit", "in the thread that runs the task");
	if (!async.opt->on_exit)
		async_refuse("exit", "inside a task");
	c->cpu->selector = ASYNC_BLOCK;
	async.opt->on_exit(c->index, (int)a[0] & 0xff);
	__builtin_unreachable();
}

long async_call_gettid(struct async_coro *c, long nr, long a[6])
{
	(void)nr;
	(void)a;
	return c->tid;
}

/* --- signals ---------------------------------------------------------------------------------- */

/* It never comes back to where it was called, nor must it forget where another call has to. */
long async_call_sigreturn(struct async_coro *c, long nr, long a[6])
{
	ucontext_t *uc = c->frame;

	(void)a;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)async_in_place;
	return nr;
}

/* With calls dispatched, as a handler may run in the middle of it, on top of our own frame. */
static long signalling(struct async_coro *c, long nr, const long a[6])
{
	void *frame = c->frame;
	long ret;

	c->cpu->selector = ASYNC_BLOCK;
	ret = async_signalling(nr, a[0], a[1], a[2], a[3]);
	c->cpu->selector = ASYNC_ALLOW;
	c->frame = frame;
	RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &c->mask, 8);
	c->cpu->mask = c->mask;
	return ret;
}

/* Ours blocked would be death at the next call. */
long async_call_sigmask(struct async_coro *c, long nr, long a[6])
{
	const uint64_t *set = (const uint64_t *)a[1];
	uint64_t without;

	if (set && *set & ASYNC_OURS && a[0] != SIG_UNBLOCK) {
		without = *set & ~ASYNC_OURS;
		a[1] = (long)&without;
	}
	return signalling(c, nr, a);
}

long async_call_sigaction(struct async_coro *c, long nr, long a[6])
{
	const uint64_t *action = (const uint64_t *)a[1]; /* handler, flags, restorer, mask */

	(void)c;
	if (a[0] == SIGSYS && action)
		async_refuse("sigaction(SIGSYS)", "the signal by which calls are intercepted");
	if (a[0] == SIGTRAP && action && async.opt->offload)
		async_refuse("sigaction(SIGTRAP)", "the signal by which a function is offloaded");
	if (!action)
		return RAW4(nr, a[0], 0, a[2], a[3]);
	uint64_t changed[4] = { action[0], action[1], action[2], action[3] & ~ASYNC_OURS };

	if (changed[0] > 1)
		async.handlers_used = true;
	return RAW4(nr, a[0], changed, a[2], a[3]);
}

static int real_tid(const struct async_coro *self, int tid)
{
	if (tid == self->tid)
		return self->cpu->tid;
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		if (async.coros[i].tid == tid)
			async_refuse("tgkill", "a signal for another task's thread");
	}
	return tid;
}

long async_call_kill(struct async_coro *c, long nr, long a[6])
{
	if (nr == SYS_tgkill || nr == SYS_rt_tgsigqueueinfo)
		a[1] = real_tid(c, (int)a[1]);
	else if (nr == SYS_tkill)
		a[0] = real_tid(c, (int)a[0]);
	return signalling(c, nr, a);
}

/* --- working directory and umask -------------------------------------------------------------- */

static int cwd_of(const struct async_coro *c)
{
	return async.cwd_used ? c->cwd_fd : AT_FDCWD;
}

/* From now on every coroutine's relative paths start at a descriptor. */
static void use_cwd(void)
{
	if (async.cwd_used)
		return;
	for (unsigned i = 0; i < async.opt->coroutines; i++)
		async.coros[i].cwd_fd = async.base_cwd_fd;
	async.cwd_used = true;
}

long async_call_chdir(struct async_coro *c, long nr, long a[6])
{
	long fd;

	if (nr == SYS_chdir)
		fd = RAW4(SYS_openat, cwd_of(c), a[0], O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	else
		fd = RAW4(SYS_openat, a[0], ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	use_cwd();
	if (c->cwd_fd != async.base_cwd_fd)
		RAW1(SYS_close, c->cwd_fd);
	c->cwd_fd = (int)fd;
	return 0;
}

static char *put_number(char *at, unsigned n)
{
	char digits[12];
	int k = 0;

	do
		digits[k++] = (char)('0' + n % 10);
	while (n /= 10);
	while (k)
		*at++ = digits[--k];
	return at;
}

long async_call_getcwd(struct async_coro *c, long nr, long a[6])
{
	static const char prefix[] = "/proc/self/fd/";
	char path[40], *at = path;
	long n;

	if (!async.cwd_used)
		return async_direct(c, nr, a);
	for (int i = 0; prefix[i]; i++)
		*at++ = prefix[i];
	at = put_number(at, (unsigned)c->cwd_fd);
	*at = '\0';
	n = RAW4(SYS_readlinkat, AT_FDCWD, path, a[0], a[1]);
	if (n < 0)
		return n;
	if (n >= a[1])
		return -ERANGE;
	((char *)a[0])[n] = '\0';
	return n + 1;
}

long async_call_umask(struct async_coro *c, long nr, long a[6])
{
	int old;

	if (!async.umask_used) {
		old = (int)RAW1(nr, 0);
		RAW1(nr, old);
		for (unsigned i = 0; i < async.opt->coroutines; i++)
			async.coros[i].umask = old;
		async.umask_used = true;
	}
	old = c->umask;
	c->umask = (int)a[0] & 0777;
	return old;
}

/* Calls with a path alone, as the one that takes a directory. */
long async_call_path(struct async_coro *c, long nr, long a[6])
{
	int d = cwd_of(c);

	if (!async.cwd_used)
		return async_direct(c, nr, a);
	switch (nr) {
	case SYS_stat:
		return RAW4(SYS_newfstatat, d, a[0], a[1], 0);
	case SYS_lstat:
		return RAW4(SYS_newfstatat, d, a[0], a[1], AT_SYMLINK_NOFOLLOW);
	case SYS_access:
		return RAW3(SYS_faccessat, d, a[0], a[1]);
	case SYS_mkdir:
		return RAW3(SYS_mkdirat, d, a[0], a[1]);
	case SYS_rmdir:
		return RAW3(SYS_unlinkat, d, a[0], AT_REMOVEDIR);
	case SYS_unlink:
		return RAW3(SYS_unlinkat, d, a[0], 0);
	case SYS_rename:
		return RAW4(SYS_renameat, d, a[0], d, a[1]);
	case SYS_link:
		return RAW6(SYS_linkat, d, a[0], d, a[1], 0, 0);
	case SYS_symlink:
		return RAW3(SYS_symlinkat, a[0], d, a[1]);
	case SYS_readlink:
		return RAW4(SYS_readlinkat, d, a[0], a[1], a[2]);
	case SYS_chmod:
		return RAW3(SYS_fchmodat, d, a[0], a[1]);
	case SYS_chown:
		return RAW6(SYS_fchownat, d, a[0], a[1], a[2], 0, 0);
	case SYS_lchown:
		return RAW6(SYS_fchownat, d, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW, 0);
	case SYS_mknod:
		return RAW4(SYS_mknodat, d, a[0], a[1], a[2]);
	default:
		if (*(const char *)a[0] != '/')
			async_refuse(async_syscall_name(nr),
				     "with a relative path after a change of directory");
		return async_direct(c, nr, a);
	}
}

/* Private copies of what coroutines have to themselves already. */
long async_call_unshare(struct async_coro *c, long nr, long a[6])
{
	(void)c;
	(void)nr;
	if (a[0] & ~(long)(CLONE_FILES | CLONE_FS))
		async_refuse("unshare", "of what all tasks share");
	return 0;
}

long async_call_prctl(struct async_coro *c, long nr, long a[6])
{
	switch (a[0]) {
	case PR_SET_NAME:
	case PR_GET_NAME:
	case PR_GET_DUMPABLE:
	case PR_GET_NO_NEW_PRIVS:
	case PR_GET_SECCOMP:
	case PR_CAPBSET_READ:
	case 0x53564d41: /* PR_SET_VMA: names of memory */
		return async_direct(c, nr, a);
	default:
		async_refuse("prctl", "it would change the thread of all tasks");
	}
}

/* --- limits ----------------------------------------------------------------------------------- */

/* There is room for the descriptors of all tasks, but each sees the limit that it would have alone. */
long async_call_limit(struct async_coro *c, long nr, long a[6])
{
	bool get = nr == SYS_getrlimit;
	uint64_t *old = (uint64_t *)(get ? a[1] : a[3]);
	long ret;

	if (!get && a[2])
		async_refuse("setrlimit", "a limit of the whole process");
	ret = async_direct(c, nr, a);
	if (ret == 0 && old && (get ? a[0] : a[1]) == RLIMIT_NOFILE && async.opt->files_limit)
		old[0] = async.opt->files_limit;
	return ret;
}

/* --- CPU time --------------------------------------------------------------------------------- */

/* Of one coroutine it is not known: what its thread has used, which is right for sums alone. */
long async_call_cputime(struct async_coro *c, long nr, long a[6])
{
	return async_direct(c, nr, a);
}

#endif
