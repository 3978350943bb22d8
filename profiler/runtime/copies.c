/*
 * copies.c - every worker is a thread with its own copy of the program (image.h)
 *
 * Two processes: the racer loads the copies and runs the jobs in threads of its own; the host
 * watches it. Whatever the program under test does to the racer, the host lives to tell. Each
 * thread has its own descriptor table and working directory (unshare), so that a job's 0, 1 and 2
 * are its own. Between jobs everything a job may have left is put back: writable memory, streams,
 * descriptors, directory, umask. The heap is not: a program that frees nothing grows. At
 * plan->recycle_bytes the workers end after their jobs and a new racer takes the rest; a job that
 * does not end before plan->memory_bytes is stopped.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profiler/runtime/async.h"
#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

#define POLL_MS   20 /* between two looks at the racer's memory */
#define STACK_MIN (8ul << 20)
#define STACK_MAX (64ul << 20)
#define FILES_MAX 2048 /* of a worker: half for the program, half for us */
#define LEAKS_MAX 256  /* descriptors that are counted */

__thread struct copy *copy_self __attribute__((tls_model("local-exec")));

static const struct host *racer_host; /* of this process */
static pid_t racer_pid;
static struct copy_start *start;

static bool is_mode(const struct host *h, enum plan_mode mode)
{
	return h->plan->mode == (uint32_t)mode;
}

static bool forks(const struct host *h)
{
	return is_mode(h, PLAN_PREFORK) || is_mode(h, PLAN_FORK);
}

static bool has_loop(const struct host *h)
{
	return is_mode(h, PLAN_ASYNC) || is_mode(h, PLAN_HYBRID);
}

/* --- inside a job ----------------------------------------------------------------------------- */

struct copy *copy_in_job(void)
{
	return copy_self && copy_in_racer() ? copy_self : NULL;
}

bool copy_in_racer(void)
{
	return getpid() == racer_pid;
}

_Noreturn void copy_end_racer(enum result_end end)
{
	async_leave();
	__atomic_store_n(&racer_host->result->end, (uint32_t)end, __ATOMIC_RELEASE);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

_Noreturn void copy_refuse(const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	host_why(racer_host, "%s", why);
	copy_end_racer(RESULT_UNLOADABLE);
}

void copy_become_process(bool catches_crashes)
{
	racer_pid = getpid();
	if (!catches_crashes)
		crash_ignore();
}

_Noreturn void copy_end_job(struct copy *c, int status)
{
	if (!pthread_equal(pthread_self(), c->thread))
		copy_refuse("a thread of its own ends the program");
	c->status = status;
	siglongjmp(c->end, 1);
}

/* exit() called inside libc, where no hook reaches (argp, for one). */
static void on_libc_exit(int code, void *arg)
{
	struct copy *c = copy_in_job();

	(void)arg;
	if (!c)
		return;
	on_exit(on_libc_exit, NULL);
	hook_exit(code);
}

/* --- one worker ------------------------------------------------------------------------------- */

/* Move a descriptor out of the way of the program's own, which count from 3. */
static int raise_fd(const struct copy *c, int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, c->base_fd);

	if (fd >= 0)
		close(fd);
	return high;
}

static int own_descriptors(struct copy *c)
{
	struct rlimit files = { 0 };
	unsigned soft, base, keep;

	getrlimit(RLIMIT_NOFILE, &files);
	soft = files.rlim_cur > FILES_MAX ? FILES_MAX : (unsigned)files.rlim_cur;
	base = soft / 2;
	keep = soft / 4;
	if (has_loop(c->host))
		async_copies_descriptors(&base, &keep);
	c->base_fd = (int)base;
	if (unshare(CLONE_FILES | CLONE_FS) < 0)
		return -errno;
	c->null_fd = raise_fd(c, open("/dev/null", O_RDWR | O_CLOEXEC));
	c->cwd_fd = raise_fd(c, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	c->stderr_fd = raise_fd(c, memfd_create("stderr", MFD_CLOEXEC));
	c->umask = umask(0);
	umask(c->umask);
	if (c->null_fd < 0 || c->stderr_fd < 0)
		return -EMFILE;
	close_range(3, (unsigned)c->base_fd - 1, 0);
	return capture_init(&c->captures, c->host, c->base_fd, keep);
}

static void *variable(const struct copy *c, const char *name)
{
	return image_variable(&c->image, name);
}

static void find_variables(struct copy *c)
{
	c->in = variable(c, "stdin");
	c->out = variable(c, "stdout");
	c->err = variable(c, "stderr");
	c->environ = variable(c, "environ");
	c->getopt.optarg = variable(c, "optarg");
	c->getopt.optind = variable(c, "optind");
	c->getopt.opterr = variable(c, "opterr");
	c->getopt.optopt = variable(c, "optopt");
}

/* The variables a program's start-up code sets; those it does not have are left alone. */
static void set_names(const struct copy *c, char *program)
{
	static const struct {
		const char *name;
		bool is_short;
	} names[] = {
		{ "program_invocation_name", false },
		{ "program_invocation_short_name", true },
		{ "__progname_full", false },
		{ "__progname", true },
	};
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char **at = variable(c, names[i].name);

		if (at)
			*at = names[i].is_short && slash ? (char *)slash + 1 : program;
	}
}

