#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"

struct error *cmd_explain(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n > 1)
		return error_hint(error_new(ERROR_USAGE, "one topic at a time"), "concur explain");
	style = output_style(options);
	if (!report_explain(options->args_n ? options->args[0] : NULL, &style, &text))
		return error_hint(error_new(ERROR_USAGE, "no such topic: %s", options->args[0]),
				  "concur explain");
	output_text(strbuf_str(&text));
	return NULL;
}
