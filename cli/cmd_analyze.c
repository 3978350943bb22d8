#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/subject.h"

struct error *cmd_analyze(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	options_parse(command, options, OPTIONS_BUILD, argc, argv);
	if (options->args_n)
		return error_hint(
			error_new(ERROR_USAGE, "unexpected argument: %s", options->args[0]),
			"concur analyze -p DIR");
	subject_begin(&run, command->name);
	err = measure_facts(options, &run);
	if (err)
		return err;
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	if (options->json) {
		output_run(options, &run);
	} else {
		style = output_style(options);
		report_facts(&run.facts, &style, &text);
		output_text(strbuf_str(&text));
	}
	if (run.facts.failures.n)
		*exit_code = ERROR_INPUT;
	return NULL;
}
