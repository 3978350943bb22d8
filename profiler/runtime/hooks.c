#include "profiler/runtime/hooks.h"

#include <err.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "profiler/runtime/copy.h"

extern char **environ;

#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

#define W_EXIT(code)  (((code)&0xff) << 8)
#define W_SIGNAL(sig) (sig)

/* --- the end ---------------------------------------------------------------------------------- */

static void run_at_exit(struct copy *c, int code)
{
	while (c->at_exit_n) { /* taken off first: a handler may exit or register again */
		struct copy_at_exit h = c->at_exit[--c->at_exit_n];

		if (h.with_arg)
			h.with_arg(h.arg, code);
		else
			h.with_status(code, h.arg);
	}
}

/* exit() in a process that a job has forked. */
static _Noreturn void exit_child(int code)
{
	struct copy *c = copy_self;

	if (c) {
		run_at_exit(c, code);
		copy_close_streams(c);
	}
	_exit(code);
}

_Noreturn void hook_exit(int code)
{
	struct copy *c = copy_in_job();

	if (!c)
		exit_child(code);
	run_at_exit(c, code);
	copy_end_job(c, W_EXIT(code));
}

static _Noreturn void hook__exit(int code)
{
	struct copy *c = copy_in_job();

	if (!c)
		_exit(code);
	c->discard = true;
	copy_end_job(c, W_EXIT(code));
}

static _Noreturn void die(int sig)
{
	struct copy *c = copy_in_job();

	if (c) {
		c->discard = true;
		copy_end_job(c, W_SIGNAL(sig));
	}
	signal(sig, SIG_DFL);
	raise(sig);
	_exit(128 + sig);
}

static _Noreturn void hook_abort(void)
{
	die(SIGABRT);
}

/* The program's stderr: its variable, as it may have been changed. */
static FILE *err_file(void)
{
	return copy_self ? *copy_self->err : stderr;
}

static FILE *out_file(void)
{
	return copy_self ? *copy_self->out : stdout;
}

static _Noreturn void hook_assert_fail(const char *what, const char *file, unsigned line,
				       const char *function)
{
	fprintf(err_file(), "%s: %s:%u: %s: Assertion `%s' failed.\n",
		program_invocation_short_name, file, line, function ? function : "?", what);
	die(SIGABRT);
}

static _Noreturn void hook_stack_chk_fail(void)
{
	fprintf(err_file(), "*** stack smashing detected ***: terminated\n");
	die(SIGABRT);
}

static int add_at_exit(struct copy_at_exit h)
{
	struct copy *c = copy_self;

	if (!c || c->at_exit_n == COPY_AT_EXIT)
		return -1;
	c->at_exit[c->at_exit_n++] = h;
	return 0;
}

static int hook_cxa_atexit(void (*f)(void *), void *arg, void *module)
{
	struct copy_at_exit h = { .arg = arg };

	(void)module;
	memcpy(&h.with_arg, &f, sizeof(f)); /* the status in the second register is not looked at */
	return add_at_exit(h);
}

static int hook_atexit(void (*f)(void))
{
	struct copy_at_exit h = { 0 };

	memcpy(&h.with_arg, &f, sizeof(f));
	return add_at_exit(h);
}

static int hook_on_exit(void (*f)(int, void *), void *arg)
{
	return add_at_exit((struct copy_at_exit){ .with_status = f, .arg = arg });
}

PRINTF(2, 0) static void say(bool with_errno, const char *fmt, va_list ap)
{
	FILE *err = err_file();
	int error = errno;

	fprintf(err, "%s: ", program_invocation_short_name);
	if (fmt)
		vfprintf(err, fmt, ap);
	if (with_errno)
		fprintf(err, "%s%s", fmt ? ": " : "", strerror(error));
	fputc('\n', err);
}

#define SAY(with_errno)                                                                            \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		say(with_errno, fmt, ap);                                                          \
		va_end(ap);                                                                        \
	} while (0)

PRINTF(1, 2) static void hook_warn(const char *fmt, ...)
{
	SAY(true);
}

PRINTF(1, 2) static void hook_warnx(const char *fmt, ...)
{
	SAY(false);
}

PRINTF(1, 0) static void hook_vwarn(const char *fmt, va_list ap)
{
	say(true, fmt, ap);
}

PRINTF(1, 0) static void hook_vwarnx(const char *fmt, va_list ap)
{
	say(false, fmt, ap);
}

PRINTF(2, 3) static _Noreturn void hook_err(int code, const char *fmt, ...)
{
	SAY(true);
	hook_exit(code);
}

