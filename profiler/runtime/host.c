/*
 * concur-host PLAN_FD RESULT_FD PARENT_PID - run the jobs of one trial (see plan.h)
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "profiler/runtime/host.h"

uint64_t host_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

const char *host_text(const struct host *h, uint32_t offset)
{
	return (const char *)h->plan + offset;
}

void host_why(const struct host *h, const char *fmt, ...)
{
	va_list ap;

	if (h->result->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(h->result->why, sizeof(h->result->why), fmt, ap);
	va_end(ap);
}

static const struct plan_argv *argv_of(const struct host *h, uint32_t task)
{
	return (const struct plan_argv *)(const void *)host_text(h, h->plan->argvs) + task;
}

void host_argv(const struct host *h, uint32_t task, char **argv)
{
	const struct plan_argv *a = argv_of(h, task);
	const char *s = host_text(h, a->strings);

	for (uint32_t i = 0; i < a->argc; i++) {
		argv[i] = (char *)(uintptr_t)s;
		s += strlen(s) + 1;
	}
	argv[a->argc] = NULL;
}

uint32_t host_max_argc(const struct host *h)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < h->plan->tasks; i++)
		if (argv_of(h, i)->argc > max)
			max = argv_of(h, i)->argc;
	return max;
}

const char *host_stdin(const struct host *h, uint32_t task)
{
	const uint32_t *paths = (const void *)host_text(h, h->plan->stdins);

	return h->plan->stdins ? host_text(h, paths[task]) : "/dev/null";
}

bool host_went_well(const struct host *h, int status)
{
	int code = WEXITSTATUS(status);

	return WIFEXITED(status) && h->plan->expected[code / 64] >> code % 64 & 1;
}

void host_count(const struct host *h, const struct rusage *before, const struct rusage *now)
{
	struct result *r = h->result;

	__atomic_fetch_add(
		&r->switches,
		(uint64_t)(now->ru_nvcsw - before->ru_nvcsw + now->ru_nivcsw - before->ru_nivcsw),
		__ATOMIC_RELAXED);
	__atomic_fetch_add(&r->faults, (uint64_t)(now->ru_minflt - before->ru_minflt),
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&r->major_faults, (uint64_t)(now->ru_majflt - before->ru_majflt),
			   __ATOMIC_RELAXED);
}

/* Of workers, all at a time, three quarters of what there is. */
static uint64_t memory_of_one(const struct host *h)
{
	uint64_t each = h->plan->memory_bytes / h->plan->workers * 3 / 2;

	return each < h->plan->memory_bytes ? each : h->plan->memory_bytes;
}

/* Not inherited from the host: the stacks of a hundred workers alone may be more than one job has. */
void host_limit_memory(const struct host *h, pid_t pid)
{
	struct rlimit data;

	if (prlimit(pid, RLIMIT_DATA, NULL, &data) || data.rlim_cur <= memory_of_one(h))
		return;
	data.rlim_cur = memory_of_one(h);
	prlimit(pid, RLIMIT_DATA, &data, NULL);
}

void host_note_memory(const struct host *h, struct result_job *job, int status,
		      const struct rusage *usage)
{
	if (!host_went_well(h, status) &&
	    (uint64_t)usage->ru_maxrss * 1024 > memory_of_one(h) / 4 * 3)
		job->flags |= JOB_OUT_OF_MEMORY;
}

bool host_next_job(const struct host *h, uint32_t *job)
{
	*job = __atomic_fetch_add(&h->result->next_job, 1, __ATOMIC_RELAXED);
	return *job < h->plan->jobs;
}

void *host_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Send SIGKILL to the children listed in one /proc/self/task/TID/children; returns how many. */
static uint32_t kill_children_of(const char *tid)
{
	char path[64], buf[4096];
	uint32_t killed = 0;
	ssize_t n;
	pid_t pid = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%s/children", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = 10 * pid + buf[i] - '0';
			} else if (pid) {
				killed += kill(pid, SIGKILL) == 0;
				pid = 0;
			}
		}
	}
	close(fd);
	return killed;
}

static void kill_children(void)
{
	char buf[4096] __attribute__((aligned(8)));
	int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64_raw *d = (const void *)(buf + at);

			if (d->name[0] != '.')
				kill_children_of(d->name);
			at += d->len;
		}
	}
	close(fd);
}

