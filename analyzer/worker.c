#include "analyzer/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/clang.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_MEMORY 0 /* a sanitizer reserves the whole address space */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_MEMORY 0
#endif
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

#define FRAME_MAGIC  0x46756374u
#define FRAME_MAX    ((uint64_t)1 << 31)
#define MEMORY_BYTES ((rlim_t)6 << 30)
#define TIMEOUT_S    120
#define NO_UNIT      SIZE_MAX
#define POLL_STEP_MS 200

struct frame {
	uint32_t magic, index;
	uint64_t size;
};

struct worker {
	pid_t pid; /* 0: none */
	int fd;
	size_t unit; /* being parsed, or NO_UNIT */
	uint64_t deadline_ns;
	struct strbuf in;
};

struct pool {
	const struct compdb_entry *entries;
	size_t n, next, done;
	uint64_t timeout_ns;
	const struct worker_sink *sink;
	struct {
		VEC_FIELDS(struct worker);
	} workers;
};

/* -- in the worker -- */

struct service {
	const struct compdb_entry *entries;
	size_t n;
	int fd;
};

static bool write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n) {
		ssize_t did = send(fd, at, n, MSG_NOSIGNAL);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		at += did;
		n -= (size_t)did;
	}
	return true;
}

static void *serve(void *data)
{
	const struct service *s = data;
	uint32_t index;

	while (recv(s->fd, &index, sizeof(index), MSG_WAITALL) == sizeof(index) && index < s->n) {
		CLEANUP(tu_clear) struct tu tu = { 0 };
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };
		struct frame f = { .magic = FRAME_MAGIC, .index = index };

		clang_read(&s->entries[index], &tu);
		tu_write(&tu, &out);
		f.size = out.len;
		if (!write_all(s->fd, &f, sizeof(f)) || !write_all(s->fd, out.s, out.len))
			break;
	}
	return NULL;
}

/* Crashes must be plain deaths here, whatever handlers the process has installed. */
static void become_worker(pid_t parent)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS };
	struct rlimit no_core = { 0, 0 };
	int null;

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], SIG_DFL);
	signal(SIGINT, SIG_IGN); /* the parent ends us */
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setrlimit(RLIMIT_CORE, &no_core);
	if (LIMIT_MEMORY) {
		struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };

		setrlimit(RLIMIT_AS, &memory);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0 && log_get_level() != LOG_VERBOSE)
		dup2(null, STDERR_FILENO); /* LLVM prints before it aborts */
	/* Parse on our own thread, which has the stack for it, and die of what libclang dies of. */
	// concur: ignore[mt-unsafe-call] before the worker's thread starts
	setenv("LIBCLANG_NOTHREADS", "1", 1);
	// concur: ignore[mt-unsafe-call] before the worker's thread starts
	setenv("LIBCLANG_DISABLE_CRASH_RECOVERY", "1", 1);
}

static void worker_main(const struct pool *pool, int fd, pid_t parent)
{
	struct service service = { .entries = pool->entries, .n = pool->n, .fd = fd };
	pthread_attr_t attr;
	pthread_t thread;

	/* Or a sibling's end of file would never come. */
	for (size_t i = 0; i < pool->workers.n; i++)
		if (pool->workers.items[i].pid)
			close(pool->workers.items[i].fd);
	become_worker(parent);
	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, clang_stack_bytes()) ||
	    pthread_create(&thread, &attr, serve, &service))
		_exit(1);
	pthread_join(thread, NULL);
	_exit(0);
}

/* -- in the parent -- */

static struct error *start(struct pool *pool, struct worker *w)
{
	pid_t parent = getpid();
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return error_reclass(error_errno("cannot make a socket pair"), ERROR_MACHINE);
	pid = fork();
	if (pid < 0) {
		struct error *err = error_errno("cannot fork a parser");

		close(fds[0]);
		close(fds[1]);
		return error_reclass(err, ERROR_MACHINE);
	}
	if (!pid) {
		close(fds[0]);
		worker_main(pool, fds[1], parent);
	}
	close(fds[1]);
	w->pid = pid;
	w->fd = fds[0];
	w->unit = NO_UNIT;
	strbuf_reset(&w->in);
	return NULL;
}

/* Ends the worker and returns its wait status. */
static int stop(struct worker *w, bool by_force)
{
	int status = 0;

	if (by_force)
		kill(w->pid, SIGKILL);
	close(w->fd);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
	strbuf_clear(&w->in);
	return status;
}

static void pool_clear(struct pool *pool)
{
	vec_each (&pool->workers, w)
		if (w->pid)
			stop(w, true);
	vec_clear(&pool->workers);
}

static void unit_failed(struct pool *pool, struct worker *w, const char *why)
{
	pool->sink->failed(pool->sink->data, w->unit, why);
	pool->done++;
	w->unit = NO_UNIT;
}

