#include "advisor/advisor.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/subject.h"

static struct error *project(const struct options *options, struct run *run)
{
	const struct advisor_options opt = { .cores = options->cores.items,
					     .cores_n = options->cores.n };
	struct scalings scalings = { 0 };
	struct error *err = advisor_scaling(run, &opt, &scalings);

	if (err)
		return err;
	scalings_clear(&run->verdict.scalings);
	run->verdict.scalings = scalings;
	return NULL;
}

struct error *cmd_show(const struct command *command, struct options *options, int argc,
		       char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n > 1)
		return error_hint(error_new(ERROR_USAGE, "one run at a time"),
				  "concur compare %s %s", options->args[0], options->args[1]);
	err = output_page_check(options);
	err = err ? err : subject_history(options, DB_READ, &db, &path);
	err = err ? err : db_load(db, options->args_n ? options->args[0] : "last", &run);
	if (!err && options->cores.n)
		err = project(options, &run);
	if (err)
		return err;
	if (options->html)
		return measure_page(options, db, &run);
	output_run(options, &run);
	return NULL;
}
