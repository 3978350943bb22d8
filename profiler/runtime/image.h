/*
 * image.h - one private copy of a program and its libraries, loaded into this process
 *
 * A position-independent executable differs from a library in one flag (DF_1_PIE) and in what
 * the dynamic linker does for it. image_load() clears the flag in a memfd, loads that, and redoes
 * the rest by hand: COPY relocations, references that an executable would win (interposition), and
 * the hooks through which the copy's calls pass (hooks.c). Every copy is a file of its own to the
 * dynamic linker, also its libraries, which are renamed: two loads of one file would silently be
 * one. libc's own family stays shared. Thread-local variables: image_tls.h.
 *
 * image_reset() puts every writable byte back to what it was before main() first ran. Images live
 * as long as the process. Errors are said through host_why(); x86-64 and glibc only.
 */
#ifndef RUNTIME_IMAGE_H
#define RUNTIME_IMAGE_H

#include <link.h>

#include "profiler/runtime/host.h"
#include "profiler/runtime/image_tls.h"

#define IMAGE_RANGES 8

struct image_range { /* writable memory to put back */
	char *start;
	size_t size; /* saved bytes */
	char *saved;
	size_t zeros; /* after them: all zero */
};

struct image_module {
	const char *name; /* for people */
	void *handle;
	struct link_map *map;
	char *low, *high; /* where it lies */
	struct image_range ranges[IMAGE_RANGES];
	unsigned ranges_n;
	struct image_tls tls;
	int fd;      /* the memfd, until image_share_text() */
	bool shared; /* a library that cannot be copied */
};

/* Variables of libc that every program has to itself, for copies that do not bring their own. */
struct image_variables {
	void *in, *out, *err; /* FILE * */
	char *optarg;
	char **environ;
	int optind, opterr, optopt;
};

struct image {
	struct image_module *modules; /* the libraries, then the program */
	unsigned n;
	int (*main)(int argc, char **argv, char **envp);
	struct image_variables own;
};

/* The index-th copy, which must stay where it is: relocations refer to it. 0, or a negative errno
 * with host_why() said. */
int image_load(const struct host *h, unsigned index, struct image *ret);
/* Whether two copies are in truth one, for the dynamic linker took a file for another. */
bool image_overlaps(const struct image *a, const struct image *b);
/* After the last image_load(): let all copies run the same code pages, as threads would. */
void image_share_text(const struct host *h, struct image *image);
/* What is loaded from now on is loaded by the program itself (dlopen). */
void image_all_loaded(void);
/* dlopen() for the program: one library for all copies, whose calls pass through the hooks. */
void *image_open(const char *path, int flags);
/* Remember the writable memory; put it back, with the calling thread's own variables. */
int image_save(struct image *image);
void image_reset(struct image *image);
/* The program's variables of a thread that is new. */
void image_begin_thread(const struct image *image);
/* The address of a libc variable as this copy sees it, or NULL if it uses none of that name. */
void *image_variable(const struct image *image, const char *name);
/* The module an address lies in, or NULL. */
const struct image_module *image_at(const struct image *image, const void *address);

#endif
