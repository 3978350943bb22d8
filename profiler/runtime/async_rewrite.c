/*
 * async_rewrite.c - replace a hot `syscall` instruction by a jump to us, which costs a tenth of a trap
 *
 * Task side. Two shapes are replaced, and nothing else:
 *
 *	mov $NR,%eax; syscall           the five bytes of the mov become the jump. The syscall stays: whoever
 *	                                comes to it by another way, or sits in it, finds it unchanged.
 *	syscall; cmp $-4096,%rax        the jump covers the syscall and a part of the cmp. Whoever jumps to the
 *	                                cmp would land in its middle: every byte of the segment that could be
 *	                                such a branch forbids it. Whoever sits in the call returns to the cmp:
 *	                                coroutines are sent to the trampoline's copy of it, and other threads
 *	                                of the program forbid this shape.
 *
 * With executors, other threads run the code that is changed. Then a mov is replaced only where one
 * aligned 8-byte store does it, and the second shape only before the executors start, in libc, where
 * it is read(): `xor %eax,%eax; syscall; cmp`.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOT        16 /* traps of one site before it is worth it */
#define SITES      1024
#define POOL_BYTES 65536
#define TRAMPOLINE 48
#define SEGMENTS   256
#define FAR        0x70000000l /* a jump reaches 2 GiB */

enum site_state { SITE_COUNTED, SITE_BEFORE, SITE_OVER, SITE_LEFT };

struct site {
	uint64_t after; /* 0: free */
	_Atomic uint32_t count;
	enum site_state state;
	const char *resume; /* SITE_OVER: the trampoline's copy of the cmp */
};

struct segment { /* executable */
	const unsigned char *start, *end;
};

static struct site sites[SITES];
static char *pool, *pool_next;
static struct segment segments[SEGMENTS];
static unsigned segments_n;
static const unsigned char
	*libc_syscall; /* syscall(): any number, also one that must not be rewritten */
static _Atomic int busy;
static bool others_run; /* the executors */

static struct site *site_at(uint64_t after)
{
	unsigned at = (unsigned)((after * 0x9e3779b97f4a7c15ull) >> 54);

	for (unsigned i = 0; i < SITES; i++) {
		struct site *s = &sites[(at + i) % SITES];

		if (s->after == after)
			return s;
		if (!s->after) {
			s->after = after;
			return s;
		}
	}
	return NULL;
}

/* --- may it be replaced? ---------------------------------------------------------------------- */

static const struct segment *segment_of(const unsigned char *p)
{
	for (unsigned i = 0; i < segments_n; i++) {
		if (p >= segments[i].start && p < segments[i].end)
			return &segments[i];
	}
	return NULL;
}

