#include "profiler/runtime/image_tls.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdint.h>
#include <string.h>

#define ALIGN 64 /* of the thread pointer, at least */

/* The last of concur-host's own, as this file is linked last: nothing of it lies higher. */
static __thread char reserve[PLAN_TLS_BYTES]
	__attribute__((aligned(ALIGN), tls_model("local-exec")));

static char *thread_pointer(void)
{
#if defined(__x86_64__)
	char *p;

	__asm__("mov %%fs:0, %0" : "=r"(p));
	return p;
#else
	return NULL; /* loader.c takes x86-64 programs alone */
#endif
}

struct image_tls image_tls_find(const char *base)
{
	const Elf64_Ehdr *h = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + h->e_phoff);

	for (unsigned i = 0; i < h->e_phnum; i++) {
		size_t align = ph[i].p_align ? ph[i].p_align : 1;
		size_t end = ph[i].p_vaddr + ph[i].p_memsz;

		if (ph[i].p_type == PT_TLS)
			return (struct image_tls){
				.initial = base + ph[i].p_vaddr,
				.filled = ph[i].p_filesz,
				.size = (end + align - 1) / align * align - ph[i].p_vaddr,
			};
	}
	return (struct image_tls){ 0 };
}

bool image_tls_fits(const struct image_tls *tls)
{
	return tls->size <= sizeof(reserve) && reserve + sizeof(reserve) == thread_pointer();
}

static void fill(const struct image_tls *tls, char *to)
{
	memcpy(to, tls->initial, tls->filled);
	memset(to + tls->filled, 0, tls->size - tls->filled);
}

void image_tls_begin(const struct image_tls *tls)
{
	if (tls->size)
		fill(tls, thread_pointer() - tls->size);
}

void image_tls_begin_library(const struct image_tls *tls, void *handle)
{
	void *at = NULL;

	/* None: this thread has not used it yet. */
	if (tls->size && dlinfo(handle, RTLD_DI_TLS_DATA, &at) == 0 && at)
		fill(tls, at);
}
