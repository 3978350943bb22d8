/*
 * forks.c - workers that are processes, forked from one that has loaded the program
 *
 * PLAN_PREFORK: a worker takes job after job, and what a job may leave is put back between them, as
 * between those of a thread. PLAN_FORK: it forks again for each job, which starts as the program was
 * loaded and ends with its process. The racer waits for all, and ends with the first that fails.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profiler/runtime/copy.h"

/* --- the workers ------------------------------------------------------------------------------ */

/* Worker `index`, with the one copy that was loaded: the fork has made it its own. */
static _Noreturn void work(struct copy *c, const struct copy *at, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	c->index = at->index;
	c->watch = at->watch;
	c->watch->pid = getpid();
	copy_become_process(true);
	host_place(c->index);
	copy_work(c);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* One has ended early: without a word, it was killed. */
static void note_end(const struct host *h, const struct copy *c, int status)
{
	uint32_t none = RESULT_NONE;

	c->watch->pid = 0;
	if (!WIFSIGNALED(status))
		return;
	if (__atomic_compare_exchange_n(&h->result->end, &none, RESULT_CRASH, false,
					__ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		h->result->bad_job = c->watch->job;
		h->result->signal = WTERMSIG(status);
	}
}

static void await_all(const struct host *h, struct copy *copies, const pid_t *pids)
{
	uint64_t since_ns = host_now_ns();
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR) {
		for (unsigned i = 0; i < h->plan->workers; i++) {
			if (pids[i] == pid)
				note_end(h, &copies[i], status);
		}
		if (__atomic_load_n(&h->result->end, __ATOMIC_ACQUIRE) != RESULT_NONE)
			syscall(SYS_exit_group, 0); /* the others die with us */
	}
	__atomic_fetch_add(&h->result->parked_ns[1], host_now_ns() - since_ns, __ATOMIC_RELAXED);
}

int forks_start(const struct host *h, struct copy *copies)
{
	pid_t *pids = host_memory(h->plan->workers * sizeof(*pids));
	pid_t self = getpid();

	if (!pids)
		return -ENOMEM;
	for (unsigned i = 0; i < h->plan->workers; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -errno;
		if (pids[i] == 0)
			work(&copies[0], &copies[i], self);
	}
	await_all(h, copies, pids);
	return 0;
}

/* --- a fork for each job ---------------------------------------------------------------------- */

static _Noreturn void run_child(struct copy *c)
{
	copy_become_process(false);
	host_limit_memory(c->host, 0); /* nobody watches how this one grows */
	copy_self = c;
	copy_call_main(c);
	copy_close_streams(c);
	if (WIFSIGNALED(c->status))
		kill(getpid(), WTERMSIG(c->status));
	syscall(SYS_exit_group, WEXITSTATUS(c->status));
	__builtin_unreachable();
}

uint64_t forks_call_main(struct copy *c)
{
	struct rusage usage = { 0 };
	uint64_t since_ns = host_now_ns();
	pid_t pid = fork();

	if (pid < 0)
		copy_refuse("worker %u cannot fork: %s", c->index + 1, strerror(errno));
	if (pid == 0)
		run_child(c);
	while (wait4(pid, &c->status, 0, &usage) < 0 && errno == EINTR)
		;
	__atomic_fetch_add(&c->host->result->parked_ns[1], host_now_ns() - since_ns,
			   __ATOMIC_RELAXED);
	host_note_memory(c->host, &c->host->result->jobs[c->job], c->status, &usage);
	copy_close_streams(c);
	return 1000u * (uint64_t)(1000000 * (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
				  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}
