#include "base/executable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"

static bool is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISREG(st.st_mode) && !access(path, X_OK))
		return true;
	errno = EACCES;
	return false;
}

struct error *executable_error(const char *name, int error)
{
	struct error *err;
	struct stat st;

	errno = error;
	err = error_reclass(error_errno("cannot run %s", *name ? name : "\"\""), ERROR_USAGE);
	if (!*name)
		return error_hint(err, "name a program");
	if (error == ENOENT && !strchr(name, '/') && file_exists(name))
		return error_hint(err, "a program in this directory is written ./%s", name);
	if (error == ENOENT && !strchr(name, '/'))
		return error_hint(err, "is it installed, and its directory in PATH?");
	if (error == ENOENT && file_exists(name))
		return error_hint(err, "%s is there: its interpreter (#! line or loader) is not",
				  name);
	if (error == ENOENT)
		return error_hint(err, "check the path; has it been built?");
	if (error == EACCES && !stat(name, &st) && S_ISDIR(st.st_mode))
		return error_hint(err, "%s is a directory", name);
	if (error == EACCES)
		return error_hint(err, "make it executable: chmod +x %s", name);
	if (error == ENOEXEC)
		return error_hint(err, "a script needs a first line like #!/bin/sh; a program must "
				       "be built for this machine");
	return err;
}

/* As execvp() looks: the first executable; a file that is none is remembered. */
struct error *executable_find(const char *name, char **ret)
{
	const char *path = getenv("PATH");
	CLEANUP(cleanup_free) char *copy = xstrdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *rest = copy, *dir;
	int error = ENOENT;

	if (!*name)
		return executable_error(name, ENOENT);
	if (strchr(name, '/')) {
		*ret = xstrdup(name);
		return NULL;
	}
	while ((dir = strsep(&rest, ":"))) {
		CLEANUP(cleanup_free) char *file = path_join(*dir ? dir : ".", name);

		if (is_program(file)) {
			*ret = MOVE(file);
			return NULL;
		}
		if (errno == EACCES)
			error = EACCES;
	}
	return executable_error(name, error);
}
