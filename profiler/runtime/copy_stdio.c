/*
 * copy_stdio.c - stdin, stdout and stderr of one job
 *
 * Ordinary streams on descriptors 0, 1 and 2 of the worker's own descriptor table, made anew for
 * each job. libc keeps all streams of a process in one list, and fflush(NULL) in one thread would
 * flush another worker's stream to the wrong descriptor: hooks_stdio.c keeps it to the worker's
 * own. Where something slips past the hooks the outputs differ, and the trial is a wrong result.
 */
#include <errno.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "profiler/runtime/copy.h"

int copy_open_streams(struct copy *c)
{
	static const char *const modes[3] = { "r", "w", "w" };
	static const int buffering[3] = { _IOFBF, _IOFBF, _IONBF };
	FILE **variables[3] = { c->in, c->out, c->err };

	for (int i = 0; i < 3; i++) {
		c->streams[i] = fdopen(i, modes[i]);
		if (!c->streams[i])
			return -ENOMEM;
		setvbuf(c->streams[i], i == 2 ? NULL : c->buffers[i], buffering[i],
			sizeof(c->buffers[i]));
		if (variables[i])
			*variables[i] = c->streams[i];
	}
	return 0;
}

void copy_forget_stream(struct copy *c, FILE *file)
{
	for (int i = 0; i < 3; i++) {
		if (c->streams[i] == file)
			c->streams[i] = NULL;
	}
	for (unsigned i = 0; i < COPY_FILES; i++) {
		if (c->files[i] == file)
			c->files[i] = NULL;
	}
}

static void end_stream(struct copy *c, FILE *file)
{
	if (c->discard)
		__fpurge(file);
	fclose(file);
}

void copy_close_streams(struct copy *c)
{
	for (unsigned i = 0; i < COPY_FILES; i++) {
		if (c->files[i])
			end_stream(c, c->files[i]);
		c->files[i] = NULL;
	}
	for (int i = 1; i < 4; i++) { /* stdin last */
		FILE *file = c->streams[i % 3];

		if (file)
			end_stream(c, file);
		c->streams[i % 3] = NULL;
	}
}

/* --- what libc itself prints ------------------------------------------------------------------ */

static ssize_t redirect_write(void *cookie, const char *bytes, size_t n)
{
	struct copy *c = copy_self;
	FILE *to = !c ? NULL : cookie ? *c->err : *c->out;

	return to ? (ssize_t)fwrite(bytes, 1, n, to) : (ssize_t)n;
}

static ssize_t redirect_read(void *cookie, char *bytes, size_t n)
{
	(void)cookie;
	return copy_self ? read(0, bytes, n) : 0;
}

static int open_redirections(FILE **out, FILE **err)
{
	static const cookie_io_functions_t functions = { .write = redirect_write };

	*out = fopencookie(NULL, "w", functions);
	*err = fopencookie(&stderr, "w", functions);
	if (!*out || !*err)
		return -ENOMEM;
	setvbuf(*out, NULL, _IONBF, 0); /* in order with what the program prints itself */
	setvbuf(*err, NULL, _IONBF, 0);
	return 0;
}

static FILE *shared[3]; /* the variables of a copy that is shared */

FILE *copy_own_stream(FILE *file)
{
	for (int i = 0; i < 3 && file && copy_self; i++) {
		if (file == shared[i])
			return copy_self->streams[i];
	}
	return file;
}

int copy_share_streams(struct copy *copies, unsigned n)
{
	static const cookie_io_functions_t functions = { .read = redirect_read };
	FILE **in = copies[0].in, **out = copies[0].out, **err = copies[0].err;
	char ***env = copies[0].environ;

	for (unsigned i = 0; i < n; i++) {
		struct copy *c = &copies[i];

		c->in = &c->shared_streams[0];
		c->out = &c->shared_streams[1];
		c->err = &c->shared_streams[2];
		c->environ = &c->own_environ;
	}
	if (env)
		*env = environ;
	*in = fopencookie(NULL, "r", functions);
	if (!*in || open_redirections(out, err))
		return -ENOMEM;
	for (int i = 0; i < 3; i++) {
		shared[i] = i == 0 ? *in : i == 1 ? *out : *err;
		shared[i]->_fileno = i;
	}
	return 0;
}

int copy_redirect_libc(void)
{
	FILE *out, *err;

	if (open_redirections(&out, &err))
		return -ENOMEM;
	stdout = out;
	stderr = err;
	return 0;
}
