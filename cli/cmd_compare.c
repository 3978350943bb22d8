#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "db/compare.h"

struct error *cmd_compare(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison comparison = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n != 2)
		return error_hint(error_new(ERROR_USAGE, "compare takes two runs"),
				  "concur compare last~1 last");
	err = subject_history(options, DB_READ, &db, &path);
	err = err ? err : db_load(db, options->args[0], &a);
	err = err ? err : db_load(db, options->args[1], &b);
	if (err)
		return err;
	compare_with(&a, &b, &(struct compare_options){ .force = options->force }, &comparison);
	if (options->html) {
		report_html_comparison(&a, &b, &comparison, &text);
		return output_page(options, &text);
	}
	if (options->json) {
		CLEANUP(cleanup_free) char *json = comparison_json_text(&comparison);

		output_text(json);
		return NULL;
	}
	style = output_style(options);
	report_comparison(&comparison, &style, &text);
	output_text(strbuf_str(&text));
	return NULL;
}
