#include "profiler/trial.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/subprocess.h"
#include "profiler/loader.h"
#include "profiler/runtime/plan.h"
#include "profiler/where.h"

#define MIB           (1024 * 1024ull)
#define OUTPUT_LIMIT  (1024 * MIB) /* of one file a task writes, stdout included */
#define CAPTURE_LIMIT (256 * MIB)
#define WATCHDOG_NS   30000000000ull /* for what the host does before and after its jobs */

/* What one trial holds open. */
struct session {
	int plan_fd, result_fd;
	int gate[2];
	struct result *result;
	size_t result_size;
	struct subprocess host;
};

static void session_clear(struct session *s)
{
	subprocess_kill(&s->host);
	cleanup_fd(&s->plan_fd);
	cleanup_fd(&s->result_fd);
	cleanup_fd(&s->gate[0]);
	cleanup_fd(&s->gate[1]);
	if (s->result)
		munmap(s->result, s->result_size);
}

void trial_clear(struct trial *t)
{
	free(t->why);
	free(t->tasks);
	free(t->stderr_tail);
	race_loop_clear(&t->loop);
	*t = (struct trial){ 0 };
}

struct error *trial_find_host(char **ret)
{
	const char *named = getenv("CONCUR_HOST");
	CLEANUP(cleanup_free) char *self = path_absolute("/proc/self/exe");
	const char *dir = dirname(self);
	const char *const places[] = { "concur-host", "../libexec/concur/concur-host" };

	if (named && *named) {
		if (access(named, X_OK))
			return error_reclass(error_errno("CONCUR_HOST: %s", named), ERROR_USAGE);
		*ret = xstrdup(named);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		CLEANUP(cleanup_free) char *path = path_join(dir, places[i]);

		if (access(path, X_OK) == 0) {
			*ret = path_absolute(path);
			return NULL;
		}
	}
	return error_hint(error_new(ERROR_MACHINE, "cannot find concur-host near %s", dir),
			  "reinstall concur, or set CONCUR_HOST to the path of concur-host");
}

/* --- the plan --------------------------------------------------------------------------------- */

static uint64_t memory_available(void)
{
	CLEANUP(cleanup_file) FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	}
	return kib ? kib * 1024 : 1024 * MIB;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Append and return where it begins. Tables need their alignment, which `align` gives. */
static uint32_t put(struct strbuf *sb, const void *bytes, size_t n, size_t align)
{
	static const char zeros[8];
	size_t at;

	strbuf_addn(sb, zeros, (align - sb->len % align) % align);
	at = sb->len;
	strbuf_addn(sb, bytes, n);
	return (uint32_t)at;
}

static uint32_t put_text(struct strbuf *sb, const char *s)
{
	return put(sb, s, strlen(s) + 1, 1);
}

/* Of the task whose place in this plan is `i`; NULL: nothing asks for it. Owned by the caller. */
static char *out_of(const struct trial_plan *plan, size_t i)
{
	if (!plan->scratch)
		return NULL;
	return scratch_out(plan->scratch, plan->numbers ? plan->numbers[i] : i);
}

static uint32_t put_argvs(struct strbuf *sb, const struct trial_plan *plan)
{
	const struct workload *w = plan->workload;
	CLEANUP(cleanup_free) struct plan_argv *table = xcalloc(w->tasks.n, sizeof(*table));

	for (size_t i = 0; i < w->tasks.n; i++) {
		CLEANUP(cleanup_free) char *out = out_of(plan, i);
		char **argv = workload_argv(w, plan->target->program, i, out);

		table[i].strings = (uint32_t)sb->len;
		for (char **arg = argv; *arg; arg++, table[i].argc++)
			put_text(sb, *arg);
		workload_argv_free(argv);
	}
	return put(sb, table, w->tasks.n * sizeof(*table), 8);
}

/* Absolute, as the program may change its directory. Owned by the caller. */
static char *fill_path(const struct trial_plan *plan, const char *template, size_t i)
{
	CLEANUP(cleanup_free) char *out = out_of(plan, i);
	CLEANUP(cleanup_free) char *name = workload_fill(plan->workload, template, i, out);
	CLEANUP(cleanup_free) char *cwd = getcwd(NULL, 0);

	return path_join(cwd ? cwd : "/", name);
}

