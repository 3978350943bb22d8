#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/subject.h"

struct error *cmd_race(const struct command *command, struct options *options, int argc,
		       char **argv, int *exit_code)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	subject_begin(&run, command->name);
	err = subject_workload(options, &run);
	err = err ? err : subject_history(options, DB_WRITE, &db, &path);
	if (err)
		return err;
	run.facts.why_not = xstrdup("not asked for (concur race)");
	err = measure_race(options, &run);
	if (err)
		return err;
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	err = db_store(db, &run);
	if (err)
		return err;
	if (options->json) {
		output_run(options, &run);
	} else {
		style = output_style(options);
		report_race(&run, &style, &text);
		output_text(strbuf_str(&text));
	}
	log_note("stored as %.13s in %s", run.id, path);
	return NULL;
}
