/*
 * async_trap.c - system calls of coroutines arrive here, by SIGSYS or by a rewritten site's jump
 *
 * Task side. The signal handler runs on the coroutine's stack with an empty mask and SA_NODEFER, so
 * that it may switch away in the middle; it is installed by a raw call, as libc would put its own
 * restorer behind it, which would be dispatched.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif
#define SI_USER_DISPATCH 2 /* si_code of SIGSYS */

_Static_assert(offsetof(struct async_coro, cpu) == 0, "stubs_x86_64.S knows");
_Static_assert(offsetof(struct async_cpu, selector) == 0, "stubs_x86_64.S knows");

__thread struct async_coro *async_self __attribute__((tls_model("local-exec")));
__thread uint64_t async_return __attribute__((tls_model("local-exec")));
__thread struct async_coro *async_maker __attribute__((tls_model("local-exec")));
__thread int async_vforking __attribute__((tls_model("local-exec")));
__thread int async_vforked __attribute__((tls_model("local-exec")));

struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *frame);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

struct jump { /* as async_jumped lays it out */
	long nr, rdi, rsi, rdx, r10, r8, r9;
	uint64_t after;
};

long async_on_jump(struct jump *j);

/* What tells one call in a program from another: where it is, and how deep in which calls. */
static uint64_t site_of(const struct async_coro *c, uint64_t address, const void *stack)
{
	return address ^ (uint64_t)((const char *)c->stack_top - (const char *)stack) << 32;
}

static void note_vforked(struct async_coro *c)
{
	if (async_vforked && c->children_n < ASYNC_CHILDREN)
		c->children[c->children_n++] = async_vforked;
	async_vforked = 0;
}

static void on_sigsys(int sig, siginfo_t *info, void *frame)
{
	struct async_coro *c = async_self;
	ucontext_t *uc = frame;
	greg_t *regs = uc->uc_mcontext.gregs;
	long nr = info->si_syscall;
	long args[6] = { (long)regs[REG_RDI], (long)regs[REG_RSI], (long)regs[REG_RDX],
			 (long)regs[REG_R10], (long)regs[REG_R8],  (long)regs[REG_R9] };

	if (!c || info->si_code != SI_USER_DISPATCH) { /* someone else's: what it does by itself */
		struct kernel_sigaction dfl = { 0 };

		RAW4(SYS_rt_sigaction, sig, &dfl, NULL, 8);
		return;
	}
	c->cpu->selector = ASYNC_ALLOW;
	c->frame = frame;
	c->mask = *(uint64_t *)(void *)&uc->uc_sigmask;
	c->cpu->mask = c->mask;
	c->site = site_of(c, (uint64_t)regs[REG_RIP], (void *)regs[REG_RSP]);
	c->traps++;
	note_vforked(c);
	regs[REG_RAX] = async_dispatch(c, nr, args);
	*(uint64_t *)(void *)&uc->uc_sigmask = c->mask;
	/* A forked child has no dispatch and no coroutines. */
	if (async_self)
		c->cpu->selector = ASYNC_BLOCK;
}

long async_on_jump(struct jump *j)
{
	struct async_coro *c = async_self;
	long args[6] = {
		j->rdi, j->rsi, j->rdx, j->r10, j->r8, j->r9
	}; /* the task keeps its own */
	long ret;

	c->frame = NULL;
	c->site = site_of(c, j->after, j);
	c->rewritten++;
	note_vforked(c);
	if (async.handlers_used) { /* one may have ended, or begun, since */
		RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &c->mask, 8);
		c->cpu->mask = c->mask;
	}
	ret = async_dispatch(c, j->nr, args);
	c->cpu->selector = ASYNC_BLOCK;
	return ret;
}

long async_run_in_place(struct async_coro *c, const char *stub)
{
	ucontext_t *uc = c->frame;

	async_return = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)stub;
	return c->nr;
}

/* --- what it costs ---------------------------------------------------------------------------- */

#define BATCHES 8
#define CALLS   64

static uint64_t cost_native_tsc, cost_trap_tsc, cost_jump_tsc;

static long jump_to_us(long nr)
{
	long ret;

	__asm__ volatile("lea 1f(%%rip), %%rcx\n\tjmp async_jumped\n1:"
			 : "=a"(ret)
			 : "a"(nr)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/* The least of several, as everything that disturbs adds. */
static uint64_t measure(bool jump)
{
	uint64_t best = UINT64_MAX;

	for (int b = 0; b < BATCHES; b++) {
		uint64_t start = async_tsc(), spent;

		for (int i = 0; i < CALLS; i++) {
			if (jump)
				jump_to_us(SYS_getppid);
			else
				RAW1(SYS_getppid, 0);
		}
		spent = (async_tsc() - start) / CALLS;
		best = spent < best ? spent : best;
	}
	return best;
}

static void calibrate(struct async_coro *c)
{
	cost_native_tsc = measure(false);
	c->cpu->selector = ASYNC_BLOCK;
	cost_trap_tsc = measure(false);
	cost_jump_tsc = measure(true);
	c->cpu->selector = ASYNC_ALLOW;
	c->traps = 0;
	c->rewritten = 0;
}

static uint64_t excess(uint64_t tsc)
{
	return tsc > cost_native_tsc ? tsc - cost_native_tsc : 0;
}

void async_costs(uint64_t *trap_tsc, uint64_t *jump_tsc)
{
	*trap_tsc = excess(cost_trap_tsc);
	*jump_tsc = excess(cost_jump_tsc);
}

/* --- start ------------------------------------------------------------------------------------ */

void async_enter(struct async_coro *c)
{
	if (c->index == 0)
		calibrate(c);
	c->cpu->selector = ASYNC_BLOCK;
	async.opt->body(c->index, async.opt->arg);
	c->cpu->selector = ASYNC_ALLOW;
	c->frame = NULL;
	c->want = WANT_NOTHING;
	async_wait(c);
}

int async_trap_install(void)
{
	struct kernel_sigaction sa = {
		.handler = on_sigsys,
		.flags = SA_SIGINFO | SA_NODEFER | 0x04000000 /* SA_RESTORER */,
		.restorer = async_restorer,
	};

	return (int)RAW4(SYS_rt_sigaction, SIGSYS, &sa, NULL, 8);
}

/* For the calling thread. */
int async_trap_arm(struct async_cpu *cpu)
{
	cpu->selector = ASYNC_ALLOW;
	return (int)RAW6(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, async_allowed,
			 async_allowed_end - async_allowed, &cpu->selector, 0);
}

#endif
