/*
 * executable.h - the file a command's name stands for
 */
#ifndef BASE_EXECUTABLE_H
#define BASE_EXECUTABLE_H

#include "base/error.h"

/* A name with a slash is itself; any other is looked up in PATH, as execvp() does. Not found, or
 * found but not executable, is ERROR_USAGE. *ret is owned by the caller. */
struct error *executable_find(const char *name, char **ret) ERROR_MUST_CHECK;
/* "cannot run NAME: reason", with what to do about it, for an errno of execve(). */
struct error *executable_error(const char *name, int error) ERROR_MUST_CHECK;

#endif
