#include "cli/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "profiler/machine.h"

#define GIT_TIMEOUT_NS 5000000000ull

void subject_begin(struct run *run, const char *command)
{
	uuid7(run->id);
	run->started_ns = clock_unix_ns();
	run->command = xstrdup(command);
	run->tool_version = xstrdup(CONCUR_VERSION);
	machine_read(&run->machine);
}

uint64_t subject_ns(double seconds)
{
	return (uint64_t)(seconds * 1e9);
}

static bool executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Absolute, but by the name it was called by: dot and busybox are many programs, told apart by it. */
static char *absolute_by_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(cleanup_free)
	char *dir = xstrndup(path, slash > path ? (size_t)(slash - path) : 1);
	CLEANUP(cleanup_free) char *real_dir = path_absolute(dir);

	return path_join(real_dir, slash + 1);
}

/* As execvp() would find it; NULL when it is not there. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	CLEANUP(cleanup_free) char *copy = xstrdup(path ? path : "/usr/bin:/bin");
	char *save = NULL;

	if (strchr(name, '/'))
		return absolute_by_name(name);
	for (char *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		CLEANUP(cleanup_free) char *candidate = path_join(dir, name);

		if (executable(candidate))
			return absolute_by_name(candidate);
	}
	return NULL;
}

static struct error *check_program(const char *name, const char *path)
{
	struct stat st;

	if (!path)
		return error_hint(error_new(ERROR_USAGE, "no program named '%s' in PATH", name),
				  "./%s, if it lies in this directory", name);
	if (stat(path, &st))
		return error_hint(error_reclass(error_errno("cannot run %s", name), ERROR_USAGE),
				  "build it first, or check the path");
	if (S_ISDIR(st.st_mode))
		return error_new(ERROR_USAGE, "cannot run %s: it is a directory", name);
	if (!executable(path))
		return error_hint(error_new(ERROR_USAGE, "cannot run %s: not executable", name),
				  "chmod +x %s", name);
	return NULL;
}

/* One line of git's answer, or NULL: not a repository, no git. Owned by the caller. */
static char *git(const char *dir, const char *a, const char *b, const char *c)
{
	const char *argv[] = { "git", "-C", dir, a, b, c, NULL };
	struct subprocess_limits limits = { .wall_ns = GIT_TIMEOUT_NS };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf err_out = { 0 };
	struct subprocess_result result = { 0 };
	CLEANUP(error_clear)
	struct error *err = subprocess_run(argv, &limits, &out, &err_out, &result);

	if (err || result.status)
		return NULL;
	return xstrndup(strbuf_str(&out), strcspn(strbuf_str(&out), "\n"));
}

static void read_git(const char *dir, struct target *target)
{
	CLEANUP(cleanup_free) char *status = NULL;

	target->git_dirty = -1;
	target->git_commit = git(dir, "rev-parse", "HEAD", NULL);
	if (!target->git_commit)
		return;
	target->git_branch = git(dir, "rev-parse", "--abbrev-ref", "HEAD");
	status = git(dir, "status", "--porcelain", "--untracked-files=no");
	if (status)
		target->git_dirty = *status != '\0';
}

void subject_source(const char *root, struct run *run)
{
	read_git(root, &run->target);
}

struct error *subject_program(const struct options *options, struct run *run)
{
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(cleanup_free) char *dir = NULL;
	struct digest digest;
	char hex[DIGEST_HEX];
	struct error *err;

	if (!options->args_n)
		return error_hint(error_new(ERROR_USAGE, "no program to run"),
				  "concur %s --help shows examples", run->command);
	path = find_program(options->args[0]);
	err = check_program(options->args[0], path);
	if (err)
		return err;
	err = digest_file(path, &digest);
	if (err)
		return error_wrap(err, "cannot run %s", options->args[0]);
	digest_hex(digest, hex);
	run->target.digest = xstrdup(hex);
	dir = path_absolute(path);
	dir[strrchr(dir, '/') == dir ? 1 : strrchr(dir, '/') - dir] = '\0';
	read_git(dir, &run->target);
	run->target.program = MOVE(path);
	for (int i = 0; i < options->args_n; i++)
		strings_add(&run->workload.argv, options->args[i]);
	return NULL;
}

