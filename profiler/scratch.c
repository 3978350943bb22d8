#include "profiler/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"

#define OUT      "{out}"
#define STALE_S  600 /* seconds: a trial writes there all the time */
#define OPEN_MAX 16  /* directories open at a time, see nftw() */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path); /* what cannot be removed shows when its directory cannot */
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, OPEN_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool has_outs(const struct scratch *s)
{
	return workload_names(s->workload, OUT);
}

char *scratch_out(const struct scratch *s, size_t task)
{
	return has_outs(s) ? xasprintf("%s/out/%zu", s->dir, task + 1) : NULL;
}

char *scratch_tmpdir(const struct scratch *s)
{
	return path_join(s->dir, "tmp");
}

/* --- output files outside --------------------------------------------------------------------- */

/* What matches the patterns that do not lie in "{out}". */
static void each_outside(const struct scratch *s, void (*visit)(const char *path, void *arg),
			 void *arg)
{
	const struct workload *w = s->workload;

	vec_each (&w->outputs, pattern) {
		for (size_t task = 0; !strstr(*pattern, OUT) && task < w->tasks.n; task++) {
			CLEANUP(cleanup_free) char *path = workload_fill(w, *pattern, task, NULL);
			glob_t found;

			if (glob(path, GLOB_NOSORT, NULL, &found))
				continue;
			for (size_t i = 0; i < found.gl_pathc; i++)
				visit(found.gl_pathv[i], arg);
			globfree(&found);
		}
	}
}

static void note_first(const char *path, void *arg)
{
	char **first = arg;

	if (!*first)
		*first = xstrdup(path);
}

static void unlink_one(const char *path, void *arg)
{
	(void)arg;
	unlink(path);
}

/* --- a trial's life --------------------------------------------------------------------------- */

static struct error *give(const struct scratch *s, const char *path)
{
	const struct passwd *user = s->workload->run_as ? getpwnam(s->workload->run_as) : NULL;

	if (user && chown(path, user->pw_uid, user->pw_gid))
		return error_errno("cannot give %s to %s", path, s->workload->run_as);
	return NULL;
}

static struct error *make(const struct scratch *s, const char *path)
{
	if (mkdir(path, 0777)) /* within the umask, as any program's */
		return error_errno("cannot create %s", path);
	return give(s, path);
}

struct error *scratch_begin(const struct scratch *s)
{
	CLEANUP(cleanup_free) char *tmp = scratch_tmpdir(s);
	CLEANUP(cleanup_free) char *outs = path_join(s->dir, "out");
	struct error *err = make(s, tmp);

	if (!err && has_outs(s))
		err = make(s, outs);
	for (size_t i = 0; !err && has_outs(s) && i < s->workload->tasks.n; i++) {
		CLEANUP(cleanup_free) char *out = scratch_out(s, i);

		err = make(s, out);
	}
	return err;
}

void scratch_end(const struct scratch *s)
{
	CLEANUP(cleanup_free) char *tmp = scratch_tmpdir(s);
	CLEANUP(cleanup_free) char *outs = path_join(s->dir, "out");

	remove_tree(tmp);
	remove_tree(outs);
	each_outside(s, unlink_one, NULL);
}

/* Ours alone, old enough to have been locked, and locked by nobody: its concur was killed. */
static void sweep(const char *parent)
{
	CLEANUP(cleanup_free) char *pattern = path_join(parent, "concur.??????");
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(cleanup_fd)
		int fd = open(found.gl_pathv[i], O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct stat st;

		if (fd >= 0 && !fstat(fd, &st) && st.st_uid == geteuid() &&
		    (st.st_mode & 0777) == 0700 && time(NULL) - st.st_ctime > STALE_S &&
		    !flock(fd, LOCK_EX | LOCK_NB))
			remove_tree(found.gl_pathv[i]);
	}
	globfree(&found);
}

struct error *scratch_open(const struct workload *w, struct scratch *ret)
{
	const char *tmp = getenv("TMPDIR");
	struct scratch s = { .workload = w };
	CLEANUP(cleanup_free) char *there = NULL;
	CLEANUP(cleanup_free) char *dir = NULL;

	each_outside(&s, note_first, &there);
	if (there)
		return error_hint(error_new(ERROR_USAGE, "--outputs: %s is there already", there),
				  "move it away: concur compares and removes what the program "
				  "writes");
	tmp = tmp && *tmp == '/' ? tmp : "/tmp";
	sweep(tmp);
	dir = path_join(tmp, "concur.XXXXXX");
	if (!mkdtemp(dir))
		return error_errno("cannot create a directory %s", dir);
	s.dir = MOVE(dir);
	s.lock = open(s.dir, O_DIRECTORY | O_CLOEXEC);
	flock(s.lock, LOCK_SH | LOCK_NB);
	*ret = s;
	return give(ret, ret->dir);
}

void scratch_close(struct scratch *s)
{
	if (s->dir) {
		remove_tree(s->dir);
		cleanup_fd(&s->lock);
	}
	free(s->dir);
	*s = (struct scratch){ 0 };
}
