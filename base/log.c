#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/progress.h"

static enum log_level current = LOG_NORMAL;

void log_set_level(enum log_level level)
{
	current = level;
}

enum log_level log_get_level(void)
{
	return current;
}

void log_flatten(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
	}
}

static __attribute__((format(printf, 2, 0))) void print(const char *label, const char *fmt,
							va_list ap)
{
	char *message = xvasprintf(fmt, ap);

	log_flatten(message);
	progress_erase();
	fprintf(stderr, "concur: %s: %s\n", label, message);
	free(message);
}

#define DEFINE_LOG(name, label, least)                                                             \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		if (current < (least))                                                             \
			return;                                                                    \
		va_start(ap, fmt);                                                                 \
		print(label, fmt, ap);                                                             \
		va_end(ap);                                                                        \
	}

DEFINE_LOG(log_error, "error", LOG_QUIET)
DEFINE_LOG(log_warning, "warning", LOG_NORMAL)
DEFINE_LOG(log_note, "note", LOG_NORMAL)
DEFINE_LOG(log_debug, "debug", LOG_VERBOSE)