static void worker_died(struct pool *pool, struct worker *w)
{
	int status = stop(w, false);
	CLEANUP(cleanup_free) char *why = NULL;

	if (w->unit == NO_UNIT)
		return;
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		why = xasprintf("the parser crashed on it (SIG%s)", name ? name : "?");
	} else {
		why = xasprintf("the parser ended early (exit code %d)", WEXITSTATUS(status));
	}
	unit_failed(pool, w, why);
}

/* One whole answer, if it is there. False: the worker talks nonsense. */
static bool take_answer(struct pool *pool, struct worker *w)
{
	struct tu tu = { 0 };
	struct frame f;
	struct error *err;

	if (w->in.len < sizeof(f))
		return true;
	memcpy(&f, w->in.s, sizeof(f));
	if (f.magic != FRAME_MAGIC || f.index != w->unit || f.size > FRAME_MAX)
		return false;
	if (w->in.len < sizeof(f) + f.size)
		return true;
	err = tu_read(w->in.s + sizeof(f), w->in.len - sizeof(f), &tu);
	if (err) {
		error_free(err);
		return false;
	}
	strbuf_reset(&w->in);
	pool->sink->parsed(pool->sink->data, w->unit, &tu);
	pool->done++;
	w->unit = NO_UNIT;
	return true;
}

static void receive(struct pool *pool, struct worker *w)
{
	char buf[1 << 16];
	ssize_t n = recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		worker_died(pool, w);
		return;
	}
	strbuf_addn(&w->in, buf, (size_t)n);
	if (!take_answer(pool, w)) {
		stop(w, true);
		unit_failed(pool, w, "the parser sent a damaged answer");
	}
}

static struct error *assign(struct pool *pool, struct worker *w)
{
	uint32_t index = (uint32_t)pool->next;
	struct error *err;

	if (w->unit != NO_UNIT && w->pid)
		return NULL;
	if (pool->next == pool->n)
		return NULL;
	if (!w->pid) {
		err = start(pool, w);
		if (err)
			return err;
	}
	w->unit = pool->next++;
	w->deadline_ns = clock_now_ns() + pool->timeout_ns;
	write_all(w->fd, &index, sizeof(index)); /* a dead one is seen at the next recv */
	return NULL;
}

static void check_deadlines(struct pool *pool)
{
	uint64_t now = clock_now_ns();

	vec_each (&pool->workers, w) {
		CLEANUP(cleanup_free) char *why = NULL;

		if (!w->pid || w->unit == NO_UNIT || now < w->deadline_ns)
			continue;
		stop(w, true);
		why = xasprintf("not parsed within %llu s",
				(unsigned long long)(pool->timeout_ns / 1000000000u));
		unit_failed(pool, w, why);
	}
}

static struct error *step(struct pool *pool, struct pollfd *fds)
{
	struct error *err;

	vec_each (&pool->workers, w) {
		err = assign(pool, w);
		if (err)
			return err;
	}
	for (size_t i = 0; i < pool->workers.n; i++) {
		const struct worker *w = &pool->workers.items[i];

		fds[i] = (struct pollfd){ .fd = w->pid ? w->fd : -1, .events = POLLIN };
	}
	if (poll(fds, pool->workers.n, POLL_STEP_MS) < 0 && errno != EINTR)
		return error_reclass(error_errno("cannot wait for the parsers"), ERROR_MACHINE);
	for (size_t i = 0; i < pool->workers.n; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			receive(pool, &pool->workers.items[i]);
	check_deadlines(pool);
	return interrupt_pending() ? interrupt_error() : NULL;
}

struct error *worker_run(const struct compdb_entry *entries, size_t n,
			 const struct worker_options *opt, const struct worker_sink *sink)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = opt->jobs > 0 ? (size_t)opt->jobs : cores > 0 ? (size_t)cores : 1;
	CLEANUP(pool_clear) struct pool pool = { .entries = entries, .n = n, .sink = sink };
	CLEANUP(cleanup_free) struct pollfd *fds = NULL;

	struct error *err = n ? clang_load() : NULL;

	if (err)
		return err;
	pool.timeout_ns = (uint64_t)(opt->timeout_s ? opt->timeout_s : TIMEOUT_S) * 1000000000u;
	if (jobs > n)
		jobs = n;
	fds = xcalloc(jobs + 1, sizeof(*fds));
	for (size_t i = 0; i < jobs; i++)
		vec_push(&pool.workers, ((struct worker){ .unit = NO_UNIT }));
	while (pool.done < n) {
		err = step(&pool, fds);
		if (err)
			return err;
		progress_step(pool.done, NULL);
	}
	return NULL;
}
