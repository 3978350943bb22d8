#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "db/trend.h"

#define RUNS 500 /* unless -n says otherwise */

struct error *cmd_history(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(trend_clear) struct trend trend = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	(void)exit_code;
	options->limit = RUNS;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n > 1)
		return error_hint(error_new(ERROR_USAGE, "one workload at a time"),
				  "concur history %s", options->args[0]);
	err = subject_history(options, DB_READ, &db, &path);
	err = err ? err
		  : db_trend(db, options->args_n ? options->args[0] : NULL, (size_t)options->limit,
			     &trend);
	if (err)
		return err;
	if (options->json) {
		CLEANUP(cleanup_free) char *json = trend_json_text(&trend);

		output_text(json);
		return NULL;
	}
	style = output_style(options);
	report_trend(&trend, &style, &text);
	output_text(strbuf_str(&text));
	return NULL;
}