static uint32_t put_outputs(struct strbuf *sb, const struct trial_plan *plan)
{
	const struct workload *w = plan->workload;
	CLEANUP(cleanup_free) struct plan_argv *table = xcalloc(w->tasks.n, sizeof(*table));

	if (!w->outputs.n)
		return 0;
	for (size_t i = 0; i < w->tasks.n; i++) {
		table[i] = (struct plan_argv){ (uint32_t)w->outputs.n, (uint32_t)sb->len };
		vec_each (&w->outputs, pattern) {
			CLEANUP(cleanup_free) char *path = fill_path(plan, *pattern, i);

			put_text(sb, path);
		}
	}
	return put(sb, table, w->tasks.n * sizeof(*table), 8);
}

static uint32_t put_stdins(struct strbuf *sb, const struct trial_plan *plan)
{
	const struct workload *w = plan->workload;
	CLEANUP(cleanup_free) uint32_t *table = xcalloc(w->tasks.n, sizeof(*table));

	if (!w->stdin_path)
		return 0;
	for (size_t i = 0; i < w->tasks.n; i++) {
		CLEANUP(cleanup_free) char *path = fill_path(plan, w->stdin_path, i);

		table[i] = put_text(sb, path);
	}
	return put(sb, table, w->tasks.n * sizeof(*table), 8);
}

static uint32_t put_libraries(struct strbuf *sb, const struct loader_libraries *libraries)
{
	CLEANUP(cleanup_free)
	struct plan_library *table = xcalloc(libraries->n + 1, sizeof(*table));

	for (size_t i = 0; i < libraries->n; i++) {
		table[i].name = put_text(sb, libraries->items[i].name);
		table[i].path = put_text(sb, libraries->items[i].path);
		table[i].shared = libraries->items[i].shared;
	}
	return put(sb, table, libraries->n * sizeof(*table), 8);
}

static struct error *send_plan(const struct strbuf *sb, struct session *s)
{
	s->plan_fd = memfd_create("concur-plan", MFD_CLOEXEC);
	if (s->plan_fd < 0)
		return error_errno("cannot create the plan of a trial");
	for (size_t at = 0; at < sb->len;) {
		ssize_t n = write(s->plan_fd, sb->s + at, sb->len - at);

		if (n < 0 && errno != EINTR)
			return error_errno("cannot write the plan of a trial");
		at += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

/* A function has no program of its own to be executed. */
static enum trial_way way_of(const struct trial_plan *plan)
{
	return plan->way == TRIAL_EXEC && plan->target->unit.types ? TRIAL_FORK : plan->way;
}

static struct error *write_plan(const struct trial_plan *plan,
				const struct loader_libraries *libraries, struct session *s)
{
	static const enum plan_mode modes[] = {
		[TRIAL_EXEC] = PLAN_EXEC,     [TRIAL_COPIES] = PLAN_COPIES,
		[TRIAL_SHARED] = PLAN_SHARED, [TRIAL_PREFORK] = PLAN_PREFORK,
		[TRIAL_FORK] = PLAN_FORK,     [TRIAL_ASYNC] = PLAN_ASYNC,
		[TRIAL_HYBRID] = PLAN_HYBRID,
	};
	const struct passwd *user =
		plan->workload->run_as ? getpwnam(plan->workload->run_as) : NULL;
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };
	uint32_t repeat = plan->repeat ? plan->repeat : 1;
	struct plan head = {
		.magic = PLAN_MAGIC,
		.mode = modes[way_of(plan)],
		.flags = (plan->sample_memory ? PLAN_SAMPLE_PSS : 0) |
			 (plan->workload->compare == COMPARE_STDERR ? PLAN_STDERR : 0),
		.workers = (uint32_t)plan->workers,
		.tasks = (uint32_t)plan->workload->tasks.n,
		.jobs = (uint32_t)plan->workload->tasks.n * repeat,
		.libraries_n = (uint32_t)libraries->n,
		.timeout_ns = plan->timeout_ns,
		.memory_bytes = plan->memory_bytes ? plan->memory_bytes : memory_available() / 2,
		.recycle_bytes = plan->recycle_bytes ? plan->recycle_bytes : memory_available() / 4,
		.capture_bytes = least(CAPTURE_LIMIT, memory_available() / 8),
	};

	for (int code = 0; code < 256; code++)
		head.expected[code / 64] |= (uint64_t)workload_expects(plan->workload, code)
					    << code % 64;
	put(&sb, &head, sizeof(head), 8);
	head.program = put_text(&sb, plan->target->program);
	head.argvs = put_argvs(&sb, plan);
	head.stdins = put_stdins(&sb, plan);
	head.outputs = put_outputs(&sb, plan);
	head.libraries = put_libraries(&sb, libraries);
	if (user) {
		head.uid = user->pw_uid;
		head.gid = user->pw_gid;
	}
	if (plan->target->unit.types) {
		head.unit = plan->target->unit.address;
		head.unit_types = put_text(&sb, plan->target->unit.types);
	}
	head.offload = plan->target->offload;
	if (sb.len > UINT32_MAX)
		return error_new(ERROR_INPUT, "the tasks' arguments are too long together");
	memcpy(sb.s, &head, sizeof(head));
	return send_plan(&sb, s);
}

static struct error *make_result(size_t jobs, struct session *s)
{
	void *p;

