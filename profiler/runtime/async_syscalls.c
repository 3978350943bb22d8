/*
 * async_syscalls.c - one system call of a coroutine: look it up, translate, and have it done
 *
 * Task side.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>

#define PINNED      64
#define STACK_WORDS 2048 /* that are searched for the program */

#define COMPUTING -1

struct pinned {  /* by call and place; the loop's thread only */
	long nr; /* or COMPUTING */
	uint64_t place;
	uint64_t count, tsc, longest_tsc;
};
static struct pinned pinned[PINNED];

const char *async_syscall_name(long nr)
{
	const char *name = NULL;

	if (nr >= 0 && nr < async_syscalls_n)
		name = async_syscalls[nr].name;
	return name ? name : "an unknown system call";
}

/* --- saying no -------------------------------------------------------------------------------- */

static char *append(char *at, char *end, const char *s)
{
	while (*s && at < end - 1)
		*at++ = *s++;
	*at = '\0';
	return at;
}

void async_refuse(const char *what, const char *why)
{
	char text[256], *at = text, *end = text + sizeof(text);

	at = append(at, end, "it calls ");
	at = append(at, end, what);
	at = append(at, end, ": ");
	append(at, end, why);
	if (async_self) /* what follows is ours */
		async_self->cpu->selector = ASYNC_ALLOW;
	async.opt->refuse(text);
	for (;;)
		RAW1(SYS_exit_group, 1);
}

static _Noreturn void refuse_unknown(long nr)
{
	char what[40] = "system call ", digits[24], *at = what + 12;
	unsigned long rest = (unsigned long)(nr < 0 ? -nr : nr);
	int n = 0;

	if (nr < 0)
		*at++ = '-';
	do
		digits[n++] = (char)('0' + rest % 10);
	while (rest /= 10);
	while (n)
		*at++ = digits[--n];
	*at = '\0';
	async_refuse(what, "it has no name in the table of calls");
}

/* --- direct ----------------------------------------------------------------------------------- */

/* Whether a call instruction ends there. */
static bool follows_a_call(const unsigned char *p)
{
	return p[-5] == 0xe8 || p[-2] == 0xff || p[-3] == 0xff || p[-6] == 0xff;
}

/*
 * The innermost of the program's own functions: libc keeps no frame pointers, so the stack is searched for
 * the first word that is a return address in the program.
 */
uint64_t async_place_of(const struct async_coro *c, uint64_t pc, const void *stack)
{
	const struct async_code *code = async.opt->code ? &async.opt->code[c->index] : NULL;
	const uint64_t *word = (const void *)((uintptr_t)stack & ~7ul);
	uint64_t low, size;

	if (!code)
		return 0;
	low = (uint64_t)code->low;
	size = (uint64_t)(code->high - code->low);
	if (pc - low < size)
		return pc - low;
	for (int i = 0; i < STACK_WORDS && (const void *)word < c->stack_top; i++, word++) {
		if (*word - low - 8 < size - 8 && follows_a_call((const unsigned char *)*word))
			return *word - low;
	}
	return 0;
}

static void note_pinned(long nr, uint64_t place, uint64_t tsc)
{
	for (int i = 0; i < PINNED; i++) {
		struct pinned *p = &pinned[i];

		if (p->count && (p->nr != nr || p->place != place))
			continue;
		if (!p->count) {
			p->nr = nr;
			p->place = place;
			p->tsc = 0;
			p->longest_tsc = 0;
		}
		p->count++;
		p->tsc += tsc;
		if (tsc > p->longest_tsc)
			p->longest_tsc = tsc;
		return;
	}
}

