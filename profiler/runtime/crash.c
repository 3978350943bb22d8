/*
 * crash.c - a task that takes its whole process down: by which signal, and where in the program
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "profiler/runtime/copy.h"

#define STACK (64ul << 10)

static const struct host *host; /* of this process */

/* A call instruction ends here (e8 rel32; ff /2 with up to 7 bytes). */
static bool follows_call(const unsigned char *p)
{
	if (p[-5] == 0xe8)
		return true;
	for (int n = 2; n <= 7; n++) {
		if (p[-n] == 0xff && (p[-n + 1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

static bool note_module(const struct copy *c, const unsigned char *at, bool below)
{
	const struct image_module *m = image_at(&c->image, at);

	if (!m || (below && (at - 8 < (const unsigned char *)m->low || !follows_call(at))))
		return false;
	host->result->crash_module = (uint32_t)(m - c->image.modules);
	host->result->crash_at = (uint64_t)(at - (const unsigned char *)m->map->l_addr);
	host->result->crash_below = below;
	return true;
}

#if defined(__x86_64__)
#define PC(uc) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_RIP])
#define SP(uc) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_RSP])
#elif defined(__aarch64__)
#define PC(uc) ((uintptr_t)(uc)->uc_mcontext.pc)
#define SP(uc) ((uintptr_t)(uc)->uc_mcontext.sp)
#endif

/* In the program, or in libc: then the first return address into the program, up the stack. */
static void note_place(const struct copy *c, const ucontext_t *uc)
{
	uintptr_t top = SP(uc);
	const unsigned char *const *stack = (const void *)top;

	if (note_module(c, (const unsigned char *)PC(uc), false) || top % 8)
		return;
	/* Not beyond the next page: the stack may end there. */
	for (size_t i = 0; i < (8192 - top % 4096) / 8; i++) {
		if (note_module(c, stack[i], true))
			return;
	}
}

static void on_crash(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	struct copy *c = copy_in_job();

	(void)info;
	if (!copy_in_racer()) { /* a child of a job: its own affair */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	if (c) {
		host->result->bad_job = c->job;
		capture_tail(host, c->job, c->stderr_fd);
	}
	host->result->signal = sig;
	host->result->crash_module = ~0u;
	if (c)
		note_place(c, uc);
	copy_end_racer(RESULT_CRASH);
}

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP };

void crash_ignore(void)
{
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(*crash_signals); i++)
		signal(crash_signals[i], SIG_DFL);
}

void crash_catch(const struct host *h)
{
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	host = h;
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(*crash_signals); i++)
		sigaction(crash_signals[i], &sa, NULL);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

int crash_stack(void)
{
	stack_t stack = { .ss_sp = host_memory(STACK), .ss_size = STACK };

	return stack.ss_sp && sigaltstack(&stack, NULL) == 0 ? 0 : -ENOMEM;
}
