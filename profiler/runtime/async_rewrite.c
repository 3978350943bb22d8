/*
 * async_rewrite.c - replace libc's `syscall` instructions by jumps to us, which cost a tenth of a trap
 *
 * Once, before any task or thread of ours runs. Two shapes are replaced, and nothing else; what
 * remains traps:
 *
 *	mov $NR,%eax; syscall           the five bytes of the mov become the jump. The syscall stays:
 *	                                whoever comes to it by another way finds it unchanged.
 *	xor %eax,%eax; syscall; cmp     read(). The jump covers the syscall and a part of the
 *	                                `cmp $-4096,%rax`, and whoever jumped to that would land in its
 *	                                middle: every byte of the segment that could begin such a branch
 *	                                forbids it, and so does any other thread, which could sit in the
 *	                                call.
 *
 * A call that must be made with the task's own stack and registers (IN_PLACE) is left alone.
 */
#include "profiler/runtime/async_core.h"

#if defined(__x86_64__)

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define POOL_BYTES 65536
#define TRAMPOLINE 48
#define JUMP       5
#define FAR        0x70000000l /* a jump reaches 2 GiB */

struct segment { /* the executable one that an address lies in */
	const unsigned char *address;
	unsigned char *start, *end;
};

static char *pool, *pool_next;
static unsigned sites;

static int32_t read_i32(const unsigned char *p)
{
	return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static bool same(const unsigned char *a, const unsigned char *b, unsigned n)
{
	while (n--) {
		if (*a++ != *b++)
			return false;
	}
	return true;
}

/* --- which ------------------------------------------------------------------------------------ */

static bool may_be_rewritten(long nr)
{
	if (nr == SYS_rt_sigprocmask &&
	    async.seccomp) /* SIGSYS must never be blocked, for anyone */
		return false;
	return nr >= 0 && nr < async_syscalls_n && async_syscalls[nr].name &&
	       async_syscalls[nr].class != ASYNC_IN_PLACE && nr != SYS_exit && nr != SYS_exit_group;
}

/* mov $NR,%eax; syscall. Not behind a REX prefix, which would make it another instruction. */
static bool is_mov(const unsigned char *p)
{
	return p[0] == 0xb8 && p[5] == 0x0f && p[6] == 0x05 && (p[-1] & 0xf0) != 0x40 &&
	       may_be_rewritten(read_i32(p + 1));
}

static bool is_read(const unsigned char *p)
{
	static const unsigned char code[] = { 0x31, 0xc0, 0x0f, 0x05, 0x48,
					      0x3d, 0x00, 0xf0, 0xff, 0xff };

	return same(p, code, sizeof(code));
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

/* --- how -------------------------------------------------------------------------------------- */

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

static void put_jump(unsigned char *at)
{
	put_relative(put((char *)at, "\xe9", 1), pool_next);
	pool_next += TRAMPOLINE;
	sites++;
}

static void rewrite_mov(unsigned char *p)
{
	char *at = put(pool_next, p, JUMP), *back;

	put_entry(at, &back);
	put_relative(back, p + 7);
	put_jump(p);
}

static void rewrite_read(unsigned char *p)
{
	char *back, *at = put_entry(pool_next, &back);

	put_relative(back, at);
	at = put(at, p + 4, 6);
	put_relative(put(at, "\xe9", 1), p + 10);
	put_jump(p + 2);
}

static void rewrite(const struct segment *s, bool alone)
{
	for (unsigned char *p = s->start + 1; p + 16 < s->end; p++) {
		if (pool_next + TRAMPOLINE > pool + POOL_BYTES)
			return;
		if (is_mov(p))
			rewrite_mov(p);
		else if (alone && is_read(p) && !may_be_target(s, p + 4))
			rewrite_read(p);
	}
}

/* --- where ------------------------------------------------------------------------------------ */

static int find_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct segment *s = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		unsigned char *start = (void *)(info->dlpi_addr + ph->p_vaddr);

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X && s->address >= start &&
		    s->address < start + ph->p_memsz) {
			s->start = start;
			s->end = start + ph->p_memsz;
			return 1;
		}
	}
	return 0;
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

static bool find_libc(struct segment *s)
{
	s->address = dlsym(RTLD_DEFAULT, "read");
	return s->address && dl_iterate_phdr(find_segment, s);
}

/* Executable memory that jumps from libc can reach. */
static bool make_pool(char *libc)
{
	for (long away = 1 << 24; away < FAR; away += 1 << 24) {
		char *at = (char *)((uintptr_t)(libc - away) & ~0xfffful);
		long p = RAW6(SYS_mmap, at, POOL_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* FIXED_NOREPLACE */, -1, 0);

		if (p == (long)at) {
			pool_next = pool = at;
			return true;
		}
		if (p > 0)
			RAW2(SYS_munmap, p, POOL_BYTES);
	}
	return false;
}

void async_reserve(void)
{
	struct segment s = { 0 };

	if (find_libc(&s))
		make_pool((char *)s.start);
}

unsigned async_rewrite(void)
{
	struct segment s = { 0 };
	char *page;
	size_t size;

	if (!find_libc(&s) || (!pool && !make_pool((char *)s.start)))
		return 0;
	page = (char *)((uintptr_t)s.start & ~4095ul);
	size = (size_t)((char *)s.end - page);
	if (RAW3(SYS_mprotect, page, size, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return 0;
	rewrite(&s, !has_other_threads());
	RAW3(SYS_mprotect, page, size, PROT_READ | PROT_EXEC);
	return sites;
}

#endif
