#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct error *make(enum error_class class, char *message)
{
	struct error *err = xcalloc(1, sizeof(*err));

	err->class = class;
	err->message = message;
	return err;
}

struct error *error_new(enum error_class class, const char *fmt, ...)
{
	va_list ap;
	char *message;

	va_start(ap, fmt);
	message = xvasprintf(fmt, ap);
	va_end(ap);
	return make(class, message);
}

struct error *error_errno(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	char *what, *message;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	message = xasprintf("%s: %s", what, strerror(saved));
	free(what);
	return make(ERROR_INPUT, message);
}

struct error *error_wrap(struct error *err, const char *fmt, ...)
{
	va_list ap;
	char *context, *message;

	va_start(ap, fmt);
	context = xvasprintf(fmt, ap);
	va_end(ap);
	message = xasprintf("%s: %s", context, err->message);
	free(context);
	free(err->message);
	err->message = message;
	return err;
}

struct error *error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (err->hint)
		return err;
	va_start(ap, fmt);
	err->hint = xvasprintf(fmt, ap);
	va_end(ap);
	return err;
}

struct error *error_reclass(struct error *err, enum error_class class)
{
	err->class = class;
	return err;
}

void error_free(struct error *err)
{
	if (!err)
		return;
	free(err->message);
	free(err->hint);
	free(err);
}

void error_clear(struct error **err)
{
	error_free(*err);
	*err = NULL;
}
