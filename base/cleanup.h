/*
 * cleanup.h - scope guards
 *
 *	CLEANUP(cleanup_free) char *line = NULL;
 *	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
 *
 * CLEANUP(fn) calls fn(&variable) when the scope is left, in reverse order of declaration. The
 * variable must be initialised where it is declared. Never mixed with goto in one function. To hand
 * the value to the caller, copy it out and set the variable to its empty value ({0} or NULL): MOVE()
 * does both for pointers.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* The pointer, leaving NULL behind: `*ret = MOVE(line);` */
#define MOVE(ptr)                                                                                  \
	__extension__({                                                                            \
		__typeof__(ptr) moved_ = (ptr);                                                    \
		(ptr) = NULL;                                                                      \
		moved_;                                                                            \
	})

/* Takes the address of any pointer variable. */
static inline void cleanup_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* For descriptors initialised to -1. */
static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
