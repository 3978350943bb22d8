/* ./disk fsync|read|fault [COUNT]: syncs small writes, reads or touches pages that are not cached. */
#include <sys/mman.h>

#include "truth.h"

#define PAGE   4096
#define STRIDE (64 * PAGE) /* beyond what read-ahead fetches */

static void sync_writes(int count)
{
	int fd = scratch_file(0);

	for (int i = 0; i < count; i++) {
		if (pwrite(fd, "x", 1, (off_t)i * PAGE) != 1)
			truth_die("pwrite");
		TRUTH("disk", fsync(fd));
	}
}

static void read_uncached(int count)
{
	int fd = scratch_file((size_t)count * STRIDE);
	char byte;

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (int i = 0; i < count; i++)
		TRUTH("disk", pread(fd, &byte, 1, (off_t)i * STRIDE));
}

static int touch(const volatile char *byte)
{
	return *byte;
}

static void fault_uncached(int count)
{
	size_t bytes = (size_t)count * STRIDE;
	int fd = scratch_file(bytes);
	char *map;

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		truth_die("mmap");
	madvise(map, bytes, MADV_RANDOM);
	for (int i = 0; i < count; i++)
		TRUTH("page-fault", touch(map + (size_t)i * STRIDE));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "fsync";
	int count = argc > 2 ? atoi(argv[2]) : 60;

	if (!strcmp(what, "fsync"))
		sync_writes(count);
	else if (!strcmp(what, "read"))
		read_uncached(count);
	else
		fault_uncached(count);
	truth_print();
	return 0;
}
