/*
 * async_offload.c - one function of the program that the executors run, and nothing else do they
 *
 * Task side. What a rewrite would give to its pool: each call of the function, from its entry to its
 * return. In every coroutine's copy of the program it begins with a breakpoint. Whoever comes there
 * goes on in an executor, the breakpoint gone and the return address in favour of a stub of ours,
 * which comes back to the loop and sets it again. A copy is run by one coroutine at a time, so its code
 * may change. What the function calls in turn waits where it is, and holds up its executor, as in a
 * pool; a call that it is left by (longjmp, exit) is noticed at the next system call.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define BREAKPOINT 0xcc

uint64_t async_on_return(void);

/* Of the function, and so of every copy. */
// concur: ignore[shared-state] set once, before the coroutines run
static unsigned char first_byte;

static unsigned char *entry_of(const struct async_coro *c)
{
	return (unsigned char *)async.opt->offload[c->index];
}

static void set_entry(const struct async_coro *c, unsigned char byte)
{
	*(volatile unsigned char *)entry_of(c) = byte;
}

static void go_to(struct async_coro *c, enum async_want want)
{
	c->want = want;
	async_wait(c);
}

/* In whose copy, of any: a child of a task has all of them, and is no coroutine. */
static unsigned char *entry_at(const unsigned char *pc)
{
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		if (async.opt->offload[i] == (const char *)pc)
			return (unsigned char *)async.opt->offload[i];
	}
	return NULL;
}

static void offload(struct async_coro *c, ucontext_t *uc)
{
	uint64_t *sp = (uint64_t *)uc->uc_mcontext.gregs[REG_RSP];

	c->offload_return = *sp;
	c->offload_sp = sp;
	*sp = (uint64_t)(uintptr_t)async_returned;
	c->offloaded = true;
	c->offloads++;
	c->frame = uc;
	c->mask = *(uint64_t *)(void *)&uc->uc_sigmask;
	c->cpu->mask = c->mask;
	go_to(c, WANT_EXECUTOR);
	*(uint64_t *)(void *)&uc->uc_sigmask = c->mask;
}

static void on_sigtrap(int sig, siginfo_t *info, void *frame)
{
	struct async_coro *c = async_self;
	ucontext_t *uc = frame;
	unsigned char *entry;

	if (info->si_code != SI_KERNEL) { /* no breakpoint: what it does by itself */
		async_default_action(sig);
		return;
	}
	uc->uc_mcontext.gregs[REG_RIP]--;
	entry = entry_at((const unsigned char *)uc->uc_mcontext.gregs[REG_RIP]);
	if (!entry) { /* the program's own */
		async_default_action(sig);
		return;
	}
	*(volatile unsigned char *)entry = first_byte;
	if (!c || c->cpu->plain) /* a child, or a thread of a task's own */
		return;
	c->cpu->selector = ASYNC_ALLOW;
	offload(c, uc);
	c->cpu->selector = ASYNC_BLOCK;
}

void async_offload_end(struct async_coro *c)
{
	c->offloaded = false;
	go_to(c, WANT_LOOP);
	set_entry(c, BREAKPOINT);
}

void async_settle(void)
{
	struct async_coro *c = async_self;

	if (!c || !c->offloaded)
		return;
	c->cpu->selector = ASYNC_ALLOW;
	c->frame = NULL;
	async_offload_end(c);
	c->cpu->selector = ASYNC_BLOCK;
}

/* The function returns to async_returned. Where to, in truth? */
uint64_t async_on_return(void)
{
	uint64_t to = async_self->offload_return;

	async_settle();
	return to;
}

/* Before any coroutine runs. */
int async_offload_init(void)
{
	struct async_sigaction sa = {
		.handler = on_sigtrap,
		.flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | ASYNC_SA_RESTORER,
		.restorer = async_restorer,
	};

	if (!async.opt->offload)
		return 0;
	first_byte = *entry_of(&async.coros[0]);
	for (unsigned i = 0; i < async.opt->coroutines; i++) {
		uintptr_t page = (uintptr_t)async.opt->offload[i] & ~4095ul;
		long err = RAW3(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);

		if (err)
			return (int)err;
		set_entry(&async.coros[i], BREAKPOINT);
	}
	return (int)RAW4(SYS_rt_sigaction, SIGTRAP, &sa, NULL, 8);
}

#else

void async_settle(void)
{
}

#endif