/* Bytes of the longest argv's strings. */
static size_t text_size(const struct host *h, char **argv)
{
	size_t most = 0;

	for (uint32_t task = 0; task < h->plan->tasks; task++) {
		size_t n = 0;

		host_argv(h, task, argv);
		for (char **arg = argv; *arg; arg++)
			n += strlen(*arg) + 1;
		most = n > most ? n : most;
	}
	return most;
}

static void copy_argv(struct copy *c, uint32_t task)
{
	char *to = c->argv_text;

	host_argv(c->host, task, c->argv);
	for (char **arg = c->argv; *arg; arg++) {
		size_t n = strlen(*arg) + 1;

		memcpy(to, *arg, n);
		*arg = to;
		to += n;
	}
}

static int prepare(struct copy *c)
{
	int err = own_descriptors(c);

	if (!err)
		err = crash_stack();
	c->argv = host_memory((host_max_argc(c->host) + 1) * sizeof(*c->argv));
	if (c->argv)
		c->argv_text = host_memory(text_size(c->host, c->argv) + 1);
	if (!err && !c->argv_text)
		err = -ENOMEM;
	if (!err)
		err = copy_env_init(c);
	image_begin_thread(&c->image);
	if (err)
		host_why(c->host, "worker %u cannot prepare: %s", c->index + 1, strerror(-err));
	return err;
}

/* All that a fresh process would find as new. Returns the job's stdout, or a negative errno. */
static int begin_job(struct copy *c)
{
	uint32_t task = c->job % c->host->plan->tasks;
	int out = raise_fd(c, capture_open());
	int in = c->host->plan->stdins
			 ? raise_fd(c, open(host_stdin(c->host, task), O_RDONLY | O_CLOEXEC))
			 : c->null_fd;

	if (out < 0 || in < 0 || ftruncate(c->stderr_fd, 0) < 0 ||
	    lseek(c->stderr_fd, 0, SEEK_SET) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(c->stderr_fd, 2) < 0)
		return -errno;
	if (in != c->null_fd)
		close(in);
	c->getopt.started = false;
	c->getopt.next = NULL;
	c->at_exit_n = 0;
	c->discard = false;
	c->random = NULL;
	c->status = 0;
	errno = 0;
	if (copy_open_streams(c))
		return -ENOMEM;
	copy_argv(c, task);
	copy_env_begin(c);
	return out;
}

