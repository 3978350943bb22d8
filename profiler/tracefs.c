#include "profiler/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"

static const char *const mount_points[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* A tracefs that is mounted nowhere; its root directory, or -1 with errno. */
static int private_mount(void)
{
	CLEANUP(cleanup_fd) int fs = fsopen("tracefs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

static int open_file(const char *path, int flags)
{
	CLEANUP(cleanup_fd) int root = -1;

	for (size_t i = 0; i < sizeof(mount_points) / sizeof(*mount_points); i++) {
		CLEANUP(cleanup_free) char *full = path_join(mount_points[i], path);
		int fd = open(full, flags | O_CLOEXEC);

		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	root = private_mount();
	return root < 0 ? -1 : openat(root, path, flags | O_CLOEXEC);
}

struct error *tracefs_tracepoint(const char *system, const char *event, const char *field,
				 struct tracepoint *ret)
{
	CLEANUP(cleanup_free) char *path = xasprintf("events/%s/%s/format", system, event);
	CLEANUP(cleanup_fd) int fd = open_file(path, O_RDONLY);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;

	if (fd < 0)
		return error_reclass(error_errno("cannot read %s in tracefs", path), ERROR_MACHINE);
	err = file_read_fd(fd, &text);
	if (!err)
		err = tracefs_parse(strbuf_str(&text), field, ret);
	return err ? error_wrap(err, "%s", path) : NULL;
}

/* "	field:pid_t pid;	offset:24;	size:4;	signed:1;" */
static bool parse_field(const char *line, const char *field, unsigned wide, size_t *offset)
{
	const char *name_end = strchr(line, ';'), *name = name_end;
	unsigned size;

	if (!name_end || strncmp(line, "\tfield:", 7))
		return false;
	while (name > line && name[-1] != ' ')
		name--;
	if ((size_t)(name_end - name) != strlen(field) || strncmp(name, field, strlen(field)))
		return false;
	return sscanf(name_end, ";\toffset:%zu;\tsize:%u;", offset, &size) == 2 && size == wide;
}

struct error *tracefs_parse(const char *text, const char *field, struct tracepoint *ret)
{
	struct tracepoint tp = { 0 };
	bool found = false;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "ID: ", 4))
			tp.id = strtoull(line + 4, NULL, 10);
		found = found || parse_field(line, field, 4, &tp.pid_offset);
	}
	if (!tp.id)
		return error_new(ERROR_MACHINE, "no ID line");
	if (!found)
		return error_new(ERROR_MACHINE, "no field \"%s\" of 4 bytes", field);
	*ret = tp;
	return NULL;
}

struct error *tracefs_layout(const char *system, const char *event,
			     const struct tracefs_field *fields, size_t n, size_t *offsets,
			     uint64_t *id)
{
	CLEANUP(cleanup_free) char *path = xasprintf("events/%s/%s/format", system, event);
	CLEANUP(cleanup_fd) int fd = open_file(path, O_RDONLY);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;
	size_t found = 0;

	if (fd < 0)
		return error_reclass(error_errno("cannot read %s in tracefs", path), ERROR_MACHINE);
	err = file_read_fd(fd, &text);
	if (err)
		return error_wrap(err, "%s", path);
	*id = 0;
	for (const char *line = strbuf_str(&text); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "ID: ", 4))
			*id = strtoull(line + 4, NULL, 10);
		for (size_t i = 0; i < n; i++)
			found += parse_field(line, fields[i].name, fields[i].size, &offsets[i]);
	}
	if (!*id || found != n)
		return error_new(ERROR_MACHINE, "%s: not of a known form", path);
	return NULL;
}

/* --- tracepoints of our own ------------------------------------------------------------------- */

#define PROBES "uprobe_events"
#define GROUP  "concur_"

static bool write_line(const char *line)
{
	CLEANUP(cleanup_fd) int fd = open_file(PROBES, O_WRONLY | O_APPEND);
	size_t n = strlen(line);

	return fd >= 0 && write(fd, line, n) == (ssize_t)n;
}

void tracefs_drop_probe(char **name)
{
	CLEANUP(cleanup_free) char *line = xasprintf("-:%s\n", *name);

	write_line(line);
	free(*name);
	*name = NULL;
}

/* "p:concur_1234/p7 /usr/bin/x:0x00..." of a process that is gone */
static void drop_if_stale(const char *line)
{
	int pid, end = 0;
	char *name;

	if (sscanf(line, "%*c:" GROUP "%d/%*s%n", &pid, &end) != 1 || !end || !kill(pid, 0) ||
	    errno != ESRCH)
		return;
	name = xstrndup(line + 2, (size_t)end - 2);
	tracefs_drop_probe(&name);
}

static void drop_stale(void)
{
	CLEANUP(cleanup_fd) int fd = open_file(PROBES, O_RDONLY);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;

	if (fd >= 0)
		err = file_read_fd(fd, &text);
	for (const char *line = strbuf_str(&text); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		drop_if_stale(line);
	}
}

static struct error *read_id(const char *name, uint64_t *ret)
{
	CLEANUP(cleanup_free) char *path = xasprintf("events/%s/id", name);
	CLEANUP(cleanup_fd) int fd = open_file(path, O_RDONLY);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;

	if (fd < 0)
		return error_errno("cannot read %s in tracefs", path);
	err = file_read_fd(fd, &text);
	if (!err)
		*ret = strtoull(strbuf_str(&text), NULL, 10);
	return err;
}

struct error *tracefs_make_probe(const char *path, uint64_t offset, bool returns, char **name,
				 uint64_t *id)
{
	static unsigned made;
	CLEANUP(cleanup_fd) int file = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(cleanup_free) char *line = NULL;
	struct error *err;
	char *own;

	if (!made)
		drop_stale();
	if (file < 0)
		return error_errno("cannot open %s", path);
	own = xasprintf(GROUP "%d/p%u", getpid(), made++);
	/* Through our descriptor: the kernel's list cannot hold a path with blanks. */
	line = xasprintf("%c:%s /proc/self/fd/%d:0x%" PRIx64 "\n", returns ? 'r' : 'p', own, file,
			 offset);
	if (!write_line(line)) {
		err = error_errno("the kernel takes no probe on %s", path);
		free(own);
		return error_reclass(err, ERROR_MACHINE);
	}
	err = read_id(own, id);
	if (err)
		tracefs_drop_probe(&own);
	else
		*name = own;
	return err ? error_reclass(err, ERROR_MACHINE) : NULL;
}
