/*
 * copy_stdio.c - stdin, stdout and stderr of one job
 *
 * A stream made by fopencookie() writes to descriptor 1 or 2 of the worker's own descriptor table,
 * so that the program can redirect it as usual. But libc keeps all streams in one list, and
 * fflush(NULL) in one thread flushes the streams of all: it would write another worker's output to
 * its own descriptor. Bytes that a foreign thread flushes are therefore put aside, in order, and
 * written by the owner.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profiler/runtime/copy.h"

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* With the stream's lock held, as all of these. */
static void put_aside(struct copy_stream *s, const char *bytes, size_t n)
{
	if (s->stolen_n + n > s->stolen_cap) {
		size_t cap = 2 * (s->stolen_n + n);
		char *more = realloc(s->stolen, cap);

		if (!more)
			abort();
		s->stolen = more;
		s->stolen_cap = cap;
	}
	memcpy(s->stolen + s->stolen_n, bytes, n);
	s->stolen_n += n;
}

static bool write_stolen(struct copy_stream *s)
{
	size_t n = s->stolen_n;

	s->stolen_n = 0;
	return !n || write_all(s->fd, s->stolen, n);
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t n)
{
	struct copy_stream *s = cookie;

	if (s->owner->discard)
		return (ssize_t)n;
	if (copy_self != s->owner) {
		put_aside(s, bytes, n);
		return (ssize_t)n;
	}
	return write_stolen(s) && write_all(s->fd, bytes, n) ? (ssize_t)n : 0;
}

static ssize_t stream_read(void *cookie, char *bytes, size_t n)
{
	struct copy_stream *s = cookie;

	return read(s->fd, bytes, n);
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
	struct copy_stream *s = cookie;
	off_t at = lseek(s->fd, *offset, whence);

	*offset = at;
	return at < 0 ? -1 : 0;
}

static int stream_close(void *cookie)
{
	struct copy_stream *s = cookie;
	bool written = true;

	if (copy_self == s->owner) {
		written = s->owner->discard || write_stolen(s);
		close(s->fd);
	}
	s->file = NULL;
	return written ? 0 : -1;
}

int copy_open_streams(struct copy *c)
{
	static const char *const modes[3] = { "r", "w", "w" };
	static const int buffering[3] = { _IOFBF, _IOFBF, _IONBF };
	static const cookie_io_functions_t functions = { stream_read, stream_write, stream_seek,
							 stream_close };
	FILE **variables[3] = { c->in, c->out, c->err };

	for (int i = 0; i < 3; i++) {
		struct copy_stream *s = &c->streams[i];

		s->owner = c;
		s->fd = i;
		s->stolen_n = 0;
		s->file = fopencookie(s, modes[i], functions);
		if (!s->file)
			return -ENOMEM;
		setvbuf(s->file, i == 2 ? NULL : s->buffer, buffering[i], sizeof(s->buffer));
		s->file->_fileno = i;
		if (variables[i])
			*variables[i] = s->file;
	}
	return 0;
}

void copy_close_streams(struct copy *c)
{
	for (int i = 1; i < 4; i++) { /* stdin last */
		FILE *file = c->streams[i % 3].file;

		if (file)
			fclose(file);
	}
}

/* --- what libc itself prints ------------------------------------------------------------------ */

static ssize_t redirect_write(void *cookie, const char *bytes, size_t n)
{
	struct copy *c = copy_self;
	FILE *to = !c ? NULL : cookie ? *c->err : *c->out;

	return to ? (ssize_t)fwrite(bytes, 1, n, to) : (ssize_t)n;
}

int copy_redirect_libc(void)
{
	static const cookie_io_functions_t functions = { .write = redirect_write };
	FILE *out = fopencookie(NULL, "w", functions);
	FILE *err = fopencookie(&stderr, "w", functions);

	if (!out || !err)
		return -ENOMEM;
	setvbuf(out, NULL, _IONBF, 0); /* in order with what the program prints itself */
	setvbuf(err, NULL, _IONBF, 0);
	stdout = out;
	stderr = err;
	return 0;
}
