#include "profiler/baseline.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/subprocess.h"
#include "profiler/answer.h"
#include "profiler/offcpu.h"

#define TAIL_WHOLE 3000 /* a tail below this is all that was written */

/* --- what a person has to know about a program that cannot be used ---------------------------- */

/*
 * What a failed task said, or NULL: the first line, as the reason comes before the usage text; the
 * last if the beginning is lost. Owned by the caller.
 */
static char *its_words(const struct trial *t)
{
	const char *tail = t->stderr_tail;
	const char *last = tail ? strrchr(tail, '\n') : NULL;

	if (!tail)
		return NULL;
	if (last && strlen(tail) > TAIL_WHOLE)
		return xstrdup(last + 1);
	return xstrndup(tail, strcspn(tail, "\n"));
}

/* As one types it. Owned by the caller. */
static char *command_line(const struct target *target, const struct workload *w, size_t task)
{
	char **argv = workload_argv(w, target->program, task, "/tmp");
	struct strbuf line = { 0 };

	for (char **arg = argv; *arg; arg++) {
		bool plain = **arg && !(*arg)[strcspn(*arg, " \t\n'\"\\$&|;<>()*?[]#~`!{}")];

		strbuf_addf(&line, plain ? "%s%s" : "%s'%s'", arg == argv ? "" : " ", *arg);
	}
	workload_argv_free(argv);
	if (w->stdin_path) {
		CLEANUP(cleanup_free) char *in = workload_fill(w, w->stdin_path, task, "/tmp");

		strbuf_addf(&line, " <%s", in);
	} else {
		strbuf_add(&line, " </dev/null");
	}
	return strbuf_detach(&line);
}

static char *describe_status(int status)
{
	struct subprocess_result result = { .status = status };

	return subprocess_describe(&result);
}

static struct error *task_failed(const struct target *target, const struct workload *w,
				 const struct trial *t, size_t i)
{
	CLEANUP(cleanup_free) char *how = describe_status(t->tasks[i].status);
	CLEANUP(cleanup_free) char *command = command_line(target, w, i);
	CLEANUP(cleanup_free) char *words = t->stderr_task == i ? its_words(t) : NULL;
	struct error *err =
		error_new(ERROR_INPUT, "task %zu (%s) failed: %s%s%s", i + 1, w->tasks.items[i],
			  how, words ? ": " : "", words ? words : "");

	if (t->tasks[i].out_of_memory)
		return error_hint(error_wrap(err, "out of memory"),
				  "a task may take half of the memory that is free; %s", command);
	if (WIFSIGNALED(t->tasks[i].status) && WTERMSIG(t->tasks[i].status) == SIGXFSZ)
		return error_hint(err, "a task may write 1 GiB; give it less, or leave it out");
	return error_hint(err, "run it by hand: %s; it must end with exit code %d%s", command,
			  w->expected_exit,
			  WIFEXITED(t->tasks[i].status)
				  ? ", or those that are well are told with --expect-exit"
				  : "");
}

struct error *baseline_check(const struct target *target, const struct workload *w,
			     uint64_t timeout_ns, const struct trial *t, bool must_print)
{
	bool printed = false;

	if (t->outcome == OUTCOME_HANG)
		return error_hint(error_new(ERROR_INPUT, "%s", t->why),
				  "give it longer with --timeout %.0f, or leave that task out; if "
				  "it waits for input, note that its stdin is empty",
				  ceil(2 * (double)timeout_ns / 1e9));
	if (t->outcome != OUTCOME_OK)
		return error_new(ERROR_INPUT, "%s", t->why);
	for (size_t i = 0; i < t->n; i++) {
		const struct task_result *task = &t->tasks[i];

		if (!WIFEXITED(task->status) || !workload_expects(w, WEXITSTATUS(task->status)))
			return task_failed(target, w, t, i);
		printed |= task->stdout_bytes || task->stderr_bytes || task->files_bytes;
	}
	if (!printed && must_print && w->outputs.n)
		return error_hint(error_new(ERROR_INPUT,
					    "the program prints nothing on stdout, and no output "
					    "file holds anything, in any of %zu tasks",
					    t->n),
				  "--outputs names files as the program does; {out} is a directory "
				  "for each task: -- PROGRAM -o {out}/result {}");
	if (!printed && must_print && w->compare != COMPARE_EXIT_CODE)
		return error_hint(
			error_new(ERROR_INPUT,
				  "the program prints nothing on stdout in "
				  "any of %zu tasks: outputs cannot be "
				  "compared",
				  t->n),
			"make it print its result, for example with -c or -o /dev/stdout; name "
			"the files it writes with --outputs; or --compare exit-code");
	return NULL;
}

