/*
 * calls.h - what a thread waits for, told from the system call it is in
 *
 * For where kernel stacks cannot be had: /proc/PID/task/TID/syscall names the call and its
 * arguments, and what the descriptor in them is decides between network, pipe and disk. It is looked
 * up anew each time, for descriptors are reused. One thread at a time.
 */
#ifndef PROFILER_CALLS_H
#define PROFILER_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "model/wait_profile.h"

enum call_state {
	CALL_GONE,    /* the thread ended, or is a zombie */
	CALL_RUNNING, /* on a CPU or in the run-queue */
	CALL_WAITING,
	CALL_HIDDEN, /* not ours to read */
};

struct call_wait {
	enum wait_kind kind;
	char name[48]; /* "read (pipe)", "futex", "page fault" */
};

/* An open /proc/PID/task/TID/syscall, to be closed by the caller, or -1. */
int calls_open(pid_t pid, pid_t tid);
/* *ret is set for CALL_WAITING. */
enum call_state calls_read(int fd, pid_t pid, pid_t tid, struct call_wait *ret);
/* The text of such a file; `pid` tells whose descriptors it speaks of. CALL_GONE: it names nothing. */
enum call_state calls_parse(const char *text, pid_t pid, struct call_wait *ret);

struct watched_thread {
	pid_t pid, tid;
	int fd;
};

struct call_watch { /* threads to be looked at again and again, their files kept open */
	VEC_FIELDS(struct watched_thread);
};

/* wait: NULL when the thread is on a CPU or in the run-queue. */
typedef void call_watch_fn(pid_t pid, pid_t tid, const struct call_wait *wait, void *arg);

/* Once is enough. */
void call_watch_add(struct call_watch *w, pid_t pid, pid_t tid);
/* Calls fn for each thread that can be read; threads that are gone are forgotten. */
void call_watch_look(struct call_watch *w, call_watch_fn *fn, void *arg);
void call_watch_clear(struct call_watch *w);

#endif
