/*
 * hooks.h - the libc functions that a copy must not call as they are
 *
 * They end the process, keep a state that all threads would share, or act on the whole process.
 * Each hook does the same for the worker that calls it, found by copy_self. In a process that a job
 * has forked, the hooks do the real thing.
 */
#ifndef RUNTIME_HOOKS_H
#define RUNTIME_HOOKS_H

/* What `name` is to be bound to instead of libc's, or NULL. */
void *hook_find(const char *name);
/* What exit() is bound to; also what follows main(). */
_Noreturn void hook_exit(int code);

#endif