static void split_tasks(const struct strbuf *text, struct strings *tasks)
{
	const char *s = strbuf_str(text), *end = s + text->len;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((stop ? stop : end) - s);

		if (n && s[n - 1] == '\r')
			n--;
		if (n) {
			CLEANUP(cleanup_free) char *task = xstrndup(s, n);

			strings_add(tasks, task);
		}
		s = stop ? stop + 1 : end;
	}
}

static struct error *read_tasks(const char *each, struct strings *tasks)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;

	err = strcmp(each, "-") ? file_read(each, &text) : file_read_fd(STDIN_FILENO, &text);
	if (err)
		return error_hint(error_reclass(error_wrap(err, "--each"), ERROR_USAGE),
				  "put one task on each line, for example: ls data/* > tasks.txt");
	if (text.len && memchr(text.s, '\0', text.len))
		return error_hint(error_new(ERROR_USAGE,
					    "--each %s: not a list of tasks: it has NUL bytes",
					    each),
				  "give a text file with one task a line");
	split_tasks(&text, tasks);
	if (!tasks->n)
		return error_hint(
			error_new(ERROR_USAGE, "--each %s: no tasks: the list is empty", each),
			"put one task on each line, for example: ls data/* > %s",
			strcmp(each, "-") ? each : "tasks.txt");
	return NULL;
}

/* --- the workload ----------------------------------------------------------------------------- */

static void add_hashed(struct strbuf *all, const char *key, const char *value)
{
	if (value)
		strbuf_addf(all, "%s%c%s%c", key, 0, value, 0);
}

/*
 * Equal for the same arguments, tasks and expectation, whatever the program's build. What was not
 * said adds nothing, so that an option that is new changes no id.
 */
static char *workload_id(const struct workload *w)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	char hex[DIGEST_HEX];

	/* argv[0] by its last part: ./bzip2 and /usr/bin/bzip2 do the same job. */
	strbuf_addf(&all, "%s%c%d%c", w->unit, 0, w->expected_exit, 0);
	for (size_t i = 0; i < w->argv.n; i++) {
		const char *slash = i ? NULL : strrchr(w->argv.items[i], '/');

		strbuf_add(&all, slash ? slash + 1 : w->argv.items[i]);
		strbuf_addch(&all, '\0');
	}
	strbuf_addch(&all, '\0');
	vec_each (&w->tasks, task) {
		strbuf_add(&all, *task);
		strbuf_addch(&all, '\0');
	}
	add_hashed(&all, "stdin", w->stdin_path);
	vec_each (&w->outputs, pattern)
		add_hashed(&all, "outputs", *pattern);
	add_hashed(&all, "compare", w->compare ? compare_key(w->compare) : NULL);
	add_hashed(&all, "shared", w->shared ? "yes" : NULL);
	add_hashed(&all, "offload", w->offload);
	add_hashed(&all, "processes", w->processes ? process_way_key(w->processes) : NULL);
	add_hashed(&all, "run-as", w->run_as);
	add_hashed(&all, "setup", w->setup);
	add_hashed(&all, "teardown", w->teardown);
	digest_hex(digest_bytes(all.s, all.len), hex);
	return xstrdup(hex);
}

static struct error *list_tasks(const struct options *options, struct strings *tasks)
{
	for (int i = 1; i <= options->count; i++)
		vec_push(tasks, xasprintf("%d", i));
	vec_each (&options->tasks, task)
		strings_add(tasks, *task);
	return options->each ? read_tasks(options->each, tasks) : NULL;
}

