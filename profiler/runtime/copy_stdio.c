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