	s->result_size = sizeof(struct result) + jobs * sizeof(struct result_job);
	s->result_fd = memfd_create("concur-result", MFD_CLOEXEC);
	if (s->result_fd < 0 || ftruncate(s->result_fd, (off_t)s->result_size))
		return error_errno("cannot create the result of a trial");
	p = mmap(NULL, s->result_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->result_fd, 0);
	if (p == MAP_FAILED)
		return error_errno("cannot map the result of a trial");
	s->result = p;
	return NULL;
}

/* --- run it ----------------------------------------------------------------------------------- */

static uint64_t wall_limit_ns(const struct trial_plan *plan, size_t jobs)
{
	/* What the slowest order of tasks takes if every one uses its time to the last moment. */
	uint64_t each = (jobs + (size_t)plan->workers - 1) / (size_t)plan->workers;
	uint64_t sum;

	if (__builtin_mul_overflow(each, plan->timeout_ns, &sum) ||
	    __builtin_add_overflow(sum, WATCHDOG_NS, &sum))
		return 0;
	return sum;
}

/* Ours, with TMPDIR in the scratch directory. */
static struct strings make_environment(const struct scratch *scratch)
{
	struct strings ret = { 0 };

	for (char **env = environ; *env; env++) {
		if (!scratch || strncmp(*env, "TMPDIR=", strlen("TMPDIR=")) != 0)
			strings_add(&ret, *env);
	}
	if (scratch) {
		CLEANUP(cleanup_free) char *dir = scratch_tmpdir(scratch);

		vec_push(&ret, xasprintf("TMPDIR=%s", dir));
	}
	vec_push(&ret, NULL);
	return ret;
}

static struct error *start(const struct scratch *scratch, uint64_t wall_ns, struct session *s)
{
	CLEANUP(strings_clear) struct strings env = make_environment(scratch);
	CLEANUP(cleanup_free) char *host = NULL;
	char plan_fd[16], result_fd[16], parent[16];
	const char *argv[] = { NULL, plan_fd, result_fd, parent, NULL };
	const int keep[] = { s->plan_fd, s->result_fd };
	struct subprocess_options opt = {
		.argv = argv,
		.envp = (const char *const *)env.items,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.keep_fds = keep,
		.keep_fds_n = 2,
		.gate_fd = s->gate[0],
		.limits = { .wall_ns = wall_ns,
			    .file_bytes = least(OUTPUT_LIMIT, memory_available() / 4) },
	};
	struct error *err = trial_find_host(&host);

	if (err)
		return err;
	argv[0] = host;
	snprintf(plan_fd, sizeof(plan_fd), "%d", s->plan_fd);
	snprintf(result_fd, sizeof(result_fd), "%d", s->result_fd);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	err = subprocess_start(&opt, &s->host);
	return err ? error_wrap(err, "cannot start concur-host") : NULL;
}

static struct error *hold_and_release(const struct trial_plan *plan, struct session *s)
{
	struct error *err = plan->on_start ? plan->on_start(s->host.pid, plan->arg) : NULL;

	if (!err && write(s->gate[1], "", 1) != 1)
		err = error_errno("cannot start the trial");
	return err;
}

struct cpu_times {
	double all, steal;
};

/* Field 8 of /proc/stat's first line, and the sum of 1 to 8. */
static struct cpu_times read_cpu_times(void)
{
	CLEANUP(cleanup_file) FILE *f = fopen("/proc/stat", "re");
	struct cpu_times t = { 0 };
	double v[8] = { 0 };

	if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4],
			&v[5], &v[6], &v[7]) == 8) {
		for (int i = 0; i < 8; i++)
			t.all += v[i];
		t.steal = v[7];
	}
	return t;
}

