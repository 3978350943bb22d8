#include <jansson.h>

#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"

static void put_json(const char *topic, const char *text)
{
	json_t *root = json_pack("{s:s, s:s?, s:s}", "schema", "concur.explain/1", "topic", topic,
				 "text", text);
	CLEANUP(cleanup_free) char *json = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	output_text(json ? json : "{}");
	output_text("\n");
	json_decref(root);
}

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
	style.color = style.color && !options->json;
	if (!report_explain(options->args_n ? options->args[0] : NULL, &style, &text))
		return error_hint(error_new(ERROR_USAGE, "no such topic: %s", options->args[0]),
				  "concur explain");
	if (options->json)
		put_json(options->args_n ? options->args[0] : NULL, strbuf_str(&text));
	else
		output_text(strbuf_str(&text));
	return NULL;
}
