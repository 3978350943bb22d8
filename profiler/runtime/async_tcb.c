/*
 * async_tcb.c - thread control blocks to borrow: pthreads that do nothing
 *
 * Each gives its stack and its TLS to one coroutine and sleeps, all signals blocked, until the end.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define OWN_BYTES                                                                                  \
	1024 /* of its stack, for the parked thread itself, which sleeps in a stub without any */
#define COLOURS                                                                                    \
	31 /* or the same line of all stacks would compete for the same place in the caches */
#define SPARE_BYTES (OWN_BYTES + COLOURS * 64 + 4096) /* and for what libc has there */
#define STACK_MIN   (64ul << 10)
#define STACK_MAX   (64ul << 20)

struct parked {
	pthread_t thread;
	struct async_coro *coro;
	_Atomic int ready;
};

static struct parked *parked;
static _Atomic int go;

static void lay_out_stack(struct async_coro *c)
{
	uint64_t *sp = c->stack_top;

	*--sp = (uint64_t)(uintptr_t)async_start;
	*--sp = 0;                      /* rbp */
	*--sp = (uint64_t)(uintptr_t)c; /* rbx */
	*--sp = 0;                      /* r12 to r15 */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	*--sp = 0x037full << 32 | 0x1f80; /* x87 control word, mxcsr */
	c->sp = sp;
}

static void *park(void *arg)
{
	struct parked *p = arg;
	struct async_coro *c = p->coro;
	char here;

	__asm__ volatile("rdfsbase %0" : "=r"(c->fs));
	c->tid = (int)RAW1(SYS_gettid, 0);
	c->stack_top = (void *)(((uintptr_t)&here - OWN_BYTES - c->index % COLOURS * 64) & ~63ul);
	lay_out_stack(c);
	async_self = c;
	p->ready = 1;
	async_park(&go);
	async_self = NULL;
	return NULL;
}

static size_t default_stack(void)
{
	struct rlimit stack = { 0 };

	getrlimit(RLIMIT_STACK, &stack);
	if (stack.rlim_cur == RLIM_INFINITY || stack.rlim_cur > STACK_MAX)
		return 8ul << 20;
	return stack.rlim_cur < STACK_MIN ? STACK_MIN : stack.rlim_cur;
}

int async_tcb_make(struct async_coro *coros, unsigned n, size_t stack_bytes)
{
	sigset_t all, before;
	pthread_attr_t attr;
	unsigned made = 0;
	int err = 0;

	parked = calloc(n, sizeof(*parked));
	if (!parked)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr,
				  (stack_bytes ? stack_bytes : default_stack()) + SPARE_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; !err && made < n; made += !err) {
		parked[made].coro = &coros[made];
		err = pthread_create(&parked[made].thread, &attr, park, &parked[made]);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	for (unsigned i = 0; i < made; i++) {
		while (!parked[i].ready)
			sched_yield();
	}
	if (err)
		async_tcb_end(coros, made);
	return -err;
}

void async_tcb_end(struct async_coro *coros, unsigned n)
{
	(void)coros;
	go = 1;
	RAW3(SYS_futex, &go, FUTEX_WAKE_PRIVATE, INT_MAX);
	for (unsigned i = 0; i < n; i++)
		pthread_join(parked[i].thread, NULL);
}

#endif
