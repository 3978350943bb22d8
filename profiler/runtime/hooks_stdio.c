/*
 * hooks_stdio.c - streams, whose functions know libc's own stdout
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

PRINTF(1, 0) static int hook_vprintf(const char *fmt, va_list ap)
{
	return vfprintf(hook_stdout(), fmt, ap);
}

PRINTF(1, 2) static int hook_printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(hook_stdout(), fmt, ap);
	va_end(ap);
	return n;
}

PRINTF(2, 0) static int hook_vprintf_chk(int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vfprintf(hook_stdout(), fmt, ap);
}

PRINTF(2, 3) static int hook_printf_chk(int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, fmt);
	n = vfprintf(hook_stdout(), fmt, ap);
	va_end(ap);
	return n;
}

static int hook_puts(const char *s)
{
	FILE *out = hook_stdout();
	int ret;

	flockfile(out);
	ret = fputs_unlocked(s, out) < 0 || putc_unlocked('\n', out) < 0 ? EOF : 1;
	funlockfile(out);
	return ret;
}

static int hook_putchar(int c)
{
	return putc(c, hook_stdout());
}

static int hook_putchar_unlocked(int c)
{
	return putc_unlocked(c, hook_stdout());
}

static int hook_wprintf(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfwprintf(hook_stdout(), fmt, ap);
	va_end(ap);
	return n;
}

static wint_t hook_putwchar(wchar_t c)
{
	return putwc(c, hook_stdout());
}

static void hook_perror(const char *s)
{
	int error = errno;

	fprintf(hook_stderr(), "%s%s%s\n", s && *s ? s : "", s && *s ? ": " : "", strerror(error));
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

static FILE *hook_fopen(const char *path, const char *mode)
{
	char own[HOOK_PATH];
	FILE *file = fopen(hook_path(path, own), mode);

	remember(file);
	return file;
}

static FILE *hook_freopen(const char *path, const char *mode, FILE *file)
{
	char own[HOOK_PATH];

	return freopen(path ? hook_path(path, own) : NULL, mode, file);
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
	file = copy_own_stream(file);
	if (copy_self)
		copy_forget_stream(copy_self, file);
	return file ? fclose(file) : EOF;
}

/* All streams of this worker, not of all. */
static int hook_fflush(FILE *file)
{
	struct copy *c = copy_in_job();
	int ret;

	if (file || !c)
		return fflush(copy_own_stream(file));
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

/* Sorted by name. */
const struct hook hooks_stdio[] = {
	HOOK("__printf_chk", hook_printf_chk),
	HOOK("__vprintf_chk", hook_vprintf_chk),
	HOOK("fclose", hook_fclose),
	HOOK("fcloseall", hook_fcloseall),
	HOOK("fdopen", hook_fdopen),
	HOOK("fflush", hook_fflush),
	HOOK("fflush_unlocked", hook_fflush),
	HOOK("fopen", hook_fopen),
	HOOK("fopen64", hook_fopen),
	HOOK("freopen", hook_freopen),
	HOOK("freopen64", hook_freopen),
	HOOK("perror", hook_perror),
	HOOK("printf", hook_printf),
	HOOK("putchar", hook_putchar),
	HOOK("putchar_unlocked", hook_putchar_unlocked),
	HOOK("puts", hook_puts),
	HOOK("putwchar", hook_putwchar),
	HOOK("tmpfile", hook_tmpfile),
	HOOK("tmpfile64", hook_tmpfile),
	HOOK("vprintf", hook_vprintf),
	HOOK("wprintf", hook_wprintf),
	{ NULL, NULL },
};
