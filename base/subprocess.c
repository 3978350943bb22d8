#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/executable.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/vec.h"

enum { STRAY_ROUNDS = 1000, TERMINAL_LOOK_MS = 500 };

/*
 * The commands that run now. Descendants that outlive their parent become our children (subreaper):
 * a child of ours that is none of these, and that was not there before the command started, is a
 * stray of it.
 */
struct pids {
	VEC_FIELDS(pid_t);
};

struct live {
	pid_t pid;
	int report_fd;      /* where a gated command tells that exec failed, or -1 */
	char *program;      /* for messages */
	bool on_terminal;   /* it shares one with us */
	struct pids elders; /* our children when it started */
};

static struct {
	VEC_FIELDS(struct live);
} live;

static pid_t owner; /* whose children these are */

/* What a child has to say before exec. */
enum stage { STAGE_READY, STAGE_FDS, STAGE_CWD, STAGE_LIMITS, STAGE_GATE, STAGE_EXEC };

struct report {
	enum stage stage;
	int error;
};

/* All the child needs, made before the fork: the child may only do what a signal handler may. */
struct plan {
	const struct subprocess_options *opt;
	char *path;
	char *const *envp;
	int stdio[3];
	int gate_fd, report_fd, null_fd;
	struct {
		VEC_FIELDS(int);
	} open_fds; /* above 2, ascending */
	pid_t parent;
};

static void live_clear(struct live *entry)
{
	if (entry->report_fd >= 0)
		close(entry->report_fd);
	free(entry->program);
	vec_clear(&entry->elders);
}

void subprocess_init(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_DFL); /* if ignored, no exit status would be kept for us */
	if (owner == getpid())
		return;
	vec_each (&live, entry) /* of the process that forked us */
		live_clear(entry);
	vec_clear(&live);
	owner = getpid();
}

static struct live *live_find(pid_t pid)
{
	vec_each (&live, entry) {
		if (entry->pid == pid)
			return entry;
	}
	return NULL;
}

static void live_remove(struct live *entry)
{
	live_clear(entry);
	*entry = live.items[--live.n];
}

static bool has_pid(const struct pids *pids, pid_t pid)
{
	vec_each (pids, p) {
		if (*p == pid)
			return true;
	}
	return false;
}

/* --- our children ----------------------------------------------------------------------------- */

/* The parent of a process, or 0 when it is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[32];
	CLEANUP(strbuf_clear) struct strbuf stat = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	const char *after_name;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	err = file_read(path, &stat);
	after_name = strrchr(strbuf_str(&stat), ')'); /* the name may hold anything */
	if (after_name)
		sscanf(after_name, ") %*c %d", &parent);
	return parent;
}

/* For kernels without /proc/PID/task/TID/children. */
static void scan_processes(struct pids *ret)
{
	CLEANUP(cleanup_dir) DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && parent_of(pid) == getpid())
			vec_push(ret, pid);
	}
}

static void list_children(struct pids *ret)
{
	CLEANUP(cleanup_dir) DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;

	while (tasks && (entry = readdir(tasks))) {
		CLEANUP(cleanup_free) char *path = NULL;
		CLEANUP(cleanup_file) FILE *children = NULL;
		int pid;

		if (entry->d_name[0] == '.')
			continue;
		path = xasprintf("/proc/self/task/%s/children", entry->d_name);
		children = fopen(path, "re");
		if (!children && !file_exists("/proc/thread-self/children")) {
			scan_processes(ret);
			return;
		}
		while (children && fscanf(children, "%d", &pid) == 1)
			vec_push(ret, pid);
	}
}

static bool is_stray(pid_t pid, const struct live *of)
{
	pid_t group = getpgid(pid);

	if (live_find(pid) || has_pid(&of->elders, pid))
		return false;
	return group == of->pid || !live_find(group);
}

/* Killing a stray makes its children ours: again until none is left. */
static size_t end_strays(const struct live *of)
{
	size_t killed = 0;

	for (int round = 0; round < STRAY_ROUNDS; round++) {
		CLEANUP(cleanup_free) pid_t *items = NULL;
		struct pids children = { 0 };
		bool found = false;

		list_children(&children);
		items = children.items;
		vec_each (&children, pid) {
			int status = 0;

			if (!is_stray(*pid, of))
				continue;
			found = true;
			kill(*pid, SIGKILL);
			while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
				;
			/* One that had ended by itself was only waiting to be reaped. */
			killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		}
		if (!found)
			return killed;
	}
	log_warning("a command leaves processes faster than they can be killed; look with: ps -ef");
	return killed;
}

