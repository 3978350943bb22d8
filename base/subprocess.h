/*
 * subprocess.h - run a command that is not to be trusted
 *
 * The command runs in its own process group with limits. Whatever way subprocess_wait() ends (exit,
 * time limit, interrupt), the whole group is killed and reaped before it returns; concur makes
 * itself a child subreaper (subprocess_init) so that descendants which left the group are found and
 * killed as well. A child that the caller forks by itself while a command runs would be taken for
 * one of them. A command that stops because it wants our terminal is an error, not a hang.
 * Descriptors above 2 are closed in the child unless listed in keep_fds. Ownership:
 * subprocess_start() fills a struct that must be given to subprocess_wait() or subprocess_kill().
 * Main thread only.
 */
#ifndef BASE_SUBPROCESS_H
#define BASE_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"

struct subprocess_limits { /* 0: no limit of ours */
	uint64_t wall_ns;
	uint64_t cpu_s;
	uint64_t memory_bytes; /* RLIMIT_AS */
	uint64_t file_bytes;   /* RLIMIT_FSIZE */
	uint64_t processes;    /* RLIMIT_NPROC; not applied for root */
};

struct subprocess_options {
	const char *const *argv;            /* argv[0] is looked up in PATH if it has no slash */
	const char *cwd;                    /* or NULL: ours */
	const char *const *envp;            /* or NULL: ours */
	int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null; 0/1/2: share ours */
	const int *keep_fds;                /* kept open in the child at the same number */
	size_t keep_fds_n;
	/* A pipe's read end, or -1: the child blocks on it before exec until a byte comes or it is
	 * closed (perf attaches meanwhile). */
	int gate_fd;
	/* The first interrupt is not ours but the command's: it ends as it likes. The next one ends it. */
	bool pass_signals;
	struct subprocess_limits limits;
};

struct subprocess_result {
	int status; /* as wait4() */
	bool timed_out;
	uint64_t wall_ns;
	struct rusage usage;
	uint64_t read_bytes,
		written_bytes; /* by the command and the children it waited for; 0: not told */
	size_t strays;         /* descendants that had to be killed after the command ended */
};

struct subprocess {
	pid_t pid;
	uint64_t started_ns;
	struct subprocess_limits limits;
	bool pass_signals;
};

/* Once, before the first start. Also usable after fork. */
void subprocess_init(void);
/* A program that cannot be executed is an error here, not exit code 127. */
struct error *subprocess_start(const struct subprocess_options *opt,
			       struct subprocess *ret) ERROR_MUST_CHECK;
struct error *subprocess_wait(struct subprocess *sub,
			      struct subprocess_result *ret) ERROR_MUST_CHECK;
/* End it now, with its group and descendants. Idempotent; fine for CLEANUP. */
void subprocess_kill(struct subprocess *sub);

/* Start, feed nothing, collect stdout (NULL: discard), stderr (NULL: share ours), wait. */
struct error *subprocess_run(const char *const *argv, const struct subprocess_limits *limits,
			     struct strbuf *out, struct strbuf *err_out,
			     struct subprocess_result *ret) ERROR_MUST_CHECK;
/* "exit code 1", "killed by SIGSEGV", "no end within 5 s". Owned by the caller. */
char *subprocess_describe(const struct subprocess_result *result);

#endif
