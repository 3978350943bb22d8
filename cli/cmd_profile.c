#include "advisor/advisor.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "profiler/watch.h"

#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>

/* The file a process runs. Owned by the caller; NULL: not ours to see. */
static char *program_of(pid_t pid)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, path, sizeof(path));
	return n > 0 ? xstrndup(path, (size_t)n) : NULL;
}

static struct error *profile_calls(const struct options *options, struct run *run)
{
	struct error *err = NULL;

	if (!run->target.program)
		return error_new(ERROR_INPUT, "cannot tell what program process %d runs",
				 options->pid);
	err = measure_calls(options, run);
	if (!err && !run->recording.made)
		err = error_hint(
			error_new(ERROR_INPUT, "no unit of work found: %s", run->recording.why),
			"name one with --unit FUNCTION, or give the program a list of "
			"tasks: concur advise --each TASKS");
	return err;
}

static struct error *profile_process(const struct options *options, struct run *run)
{
	const struct offcpu_options opt = { .overhead = options->overhead,
					    .at_least = options->tier };

	if (options->args_n)
		return error_new(ERROR_USAGE, "-p %d and a program exclude each other",
				 options->pid);
	run->target.program = program_of(options->pid);
	if (options->unit)
		return profile_calls(options, run);
	if (options->timeout_s > 0 && options->duration_s <= 0)
		log_note("--timeout limits the run of a program; process %d is watched until it "
			 "ends or Ctrl-C, or for --duration SECONDS",
			 options->pid);
	return watch_process(options->pid, subject_ns(options->duration_s), &opt, &run->profile);
}

static struct error *profile_program(const struct options *options, struct run *run, int *exit_code)
{
	const struct offcpu_options opt = { .overhead = options->overhead,
					    .at_least = options->tier };
	struct error *err;
	int status = 0;

	if (options->unit) {
		err = subject_calls(options, run);
		return err ? err : profile_calls(options, run);
	}
	if (options->duration_s > 0)
		return error_hint(error_new(ERROR_USAGE, "--duration goes with -p PID"),
				  "--timeout limits the run of a program");
	err = subject_program(options, run);
	if (!err)
		err = watch_command((const char *const *)options->args,
				    subject_ns(options->timeout_s), &opt, &run->profile, &status);
	if (!err)
		*exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return err;
}

struct error *cmd_profile(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	options->timeout_s =
		0; /* none unless asked for: this runs once, as the user would run it */
	options_parse(command, options, command->groups, argc, argv);
	subject_begin(&run, command->name);
	err = options->pid ? profile_process(options, &run)
			   : profile_program(options, &run, exit_code);
	if (err)
		return err;
	err = advisor_outlook(&run, &run.verdict);
	if (err)
		return err;
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	if (options->json) {
		output_run(options, &run);
		return NULL;
	}
	style = output_style(options);
	report_recording(&run.recording, &style, &text);
	report_profile(&run.profile, &style, &text);
	report_outlook(&run, &style, &text);
	/* The program has standard output for itself. */
	fputs(strbuf_str(&text), options->pid ? stdout : stderr);
	return NULL;
}
