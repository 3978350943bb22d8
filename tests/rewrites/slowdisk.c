/*
 * slowdisk - a directory on a disk that is slow, steadily: slowdisk DIR FSYNC_US [READ_US]
 *
 * Mounts DIR over itself (FUSE) until it is ended or DIR is unmounted. Every fsync takes the same
 * time, so does every read that the kernel asks for (it keeps nothing of a file that was closed),
 * and any number of them overlap, as on a disk far away. A real one of a virtual machine differs by
 * an order of magnitude from one second to the next, so that nothing can be held against it.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int dir_fd;
static struct timespec delay, read_delay;

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

static const char *relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *file)
{
	if (file)
		return result(fstat((int)file->fh, st));
	return result(fstatat(dir_fd, relative(path), st, AT_SYMLINK_NOFOLLOW));
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *file)
{
	int fd = openat(dir_fd, relative(path), file->flags | O_CLOEXEC, mode);

	file->fh = (uint64_t)fd;
	return fd < 0 ? -errno : 0;
}

static int open_file(const char *path, struct fuse_file_info *file)
{
	return create_file(path, 0, file);
}

static int read_file(const char *path, char *to, size_t n, off_t at, struct fuse_file_info *file)
{
	(void)path;
	nanosleep(&read_delay, NULL);
	return result(pread((int)file->fh, to, n, at));
}

static int write_file(const char *path, const char *from, size_t n, off_t at,
		      struct fuse_file_info *file)
{
	(void)path;
	return result(pwrite((int)file->fh, from, n, at));
}

static int truncate_file(const char *path, off_t size, struct fuse_file_info *file)
{
	int fd = file ? (int)file->fh : openat(dir_fd, relative(path), O_WRONLY | O_CLOEXEC);
	int r = result(ftruncate(fd, size));

	if (!file && fd >= 0)
		close(fd);
	return r;
}

static int sync_file(const char *path, int data_only, struct fuse_file_info *file)
{
	(void)path;
	(void)data_only;
	(void)file;
	nanosleep(&delay, NULL);
	return 0;
}

static int release_file(const char *path, struct fuse_file_info *file)
{
	(void)path;
	return result(close((int)file->fh));
}

static struct timespec microseconds(long us)
{
	return (struct timespec){ us / 1000000, us % 1000000 * 1000 };
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.getattr = get_attributes,
		.create = create_file,
		.open = open_file,
		.read = read_file,
		.write = write_file,
		.truncate = truncate_file,
		.fsync = sync_file,
		.release = release_file,
	};
	char *args[] = { argv[0], "-f", "-o", "max_threads=64", argv[1], NULL };
	long us = argc == 3 || argc == 4 ? atol(argv[2]) : 0;

	if (us <= 0) {
		fprintf(stderr, "usage: slowdisk DIR FSYNC_US [READ_US]\n");
		return 2;
	}
	delay = microseconds(us);
	read_delay = microseconds(argc == 4 ? atol(argv[3]) : 0);
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		perror(argv[1]);
		return 1;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return fuse_main(5, args, &operations, NULL);
}
