/*
 * async_trap.c - system calls of coroutines arrive here, by SIGSYS or by a rewritten site's jump
 *
 * Task side. The signal handler runs on the coroutine's stack with an empty mask and SA_NODEFER, so
 * that it may switch away in the middle; it is installed by a raw call, as libc would put its own
 * restorer behind it, which would be dispatched.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif
#define SI_SECCOMP       1 /* si_code of SIGSYS */
#define SI_USER_DISPATCH 2

_Static_assert(offsetof(struct async_coro, cpu) == 0, "stubs_x86_64.S knows");
_Static_assert(offsetof(struct async_cpu, selector) == 0, "stubs_x86_64.S knows");

__thread struct async_coro *async_self __attribute__((tls_model("local-exec")));
__thread uint64_t async_return __attribute__((tls_model("local-exec")));
__thread struct async_coro *async_maker __attribute__((tls_model("local-exec")));
__thread int async_vforking __attribute__((tls_model("local-exec")));
__thread int async_vforked __attribute__((tls_model("local-exec")));

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

/* A handler may have ended, or begun, since the last call. */
static void note_mask(struct async_coro *c)
{
	if (async.handlers_used) {
		RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &c->mask, 8);
		c->cpu->mask = c->mask;
	}
}

/* The mask that holds when the handler has returned; with ours blocked the next call would be the end. */
static long change_mask(ucontext_t *uc, const long args[6])
{
	const uint64_t *set = (const uint64_t *)args[1];
	uint64_t without = set ? *set & ~ASYNC_OURS : 0;
	long ret = RAW4(SYS_rt_sigprocmask, args[0], set ? &without : NULL, args[2], args[3]);

	RAW4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &uc->uc_sigmask, 8);
	return ret;
}

/*
 * Seccomp traps the loop's own calls too, and those of a forked child: they are made here, as they are. What
 * must be made with the caller's own stack is made where it was.
 */
static void make_native(ucontext_t *uc, long nr, const long args[6])
{
	greg_t *regs = uc->uc_mcontext.gregs;
	bool in_place =
		nr >= 0 && nr < async_syscalls_n && async_syscalls[nr].class == ASYNC_IN_PLACE;

	if (in_place) {
		async_return = (uint64_t)regs[REG_RIP];
		regs[REG_RIP] = (greg_t)(uintptr_t)async_in_place;
		regs[REG_RAX] = nr;
	} else if (nr == SYS_rt_sigprocmask) {
		regs[REG_RAX] = change_mask(uc, args);
	} else {
		regs[REG_RAX] = async_raw(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	}
}

void async_default_action(int sig)
{
	const struct async_sigaction action = { 0 };

	RAW4(SYS_rt_sigaction, sig, &action, NULL, 8);
}

static void on_sigsys(int sig, siginfo_t *info, void *frame)
{
	struct async_coro *c = async_self;
	ucontext_t *uc = frame;
	greg_t *regs = uc->uc_mcontext.gregs;
	long nr = info->si_syscall;
	long args[6] = { (long)regs[REG_RDI], (long)regs[REG_RSI], (long)regs[REG_RDX],
			 (long)regs[REG_R10], (long)regs[REG_R8],  (long)regs[REG_R9] };

	if (c && info->si_code == SI_TKILL && info->si_pid == async.pid) { /* our watchdog asks */
		c->cpu->stall_place =
			async_place_of(c, (uint64_t)regs[REG_RIP], (void *)regs[REG_RSP]);
		return;
	}
	if (info->si_code == SI_SECCOMP && async.seccomp &&
	    (!c || c->cpu->selector != ASYNC_BLOCK)) {
		make_native(uc, nr, args);
		return;
	}
	if (!c ||
	    info->si_code !=
		    (async.seccomp
			     ? SI_SECCOMP
			     : SI_USER_DISPATCH)) { /* someone else's: what it does by itself */
		async_default_action(sig);
		return;
	}
	c->cpu->selector = ASYNC_ALLOW;
	c->frame = frame;
	c->mask = *(uint64_t *)(void *)&uc->uc_sigmask;
	c->cpu->mask = c->mask;
	c->site = site_of(c, (uint64_t)regs[REG_RIP], (void *)regs[REG_RSP]);
	c->call_sp = (void *)regs[REG_RSP];
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
	c->call_sp = j + 1;
	c->rewritten++;
	note_vforked(c);
	note_mask(c);
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

static long call_by_stub(long nr)
{
	return RAW1(nr, 0);
}

/* From outside of what is let through. */
static long call_from_here(long nr)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr) : "rcx", "r11", "memory");
	return ret;
}

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
static uint64_t measure(long (*call)(long nr))
{
	uint64_t best = UINT64_MAX;

	for (int b = 0; b < BATCHES; b++) {
		uint64_t start = async_tsc(), spent;

		for (int i = 0; i < CALLS; i++) {
			call(SYS_getppid);
		}
		spent = (async_tsc() - start) / CALLS;
		best = spent < best ? spent : best;
	}
	return best;
}

static void calibrate(struct async_coro *c)
{
	cost_native_tsc = measure(call_by_stub);
	c->cpu->selector = ASYNC_BLOCK;
	cost_trap_tsc = measure(call_from_here);
	cost_jump_tsc = measure(jump_to_us);
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

bool async_gather(bool begin)
{
	struct async_coro *c = async_self;

	c->cpu->selector = ASYNC_ALLOW;
	c->frame = NULL;
	c->site = (uint64_t)(uintptr_t)async_gather;
	note_mask(c);
	c->want = WANT_ALL;
	c->args[0] = begin;
	c->res = false;
	async_wait(c);
	c->cpu->selector = ASYNC_BLOCK;
	return c->res;
}

int async_trap_install(void)
{
	struct async_sigaction sa = {
		.handler = on_sigsys,
		.flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | ASYNC_SA_RESTORER,
		.restorer = async_restorer,
	};

	return (int)RAW4(SYS_rt_sigaction, SIGSYS, &sa, NULL, 8);
}

const char *async_trap_why_not(void)
{
	if (RAW6(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0, 0) == 0 ||
	    RAW2(SYS_prctl, PR_GET_SECCOMP, 0) >= 0)
		return NULL;
	return "this kernel has neither Syscall User Dispatch (Linux 5.11) nor seccomp";
}

/* All calls but those from our stubs; the stubs are less than a page. */
static int arm_seccomp(void)
{
	uint64_t low = (uint64_t)(uintptr_t)async_allowed,
		 high = (uint64_t)(uintptr_t)async_allowed_end;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, instruction_pointer) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(low >> 32), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)low, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)high, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (low >> 32 != high >> 32)
		return -ENOSYS;
	RAW6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	return (int)RAW3(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* For the calling thread. */
int async_trap_arm(struct async_cpu *cpu)
{
	cpu->selector = ASYNC_ALLOW;
	if (async.seccomp) /* a thread that a task has made has it already */
		return cpu->plain ? 0 : arm_seccomp();
	return (int)RAW6(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, async_allowed,
			 async_allowed_end - async_allowed, &cpu->selector, 0);
}

#endif
