/*
 * image_tls.h - the thread-local variables of a program that is loaded as a library
 *
 * The code of an executable finds its own at fixed distances below the thread pointer ("ELF
 * Handling For Thread-Local Storage", variant II), where the first block of a process lies: here
 * that of concur-host. Its end is kept free for the program in every thread and coroutine. What a
 * library has, the dynamic linker finds for each copy. Both belong to the calling thread.
 */
#ifndef RUNTIME_IMAGE_TLS_H
#define RUNTIME_IMAGE_TLS_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#include "profiler/runtime/plan.h"

struct image_tls {
	const char *initial;
	size_t filled; /* bytes of `initial`; after them zeros, */
	size_t size;   /* to the thread pointer, for a program. 0: it has none */
};

/* Of a module whose headers are loaded at `base`. */
struct image_tls image_tls_find(const char *base);
/* A program's has room below the thread pointer: at most PLAN_TLS_BYTES, if concur-host is linked as
 * it should be. */
bool image_tls_fits(const struct image_tls *tls);
/* What the calling thread has of a program's becomes as new. */
void image_tls_begin(const struct image_tls *tls);
/* The same, of a library's. */
void image_tls_begin_library(const struct image_tls *tls, void *handle);

#endif
