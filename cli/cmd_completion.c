#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/output.h"

static const struct {
	const char *shell;
	void (*put)(struct strbuf *out);
} shells[] = { { "bash", manual_bash }, { "zsh", manual_zsh }, { "fish", manual_fish } };

static struct error *put(const struct options *options, struct strbuf *out)
{
	const char *what = options->args_n ? options->args[0] : "";
	const struct command *page = NULL;

	for (size_t i = 0; options->args_n == 1 && i < sizeof(shells) / sizeof(*shells); i++) {
		if (!strcmp(what, shells[i].shell)) {
			shells[i].put(out);
			return NULL;
		}
	}
	if (strcmp(what, "scdoc") != 0 || options->args_n > 2)
		return error_hint(error_new(ERROR_USAGE, "want the name of a shell"),
				  "concur completion bash, zsh or fish");
	if (options->args_n == 2) {
		page = command_find(options->args[1]);
		if (!page)
			return error_hint(
				error_new(ERROR_USAGE, "no such command: %s", options->args[1]),
				"concur --help");
	}
	manual_page(page, out);
	return NULL;
}

static void put_json(const char *what, const char *text)
{
	json_t *root = json_pack("{s:s, s:s, s:s}", "schema", "concur.completion/1", "for", what,
				 "text", text);
	CLEANUP(cleanup_free) char *json = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	output_text(json ? json : "{}");
	output_text("\n");
	json_decref(root);
}

struct error *cmd_completion(const struct command *command, struct options *options, int argc,
			     char **argv, int *exit_code)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	err = put(options, &text);
	if (err)
		return err;
	if (options->json)
		put_json(options->args[0], strbuf_str(&text));
	else
		output_text(strbuf_str(&text));
	return NULL;
}
