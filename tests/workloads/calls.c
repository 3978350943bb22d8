/*
 * Functions whose names a profile must show: ./calls LIBRARY
 *
 *	hot_compare      computes, called back by libc's qsort, with inlined_mix inlined
 *	blocking_line    waits for a pipe, through libc's fgets
 *	library_pause    sleeps, in a library that was loaded from a memfd
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "truth.h"

#define NUMBERS 400

static unsigned numbers[NUMBERS];

static inline __attribute__((always_inline)) unsigned inlined_mix(unsigned x)
{
	for (int i = 0; i < 500; i++)
		x = x * 1664525 + (x >> 7);
	return x;
}

static int hot_compare(const void *a, const void *b)
{
	unsigned x = inlined_mix(*(const unsigned *)a), y = inlined_mix(*(const unsigned *)b);

	return (x > y) - (x < y);
}

static __attribute__((noinline)) void sorting_job(void)
{
	for (unsigned i = 0; i < NUMBERS; i++)
		numbers[i] = i * 2654435761u;
	qsort(numbers, NUMBERS, sizeof(*numbers), hot_compare);
	__asm__ volatile("");
}

static __attribute__((noinline)) void blocking_line(FILE *file)
{
	char line[64];

	if (!fgets(line, sizeof(line), file))
		truth_die("fgets");
}

static void *writer(void *arg)
{
	int fd = *(int *)arg;

	pthread_setname_np(pthread_self(), "the-writer");
	for (int i = 0; i < 60; i++) {
		pause_us(12000);
		if (write(fd, "line\n", 5) != 5)
			truth_die("write");
	}
	return NULL;
}

static void (*load(const char *path))(int)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("library", MFD_CLOEXEC);
	void (*function)(int);
	struct stat st;
	char name[64];
	void *library;

	if (from < 0 || to < 0 || fstat(from, &st) ||
	    sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
		truth_die(path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	library = dlopen(name, RTLD_NOW);
	if (!library)
		truth_die(dlerror());
	*(void **)&function = dlsym(library, "library_pause");
	close(from);
	close(to);
	return function;
}

int main(int argc, char **argv)
{
	void (*library_pause)(int) = load(argc > 1 ? argv[1] : "calls_library.so");
	pthread_t thread;
	int fds[2];
	FILE *file;

	if (pipe(fds) || !(file = fdopen(fds[0], "r")) ||
	    pthread_create(&thread, NULL, writer, &fds[1]))
		truth_die("pipe");
	for (int i = 0; i < 60; i++) {
		sorting_job();
		blocking_line(file);
		library_pause(4);
	}
	pthread_join(thread, NULL);
	return 0;
}
