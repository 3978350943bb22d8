/*
 * expect.h - what the tests of base/ share: cmocka, and expectations on errors and on stderr
 */
#ifndef TESTS_UNIT_BASE_EXPECT_H
#define TESTS_UNIT_BASE_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/strbuf.h"

#define ARRAY_N(array) (sizeof(array) / sizeof((array)[0]))

/* Success; what went wrong is shown otherwise. */
static inline void expect_ok(struct error *err)
{
	if (err)
		fail_msg("unexpected error: %s", err->message);
}

/* The error is freed. `hint` NULL: none. */
static inline void expect_error(struct error *err, enum error_class class, const char *message,
				const char *hint)
{
	assert_non_null(err);
	assert_string_equal(err->message, message);
	assert_int_equal(err->class, class);
	if (hint) {
		assert_non_null(err->hint);
		assert_string_equal(err->hint, hint);
	} else {
		assert_null(err->hint);
	}
	error_free(err);
}

/* Between the two, stderr goes to `fd`, or to memory with -1. */
struct redirected {
	int saved, fd;
};

static inline struct redirected redirect_stderr(int fd)
{
	struct redirected r = { .saved = dup(STDERR_FILENO), .fd = fd };

	if (fd < 0)
		r.fd = memfd_create("stderr", MFD_CLOEXEC);
	dup2(r.fd, STDERR_FILENO);
	return r;
}

/* What came, owned by the caller; for redirect_stderr(-1). */
static inline char *restore_stderr(struct redirected r)
{
	off_t n = lseek(r.fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)n + 1);

	dup2(r.saved, STDERR_FILENO);
	close(r.saved);
	assert_int_equal(pread(r.fd, text, (size_t)n, 0), n);
	close(r.fd);
	return text;
}

#endif