/* --- start ------------------------------------------------------------------------------------ */

static void cleanup_plan(struct plan *plan)
{
	free(plan->path);
	vec_clear(&plan->open_fds);
	cleanup_fd(&plan->gate_fd);
	cleanup_fd(&plan->report_fd);
	cleanup_fd(&plan->null_fd);
}

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static struct error *make_report_pipe(int *read_fd, int *write_fd)
{
	CLEANUP(cleanup_fd) int low_read = -1;
	CLEANUP(cleanup_fd) int low_write = -1;
	int low[2];

	if (pipe2(low, O_CLOEXEC))
		return error_errno("cannot make a pipe");
	low_read = low[0];
	low_write = low[1];
	*read_fd = fcntl(low_read, F_DUPFD_CLOEXEC, 3);
	*write_fd = fcntl(low_write, F_DUPFD_CLOEXEC, 3);
	if (*read_fd < 0 || *write_fd < 0)
		return error_errno("cannot make a pipe");
	return NULL;
}

/* What the child needs until exec lies at 3 and above: placing 0, 1 and 2 overwrites none of it. */
static struct error *plan_fds(struct plan *plan, int *report_read_fd)
{
	const struct subprocess_options *opt = plan->opt;
	const int wanted[3] = { opt->stdin_fd, opt->stdout_fd, opt->stderr_fd };
	struct error *err;

	/* First of all, or a number that is free would be given to one of ours. */
	for (size_t i = 0; i < opt->keep_fds_n; i++) {
		if (fcntl(opt->keep_fds[i], F_GETFD) < 0)
			return error_errno("cannot keep descriptor %d", opt->keep_fds[i]);
		vec_push(&plan->open_fds, opt->keep_fds[i]);
	}
	err = make_report_pipe(report_read_fd, &plan->report_fd);
	if (err)
		return err;
	vec_push(&plan->open_fds, plan->report_fd);
	plan->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (plan->null_fd < 0)
		return error_errno("cannot open /dev/null");
	for (int i = 0; i < 3; i++)
		plan->stdio[i] = wanted[i] < 0 ? plan->null_fd : wanted[i];
	if (opt->gate_fd >= 0) {
		plan->gate_fd = fcntl(opt->gate_fd, F_DUPFD_CLOEXEC, 3);
		if (plan->gate_fd < 0)
			return error_errno("cannot use descriptor %d as a gate", opt->gate_fd);
		vec_push(&plan->open_fds, plan->gate_fd);
	}
	qsort(plan->open_fds.items, plan->open_fds.n, sizeof(int), compare_int);
	return NULL;
}

/* --- in the child: no allocation, no stdio, no locks ------------------------------------------ */

static _Noreturn void give_up(const struct plan *plan, enum stage stage)
{
	struct report report = { .stage = stage, .error = errno };

	if (write(plan->report_fd, &report, sizeof(report)) < 0)
		_exit(126);
	_exit(127);
}

static void place_fds(const struct plan *plan)
{
	int copies[3];
	unsigned first = 3;

	for (int i = 0; i < 3; i++) {
		copies[i] = fcntl(plan->stdio[i], F_DUPFD_CLOEXEC, 3);
		if (copies[i] < 0)
			give_up(plan, STAGE_FDS);
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(copies[i], i) < 0)
			give_up(plan, STAGE_FDS);
	}
	/* Closed now and not at exec: a child that waits at the gate must not hold its other end. */
	for (size_t i = 0; i < plan->open_fds.n; i++) {
		unsigned fd = (unsigned)plan->open_fds.items[i];

		if (fd > first)
			close_range(first, fd - 1, 0);
		if (fd >= first)
			first = fd + 1;
	}
	close_range(first, ~0u, 0);
	for (size_t i = 0; i < plan->opt->keep_fds_n; i++) {
		if (fcntl(plan->opt->keep_fds[i], F_SETFD, 0))
			give_up(plan, STAGE_FDS);
	}
}

static int limit(__rlimit_resource_t resource, uint64_t soft, uint64_t hard)
{
	struct rlimit old;

	if (getrlimit(resource, &old))
		return -1;
	if (old.rlim_max < hard) /* only root may raise it */
		hard = old.rlim_max;
	if (soft > hard)
		soft = hard;
	return setrlimit(resource, &(struct rlimit){ .rlim_cur = soft, .rlim_max = hard });
}

