/*
 * hooks_process.c - descriptors, other programs and threads
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

/* --- descriptors above base_fd are ours ------------------------------------------------------- */

static int hook_close(int fd)
{
	struct copy *c = copy_in_job();

	if (c && fd >= c->base_fd) {
		errno = EBADF;
		return -1;
	}
	return close(fd);
}

static int hook_close_range(unsigned first, unsigned last, int flags)
{
	struct copy *c = copy_in_job();

	if (c && first >= (unsigned)c->base_fd)
		return 0;
	if (c && last >= (unsigned)c->base_fd)
		last = (unsigned)c->base_fd - 1;
	return close_range(first, last, flags);
}

static void hook_closefrom(int first)
{
	hook_close_range((unsigned)(first < 0 ? 0 : first), ~0u, 0);
}

/*
 * /dev/stdout and its like lead to the descriptors of the process, which are not the worker's. The
 * path to be used instead, in `own` if it is another.
 */
const char *hook_path(const char *path, char own[HOOK_PATH])
{
	static const struct {
		const char *prefix, *instead;
	} paths[] = {
		{ "/dev/stdin", "/proc/thread-self/fd/0" },
		{ "/dev/stdout", "/proc/thread-self/fd/1" },
		{ "/dev/stderr", "/proc/thread-self/fd/2" },
		{ "/dev/fd/", "/proc/thread-self/fd/" },
		{ "/proc/self/", "/proc/thread-self/" },
	};

	if (!copy_in_job() || (strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0))
		return path;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		size_t n = strlen(paths[i].prefix);

		if (strncmp(path, paths[i].prefix, n) == 0 && strlen(path) < HOOK_PATH / 2) {
			snprintf(own, HOOK_PATH, "%s%s", paths[i].instead, path + n);
			return own;
		}
	}
	return path;
}

/* The third argument, where there is one. */
#define MODE(flags, ap) ((flags) & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0)

static int hook_open(const char *path, int flags, ...)
{
	char own[HOOK_PATH];
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = MODE(flags, ap);
	va_end(ap);
	return open(hook_path(path, own), flags, mode);
}

static int hook_openat(int dir, const char *path, int flags, ...)
{
	char own[HOOK_PATH];
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = MODE(flags, ap);
	va_end(ap);
	return openat(dir, hook_path(path, own), flags, mode);
}

static int hook_open_2(const char *path, int flags)
{
	return hook_open(path, flags);
}

static int hook_openat_2(int dir, const char *path, int flags)
{
	return hook_openat(dir, path, flags);
}

/* --- other programs and threads --------------------------------------------------------------- */

static void refuse_exec(void)
{
	if (copy_in_job())
		copy_refuse("it replaces itself by another program (exec)");
}

static int hook_execve(const char *path, char *const *argv, char *const *envp)
{
	refuse_exec();
	return execve(path, argv, envp);
}

static int hook_execv(const char *path, char *const *argv)
{
	refuse_exec();
	return execve(path, argv, hook_environ());
}

static int hook_execvp(const char *file, char *const *argv)
{
	refuse_exec();
	return execvpe(file, argv, hook_environ());
}

static int hook_execvpe(const char *file, char *const *argv, char *const *envp)
{
	refuse_exec();
	return execvpe(file, argv, envp);
}

static int hook_fexecve(int fd, char *const *argv, char *const *envp)
{
	refuse_exec();
	return fexecve(fd, argv, envp);
}

#define EXECL_MAX 256

/* The arguments of execl() and friends as a vector; false: too many. */
static bool gather(char **argv, const char *first, va_list ap)
{
	int n = 0;

	for (const char *arg = first; arg; arg = va_arg(ap, const char *)) {
		if (n == EXECL_MAX - 1)
			return false;
		argv[n++] = (char *)(uintptr_t)arg;
	}
	argv[n] = NULL;
	return true;
}

#define EXECL(call)                                                                                \
	do {                                                                                       \
		char *argv[EXECL_MAX];                                                             \
		va_list ap;                                                                        \
		refuse_exec();                                                                     \
		va_start(ap, first);                                                               \
		if (!gather(argv, first, ap)) {                                                    \
			va_end(ap);                                                                \
			errno = E2BIG;                                                             \
			return -1;                                                                 \
		}                                                                                  \
		call;                                                                              \
		va_end(ap);                                                                        \
		return -1;                                                                         \
	} while (0)