static double steal_since(struct cpu_times before)
{
	struct cpu_times now = read_cpu_times();

	return now.all > before.all ? (now.steal - before.steal) / (now.all - before.all) : 0;
}

/* --- read the result -------------------------------------------------------------------------- */

/* "task 3 (a.txt)", as people count. Owned by the caller. */
static char *name_task(const struct trial_plan *plan, size_t job)
{
	size_t task = job % plan->workload->tasks.n;
	size_t number = plan->numbers ? plan->numbers[task] : task;

	return xasprintf("task %zu (%s)", number + 1, plan->workload->tasks.items[task]);
}

static struct digest read_digest(const struct result_job *job, enum capture what)
{
	return (struct digest){ job->digests[what].high, job->digests[what].low };
}

static void read_jobs(const struct session *s, struct trial *t)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct result_job *job = &s->result->jobs[i];
		struct task_result *task = &t->tasks[i];

		task->timed_out = job->flags & JOB_TIMED_OUT;
		task->out_of_memory = job->flags & JOB_OUT_OF_MEMORY;
		task->ran = job->state == JOB_ENDED && job->end_ns >= job->start_ns;
		if (!task->ran)
			continue;
		task->digested_late = job->flags & JOB_DIGESTED_LATE;
		task->stdout_digest = read_digest(job, CAPTURE_STDOUT);
		task->stderr_digest = read_digest(job, CAPTURE_STDERR);
		task->files_digest = read_digest(job, CAPTURE_FILES);
		task->stdout_bytes = job->stdout_bytes;
		task->stderr_bytes = job->stderr_bytes;
		task->files_bytes = job->files_bytes;
		task->files_n = job->files_n;
		task->status = job->status;
		task->start_ns = job->start_ns;
		task->wall_ns = job->end_ns - job->start_ns;
		task->cpu_ns = job->cpu_ns;
		t->cpu_ns += job->cpu_ns;
		first = job->start_ns < first ? job->start_ns : first;
		last = job->end_ns > last ? job->end_ns : last;
	}
	for (size_t i = 0; i < t->n; i++)
		t->tasks[i].start_ns -= t->tasks[i].ran ? first : 0;
	t->wall_ns = last > first ? last - first : 0;
	t->wall_ns -= least(s->result->recycled_ns, t->wall_ns);
}

static struct race_pinned read_pinned(const struct result_pinned *p)
{
	return (struct race_pinned){
		.call = xstrndup(p->call, sizeof(p->call)),
		.place = *p->place ? xstrndup(p->place, sizeof(p->place)) : NULL,
		.address = p->address,
		.count = p->count,
		.ns = p->ns,
		.longest_ns = p->longest_ns,
	};
}

static void read_loop(const struct session *s, struct trial *t)
{
	const struct result_loop *loop = &s->result->loop;

	if (!loop->wall_ns)
		return;
	t->loop = (struct race_loop){
		.measured = true,
		.busy_share = fmin((double)loop->busy_ns / (double)loop->wall_ns, 1),
		.longest_ns = loop->longest_ns,
		.overhead_share = fmin(loop->overhead_permille / 1000.0, 1),
		.traps = loop->traps,
		.rewritten = loop->rewritten,
		.trap_ns = loop->trap_ns,
		.sites = loop->sites,
	};
	for (int i = 0; i < RESULT_PINNED && *loop->pinned[i].call; i++)
		vec_push(&t->loop.pinned, read_pinned(&loop->pinned[i]));
}

/* From the start of a line, without the newline at the end. */
static void read_tail(const struct session *s, struct trial *t)
{
	size_t n = least(s->result->tail_n, RESULT_TAIL);
	const char *tail = s->result->tail, *line;

	if (s->result->tail_state != 2 || s->result->tail_job >= t->n)
		return;
	line = n == RESULT_TAIL ? memchr(tail, '\n', n) : NULL;
	if (line) {
		n -= (size_t)(line + 1 - tail);
		tail = line + 1;
	}
	while (n && tail[n - 1] == '\n')
		n--;
	t->stderr_task = s->result->tail_job;
	if (n)
		t->stderr_tail = xstrndup(tail, n);
}

static char *why_timeout(const struct trial_plan *plan, const struct result *r)
{
	CLEANUP(cleanup_free) char *task = name_task(plan, r->bad_job);
	CLEANUP(cleanup_free) char *call = xstrndup(r->loop.stalled.call, RESULT_CALL);
	CLEANUP(cleanup_free) char *place = xstrndup(r->loop.stalled.place, RESULT_PLACE);

	return xasprintf("%s did not end within %.3g s%s%s%s%s", task,
			 (double)plan->timeout_ns / 1e9, *call ? "; the loop last stood in " : "",
			 call, *place ? " at " : "", place);
}