static int32_t read_i32(const unsigned char *p)
{
	return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* Could any branch lead to `to`? Bytes that only look like one count as one. */
static bool may_be_target(const struct segment *s, const unsigned char *to)
{
	for (const unsigned char *p = s->start; p + 6 <= s->end; p++) {
		bool is_short = (*p & 0xf0) == 0x70 || *p == 0xeb || (*p >= 0xe0 && *p <= 0xe3);
		bool is_near = *p == 0xe8 || *p == 0xe9;
		bool is_long = *p == 0x0f && (p[1] & 0xf0) == 0x80;

		if ((is_short && p + 2 + (signed char)p[1] == to) ||
		    (is_near && p + 5 + read_i32(p + 1) == to) ||
		    (is_long && p + 6 + read_i32(p + 2) == to))
			return true;
	}
	return false;
}

static bool same(const unsigned char *a, const unsigned char *b, unsigned n)
{
	while (n--) {
		if (*a++ != *b++)
			return false;
	}
	return true;
}

static enum site_state shape(const struct segment *s, long nr, const unsigned char *after)
{
	static const unsigned char cmp[] = { 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff };

	if (after - 7 < s->start || after + 6 > s->end ||
	    (libc_syscall && after > libc_syscall && after < libc_syscall + 64))
		return SITE_LEFT;
	if (after[-7] == 0xb8 && read_i32(after - 6) == nr && (after[-8] & 0xf0) != 0x40)
		return SITE_BEFORE;
	if (async.threads_seen || others_run || nr == SYS_futex || !same(after, cmp, sizeof(cmp)) ||
	    may_be_target(s, after))
		return SITE_LEFT;
	return SITE_OVER;
}

/* --- replace ---------------------------------------------------------------------------------- */

static char *put(char *at, const void *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*at++ = ((const char *)bytes)[i];
	return at;
}

static char *put_relative(char *at, const void *to)
{
	int32_t d = (int32_t)((const char *)to - (at + 4));

	return put(at, &d, 4);
}

/* lea BACK(%rip),%rcx; jmp *async_jumped. Returns where BACK is to be written. */
static char *put_entry(char *at, char **back)
{
	void (*to)(void) = async_jumped;

	at = put(at, "\x48\x8d\x0d", 3);
	*back = at;
	at = put(at + 4, "\xff\x25\0\0\0\0", 6);
	return put(at, &to, 8);
}

static const char *make_trampoline(enum site_state state, const unsigned char *after,
				   const char **resume)
{
	char *start = pool_next, *at = start, *back;

	pool_next += TRAMPOLINE;
	if (state == SITE_BEFORE) {
		at = put(at, after - 7, 5);
		put_entry(at, &back);
		put_relative(back, after);
		return start;
	}
	at = put_entry(at, &back);
	put_relative(back, at);
	*resume = at;
	at = put(at, after, 6);
	at = put(at, "\xe9", 1);
	put_relative(at, after + 6);
	return start;
}

static bool write_jump(unsigned char *at, const char *to)
{
	char *page = (char *)((uintptr_t)at & ~4095ul);
	unsigned offset = (uintptr_t)at & 7;
	uint64_t word = *(uint64_t *)(void *)(at - offset);
	char *p = (char *)&word + offset;
	int32_t d = (int32_t)(to - (const char *)(at + 5));

	if (others_run && offset > 3)
		return false;
	if (RAW3(SYS_mprotect, page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return false;
	if (offset <= 3) {
		*p++ = '\xe9';
		put(p, &d, 4);
		__atomic_store_n((uint64_t *)(void *)(at - offset), word, __ATOMIC_SEQ_CST);
	} else {
		put(put((char *)at, "\xe9", 1), &d, 4);
	}
	RAW3(SYS_mprotect, page, 8192, PROT_READ | PROT_EXEC);
	return true;
}

static void rewrite(struct site *site, long nr)
{
	unsigned char *after = (unsigned char *)site->after;
	const struct segment *s = segment_of(after);
	enum async_class class = async_syscalls[nr].class;
	enum site_state state = SITE_LEFT;

	if (s && class != ASYNC_IN_PLACE && nr != SYS_exit && nr != SYS_exit_group &&
	    pool_next + TRAMPOLINE <= pool + POOL_BYTES && labs((char *)after - pool) < FAR &&
	    after + 8192 < s->end)
		state = shape(s, nr, after);
	if (state != SITE_LEFT) {
		const char *to = make_trampoline(state, after, &site->resume);

		if (!write_jump(state == SITE_BEFORE ? after - 7 : after - 2, to))
			state = SITE_LEFT;
	}
	site->state = state;
}

const char *async_rewrite_count(long nr, uint64_t after)
{
	struct site *site;
	int none = 0;

	if (!pool)
		return NULL;
	site = site_at(after);
	if (!site)
		return NULL;
	if (site->state == SITE_OVER)
		return site->resume;
	if (site->state != SITE_COUNTED || ++site->count < HOT)
		return NULL;
	if (!__atomic_compare_exchange_n((int *)&busy, &none, 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return NULL;
	if (site->state == SITE_COUNTED && nr >= 0 && nr < async_syscalls_n)
		rewrite(site, nr);
	__atomic_store_n((int *)&busy, 0, __ATOMIC_RELEASE);
	return site->state == SITE_OVER ? site->resume : NULL;
}

void async_rewrite_report(unsigned *done, unsigned *left)
{
	*done = 0;
	*left = 0;
	for (unsigned i = 0; i < SITES; i++) {
		*done += sites[i].state == SITE_BEFORE || sites[i].state == SITE_OVER;
		*left += sites[i].state == SITE_LEFT;
	}
}

/* --- start: ordinary code --------------------------------------------------------------------- */

static int add_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const unsigned char *start = (void *)(info->dlpi_addr + ph->p_vaddr);

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X && segments_n < SEGMENTS)
			segments[segments_n++] = (struct segment){ start, start + ph->p_memsz };
	}
	return 0;
}

static void rewrite_reads(const unsigned char *libc)
{
	static const unsigned char code[] = { 0x31, 0xc0, 0x0f, 0x05, 0x48,
					      0x3d, 0x00, 0xf0, 0xff, 0xff };
	const struct segment *s = segment_of(libc);

	for (const unsigned char *p = s ? s->start : NULL; p && p + sizeof(code) < s->end; p++) {
		struct site *site;

		if (!same(p, code, sizeof(code)))
			continue;
		site = site_at((uint64_t)(uintptr_t)(p + 4));
		if (site)
			rewrite(site, SYS_read);
	}
}

/* Threads beside the one that calls: they could sit in code that is to be changed. */
static bool has_other_threads(void)
{
	char buf[1024];
	long fd = RAW4(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
	long n = RAW3(SYS_getdents64, fd, buf, sizeof(buf));
	int entries = 0;

	for (long at = 0; at < n; entries++)
		at += *(unsigned short *)(void *)(buf + at + 16); /* d_reclen */
	RAW1(SYS_close, fd);
	return entries != 3; /* with . and .. */
}

/* Executable memory that jumps from libc can reach. */
int async_rewrite_init(bool with_executors)
{
	char *libc = dlsym(RTLD_DEFAULT, "read");

	libc_syscall = dlsym(RTLD_DEFAULT, "syscall");
	dl_iterate_phdr(add_segments, NULL);
	for (long away = 1 << 24; libc && away < FAR; away += 1 << 24) {
		char *at = (char *)((uintptr_t)(libc - away) & ~0xfffful);
		long p = RAW6(SYS_mmap, at, POOL_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* FIXED_NOREPLACE */, -1, 0);

		if (p == (long)at) {
			pool_next = pool = at;
			async.threads_seen = has_other_threads();
			if (with_executors)
				rewrite_reads((unsigned char *)libc);
			others_run = with_executors;
			return 0;
		}
		if (p > 0)
			munmap((void *)p, POOL_BYTES);
	}
	return -1;
}

#endif
