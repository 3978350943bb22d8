/*
 * async_tcb.c - thread control blocks to borrow: pthreads that do nothing
 *
 * Each gives its TLS to one coroutine and sleeps, all signals blocked, until the end. The coroutine's
 * stack is another, above a guard page, so that all control blocks together fit into a few large pages:
 * with a thousand coroutines each page of their own costs every wait a miss of the TLB, which in a
 * virtual machine is most of what a coroutine costs. Each block, and each stack, begins a cache line further, or
 * the same line of all would compete for the same place. Of its stack's bounds libc knows the parked thread's.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE      4096ul
#define HUGE_PAGE (2ul << 20)
#define LINE      64ul
#define COLOURS   16 /* so that the top of each stack stays in one page */
#define STACK_MIN (64ul << 10)
#define STACK_MAX (64ul << 20)

struct parked {
	pthread_t thread;
	struct async_coro *coro;
	_Atomic int ready;
};

static struct parked *parked;
static _Atomic int go;
// concur: ignore-begin[shared-state] set before the coroutines run, and given back after they ended
static char *blocks, *blocks_map, *stacks;
static size_t block_each, blocks_bytes, stack_each, stacks_bytes; /* stacks with the guard pages */
// concur: ignore-end[shared-state]

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

	__asm__ volatile("rdfsbase %0" : "=r"(c->fs));
	c->tid = (int)RAW1(SYS_gettid, 0);
	c->stack_top = stacks + (c->index + 1) * stack_each - c->index % COLOURS * LINE;
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

static int map_stacks(unsigned n, size_t stack_bytes)
{
	stack_each = (stack_bytes + 2 * PAGE + COLOURS * LINE - 1) & ~(PAGE - 1);
	stacks_bytes = n * stack_each;
	stacks = mmap(NULL, stacks_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (stacks == MAP_FAILED)
		return errno;
	for (unsigned i = 0; i < n; i++) {
		if (mprotect(stacks + i * stack_each, PAGE, PROT_NONE))
			return errno;
	}
	return 0;
}

/* The parked threads' own stacks, with the control block at the end of each. */
static int map_blocks(unsigned n)
{
	size_t size = n * block_each, more = size < HUGE_PAGE ? 0 : HUGE_PAGE;

	blocks_bytes = size + more;
	blocks_map = mmap(NULL, blocks_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	if (blocks_map == MAP_FAILED)
		return errno;
	blocks = blocks_map;
	if (more) {
		blocks = (char *)(((uintptr_t)blocks + more - 1) & ~(more - 1));
		madvise(blocks, size, MADV_HUGEPAGE);
	}
	return 0;
}

static int park_one(struct parked *p, struct async_coro *c)
{
	pthread_attr_t attr;
	int err;

	p->coro = c;
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, blocks + c->index * block_each, block_each);
	err = pthread_create(&p->thread, &attr, park, p);
	pthread_attr_destroy(&attr);
	return err;
}

/* In the smallest blocks that libc takes: what it needs for static TLS it does not tell. */
static int park_first(struct async_coro *coros, unsigned n)
{
	for (block_each = ((size_t)sysconf(_SC_THREAD_STACK_MIN) & ~(LINE - 1)) + LINE;;
	     block_each += PAGE) {
		int err = map_blocks(n);

		if (err)
			return err;
		err = park_one(&parked[0], &coros[0]);
		if (err != EINVAL || block_each > STACK_MAX)
			return err;
		munmap(blocks_map, blocks_bytes);
	}
}

int async_tcb_make(struct async_coro *coros, unsigned n, size_t stack_bytes)
{
	sigset_t all, before;
	unsigned made = 0;
	int err;

	parked = calloc(n, sizeof(*parked));
	if (!parked)
		return -ENOMEM;
	err = map_stacks(n, stack_bytes ? stack_bytes : default_stack());
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!err)
		err = park_first(coros, n);
	for (made = !err; !err && made < n; made += !err)
		err = park_one(&parked[made], &coros[made]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
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
	if (stacks_bytes)
		munmap(stacks, stacks_bytes);
	munmap(blocks_map, blocks_bytes);
}

#endif
