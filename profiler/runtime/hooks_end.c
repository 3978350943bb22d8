/*
 * hooks_end.c - how a program ends, and signals
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

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
static _Noreturn void hook_assert_fail(const char *what, const char *file, unsigned line,
				       const char *function)
{
	fprintf(hook_stderr(), "%s: %s:%u: %s: Assertion `%s' failed.\n",
		program_invocation_short_name, file, line, function ? function : "?", what);
	die(SIGABRT);
}

static _Noreturn void hook_stack_chk_fail(void)
{
	fprintf(hook_stderr(), "*** stack smashing detected ***: terminated\n");
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
	FILE *err = hook_stderr();
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
	FILE *err = hook_stderr();
	va_list ap;

	fflush(hook_stdout());
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
	FILE *err = hook_stderr();
	va_list ap;

	fflush(hook_stdout());
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

/* --- the table -------------------------------------------------------------------------------- */

/* Sorted by name. */
const struct hook hooks_end[] = {
	HOOK("_Exit", hook__exit),
	HOOK("__assert", hook_assert_fail),
	HOOK("__assert_fail", hook_assert_fail),
	HOOK("__cxa_atexit", hook_cxa_atexit),
	HOOK("__stack_chk_fail", hook_stack_chk_fail),
	HOOK("_exit", hook__exit),
	HOOK("abort", hook_abort),
	HOOK("alarm", hook_alarm),
	HOOK("at_quick_exit", hook_atexit),
	HOOK("atexit", hook_atexit),
	HOOK("bsd_signal", hook_signal),
	HOOK("err", hook_err),
	HOOK("error", hook_error),
	HOOK("error_at_line", hook_error_at_line),
	HOOK("errx", hook_errx),
	HOOK("exit", hook_exit),
	HOOK("kill", hook_kill),
	HOOK("on_exit", hook_on_exit),
	HOOK("quick_exit", hook__exit),
	HOOK("raise", hook_raise),
	HOOK("setitimer", hook_setitimer),
	HOOK("sigaction", hook_sigaction),
	HOOK("siginterrupt", hook_siginterrupt),
	HOOK("signal", hook_signal),
	HOOK("verr", hook_verr),
	HOOK("verrx", hook_verrx),
	HOOK("vwarn", hook_vwarn),
	HOOK("vwarnx", hook_vwarnx),
	HOOK("warn", hook_warn),
	HOOK("warnx", hook_warnx),
	{ NULL, NULL },
};