long async_direct(struct async_coro *c, long nr, const long a[6])
{
	struct async_cpu *cpu = c->cpu;
	uint64_t start = async_tsc(), spent;
	long ret;

	cpu->in_call = nr;
	ret = async_raw(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	cpu->in_call = -1;
	spent = async_tsc() - start;
	if (cpu->loop && spent > async.pinned_tsc) {
		note_pinned(nr, async_place_of(c, 0, c->call_sp), spent);
		cpu->pinned_tsc += spent;
	}
	return ret;
}

void async_pinned_computing(uint64_t place, uint64_t tsc)
{
	note_pinned(COMPUTING, place, tsc);
}

bool async_pinned_next(struct async_pinned *ret)
{
	struct pinned *worst = NULL;

	for (int i = 0; i < PINNED; i++) {
		if (pinned[i].count && (!worst || pinned[i].tsc > worst->tsc))
			worst = &pinned[i];
	}
	if (!worst)
		return false;
	ret->name = worst->nr == COMPUTING ? "computing" : async_syscall_name(worst->nr);
	ret->place = worst->place;
	ret->count = worst->count;
	ret->ns = worst->tsc;
	ret->longest_ns = worst->longest_tsc;
	worst->count = 0;
	return true;
}

void async_pinned_forget(void)
{
	for (int i = 0; i < PINNED; i++)
		pinned[i].count = 0;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/*
 * A jump, unlike a signal, has not kept the vector registers: the next coroutine would overwrite them.
 * XSAVEC, with the components that were there at start. It comes from the middle of one of libc's C
 * functions, where a compiler keeps values in xmm and ymm 0 to 15 at most: the AVX-512 and x87 registers
 * are used by string and mathematical functions, which make no system calls. To save them too
 * would be 2 KiB of cache misses for each wait.
 */
static void switch_keeping_vectors(struct async_coro *c)
{
	char area[1024] __attribute__((aligned(64)));
	/* A function that returns to us may return an x87 value. */
	uint32_t low = (uint32_t)async.xstate | (c->want == WANT_LOOP);
	uint32_t high = (uint32_t)(async.xstate >> 32);
	uint64_t *header = (uint64_t *)(void *)(area + 512);

	for (int i = 0; i < 8; i++) /* what XSAVEC leaves alone, XRSTOR wants to be zero */
		((volatile uint64_t *)header)[i] = 0;
	__asm__ volatile("xsavec64 %0" : "=m"(area) : "a"(low), "d"(high) : "memory");
	async_switch(&c->sp, c->cpu->sp, c->cpu->fs);
	__asm__ volatile("xrstor64 %0" : : "m"(area), "a"(low), "d"(high) : "memory");
}

long async_wait(struct async_coro *c)
{
	void *frame = c->frame;

	if (frame)
		async_switch(&c->sp, c->cpu->sp, c->cpu->fs);
	else
		switch_keeping_vectors(c);
	c->frame = frame;
	return c->res;
}

static void set_limit(struct async_coro *c, int64_t ns)
{
	c->timed = ns >= 0;
	c->limit_flags = 0;
	c->limit.tv_sec = ns / 1000000000;
	c->limit.tv_nsec = ns % 1000000000;
}

long async_operation(struct async_coro *c, int64_t ns)
{
	c->want = WANT_RING;
	set_limit(c, ns);
	async_wait(c);
	return c->timed_out && c->res == -ECANCELED ? -ETIME : c->res;
}

long async_await(struct async_coro *c, int fd, short events, int64_t ns)
{
	c->poll_one.fd = fd;
	c->poll_one.events = events;
	c->polls = &c->poll_one;
	c->polls_n = 1;
	c->want = WANT_POLLS;
	set_limit(c, ns);
	async_wait(c);
	return c->timed_out ? -ETIME : c->res;
}

long async_helper(struct async_coro *c, long nr, const long a[6])
{
	if (c->cpu->plain)
		return async_direct(c, nr, a);
	c->want = WANT_HELPER;
	c->nr = nr;
	for (int i = 0; i < 6; i++)
		c->args[i] = a[i];
	return async_wait(c);
}

long async_call_yield(struct async_coro *c, long nr, long a[6])
{
	(void)nr;
	(void)a;
	c->want = WANT_YIELD;
	async_wait(c);
	return 0;
}

/* --- dispatch --------------------------------------------------------------------------------- */

/* The arguments as the process means them. */
static long translate(struct async_coro *c, const struct async_syscall *s, long a[6])
{
	const char *args = s->args;

	for (int i = 0; args[i]; i++) {
		int fd = (int)a[i];

		if ((args[i] == 'f' || args[i] == 'd') && fd >= 0) {
			a[i] = async_fd_real(c, fd);
			if (a[i] < 0)
				return -EBADF;
		} else if (args[i] == 'd' && fd == AT_FDCWD && async.cwd_used) {
			a[i] = c->cwd_fd;
		} else if (args[i] == 'p' && i == 0 && async.cwd_used && !s->call) {
			async_refuse(s->name, "after a change of the working directory");
		}
	}
	return 0;
}

static bool creates(long nr, const long a[6])
{
	if (nr == SYS_openat || nr == SYS_open)
		return a[nr == SYS_openat ? 2 : 1] & (O_CREAT | __O_TMPFILE);
	return nr == SYS_creat || nr == SYS_mkdir || nr == SYS_mkdirat || nr == SYS_mknod ||
	       nr == SYS_mknodat;
}

/* The process has one umask: the loop alone sets it. Was the task moved there for it? */
static bool use_own_umask(struct async_coro *c)
{
	bool move = !c->cpu->loop && (!c->cpu->plain || c->offloaded);

	if (move) {
		c->want = WANT_LOOP;
		async_wait(c);
	}
	RAW1(SYS_umask, c->umask);
	return move;
}

/* In a thread of a task's own: all that is not about descriptors. */
static bool waits_where_it_is(const struct async_syscall *s)
{
	if (s->call == async_call_open || s->call == async_call_accept ||
	    s->call == async_call_poll || s->call == async_call_select)
		return false;
	return s->class == ASYNC_RING || s->class == ASYNC_INLINE_THEN_RING ||
	       s->call == async_call_yield;
}

long async_dispatch(struct async_coro *c, long nr, long a[6])
{
	const struct async_syscall *s = &async_syscalls[nr];
	bool moved = false;
	long ret;

	if (nr < 0 || nr >= async_syscalls_n || !s->name)
		refuse_unknown(nr);
	if (s->class == ASYNC_REFUSE)
		async_refuse(s->name, "which has no counterpart on an event loop");
	if (c->offloaded && c->call_sp > (void *)c->offload_sp) /* its frame is gone: a longjmp */
		async_offload_end(c);
	c->nr = nr;
	if (c->dressed) {
		async_fd_undress(c);
		c->dressed = false;
	}
	ret = *s->args ? translate(c, s, a) : 0;
	if (ret)
		return ret;
	if (async.umask_used && creates(nr, a))
		moved = use_own_umask(c);
	if (s->call && !(c->cpu->plain && waits_where_it_is(s)))
		ret = s->call(c, nr, a);
	else if (s->class == ASYNC_HELPER)
		ret = async_helper(c, nr, a);
	else
		ret = async_direct(c, nr, a);
	if (s->opens && ret >= 0)
		ret = async_fd_give(c, ret);
	if (moved) { /* and back: what follows may be long */
		c->want = c->offloaded ? WANT_EXECUTOR : WANT_YIELD;
		async_wait(c);
	}
	return ret;
}

#endif