/* "in work (faulty.c:40)", or what is known of it. Owned by the caller. */
static char *crash_place(const struct trial_plan *plan, const struct loader_libraries *libraries,
			 const struct result *r)
{
	const char *path = r->crash_module == libraries->n ? plan->target->program : NULL, *slash;
	CLEANUP(cleanup_free) char *place = NULL;

	if (r->crash_module < libraries->n)
		path = libraries->items[r->crash_module].path;
	if (!path)
		return xstrdup("inside a library function");
	/* A return address may be the next line's. */
	place = where_is(path, r->crash_at - (r->crash_below ? 1 : 0));
	slash = strrchr(path, '/');
	if (!place)
		return xasprintf("%sat %s+0x%llx", r->crash_below ? "in a call " : "",
				 slash ? slash + 1 : path, (unsigned long long)r->crash_at);
	return xasprintf("in %s%s", r->crash_below ? "a library function called by " : "", place);
}

static char *why_crash(const struct trial_plan *plan, const struct loader_libraries *libraries,
		       const struct result *r)
{
	const char *name = sigabbrev_np(r->signal);
	CLEANUP(cleanup_free) char *task = name_task(plan, r->bad_job);
	CLEANUP(cleanup_free) char *place = crash_place(plan, libraries, r);

	return xasprintf("%s: killed by SIG%s %s", task, name ? name : "?", place);
}

/* The host itself did not get to its end. */
static void judge_host(const struct subprocess_result *ended, struct trial *t)
{
	CLEANUP(cleanup_free) char *how = subprocess_describe(ended);

	t->outcome = ended->timed_out ? OUTCOME_HANG : OUTCOME_NOT_MEASURABLE;
	t->why = xasprintf("the trial itself ended early (%s)%s", how,
			   WIFSIGNALED(ended->status) && WTERMSIG(ended->status) == SIGKILL
				   ? ": out of memory?"
				   : "");
}

static struct error *judge(const struct trial_plan *plan, const struct loader_libraries *libraries,
			   const struct session *s, const struct subprocess_result *ended,
			   struct trial *t)
{
	CLEANUP(cleanup_free) char *why = xstrndup(s->result->why, RESULT_WHY - 1);

	switch ((enum result_end)s->result->end) {
	case RESULT_DONE:
		return NULL;
	case RESULT_TIMEOUT:
		t->outcome = OUTCOME_HANG;
		t->why = why_timeout(plan, s->result);
		return NULL;
	case RESULT_CRASH:
		t->outcome = OUTCOME_CRASH;
		t->why = why_crash(plan, libraries, s->result);
		return NULL;
	case RESULT_UNLOADABLE:
		t->outcome = OUTCOME_NOT_MEASURABLE;
		t->why = MOVE(why);
		return NULL;
	case RESULT_CANNOT_START:
		return error_new(ERROR_INPUT, "%s", *why ? why : "the trial could not start");
	case RESULT_NONE:
		break;
	}
	judge_host(ended, t);
	return NULL;
}

