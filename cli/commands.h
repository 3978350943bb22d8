/*
 * commands.h - the subcommands: one table, from which help, dispatch and errors derive
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/error.h"
#include "cli/options.h"

struct command {
	const char *name;
	const char *args;    /* as in the usage line */
	const char *summary; /* one line, for the list; NULL: not in it; those stand last */
	const char *doc;     /* after the options in --help: examples */
	int groups;          /* of options, see options.h */
	/*
	 * argv[0] is "concur NAME". An error decides the exit code; without one it is *exit_code, 0 unless set.
	 */
	struct error *(*run)(const struct command *command, struct options *options, int argc,
			     char **argv, int *exit_code);
};

extern const struct command commands[];
extern const size_t commands_n;

/* NULL: no such command. */
const struct command *command_find(const char *name);

/* clang-format off */
#define COMMANDS(X) \
	X(cmd_advise) X(cmd_analyze) X(cmd_profile) X(cmd_race) X(cmd_runs) X(cmd_show) \
	X(cmd_report) X(cmd_compare) X(cmd_history) X(cmd_gate) X(cmd_db) X(cmd_explain) X(cmd_doctor) X(cmd_completion)
/* clang-format on */
#define X(function)                                                                                \
	struct error *function(const struct command *command, struct options *options, int argc,   \
			       char **argv, int *exit_code) ERROR_MUST_CHECK;
COMMANDS(X)
#undef X

#endif
