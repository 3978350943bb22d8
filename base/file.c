#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/interrupt.h"

enum { CHUNK = 1 << 16 };

/* The input may be a terminal or a pipe that nobody writes to: Ctrl-C ends the wait. */
static struct error *wait_readable(int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};

	while (!interrupt_pending()) {
		if (poll(fds, 2, -1) > 0 && fds[0].revents)
			return NULL;
	}
	return interrupt_error();
}

/* It cannot keep anyone waiting, and is read to its end after Ctrl-C too: what was seen until then is told. */
static bool is_regular(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

struct error *file_read_fd(int fd, struct strbuf *out)
{
	CLEANUP(cleanup_free) char *chunk = xmalloc(CHUNK);
	bool waits = !is_regular(fd);

	assert(fd >= 0); /* poll() would wait for ever */
	for (;;) {
		struct error *err = waits ? wait_readable(fd) : NULL;
		ssize_t n;

		if (err)
			return err;
		n = read(fd, chunk, CHUNK);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return error_new(ERROR_INPUT, "%s", strerror(errno));
		if (n == 0)
			return NULL;
		strbuf_addn(out, chunk, (size_t)n);
	}
}

struct error *file_read(const char *path, struct strbuf *out)
{
	CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error *err;

	if (fd < 0)
		return error_errno("cannot open %s", path);
	err = file_read_fd(fd, out);
	return err ? error_wrap(err, "cannot read %s", path) : NULL;
}

/* 0 or -1 and errno. */
static int write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

/* A fresh file beside `path`; its name, owned by the caller, or NULL and errno. */
static char *create_beside(const char *path, int *fd)
{
	for (unsigned try = 0; try < 100; try++) {
		char *temp = xasprintf("%s.%d-%u.tmp", path, (int)getpid(), try);

		*fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (*fd >= 0)
			return temp;
		free(temp);
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

static int replace_file(const char *path, const struct stat *old, const void *bytes, size_t n)
{
	int fd, failed;
	CLEANUP(cleanup_free) char *temp = create_beside(path, &fd);

	if (!temp)
		return -1;
	failed = write_all(fd, bytes, n);
	if (!failed && old)
		failed = fchmod(fd, old->st_mode & 07777);
	failed |= close(fd);
	if (!failed)
		failed = rename(temp, path);
	if (failed) {
		int saved = errno;

		unlink(temp);
		errno = saved;
	}
	return failed;
}

static int write_device(const char *path, const void *bytes, size_t n)
{
	CLEANUP(cleanup_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : write_all(fd, bytes, n);
}

static struct error *write_error(const char *path)
{
	struct error *err = error_errno("cannot write %s", path);
	CLEANUP(cleanup_free) char *dir = xstrdup(path);
	bool has_dir = file_exists(dirname(dir));

	return has_dir ? err : error_hint(err, "create its directory first: mkdir -p %s", dir);
}

struct error *file_write(const char *path, const void *bytes, size_t n)
{
	/* Through links: the file changes, the link stays. */
	CLEANUP(cleanup_free) char *real = realpath(path, NULL);
	const char *target = real ? real : path;
	struct stat st;
	bool exists = !stat(target, &st);
	int failed;

	/* Renaming over a device or a pipe would destroy it. */
	if (exists && !S_ISREG(st.st_mode))
		failed = write_device(target, bytes, n);
	else
		failed = replace_file(target, exists ? &st : NULL, bytes, n);
	return failed ? write_error(path) : NULL;
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (name[0] == '/' || n == 0)
		return xstrdup(name);
	return xasprintf(dir[n - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}

/* Drop "", "." and ".." of an absolute path, in place. */
static void normalize(char *path)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(path);
	char *end = path, *rest = copy, *part;

	while ((part = strsep(&rest, "/"))) {
		if (!strcmp(part, "..")) {
			while (end > path && *--end != '/')
				;
		} else if (*part && strcmp(part, ".")) {
			*end++ = '/';
			end = stpcpy(end, part);
		}
	}
	if (end == path)
		*end++ = '/';
	*end = '\0';
}

char *path_absolute(const char *path)
{
	CLEANUP(cleanup_free) char *cwd = NULL;
	CLEANUP(cleanup_free) char *whole = NULL;
	char *real = realpath(path, NULL);

	if (real)
		return real;
	cwd = getcwd(NULL, 0);
	whole = path_join(cwd ? cwd : "/", path);
	/* What does not exist keeps its name below the deepest directory that does. */
	for (size_t n = strlen(whole); n > 0; n--) {
		CLEANUP(cleanup_free) char *dir = NULL;
		CLEANUP(cleanup_free) char *real_dir = NULL;

		if (whole[n] != '/')
			continue;
		dir = xstrndup(whole, n);
		real_dir = realpath(dir, NULL);
		if (real_dir) {
			real = xasprintf("%s%s", real_dir, whole + n);
			normalize(real);
			return real;
		}
	}
	normalize(whole);
	return MOVE(whole);
}

char *path_find_upward(const char *dir, const char *name)
{
	CLEANUP(cleanup_free) char *here = path_absolute(dir);

	for (;;) {
		CLEANUP(cleanup_free) char *path = path_join(here, name);

		if (file_exists(path))
			return MOVE(path);
		if (!here[1])
			return NULL;
		dirname(here); /* cuts it in place */
	}
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	if (!*dir || strncmp(path, dir, n) || path[n] != '/')
		return path;
	path += n;
	path += strspn(path, "/");
	return path;
}