static struct error *check_holes(const struct options *options, const struct workload *w)
{
	unsigned named = workload_fields_named(w), fields;
	size_t fewest = 0;

	fields = workload_fields_given(w, &fewest);
	if (fields && named > fields)
		return error_hint(error_new(ERROR_USAGE,
					    "task %zu has %u fields, but {%u} is asked for",
					    fewest + 1, fields, named),
				  "separate the fields of each line by tabs");
	if (options->count || workload_names(w, "{}") || (fields && named))
		return NULL;
	return error_hint(
		error_new(ERROR_USAGE, "no {} in the arguments of %s: every task would be the same",
			  w->argv.items[0]),
		"put {} where the task belongs: ... -- %s {}; or --stdin {}; or --count N "
		"for equal tasks",
		w->argv.items[0]);
}

static struct error *check_stdin(const struct workload *w)
{
	for (size_t i = 0; w->stdin_path && i < w->tasks.n; i++) {
		CLEANUP(cleanup_free) char *path = workload_fill(w, w->stdin_path, i, NULL);
		CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd < 0)
			return error_reclass(error_errno("--stdin: cannot read %s", path),
					     ERROR_USAGE);
	}
	return NULL;
}

static struct error *check_user(const struct workload *w)
{
	if (w->run_as && !getpwnam(w->run_as))
		return error_new(ERROR_USAGE, "--run-as: there is no user %s", w->run_as);
	if (w->run_as && geteuid() != 0)
		return error_hint(error_new(ERROR_USAGE, "--run-as is for root"),
				  "leave it out: the tasks run as you");
	return NULL;
}

static char *copy_text(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void fill_workload(const struct options *options, struct workload *w)
{
	w->unit = xstrdup(options->unit ? options->unit : "main");
	w->stdin_path = copy_text(options->stdin_path);
	vec_each (&options->outputs, pattern)
		strings_add(&w->outputs, *pattern);
	w->expected_exit = options->expected_exit;
	memcpy(w->also_expected, options->also_expected, sizeof(w->also_expected));
	w->compare = options->compare;
	w->shared = options->shared;
	w->offload = copy_text(options->offload);
	w->processes = options->processes;
	w->run_as = copy_text(options->run_as);
	w->setup = copy_text(options->setup);
	w->teardown = copy_text(options->teardown);
	w->timeout_ns = subject_ns(options->timeout_s);
	w->budget_ns = subject_ns(options->budget_s);
}

static struct error *no_tasks(const char *command)
{
	return error_hint(error_new(ERROR_USAGE, "no tasks: --each is missing"),
			  "concur %s --each tasks.txt -- ./program {}", command);
}

bool subject_has_tasks(const struct options *options)
{
	return options->each || options->count || options->tasks.n;
}

struct error *subject_workload(struct options *options, struct run *run)
{
	struct workload *w = &run->workload;
	struct error *err;

	if (!subject_has_tasks(options))
		return no_tasks(run->command);
	err = subject_program(options, run);
	if (err)
		return err;
	fill_workload(options, w);
	err = list_tasks(options, &w->tasks);
	if (!err)
		err = check_holes(options, w);
	if (!err)
		err = check_stdin(w);
	if (!err)
		err = check_user(w);
	if (err)
		return err;
	w->id = workload_id(w);
	return NULL;
}

struct error *subject_calls(const struct options *options, struct run *run)
{
	struct error *err = subject_program(options, run);

	if (err)
		return err;
	fill_workload(options, &run->workload);
	if (workload_names(&run->workload, "{}"))
		return no_tasks(run->command);
	free(run->workload.unit);
	run->workload.unit = xstrdup(options->unit ? options->unit : "auto");
	run->workload.id = workload_id(&run->workload);
	return NULL;
}

struct error *subject_history(const struct options *options, enum db_mode mode, struct db **ret,
			      char **path)
{
	*path = options->db ? xstrdup(options->db) : db_default_path(".");
	return db_open(*path, mode, ret);
}