PRINTF(2, 3) static _Noreturn void hook_errx(int code, const char *fmt, ...)
{
	SAY(false);
	hook_exit(code);
}

PRINTF(2, 0) static _Noreturn void hook_verr(int code, const char *fmt, va_list ap)
{
	say(true, fmt, ap);
	hook_exit(code);
}

PRINTF(2, 0) static _Noreturn void hook_verrx(int code, const char *fmt, va_list ap)
{
	say(false, fmt, ap);
	hook_exit(code);
}

PRINTF(3, 4) static void hook_error(int code, int error, const char *fmt, ...)
{
	FILE *err = err_file();
	va_list ap;

	fflush(out_file());
	fprintf(err, "%s: ", program_invocation_name);
	va_start(ap, fmt);
	vfprintf(err, fmt, ap);
	va_end(ap);
	if (error)
		fprintf(err, ": %s", strerror(error));
	fputc('\n', err);
	if (code)
		hook_exit(code);
}

PRINTF(5, 6)
static void hook_error_at_line(int code, int error, const char *file, unsigned line,
			       const char *fmt, ...)
{
	FILE *err = err_file();
	va_list ap;

	fflush(out_file());
	fprintf(err, "%s:%s:%u: ", program_invocation_name, file, line);
	va_start(ap, fmt);
	vfprintf(err, fmt, ap);
	va_end(ap);
	if (error)
		fprintf(err, ": %s", strerror(error));
	fputc('\n', err);
	if (code)
		hook_exit(code);
}

/* --- signals: they belong to the whole process ------------------------------------------------ */

static sighandler_t hook_signal(int sig, sighandler_t handler)
{
	if (!copy_in_job())
		return signal(sig, handler);
	return SIG_DFL;
}

static int hook_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (!copy_in_job())
		return sigaction(sig, act, old);
	if (old)
		memset(old, 0, sizeof(*old));
	return 0;
}

static int hook_siginterrupt(int sig, int flag)
{
	(void)sig;
	(void)flag;
	return 0;
}

static unsigned hook_alarm(unsigned seconds)
{
	return copy_in_job() ? 0 : alarm(seconds);
}

static int hook_setitimer(int which, const struct itimerval *now, struct itimerval *old)
{
	if (!copy_in_job())
		return setitimer((__itimer_which_t)which, now, old);
	if (old)
		memset(old, 0, sizeof(*old));
	return 0;
}

static int hook_raise(int sig)
{
	if (copy_in_job() && sig && sig != SIGCHLD && sig != SIGCONT && sig != SIGURG &&
	    sig != SIGWINCH)
		die(sig);
	return copy_in_job() ? 0 : raise(sig);
}

static int hook_kill(pid_t pid, int sig)
{
	if (copy_in_job() && (pid == getpid() || pid == 0))
		return hook_raise(sig);
	return kill(pid, sig);
}

/* --- streams ---------------------------------------------------------------------------------- */

PRINTF(1, 0) static int hook_vprintf(const char *fmt, va_list ap)
{
	return vfprintf(out_file(), fmt, ap);
}

PRINTF(1, 2) static int hook_printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(out_file(), fmt, ap);
	va_end(ap);
	return n;
}

PRINTF(2, 0) static int hook_vprintf_chk(int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vfprintf(out_file(), fmt, ap);
}

PRINTF(2, 3) static int hook_printf_chk(int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, fmt);
	n = vfprintf(out_file(), fmt, ap);
	va_end(ap);
	return n;
}

static int hook_puts(const char *s)
{
	FILE *out = out_file();
	int ret;

	flockfile(out);
	ret = fputs_unlocked(s, out) < 0 || putc_unlocked('\n', out) < 0 ? EOF : 1;
	funlockfile(out);
	return ret;
}

static int hook_putchar(int c)
{
	return putc(c, out_file());
}

static int hook_putchar_unlocked(int c)
{
	return putc_unlocked(c, out_file());
}

static int hook_wprintf(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfwprintf(out_file(), fmt, ap);
	va_end(ap);
	return n;
}

static wint_t hook_putwchar(wchar_t c)
{
	return putwc(c, out_file());
}

static void hook_perror(const char *s)
{
	int error = errno;

	fprintf(err_file(), "%s%s%s\n", s && *s ? s : "", s && *s ? ": " : "", strerror(error));
}

static void remember(FILE *file)
{
	struct copy *c = copy_self;

	for (unsigned i = 0; file && c && i < COPY_FILES; i++) {
		if (!c->files[i]) {
			c->files[i] = file;
			return;
		}
	}
}

static void forget(FILE *file)
{
	struct copy *c = copy_self;

	for (unsigned i = 0; c && i < COPY_FILES; i++) {
		if (c->files[i] == file)
			c->files[i] = NULL;
	}
}