static struct error *prepare(const struct trial_plan *plan, size_t jobs,
			     const struct loader_libraries *libraries, struct session *s)
{
	struct error *err;

	if (pipe2(s->gate, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	err = write_plan(plan, libraries, s);
	if (!err)
		err = make_result(jobs, s);
	if (!err)
		err = start(plan->scratch, wall_limit_ns(plan, jobs), s);
	return err;
}

static struct error *run(const struct trial_plan *plan, const struct loader_libraries *libraries,
			 struct session *s, struct trial *t)
{
	struct subprocess_result ended;
	struct cpu_times before;
	struct error *err = hold_and_release(plan, s);

	if (err)
		return err;
	before = read_cpu_times();
	err = subprocess_wait(&s->host, &ended);
	if (err)
		return err;
	t->steal_share = steal_since(before);
	t->pss_bytes = s->result->pss_bytes;
	t->strays = s->result->strays + ended.strays;
	t->leaked_fds = s->result->leaked_fds;
	t->parked_ns[0] = s->result->parked_ns[0];
	t->parked_ns[1] = s->result->parked_ns[1];
	t->recycled = s->result->recycled;
	if (t->recycled && s->result->recycled_jobs)
		t->kept_bytes = s->result->recycled_bytes / s->result->recycled_jobs;
	t->switches = s->result->switches;
	t->faults = s->result->faults;
	t->major_faults = s->result->major_faults;
	read_jobs(s, t);
	read_loop(s, t);
	read_tail(s, t);
	return judge(plan, libraries, s, &ended, t);
}

/* --- around it -------------------------------------------------------------------------------- */

static struct error *run_shell(const char *option, const char *command, uint64_t timeout_ns)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const struct subprocess_limits limits = { .wall_ns = timeout_ns };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf said = { 0 };
	CLEANUP(cleanup_free) char *how = NULL;
	struct subprocess_result ended;
	struct error *err;

	if (!command)
		return NULL;
	err = subprocess_run(argv, &limits, &out, &said, &ended);
	if (err)
		return error_wrap(err, "%s", option);
	if (!ended.timed_out && !ended.status)
		return NULL;
	how = subprocess_describe(&ended);
	return error_hint(error_new(ERROR_INPUT, "%s: %s: %s%s%s", option, command, how,
				    said.len ? ": " : "", strbuf_str(&said)),
			  "it runs %s each trial, as sh -c does",
			  option[2] == 's' ? "before" : "after");
}

static struct error *run_host(const struct trial_plan *plan,
			      const struct loader_libraries *libraries, struct trial *t)
{
	CLEANUP(session_clear)
	struct session s = { .plan_fd = -1, .result_fd = -1, .gate = { -1, -1 } };
	struct error *err = prepare(plan, t->n, libraries, &s);

	return err ? err : run(plan, libraries, &s, t);
}

static struct error *run_between(const struct trial_plan *plan,
				 const struct loader_libraries *libraries, struct trial *t)
{
	struct error *err = plan->scratch ? scratch_begin(plan->scratch) : NULL;

	if (!err)
		err = run_host(plan, libraries, t);
	if (plan->scratch)
		scratch_end(plan->scratch);
	return err;
}

static struct error *run_prepared(const struct trial_plan *plan,
				  const struct loader_libraries *libraries, struct trial *t)
{
	const struct workload *w = plan->workload;
	struct error *err = run_shell("--setup", w->setup, plan->timeout_ns);
	struct error *after;

	if (err)
		return err;
	err = run_between(plan, libraries, t);
	after = run_shell("--teardown", w->teardown, plan->timeout_ns);
	if (err)
		error_free(after);
	return err ? err : after;
}

struct error *trial_run(const struct trial_plan *plan, struct trial *ret)
{
	CLEANUP(loader_libraries_clear) struct loader_libraries libraries = { 0 };
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct error *err = NULL;

	assert(plan->workers > 0 && plan->workload->tasks.n > 0);
	assert(plan->scratch || !workload_names(plan->workload, "{out}"));
	if (interrupt_pending())
		return interrupt_error();
	t.n = plan->workload->tasks.n * (plan->repeat ? plan->repeat : 1);
	t.tasks = xcalloc(t.n, sizeof(*t.tasks));
	if (way_of(plan) != TRIAL_EXEC)
		t.why = loader_why_not(plan->target->program, &libraries);
	if (t.why)
		t.outcome = OUTCOME_NOT_MEASURABLE;
	else
		err = run_prepared(plan, &libraries, &t);
	if (err)
		return err;
	*ret = t;
	t = (struct trial){ 0 };
	return NULL;
}

/* --- the ceiling ------------------------------------------------------------------------------ */

struct error *trial_ceiling(int spinners, double *ret)
{
	CLEANUP(session_clear)
	struct session s = { .plan_fd = -1, .result_fd = -1, .gate = { -1, -1 } };
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };
	const struct plan head = { .magic = PLAN_MAGIC,
				   .mode = PLAN_SPIN,
				   .workers = (uint32_t)spinners };
	struct subprocess_result ended;
	struct error *err;

	if (pipe2(s.gate, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	put(&sb, &head, sizeof(head), 8);
	err = send_plan(&sb, &s);
	if (!err)
		err = make_result(0, &s);
	if (!err)
		err = start(NULL, WATCHDOG_NS, &s);
	if (!err && write(s.gate[1], "", 1) != 1)
		err = error_errno("cannot start the spinners");
	if (!err)
		err = subprocess_wait(&s.host, &ended);
	if (err)
		return err;
	*ret = (double)s.result->spin_permille / 1000;
	return NULL;
}
