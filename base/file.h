/*
 * file.h - whole files and paths
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* Append everything that can still be read from fd. An error is the reason alone: the caller knows
 * the name. */
struct error *file_read_fd(int fd, struct strbuf *out) ERROR_MUST_CHECK;
/* "-" is not special here. */
struct error *file_read(const char *path, struct strbuf *out) ERROR_MUST_CHECK;
/* Replace `path` atomically: a reader sees the old or the new content, never half of it. */
struct error *file_write(const char *path, const void *bytes, size_t n) ERROR_MUST_CHECK;

bool file_exists(const char *path);
/* dir + "/" + name, or name if it is absolute. Owned by the caller. */
char *path_join(const char *dir, const char *name);
/* Absolute, without "." and ".." and links where they can be resolved; lexical otherwise. Owned by
 * the caller. */
char *path_absolute(const char *path);
/* The nearest file `name` in dir or a parent of it, or NULL. Owned by the caller. */
char *path_find_upward(const char *dir, const char *name);
/* `path` relative to `dir` if it lies below it, else `path` itself. Borrowed from `path`. */
const char *path_below(const char *path, const char *dir);

#endif