static int hook_execl(const char *path, const char *first, ...)
{
	EXECL(execve(path, argv, hook_environ()));
}

static int hook_execlp(const char *file, const char *first, ...)
{
	EXECL(execvpe(file, argv, hook_environ()));
}

static int hook_execle(const char *path, const char *first, ...)
{
	EXECL(execve(path, argv, va_arg(ap, char *const *)));
}

static int hook_daemon(int nochdir, int noclose)
{
	if (copy_in_job())
		copy_refuse("it puts itself into the background (daemon)");
	return daemon(nochdir, noclose);
}

/* Children of this thread, not those of other workers. */
static pid_t hook_wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return wait4(pid, status, options | (copy_in_job() ? __WNOTHREAD : 0), usage);
}

static pid_t hook_waitpid(pid_t pid, int *status, int options)
{
	return hook_wait4(pid, status, options, NULL);
}

static pid_t hook_wait(int *status)
{
	return hook_wait4(-1, status, 0, NULL);
}

static pid_t hook_wait3(int *status, int options, struct rusage *usage)
{
	return hook_wait4(-1, status, options, usage);
}

struct thread_start {
	void *(*run)(void *);
	void *arg;
	struct copy *copy;
};

static void *run_thread(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;
	void *ret;

	free(arg);
	copy_self = start.copy;
	if (start.copy)
		image_begin_thread(&start.copy->image);
	ret = start.run(start.arg);
	if (start.copy)
		start.copy->threads--;
	return ret;
}

static int hook_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			       void *arg)
{
	struct thread_start *start = malloc(sizeof(*start));
	int err;

	if (!start)
		return EAGAIN;
	*start = (struct thread_start){ run, arg, copy_self };
	if (copy_self)
		copy_self->threads++;
	err = pthread_create(thread, attr, run_thread, start);
	if (err) {
		free(start);
		if (copy_self)
			copy_self->threads--;
	}
	return err;
}

static void *hook_dlopen(const char *path, int flags)
{
	return copy_in_job() ? image_open(path, flags) : dlopen(path, flags);
}

/* Another worker may have it open, and image_open() counts on it. */
static int hook_dlclose(void *handle)
{
	return copy_in_job() ? 0 : dlclose(handle);
}

static _Noreturn void hook_pthread_exit(void *value)
{
	struct copy *c = copy_in_job();

	if (c && pthread_equal(pthread_self(), c->thread))
		copy_refuse("its main thread ends before its other threads (pthread_exit)");
	if (c)
		c->threads--;
	pthread_exit(value);
}

/* --- the table -------------------------------------------------------------------------------- */

/* Sorted by name. */
const struct hook hooks_process[] = {
	HOOK("__open64_2", hook_open_2),
	HOOK("__open_2", hook_open_2),
	HOOK("__openat64_2", hook_openat_2),
	HOOK("__openat_2", hook_openat_2),
	HOOK("close", hook_close),
	HOOK("close_range", hook_close_range),
	HOOK("closefrom", hook_closefrom),
	HOOK("daemon", hook_daemon),
	HOOK("dlclose", hook_dlclose),
	HOOK("dlopen", hook_dlopen),
	HOOK("execl", hook_execl),
	HOOK("execle", hook_execle),
	HOOK("execlp", hook_execlp),
	HOOK("execv", hook_execv),
	HOOK("execve", hook_execve),
	HOOK("execvp", hook_execvp),
	HOOK("execvpe", hook_execvpe),
	HOOK("fexecve", hook_fexecve),
	HOOK("open", hook_open),
	HOOK("open64", hook_open),
	HOOK("openat", hook_openat),
	HOOK("openat64", hook_openat),
	HOOK("pthread_create", hook_pthread_create),
	HOOK("pthread_exit", hook_pthread_exit),
	HOOK("wait", hook_wait),
	HOOK("wait3", hook_wait3),
	HOOK("wait4", hook_wait4),
	HOOK("waitpid", hook_waitpid),
	{ NULL, NULL },
};
