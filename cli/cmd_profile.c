#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "profiler/baseline.h"

#include <stdio.h>
#include <sys/wait.h>

struct error *cmd_profile(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;
	int status = 0;

	options->timeout_s =
		0; /* none unless asked for: this runs once, as the user would run it */
	options_parse(command, options, OPTIONS_RUN | OPTIONS_PROGRAM, argc, argv);
	subject_begin(&run, command->name);
	err = subject_program(options, &run);
	if (err)
		return err;
	err = baseline_profile_command((const char *const *)options->args,
				       subject_ns(options->timeout_s), TIER_0, &run.profile,
				       &status);
	if (err)
		return err;
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	if (options->json) {
		output_run(options, &run);
	} else {
		style = output_style(options);
		report_profile(&run.profile, &style, &text);
		/* The program has standard output for itself. */
		fputs(strbuf_str(&text), stderr);
	}
	*exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return NULL;
}
