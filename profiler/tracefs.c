#include "profiler/tracefs.h"

#include <errno.h>
#include <fcntl.h>
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

static int open_format(const char *path)
{
	CLEANUP(cleanup_fd) int root = -1;

	for (size_t i = 0; i < sizeof(mount_points) / sizeof(*mount_points); i++) {
		CLEANUP(cleanup_free) char *full = path_join(mount_points[i], path);
		int fd = open(full, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	root = private_mount();
	return root < 0 ? -1 : openat(root, path, O_RDONLY | O_CLOEXEC);
}

struct error *tracefs_tracepoint(const char *system, const char *event, const char *field,
				 struct tracepoint *ret)
{
	CLEANUP(cleanup_free) char *path = xasprintf("events/%s/%s/format", system, event);
	CLEANUP(cleanup_fd) int fd = open_format(path);
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
static bool parse_field(const char *line, const char *field, size_t *offset)
{
	const char *name_end = strchr(line, ';'), *name = name_end;
	unsigned size;

	if (!name_end || strncmp(line, "\tfield:", 7))
		return false;
	while (name > line && name[-1] != ' ')
		name--;
	if ((size_t)(name_end - name) != strlen(field) || strncmp(name, field, strlen(field)))
		return false;
	return sscanf(name_end, ";\toffset:%zu;\tsize:%u;", offset, &size) == 2 && size == 4;
}

struct error *tracefs_parse(const char *text, const char *field, struct tracepoint *ret)
{
	struct tracepoint tp = { 0 };
	bool found = false;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "ID: ", 4))
			tp.id = strtoull(line + 4, NULL, 10);
		found = found || parse_field(line, field, &tp.pid_offset);
	}
	if (!tp.id)
		return error_new(ERROR_MACHINE, "no ID line");
	if (!found)
		return error_new(ERROR_MACHINE, "no field \"%s\" of 4 bytes", field);
	*ret = tp;
	return NULL;
}