static struct error *check_same(const struct workload *w, const struct trial *a,
				const struct trial *b)
{
	for (size_t i = 0; i < a->n; i++) {
		CLEANUP(cleanup_free)
		char *how = answer_difference(w, &a->tasks[i], "before", &b->tasks[i]);

		if (!how)
			continue;
		return error_hint(
			error_new(ERROR_INPUT,
				  "task %zu (%s), run again, %s: answers cannot be compared", i + 1,
				  w->tasks.items[i], how),
			"make the output the same every time: no times, addresses or random "
			"numbers, and nothing that a run leaves behind; or --compare exit-code");
	}
	return NULL;
}

/* --- two runs --------------------------------------------------------------------------------- */

struct watch {
	struct offcpu_options options;
	struct offcpu *session;
};

static void watch_abort(struct watch *watch)
{
	if (watch->session)
		offcpu_abort(watch->session);
}

static struct error *watch_start(pid_t host, void *arg)
{
	struct watch *watch = arg;

	return offcpu_open(host, &watch->options, &watch->session);
}

static struct error *watch_end(struct watch *watch, struct profile *ret)
{
	struct offcpu *session = MOVE(watch->session);

	return offcpu_close(session, ret);
}

/* The threads that only wait for the workers are ours, not the program's. */
static void take_off(struct wait_profile *p, enum wait_kind kind, uint64_t ns)
{
	uint64_t most = p->wait_ns[kind] < ns ? p->wait_ns[kind] : ns;

	p->wait_ns[kind] -= most;
	p->wall_ns -= most;
}

struct error *baseline_watch(struct trial_plan *plan, enum tier at_least, struct profile *profile,
			     struct recording *tasks, struct trial *ret)
{
	CLEANUP(watch_abort)
	struct watch watch = { .options = {
				       .skip_root = true, .at_least = at_least, .tasks = tasks } };
	struct error *err;

	plan->on_start = watch_start;
	plan->arg = &watch;
	err = trial_run(plan, ret);
	if (err || ret->outcome != OUTCOME_OK)
		return err;
	err = watch_end(&watch, profile);
	if (err)
		return err;
	take_off(&profile->waits, WAIT_LOCK, ret->parked_ns[0]);
	take_off(&profile->waits, WAIT_CHILD, ret->parked_ns[1]);
	return NULL;
}

struct error *baseline_run(const struct target *target, const struct workload *workload,
			   const struct scratch *scratch, uint64_t timeout_ns, enum tier at_least,
			   struct profile *profile, struct recording *tasks,
			   struct trial *reference)
{
	CLEANUP(trial_clear) struct trial plain = { 0 };
	CLEANUP(trial_clear) struct trial watched = { 0 };
	CLEANUP(profile_clear) struct profile seen = { 0 };
	struct trial_plan plan = { .target = target,
				   .workload = workload,
				   .scratch = scratch,
				   .way = TRIAL_EXEC,
				   .workers = 1,
				   .timeout_ns = timeout_ns };
	struct error *err;

	if (!workload->tasks.n)
		return error_hint(error_new(ERROR_INPUT, "there are no tasks"),
				  "give one task a line with --each FILE, or --count N");
	err = trial_run(&plan, &plain);
	if (!err)
		err = baseline_check(target, workload, timeout_ns, &plain, true);
	if (err)
		return err;
	err = baseline_watch(&plan, at_least, &seen, tasks, &watched);
	if (!err)
		err = baseline_check(target, workload, timeout_ns, &watched, true);
	if (!err)
		err = check_same(workload, &plain, &watched);
	if (err)
		return err;
	seen.tasks = workload->tasks.n;
	*profile = seen;
	seen = (struct profile){ 0 };
	*reference = plain;
	plain = (struct trial){ 0 };
	return NULL;
}