static int set_limits(const struct subprocess_limits *limits)
{
	uint64_t cpu = limits->cpu_s, memory = limits->memory_bytes, file = limits->file_bytes;
	uint64_t processes = geteuid() ? limits->processes : 0;

	return limit(RLIMIT_CORE, 0, 0) || (cpu && limit(RLIMIT_CPU, cpu, cpu + 1)) ||
	       (memory && limit(RLIMIT_AS, memory, memory)) ||
	       (file && limit(RLIMIT_FSIZE, file, file)) ||
	       (processes && limit(RLIMIT_NPROC, processes, processes));
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void wait_at_gate(const struct plan *plan)
{
	struct report ready = { .stage = STAGE_READY };
	ssize_t n;
	char c;

	if (write(plan->report_fd, &ready, sizeof(ready)) != sizeof(ready))
		_exit(126);
	do
		n = read(plan->gate_fd, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		give_up(plan, STAGE_GATE);
}

static _Noreturn void run_child(const struct plan *plan)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != plan->parent)
		_exit(126);
	reset_signals();
	place_fds(plan);
	if (plan->opt->cwd && chdir(plan->opt->cwd))
		give_up(plan, STAGE_CWD);
	if (set_limits(&plan->opt->limits))
		give_up(plan, STAGE_LIMITS);
	if (plan->gate_fd >= 0)
		wait_at_gate(plan);
	execve(plan->path, (char *const *)plan->opt->argv, plan->envp);
	give_up(plan, STAGE_EXEC);
}

/* --- back in the parent ----------------------------------------------------------------------- */

/* Whether the child had something to say before exec closed its end. */
static bool read_report(int fd, struct report *ret)
{
	ssize_t n;

	do
		n = read(fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*ret);
}

static struct error *report_error(const struct report *report, const char *program, const char *cwd)
{
	errno = report->error;
	switch (report->stage) {
	case STAGE_EXEC:
		return executable_error(program, report->error);
	case STAGE_CWD: /* only a child that was given one */
		return error_reclass(error_errno("cannot run %s: cannot enter directory %s",
						 program, cwd ? cwd : "."),
				     ERROR_USAGE);
	case STAGE_LIMITS:
		return error_errno("cannot run %s: cannot set its limits", program);
	case STAGE_FDS:
	case STAGE_GATE:
	case STAGE_READY:
		break;
	}
	return error_errno("cannot run %s: cannot place its descriptors", program);
}

static struct error *fork_child(const struct plan *plan, pid_t *ret)
{
	sigset_t all, old;
	pid_t pid;
	int saved;

	/* Our handlers must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		run_child(plan);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	if (pid < 0)
		return error_reclass(error_errno("cannot start %s", plan->opt->argv[0]),
				     ERROR_MACHINE);
	setpgid(pid, pid); /* the child does the same: whoever comes first */
	*ret = pid;
	return NULL;
}

/* Until it runs, or stands at the gate. */
static struct error *fork_and_exec(struct plan *plan, int report_fd, pid_t *ret)
{
	struct report report;
	pid_t pid;
	struct error *err = fork_child(plan, &pid);

	if (err)
		return err;
	cleanup_fd(&plan->report_fd); /* the child's end is now the only one */
	plan->report_fd = -1;
	if (!read_report(report_fd, &report) || report.stage == STAGE_READY) {
		*ret = pid;
		return NULL;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return report_error(&report, plan->opt->argv[0], plan->opt->cwd);
}

struct error *subprocess_start(const struct subprocess_options *opt, struct subprocess *ret)
{
	CLEANUP(cleanup_plan)
	struct plan plan = { .opt = opt, .gate_fd = -1, .report_fd = -1, .null_fd = -1 };
	CLEANUP(cleanup_fd) int report_fd = -1;
	CLEANUP(live_clear) struct live entry = { .report_fd = -1 };
	struct subprocess sub = { .limits = opt->limits, .pass_signals = opt->pass_signals };
	struct error *err;

