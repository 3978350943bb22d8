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

#include "model/wait_profile.h"

enum call_state {
	CALL_GONE,    /* the thread ended */
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
enum call_state calls_read(int fd, pid_t pid, struct call_wait *ret);
/* The text of such a file; `pid` tells whose descriptors it speaks of. */
enum call_state calls_parse(const char *text, pid_t pid, struct call_wait *ret);

#endif
