/*
 * main.c - find the subcommand, run it, turn its error into a message and an exit code
 */
#include <argp.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "analyzer/analyzer.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/subprocess.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "db/db.h"

/* The libraries in use, not those of the build: what a report of a mistake needs. */
static void print_version(FILE *out, struct argp_state *state)
{
	CLEANUP(cleanup_free) char *clang = analyzer_version();

	(void)state;
	fprintf(out, "concur " CONCUR_VERSION "\n%s, SQLite %s, jansson %s, libyaml %s, glibc %s\n",
		clang, db_library_version(), jansson_version_str(), yaml_get_version_string(),
		gnu_get_libc_version());
}

static struct error *dispatch(struct options *options, int argc, char **argv, int *exit_code)
{
	const struct command *command;
	struct error *err;
	int first;
	char *name;

	options_parse_global(options, argc, argv, &first);
	if (first >= argc)
		return error_hint(error_new(ERROR_USAGE, "no command given"), "concur --help");
	command = command_find(argv[first]);
	if (!command)
		return error_hint(error_new(ERROR_USAGE, "no such command: %s", argv[first]),
				  "concur --help");
	name = xasprintf("concur %s", command->name);
	argv[first] = name; /* usage lines then read "Usage: concur advise ..." */
	err = command->run(command, options, argc - first, argv + first, exit_code);
	free(name);
	return err;
}

int main(int argc, char **argv)
{
	struct options options = { .timeout_s = 60, .budget_s = 60 };
	struct error *err;
	int exit_code = 0;

	argp_program_version_hook = print_version;
	setlocale(LC_CTYPE, "");
	argp_err_exit_status = ERROR_USAGE;
	interrupt_install();
	subprocess_init();
	err = dispatch(&options, argc, argv, &exit_code);
	if (err) {
		exit_code = (int)err->class;
		output_error(&options, err);
		error_free(err);
	}
	if (output_finish() && !exit_code)
		exit_code = ERROR_MACHINE;
	options_clear(&options);
	return exit_code;
}
