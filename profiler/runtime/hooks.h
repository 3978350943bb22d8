/*
 * hooks.h - the libc functions that a copy must not call as they are
 *
 * They end the process, keep a state that all threads would share, or act on the whole process.
 * Each hook does the same for the worker that calls it, found by copy_self. In a process that a job
 * has forked, the hooks do the real thing. One table for each hooks_*.c, sorted by name.
 */
#ifndef RUNTIME_HOOKS_H
#define RUNTIME_HOOKS_H

#include <stdio.h>

struct hook {
	const char *name; /* NULL: the end of a table */
	void (*function)(void);
};

#define HOOK(symbol, function)                                                                     \
	{                                                                                          \
		symbol, (void (*)(void))function                                                   \
	}

extern const struct hook hooks_end[], hooks_env[], hooks_stdio[], hooks_process[], hooks_state[];

/* What `name` is to be bound to instead of libc's, or NULL. */
void *hook_find(const char *name);

/* The program's streams: its variables, as it may have changed them. */
FILE *hook_stdout(void);
FILE *hook_stderr(void);

/* The program's environment. */
char **hook_environ(void);

/* A path as this worker has to open it; `own` has room for another. */
#define HOOK_PATH 128
const char *hook_path(const char *path, char own[HOOK_PATH]);

/* What exit() is bound to; also what follows main(). */
_Noreturn void hook_exit(int code);

#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

#endif