	subprocess_init();
	err = executable_find(opt->argv[0], &plan.path);
	if (err)
		return err;
	plan.envp = opt->envp ? (char *const *)opt->envp : environ;
	plan.parent = getpid();
	err = plan_fds(&plan, &report_fd);
	if (err)
		return error_wrap(err, "cannot start %s", opt->argv[0]);
	list_children(&entry.elders);
	sub.started_ns = clock_now_ns();
	err = fork_and_exec(&plan, report_fd, &entry.pid);
	if (err)
		return err;
	if (opt->gate_fd >= 0) {
		entry.report_fd = report_fd;
		report_fd = -1;
	}
	entry.program = xstrdup(opt->argv[0]);
	entry.on_terminal =
		isatty(opt->stdin_fd) || isatty(opt->stdout_fd) || isatty(opt->stderr_fd);
	sub.pid = entry.pid;
	vec_push(&live, entry);
	entry = (struct live){ .report_fd = -1 };
	*ret = sub;
	return NULL;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* A pipe from the command and what came through it. */
struct drain {
	int fd; /* -1 when it is closed */
	struct strbuf *out;
};

static void drain_once(struct drain *drain)
{
	char chunk[1 << 14];
	ssize_t n = read(drain->fd, chunk, sizeof(chunk));

	if (n > 0) {
		strbuf_addn(drain->out, chunk, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(drain->fd);
		drain->fd = -1;
	}
}

/* All writers are dead: what is left in the pipe, without waiting for more. */
static void drain_rest(struct drain *drains, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pollfd poll_fd = { .fd = drains[i].fd, .events = POLLIN };

		while (drains[i].fd >= 0 && poll(&poll_fd, 1, 0) > 0) {
			drain_once(&drains[i]);
			poll_fd.fd = drains[i].fd;
		}
	}
}

/* Milliseconds for poll() until the wall limit, rounded up; -1: none. */
static int time_left(const struct subprocess *sub)
{
	uint64_t wall_ns = sub->limits.wall_ns;
	uint64_t gone_ns = clock_now_ns() - sub->started_ns;
	uint64_t ms;

	if (!wall_ns)
		return -1;
	if (gone_ns >= wall_ns)
		return 0;
	ms = (wall_ns - gone_ns + 999999) / 1000000;
	return ms > 1000000 ? 1000000 : (int)ms;
}

/* Only being stopped at the terminal makes no descriptor readable. */
static int next_look(const struct live *entry, int left_ms)
{
	if (!entry->on_terminal || (left_ms >= 0 && left_ms < TERMINAL_LOOK_MS))
		return left_ms;
	return TERMINAL_LOOK_MS;
}

/* A background group that reads the terminal is stopped, and would be for ever. */
static struct error *check_terminal(const struct live *entry)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)entry->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) || !info.si_pid)
		return NULL;
	if (info.si_status != SIGTTIN && info.si_status != SIGTTOU)
		return NULL;
	return error_hint(error_new(ERROR_USAGE, "%s wants the terminal", entry->program),
			  "give it its input with < FILE, or < /dev/null");
}

/* Until it has exited, its time is over, or we are interrupted. */
static struct error *watch(const struct subprocess *sub, struct drain *drains, size_t n,
			   bool *timed_out)
{
	const struct live *entry = live_find(sub->pid);
	CLEANUP(cleanup_fd) int pidfd = pidfd_open(sub->pid, 0);
	struct pollfd fds[4] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};
	bool pass = sub->pass_signals;

	if (pidfd < 0)
		return error_reclass(error_errno("cannot watch process %d", (int)sub->pid),
				     ERROR_MACHINE);
	for (;;) {
		int left_ms = time_left(sub);
		struct error *err = NULL;

		if (interrupt_pending() && !pass)
			return interrupt_error();
		if (interrupt_pending()) {
			kill(-sub->pid, interrupt_signal());
			interrupt_install(); /* the next one is for us */
			fds[1].fd = interrupt_fd();
			pass = false;
		}
		for (size_t i = 0; i < n; i++)
			fds[2 + i] = (struct pollfd){ .fd = drains[i].fd, .events = POLLIN };
		if (poll(fds, 2 + n, next_look(entry, left_ms)) < 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (fds[2 + i].revents)
				drain_once(&drains[i]);
		}
		if (fds[0].revents)
			return NULL;
		*timed_out = left_ms == 0;
		if (!*timed_out && entry->on_terminal)
			err = check_terminal(entry);
		if (*timed_out || err)
			return err;
	}
}

/* What it has read and written, while it is not reaped. */
static void read_io(pid_t pid, struct subprocess_result *result)
{
	CLEANUP(cleanup_free) char *path = xasprintf("/proc/%d/io", pid);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(error_clear) struct error *err = file_read(path, &text);

	if (!err)
		sscanf(strbuf_str(&text), "rchar: %" SCNu64 " wchar: %" SCNu64, &result->read_bytes,
		       &result->written_bytes);
}

