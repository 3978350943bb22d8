/*
 * proc.h - small readings of processes and the machine from /proc and rusage
 */
#ifndef PROFILER_PROC_H
#define PROFILER_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"

struct proc_cpu {
	uint64_t user_ns, system_ns;
};

/* What the children that this process has reaped used until now. Either may be NULL. */
void proc_cpu_children(struct proc_cpu *cpu, uint64_t *switches);
/* Of one process, with the children it reaped or alone. Unchanged if it is gone. */
void proc_cpu_process(pid_t pid, bool alone, struct proc_cpu *ret);
/* now - then, never below 0. */
struct proc_cpu proc_cpu_since(struct proc_cpu now, struct proc_cpu then);

struct proc_steal { /* ticks of all CPUs since boot */
	uint64_t stolen, total;
};

void proc_steal(struct proc_steal *ret);
/* 0..1 */
double proc_steal_share(struct proc_steal then, struct proc_steal now);

struct proc_tids {
	VEC_FIELDS(pid_t);
};

/* The process's main thread or, with `all`, its threads and its descendants' threads. Fails if there
 * is no such process. */
struct error *proc_tids(pid_t pid, bool all, struct proc_tids *ret) ERROR_MUST_CHECK;
void proc_tids_clear(struct proc_tids *tids);
/* The process a thread belongs to; the thread itself if it is gone. */
pid_t proc_process_of(pid_t tid);

/* Until the process sleeps (at its gate), 0.2 s at most. */
void proc_wait_asleep(pid_t pid);

/* Runnable tasks on the machine beside ourselves; 0 when they cannot be counted. */
double proc_others_running(void);

#endif
