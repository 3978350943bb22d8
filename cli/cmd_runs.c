#include "base/cleanup.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"

#define SHOWN 100 /* runs on a terminal, unless -n says otherwise */

struct error *cmd_runs(const struct command *command, struct options *options, int argc,
		       char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(history_clear) struct history history = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	(void)exit_code;
	options->limit = -1;
	options_parse(command, options, command->groups, argc, argv);
	if (options->limit < 0)
		options->limit = options->json ? 0 : SHOWN;
	if (options->args_n)
		return error_hint(
			error_new(ERROR_USAGE, "unexpected argument: %s", options->args[0]),
			"concur show %s", options->args[0]);
	err = subject_history(options, DB_READ, &db, &path);
	err = err ? err : db_list(db, (size_t)options->limit, &history);
	if (err)
		return err;
	if (options->json) {
		CLEANUP(cleanup_free) char *json = history_json_text(&history);

		output_text(json);
		return NULL;
	}
	if (history.n == SHOWN)
		log_note("the newest %d at most; -n 0 lists all", SHOWN);
	style = output_style(options);
	report_history(&history, &style, &text);
	output_text(strbuf_str(&text));
	return NULL;
}