/* Kill and reap all of it. */
static void end(struct subprocess *sub, struct subprocess_result *result)
{
	struct live *entry = live_find(sub->pid);

	kill(-sub->pid, SIGKILL);
	kill(sub->pid, SIGKILL); /* it may have changed its group */
	read_io(sub->pid, result);
	while (wait4(sub->pid, &result->status, 0, &result->usage) < 0 && errno == EINTR)
		;
	result->strays = end_strays(entry);
	live_remove(entry);
	sub->pid = 0;
}

/* The program of a gated command may turn out not to run only after subprocess_start(). */
static struct error *late_report(const struct subprocess *sub)
{
	struct live *entry = live_find(sub->pid);
	struct report report;

	if (entry->report_fd < 0 || !read_report(entry->report_fd, &report))
		return NULL;
	return report_error(&report, entry->program, NULL);
}

static struct error *wait_draining(struct subprocess *sub, struct drain *drains, size_t n,
				   struct subprocess_result *ret)
{
	struct subprocess_result result = { 0 };
	struct error *err = watch(sub, drains, n, &result.timed_out);

	result.wall_ns = clock_now_ns() - sub->started_ns;
	if (!err && !result.timed_out)
		err = late_report(sub);
	end(sub, &result);
	drain_rest(drains, n);
	if (!err)
		*ret = result;
	return err;
}

struct error *subprocess_wait(struct subprocess *sub, struct subprocess_result *ret)
{
	return wait_draining(sub, NULL, 0, ret);
}

void subprocess_kill(struct subprocess *sub)
{
	struct subprocess_result ignored;

	if (sub->pid > 0)
		end(sub, &ignored);
}

/* --- the simple case -------------------------------------------------------------------------- */

static struct error *open_drain(struct strbuf *out, struct drain *drain, int *write_fd)
{
	int fds[2];

	if (!out)
		return NULL;
	if (pipe2(fds, O_CLOEXEC))
		return error_errno("cannot make a pipe");
	*drain = (struct drain){ .fd = fds[0], .out = out };
	*write_fd = fds[1];
	return NULL;
}

struct drains {
	struct drain of[2];
};

static void cleanup_drains(struct drains *drains)
{
	cleanup_fd(&drains->of[0].fd);
	cleanup_fd(&drains->of[1].fd);
}

struct error *subprocess_run(const char *const *argv, const struct subprocess_limits *limits,
			     struct strbuf *out, struct strbuf *err_out,
			     struct subprocess_result *ret)
{
	CLEANUP(cleanup_drains) struct drains drains = { { { .fd = -1 }, { .fd = -1 } } };
	CLEANUP(cleanup_fd) int out_fd = -1;
	CLEANUP(cleanup_fd) int err_fd = -1;
	struct subprocess_options opt = { .argv = argv, .stdin_fd = -1, .gate_fd = -1 };
	struct subprocess sub;
	struct error *err;

	err = open_drain(out, &drains.of[0], &out_fd);
	if (!err)
		err = open_drain(err_out, &drains.of[1], &err_fd);
	if (err)
		return error_wrap(err, "cannot run %s", argv[0]);
	if (limits)
		opt.limits = *limits;
	opt.stdout_fd = out_fd;
	opt.stderr_fd = err_out ? err_fd : STDERR_FILENO;
	err = subprocess_start(&opt, &sub);
	if (err)
		return err;
	cleanup_fd(&out_fd);
	cleanup_fd(&err_fd);
	out_fd = err_fd = -1;
	return wait_draining(&sub, drains.of, 2, ret);
}

static void add_signal(struct strbuf *text, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		strbuf_addf(text, "killed by SIG%s", name);
	else
		strbuf_addf(text, "killed by signal %d", sig);
	if (sig == SIGXCPU)
		strbuf_add(text, " (CPU time limit)");
	if (sig == SIGXFSZ)
		strbuf_add(text, " (file size limit)");
}

char *subprocess_describe(const struct subprocess_result *result)
{
	struct strbuf text = { 0 };
	double wall_s = (double)result->wall_ns / 1e9;

	if (result->timed_out)
		strbuf_addf(&text, wall_s < 100 ? "no end within %.3g s" : "no end within %.0f s",
			    wall_s);
	else if (WIFSIGNALED(result->status))
		add_signal(&text, WTERMSIG(result->status));
	else
		strbuf_addf(&text, "exit code %d", WEXITSTATUS(result->status));
	return strbuf_detach(&text);
}