static int count(char **argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

void copy_call_main(struct copy *c)
{
	if (sigsetjmp(c->end, 1) != 0)
		return;
	if (c->host->plan->unit) {
		unit_call(c);
		hook_exit(0);
	}
	hook_exit(c->image.main(count(c->argv), c->argv, *c->environ));
}

/* Those that the job left open, when there is time for it. */
static void count_descriptors(const struct copy *c)
{
	struct result *r = c->host->result;
	uint64_t n = 0;

	if (!(c->host->plan->flags & PLAN_SAMPLE_PSS))
		return;
	for (int fd = 3; fd < c->base_fd && fd < 3 + LEAKS_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	if (n > r->leaked_fds)
		r->leaked_fds = n;
}

/* What the job may have left, after its end was taken. */
static void clean_up(struct copy *c)
{
	count_descriptors(c);
	if (c->threads)
		copy_refuse("it ends while threads of its own still run");
	close_range(3, (unsigned)c->base_fd - 1, 0);
	if (c->cwd_fd >= 0 && fchdir(c->cwd_fd) < 0)
		copy_refuse("it closes descriptors that it has not opened");
	umask(c->umask);
	if (!c->is_shared)
		image_reset(&c->image);
}

/* main() in this thread. CPU time in ns. */
static uint64_t call_here(struct copy *c)
{
	struct timespec before, after;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	copy_self = c;
	copy_call_main(c);
	async_settle();
	copy_close_streams(c);
	copy_self = NULL;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	return (uint64_t)(after.tv_sec - before.tv_sec) * 1000000000u + (uint64_t)after.tv_nsec -
	       (uint64_t)before.tv_nsec;
}

static void run_job(struct copy *c)
{
	struct result_job *job = &c->host->result->jobs[c->job];
	int out = begin_job(c);

	if (out < 0)
		copy_refuse("worker %u cannot start a task: %s", c->index + 1, strerror(-out));
	/* Where a rewrite hands the task to its pool: it would block the loop if it never waits. */
	if (c->host->plan->mode == PLAN_HYBRID)
		sched_yield();
	job->state = JOB_RUNNING;
	c->watch->job = c->job;
	job->start_ns = host_now_ns();
	c->watch->deadline_ns = job->start_ns + c->host->plan->timeout_ns;
	job->cpu_ns = is_mode(c->host, PLAN_FORK) ? forks_call_main(c) : call_here(c);
	c->watch->deadline_ns = 0;
	job->end_ns = host_now_ns();
	job->status = c->status;
	job->state = JOB_ENDED;
	capture_keep(&c->captures, c->job, out);
	capture_rest(&c->captures, c->job, c->stderr_fd);
	if (!host_went_well(c->host, job->status))
		capture_tail(c->host, c->job, c->stderr_fd);
	clean_up(c);
}

/* Of this process and the children it has waited for. */
static void count_usage(const struct host *h, bool begin)
{
	static struct rusage before, before_children;
	struct rusage now, now_children;

	getrusage(RUSAGE_SELF, &now);
	getrusage(RUSAGE_CHILDREN, &now_children);
	if (!begin) {
		host_count(h, &before, &now);
		host_count(h, &before_children, &now_children);
	}
	before = now;
	before_children = now_children;
}

/* The last one to come sets the others going. What they use counts from before they begin. */
static void wait_for_all(const struct copy *c, bool begin)
{
	bool serial = has_loop(c->host) ? async_gather(begin)
					: pthread_barrier_wait(&start->barrier) ==
						  PTHREAD_BARRIER_SERIAL_THREAD;

	if (serial && begin && start->stopped_ns)
		c->host->result->recycled_ns += host_now_ns() - start->stopped_ns;
	if (serial && !begin)
		start->stopped_ns = host_now_ns();
	if (serial || forks(c->host))
		count_usage(c->host, begin);
	if (begin && !has_loop(c->host) && !forks(c->host))
		pthread_barrier_wait(&start->barrier);
}

void copy_work(struct copy *c)
{
	c->thread = pthread_self();
	if (prepare(c))
		start->failed = true;
	wait_for_all(c, true);
	if (!has_loop(c->host))
		host_release(0);
	while (!start->failed && !start->full && host_next_job(c->host, &c->job))
		run_job(c);
	wait_for_all(c, false);
	capture_finish(&c->captures);
}

static void *work(void *arg)
{
	struct copy *c = arg;

	host_place(c->index);
	copy_work(c);
	return NULL;
}

static void sample_memory(const struct host *h, pid_t pid, const struct worker_watch *watches)
{
	uint64_t pss = 0;

	if (!(h->plan->flags & PLAN_SAMPLE_PSS))
		return;
	pss = host_pss_bytes(pid);
	for (unsigned i = 0; forks(h) && i < h->plan->workers; i++)
		pss += watches[i].pid ? host_pss_bytes(watches[i].pid) : 0;
	if (pss > h->result->pss_bytes)
		h->result->pss_bytes = pss;
}

/* --- the racer -------------------------------------------------------------------------------- */

/* A program's own definition of these is meant for libc, which finds it in an executable only. */
static void give_to_libc(const struct copy *c)
{
	static const char *const names[] = { "argp_program_version", "argp_program_bug_address" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char **from = variable(c, names[i]);
		const char **to = dlsym(RTLD_DEFAULT, names[i]);

		if (from && to)
			*to = *from;
	}
}

/* The index-th copy, in its place: its code refers to its own struct image. */
static int load_one(const struct host *h, struct copy *copies, unsigned index)
{
	struct copy *c = &copies[index];
	int err = image_load(h, index, &c->image);

	for (unsigned i = 0; !err && i < index; i++) {
		if (image_overlaps(&c->image, &copies[i].image)) {
			host_why(h, "its copies cannot be kept apart");
			err = -EEXIST;
		}
	}
	return err;
}

/* Forks have a copy each by themselves; the others get one, or share the first. */
static int load_all(const struct host *h, struct copy *copies)
{
	unsigned n = forks(h) || is_mode(h, PLAN_SHARED) ? 1 : h->plan->workers;
	int err = 0;

	for (unsigned i = 0; !err && i < n; i++)
		err = load_one(h, copies, i);
	if (!err)
		give_to_libc(&copies[0]);
	image_all_loaded();
	for (unsigned i = 0; !err && i < n; i++) {
		struct copy *c = &copies[i];

		image_share_text(h, &c->image);
		find_variables(c);
		set_names(c, program_invocation_name);
		image_reset(&c->image);
		err = image_save(&c->image);
	}
	for (unsigned i = 0; !err && is_mode(h, PLAN_SHARED) && i < h->plan->workers; i++) {
		struct copy *c = &copies[i];

		c->image = copies[0].image;
		c->getopt = copies[0].getopt;
		c->is_shared = true;
	}
	return !err && is_mode(h, PLAN_SHARED) ? copy_share_streams(copies, h->plan->workers) : err;
}

static size_t stack_size(void)
{
	struct rlimit stack = { 0 };

	getrlimit(RLIMIT_STACK, &stack);
	if (stack.rlim_cur < STACK_MIN)
		return STACK_MIN;
	return stack.rlim_cur > STACK_MAX ? STACK_MAX : stack.rlim_cur;
}

static int start_all(const struct host *h, struct copy *copies, struct worker_watch *watches)
{
	pthread_barrierattr_t shared;
	pthread_attr_t attr;
	uint64_t parked_ns;
	int err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack_size());
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&start->barrier, &shared, h->plan->workers);
	for (unsigned i = 0; i < h->plan->workers; i++) {
		copies[i].host = h;
		copies[i].index = i;
		copies[i].watch = &watches[i];
	}
	if (forks(h))
		return forks_start(h, copies);
	if (has_loop(h))
		return async_copies_start(h, copies);
	for (unsigned i = 0; !err && i < h->plan->workers; i++)
		err = pthread_create(&copies[i].thread, &attr, work, &copies[i]);
	parked_ns = host_now_ns();
	for (unsigned i = 0; !err && i < h->plan->workers; i++)
		pthread_join(copies[i].thread, NULL);
	h->result->parked_ns[0] += host_now_ns() - parked_ns;
	return err;
}

