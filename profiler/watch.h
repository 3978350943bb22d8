/*
 * watch.h - profile one command from its start to its end, or a process that runs already
 */
#ifndef PROFILER_WATCH_H
#define PROFILER_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/profile.h"
#include "profiler/offcpu.h"

/* One run, its streams passed through. *status is its wait status. timeout_ns 0: no limit. */
struct error *watch_command(const char *const *argv, uint64_t timeout_ns,
			    const struct offcpu_options *options, struct profile *ret,
			    int *status) ERROR_MUST_CHECK;

/* Its threads and descendants from now on, until it ends, Ctrl-C, or duration_ns have passed (0: no
 * limit). It goes on as if nothing had been. */
struct error *watch_process(pid_t pid, uint64_t duration_ns, const struct offcpu_options *options,
			    struct profile *ret) ERROR_MUST_CHECK;

#endif