static FILE *hook_fopen(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	remember(file);
	return file;
}

static FILE *hook_fdopen(int fd, const char *mode)
{
	FILE *file = fdopen(fd, mode);

	remember(file);
	return file;
}

static FILE *hook_tmpfile(void)
{
	FILE *file = tmpfile();

	remember(file);
	return file;
}

static int hook_fclose(FILE *file)
{
	forget(file);
	return fclose(file);
}

/* All streams of this worker, not of all. */
static int hook_fflush(FILE *file)
{
	struct copy *c = copy_in_job();
	int ret;

	if (file || !c)
		return fflush(file);
	ret = *c->out ? fflush(*c->out) : 0;
	for (unsigned i = 0; i < COPY_FILES; i++) {
		if (c->files[i] && fflush(c->files[i]))
			ret = EOF;
	}
	return ret;
}

static int hook_fcloseall(void)
{
	return hook_fflush(NULL);
}

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
	return execv(path, argv);
}

static int hook_execvp(const char *file, char *const *argv)
{
	refuse_exec();
	return execvp(file, argv);
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
	EXECL(execv(path, argv));
}

static int hook_execlp(const char *file, const char *first, ...)
{
	EXECL(execvp(file, argv));
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

static _Noreturn void hook_pthread_exit(void *value)
{
	struct copy *c = copy_in_job();

	if (c && pthread_equal(pthread_self(), c->thread))
		copy_refuse("its main thread ends before its other threads (pthread_exit)");
	if (c)
		c->threads--;
	pthread_exit(value);
}

/* --- hidden state of libc --------------------------------------------------------------------- */

static int next_option(int argc, char *const *argv, const char *shorts, const struct option *longs,
		       int *long_index, bool long_only)
{
	struct copy *c = copy_self;

	if (!c)
		return -1;
	c->getopt.err = *c->err;
	return getopt_next(&c->getopt, argc, (char **)(uintptr_t)argv, shorts, longs, long_index,
			   long_only);
}

static int hook_getopt(int argc, char *const *argv, const char *shorts)
{
	return next_option(argc, argv, shorts, NULL, NULL, false);
}

static int hook_getopt_long(int argc, char *const *argv, const char *shorts,
			    const struct option *longs, int *long_index)
{
	return next_option(argc, argv, shorts, longs, long_index, false);
}

static int hook_getopt_long_only(int argc, char *const *argv, const char *shorts,
				 const struct option *longs, int *long_index)
{
	return next_option(argc, argv, shorts, longs, long_index, true);
}

/*
 * The locale belongs to the process. Every job sets the same one, so what was set once is not set
 * again: a change while other threads format numbers is a race in libc.
 */
static char *hook_setlocale(int category, const char *locale)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		int category;
		char locale[32];
		char *result;
	} done[16];
	static unsigned n;
	char *ret = NULL;
	bool known = false;

	if (!locale || !copy_in_job() || strlen(locale) >= sizeof(done[0].locale))
		return setlocale(category, locale);
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < n && !known; i++) {
		known = done[i].category == category && strcmp(done[i].locale, locale) == 0;
		if (known)
			ret = done[i].result;
	}
	if (!known) {
		ret = setlocale(category, locale);
		if (n < sizeof(done) / sizeof(*done)) {
			done[n].category = category;
			strcpy(done[n].locale, locale);
			done[n++].result = ret ? strdup(ret) : NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

static __thread struct { /* per thread, so that each worker has its own */
	char *token;
	struct tm tm;
	char time[64];
} hidden;

static char *hook_strtok(char *s, const char *delimiters)
{
	return strtok_r(s, delimiters, &hidden.token);
}

static struct tm *hook_localtime(const time_t *t)
{
	tzset();
	return localtime_r(t, &hidden.tm);
}

static struct tm *hook_gmtime(const time_t *t)
{
	return gmtime_r(t, &hidden.tm);
}

static char *hook_asctime(const struct tm *tm)
{
	return asctime_r(tm, hidden.time);
}

static char *hook_ctime(const time_t *t)
{
	return hook_asctime(hook_localtime(t));
}

static struct random_data *random_state(void)
{
	static __thread struct random_data data;
	static __thread char state[128];
	struct copy *c = copy_self;

	if (!c || !c->random) { /* anew for every job, as if seeded with 1 */
		memset(&data, 0, sizeof(data));
		initstate_r(1, state, sizeof(state), &data);
		if (c)
			c->random = &data;
	}
	return &data;
}

static long hook_random(void)
{
	int32_t value;

	random_r(random_state(), &value);
	return value;
}

static int hook_rand(void)
{
	return (int)hook_random();
}

static void hook_srandom(unsigned seed)
{
	srandom_r(seed, random_state());
}

/* --- the table -------------------------------------------------------------------------------- */

#define HOOK(symbol, function)                                                                     \
	{                                                                                          \
		symbol, (void (*)(void))function                                                   \
	}

/* Sorted by name. */
static const struct {
	const char *name;
	void (*function)(void);
} hooks[] = {
	HOOK("_Exit", hook__exit),
	HOOK("__assert", hook_assert_fail),
	HOOK("__assert_fail", hook_assert_fail),
	HOOK("__cxa_atexit", hook_cxa_atexit),
	HOOK("__printf_chk", hook_printf_chk),
	HOOK("__stack_chk_fail", hook_stack_chk_fail),
	HOOK("__vprintf_chk", hook_vprintf_chk),
	HOOK("_exit", hook__exit),
	HOOK("abort", hook_abort),
	HOOK("alarm", hook_alarm),
	HOOK("asctime", hook_asctime),
	HOOK("at_quick_exit", hook_atexit),
	HOOK("atexit", hook_atexit),
	HOOK("bsd_signal", hook_signal),
	HOOK("close", hook_close),
	HOOK("close_range", hook_close_range),
	HOOK("closefrom", hook_closefrom),
	HOOK("ctime", hook_ctime),
	HOOK("daemon", hook_daemon),
	HOOK("err", hook_err),
	HOOK("error", hook_error),
	HOOK("error_at_line", hook_error_at_line),
	HOOK("errx", hook_errx),
	HOOK("execl", hook_execl),
	HOOK("execle", hook_execle),
	HOOK("execlp", hook_execlp),
	HOOK("execv", hook_execv),
	HOOK("execve", hook_execve),
	HOOK("execvp", hook_execvp),
	HOOK("execvpe", hook_execvpe),
	HOOK("exit", hook_exit),
	HOOK("fclose", hook_fclose),
	HOOK("fcloseall", hook_fcloseall),
	HOOK("fdopen", hook_fdopen),
	HOOK("fexecve", hook_fexecve),
	HOOK("fflush", hook_fflush),
	HOOK("fflush_unlocked", hook_fflush),
	HOOK("fopen", hook_fopen),
	HOOK("fopen64", hook_fopen),
	HOOK("getopt", hook_getopt),
	HOOK("getopt_long", hook_getopt_long),
	HOOK("getopt_long_only", hook_getopt_long_only),
	HOOK("gmtime", hook_gmtime),
	HOOK("kill", hook_kill),
	HOOK("localtime", hook_localtime),
	HOOK("on_exit", hook_on_exit),
	HOOK("perror", hook_perror),
	HOOK("printf", hook_printf),
	HOOK("pthread_create", hook_pthread_create),
	HOOK("pthread_exit", hook_pthread_exit),
	HOOK("putchar", hook_putchar),
	HOOK("putchar_unlocked", hook_putchar_unlocked),
	HOOK("puts", hook_puts),
	HOOK("putwchar", hook_putwchar),
	HOOK("quick_exit", hook__exit),
	HOOK("raise", hook_raise),
	HOOK("rand", hook_rand),
	HOOK("random", hook_random),
	HOOK("setitimer", hook_setitimer),
	HOOK("setlocale", hook_setlocale),
	HOOK("sigaction", hook_sigaction),
	HOOK("siginterrupt", hook_siginterrupt),
	HOOK("signal", hook_signal),
	HOOK("srand", hook_srandom),
	HOOK("srandom", hook_srandom),
	HOOK("strtok", hook_strtok),
	HOOK("tmpfile", hook_tmpfile),
	HOOK("tmpfile64", hook_tmpfile),
	HOOK("verr", hook_verr),
	HOOK("verrx", hook_verrx),
	HOOK("vprintf", hook_vprintf),
	HOOK("vwarn", hook_vwarn),
	HOOK("vwarnx", hook_vwarnx),
	HOOK("wait", hook_wait),
	HOOK("wait3", hook_wait3),
	HOOK("wait4", hook_wait4),
	HOOK("waitpid", hook_waitpid),
	HOOK("warn", hook_warn),
	HOOK("warnx", hook_warnx),
	HOOK("wprintf", hook_wprintf),
};

void *hook_find(const char *name)
{
	size_t low = 0, high = sizeof(hooks) / sizeof(*hooks);
	void *ret = NULL;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, hooks[middle].name);

		if (order == 0) {
			memcpy(&ret, &hooks[middle].function, sizeof(ret));
			return ret;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