static _Noreturn void race(const struct host *h, struct worker_watch *watches, pid_t host_pid)
{
	struct copy *copies = host_memory(h->plan->workers * sizeof(*copies));

	racer_host = h;
	racer_pid = getpid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != host_pid)
		_exit(1);
	program_invocation_name = (char *)(uintptr_t)host_text(h, h->plan->program);
	program_invocation_short_name = strrchr(program_invocation_name, '/') + 1;
	if (has_loop(h))
		async_reserve();
	if (!copies || load_all(h, copies)) {
		host_why(h, "%u copies cannot be loaded", h->plan->workers);
		copy_end_racer(RESULT_UNLOADABLE);
	}
	crash_catch(h);
	for (unsigned i = 0; i < h->plan->workers; i++) /* all may be in exit() at once */
		on_exit(on_libc_exit, NULL);
	if (copy_redirect_libc() || start_all(h, copies, watches)) {
		host_why(h, "%u workers cannot be started", h->plan->workers);
		copy_end_racer(RESULT_UNLOADABLE);
	}
	sample_memory(h, racer_pid, watches); /* at least once, however short the jobs */
	copy_end_racer(start->failed ? RESULT_UNLOADABLE : RESULT_DONE);
}

/* --- the host --------------------------------------------------------------------------------- */

/* A worker's time is up: which one, or NULL. *next: ns until the next one may be. */
static struct worker_watch *overdue(const struct host *h, struct worker_watch *watches,
				    uint64_t *next)
{
	uint64_t now = host_now_ns();

	*next = h->plan->timeout_ns;
	for (unsigned i = 0; i < h->plan->workers; i++) {
		uint64_t deadline = watches[i].deadline_ns;

		if (deadline && now >= deadline)
			return &watches[i];
		if (deadline && deadline - now < *next)
			*next = deadline - now;
	}
	return NULL;
}

static uint64_t resident_bytes(pid_t pid)
{
	char path[64], buf[128];
	unsigned long pages = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return sscanf(buf, "%*u %lu", &pages) == 1 ? pages * 4096ul : 0;
}