/*
 * Killing a parent hands its children to us, the subreaper: so killing and reaping our own children
 * until there are none reaches every depth. No malloc: also runs in a signal handler.
 */
uint32_t host_sweep(void)
{
	uint32_t reaped = 0;

	for (int i = 0; i < 10000; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			break;
		if (pid > 0) {
			reaped++;
			continue;
		}
		kill_children();
		usleep(i < 10 ? 200 : 2000);
	}
	return reaped;
}

uint64_t host_pss_bytes(pid_t pid)
{
	char path[64], buf[1024];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	at = strstr(buf, "\nPss:");
	return at ? strtoull(at + 5, NULL, 10) * 1024 : 0;
}

/* as the host found it: before anything is placed */
// concur: ignore[shared-state] set in main(), before there is another thread
static cpu_set_t usable;

static void find_cores(void)
{
	if (sched_getaffinity(0, sizeof(usable), &usable) < 0 || !CPU_COUNT(&usable)) {
		CPU_ZERO(&usable);
		CPU_SET(0, &usable);
	}
}

uint32_t host_cores(void)
{
	return (uint32_t)CPU_COUNT(&usable);
}

void host_place(uint32_t i)
{
	cpu_set_t one;
	int cpu = -1;

	for (uint32_t left = i % (uint32_t)CPU_COUNT(&usable) + 1; left;
	     left -= CPU_ISSET(cpu, &usable) != 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void host_release(pid_t pid)
{
	sched_setaffinity(pid, sizeof(usable), &usable);
}

/* concur has died, or wants us gone: leave nothing behind. */
static void on_term(int sig)
{
	(void)sig;
	host_sweep();
	_exit(1);
}

/*
 * An own session, so that the scheduler's autogroup makes the trial compete as one, not as a part
 * of the terminal it was started from. A group leader may not call setsid(), and concur has made us
 * one; leaving our group for the parent's and coming back gives the same group number in the end.
 */
static void own_session(void)
{
	int fd;

	if (setpgid(0, getpgid(getppid())) < 0 || setsid() < 0)
		return;
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Root only; without it the trial competes like anything else on the machine. */
	if (write(fd, "-20", 3) < 0)
		errno = 0;
	close(fd);
}

static void settle(pid_t parent)
{
	struct sigaction sa = { .sa_handler = on_term };
	struct rlimit none = { 0, 0 };

	sigaction(SIGTERM, &sa, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_CORE, &none);
	own_session();
}

/* Another user, for good. Changing user makes a process keep its secrets from itself. */
static bool become_user(const struct host *h)
{
	if (!h->plan->uid)
		return true;
	if (setgroups(0, NULL) || setgid(h->plan->gid) || setuid(h->plan->uid)) {
		host_why(h, "cannot run as user %u: %s", h->plan->uid, strerror(errno));
		return false;
	}
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return true;
}

static void *map(int fd, int prot, int flags, size_t at_least, size_t *size)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || (size_t)st.st_size < at_least)
		return NULL;
	p = mmap(NULL, (size_t)st.st_size, prot, flags, fd, 0);
	close(fd);
	*size = (size_t)st.st_size;
	return p == MAP_FAILED ? NULL : p;
}

int main(int argc, char **argv)
{
	static struct host h;
	enum result_end end = RESULT_CANNOT_START;
	size_t size;

	if (argc != 4)
		return 2; /* not for people: concur starts it */
	find_cores();
	settle(atoi(argv[3]));
	h.plan = map(atoi(argv[1]), PROT_READ, MAP_PRIVATE, sizeof(*h.plan), &h.plan_size);
	h.result = map(atoi(argv[2]), PROT_READ | PROT_WRITE, MAP_SHARED, sizeof(*h.result), &size);
	if (!h.plan || !h.result || h.plan->magic != PLAN_MAGIC)
		return 2;
	switch (become_user(&h) ? (enum plan_mode)h.plan->mode : PLAN_NOTHING) {
	case PLAN_NOTHING:
		break;
	case PLAN_EXEC:
		end = exec_run(&h);
		break;
	case PLAN_SPIN:
		end = spin_run(&h);
		break;
	case PLAN_COPIES:
	case PLAN_SHARED:
	case PLAN_PREFORK:
	case PLAN_FORK:
	case PLAN_ASYNC:
	case PLAN_HYBRID:
		end = copies_run(&h);
		break;
	}
	h.result->strays = host_sweep();
	h.result->end = (uint32_t)end;
	_exit(0);
}