static uint32_t jobs_ended(const struct host *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->plan->jobs; i++)
		n += h->result->jobs[i].state == JOB_ENDED;
	return n;
}

/* Workers whose end loses nothing but memory. */
static bool can_recycle(const struct host *h)
{
	return is_mode(h, PLAN_COPIES) || is_mode(h, PLAN_PREFORK);
}

static void note_full(const struct host *h, uint64_t resident)
{
	if (!h->result->recycled) {
		h->result->recycled_jobs = jobs_ended(h);
		h->result->recycled_bytes = resident;
	}
	start->full = true;
}

static void say_too_large(const struct host *h, uint64_t resident)
{
	if (has_loop(h) && !jobs_ended(h))
		host_why(h,
			 "%u tasks in flight take %llu MiB, more than the %llu MiB there are for "
			 "them",
			 h->plan->workers, (unsigned long long)(resident >> 20),
			 (unsigned long long)(h->plan->memory_bytes >> 20));
	host_why(
		h,
		"it frees nothing before it ends, and takes %llu MiB in one process after %u tasks",
		(unsigned long long)(resident >> 20), jobs_ended(h));
}

/* Watch until the racer ends or has to be ended. */
static enum result_end watch(const struct host *h, pid_t racer, struct worker_watch *watches)
{
	struct pollfd pfd = { .fd = (int)syscall(SYS_pidfd_open, racer, 0), .events = POLLIN };

	for (;;) {
		uint64_t next;
		struct worker_watch *late = overdue(h, watches, &next);
		int ms = next / 1000000 + 1 < POLL_MS ? (int)(next / 1000000) + 1 : POLL_MS;
		uint64_t resident = resident_bytes(racer);

		for (unsigned i = 0; forks(h) && i < h->plan->workers; i++)
			resident += watches[i].pid ? resident_bytes(watches[i].pid) : 0;

		if (late) {
			h->result->bad_job = late->job;
			h->result->jobs[late->job].flags |= JOB_TIMED_OUT;
			return RESULT_TIMEOUT;
		}
		if (resident > h->plan->memory_bytes) {
			say_too_large(h, resident);
			return RESULT_UNLOADABLE;
		}
		if (resident > h->plan->recycle_bytes && can_recycle(h) && !start->full)
			note_full(h, resident);
		if (h->result->next_job) /* all copies are loaded */
			sample_memory(h, racer, watches);
		if (poll(&pfd, 1, ms) > 0)
			return RESULT_DONE;
	}
}

/* The racer has ended: as it said itself, or without a word. */
static enum result_end judge(const struct host *h, int status)
{
	uint32_t end = __atomic_load_n(&h->result->end, __ATOMIC_ACQUIRE);

	if (end != RESULT_NONE)
		return (enum result_end)end;
	for (uint32_t i = 0; i < h->plan->jobs; i++) {
		if (h->result->jobs[i].state == JOB_RUNNING) {
			h->result->bad_job = i;
			break;
		}
	}
	if (WIFSIGNALED(status)) {
		h->result->signal = WTERMSIG(status);
		return RESULT_CRASH;
	}
	host_why(h, "it ends the whole process in a way that cannot be caught");
	return RESULT_UNLOADABLE;
}

/* One racer, to its end. */
static enum result_end run_racer(const struct host *h, struct worker_watch *watches)
{
	// concur: ignore[fork-hazard] only racers start threads, and this is their parent
	pid_t self = getpid(), racer = fork();
	enum result_end end;
	int status = 0;

	if (racer < 0) {
		host_why(h, "cannot fork: %s", strerror(errno));
		return RESULT_CANNOT_START;
	}
	if (racer == 0)
		race(h, watches, self);
	end = watch(h, racer, watches);
	if (end != RESULT_DONE)
		kill(racer, SIGKILL);
	while (waitpid(racer, &status, 0) < 0 && errno == EINTR)
		;
	return end == RESULT_DONE ? judge(h, status) : end;
}

enum result_end copies_run(const struct host *h)
{
	size_t size = h->plan->workers * sizeof(struct worker_watch);
	struct worker_watch *watches =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum result_end end;

	start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (watches == MAP_FAILED || start == MAP_FAILED) {
		host_why(h, "out of memory");
		return RESULT_CANNOT_START;
	}
	while ((end = run_racer(h, watches)) == RESULT_DONE && start->full &&
	       h->result->next_job < h->plan->jobs) {
		h->result->recycled++;
		h->result->end = RESULT_NONE;
		start->full = false;
	}
	return end;
}
