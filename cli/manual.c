#include "cli/manual.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

static bool has_letter(const struct argp_option *o)
{
	return o->key > 0 && o->key < 128 && isprint(o->key);
}

/* `text` with a backslash before each of `special`. */
static void put_escaped(struct strbuf *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			strbuf_addch(out, '\\');
		strbuf_addch(out, *text);
	}
}

/* In single quotes, as zsh reads them. */
static void put_quoted(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_add(out, "'\\''");
		else if (strchr("[]:\\", *text))
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_addch(out, *text);
	}
}

static void put_command_names(struct strbuf *out, const char *between)
{
	for (size_t i = 0; i < commands_n && commands[i].summary; i++)
		strbuf_addf(out, "%s%s", i ? between : "", commands[i].name);
}

/* --- bash --- */

static void put_words(struct strbuf *out, int groups)
{
	const struct argp_option *o;

	for (size_t i = 0; (o = options_next(groups, &i));) {
		if (has_letter(o))
			strbuf_addf(out, "-%c ", o->key);
		if (o->name)
			strbuf_addf(out, "--%s ", o->name);
	}
	strbuf_add(out, "--help");
}

void manual_bash(struct strbuf *out)
{
	strbuf_add(out, "# bash completion for concur\n"
			"_concur()\n{\n"
			"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command='' words i\n"
			"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			"\t\t[ \"${COMP_WORDS[i]}\" != -- ] || return 0 # the program's own\n"
			"\t\t[ -z \"$command\" ] || continue\n"
			"\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	put_command_names(out, "|");
	strbuf_add(out, ")\n\t\t\tcommand=${COMP_WORDS[i]} ;;\n\t\tesac\n\tdone\n"
			"\tcase $command in\n\t'')\n\t\twords='");
	put_words(out, 0);
	strbuf_add(out, " --version'\n\t\t[[ $cur == -* ]] || words='");
	put_command_names(out, " ");
	strbuf_add(out, "'\n\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			"\t\treturn 0 ;;\n");
	for (size_t i = 0; i < commands_n && commands[i].summary; i++) {
		strbuf_addf(out, "\t%s) words='", commands[i].name);
		put_words(out, commands[i].groups);
		strbuf_add(out, "' ;;\n");
	}
	strbuf_add(out, "\tesac\n"
			"\t[[ $cur != -* ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			"}\ncomplete -o default -F _concur concur\n");
}

/* --- zsh --- */

static void put_zsh_option(struct strbuf *out, const char *dashes, const char *name,
			   const struct argp_option *o)
{
	strbuf_addf(out, "\t\t'%s%s%s[", dashes, name, o->arg ? (dashes[1] ? "=" : "+") : "");
	put_quoted(out, o->doc);
	strbuf_addch(out, ']');
	if (o->arg) {
		strbuf_addch(out, ':');
		put_quoted(out, o->arg);
		strbuf_add(out, ":_files");
	}
	strbuf_add(out, "' \\\n");
}

static void put_zsh_options(struct strbuf *out, int groups)
{
	const struct argp_option *o;

	for (size_t i = 0; (o = options_next(groups, &i));) {
		const char letter[] = { (char)o->key, '\0' };

		if (has_letter(o))
			put_zsh_option(out, "-", letter, o);
		if (o->name)
			put_zsh_option(out, "--", o->name, o);
	}
	strbuf_add(out, "\t\t'--help[Give this help list]'");
}

void manual_zsh(struct strbuf *out)
{
	strbuf_add(out, "#compdef concur\n_concur()\n{\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; i < commands_n && commands[i].summary; i++) {
		strbuf_addf(out, "\t\t'%s:", commands[i].name);
		put_quoted(out, commands[i].summary);
		strbuf_add(out, "'\n");
	}
	strbuf_add(out, "\t)\n\tlocal curcontext=$curcontext state line\n"
			"\t_arguments -C '1: :->command' '*:: :->rest'\n"
			"\tif [[ $state == command ]]; then\n"
			"\t\t_describe command commands\n\t\treturn\n\tfi\n"
			"\tcase $line[1] in\n");
	for (size_t i = 0; i < commands_n && commands[i].summary; i++) {
		strbuf_addf(out, "\t%s) _arguments \\\n", commands[i].name);
		put_zsh_options(out, commands[i].groups);
		strbuf_add(out, " '*:file:_files' ;;\n");
	}
	strbuf_add(out, "\tesac\n}\n_concur \"$@\"\n");
}

/* --- fish --- */

static void put_fish_options(struct strbuf *out, const char *condition, int groups)
{
	const struct argp_option *o;

	for (size_t i = 0; (o = options_next(groups, &i));) {
		strbuf_addf(out, "complete -c concur -n '%s'", condition);
		if (has_letter(o))
			strbuf_addf(out, " -s %c", o->key);
		if (o->name)
			strbuf_addf(out, " -l %s", o->name);
		strbuf_addf(out, "%s -d '", o->arg ? " -r" : "");
		put_escaped(out, o->doc, "'\\");
		strbuf_add(out, "'\n");
	}
}

void manual_fish(struct strbuf *out)
{
	strbuf_add(out, "# fish completion for concur\n");
	for (size_t i = 0; i < commands_n && commands[i].summary; i++) {
		CLEANUP(cleanup_free)
		char *condition = xasprintf("__fish_seen_subcommand_from %s", commands[i].name);

		strbuf_addf(out, "complete -c concur -n __fish_use_subcommand -a %s -d '",
			    commands[i].name);
		put_escaped(out, commands[i].summary, "'\\");
		strbuf_add(out, "'\n");
		put_fish_options(out, condition, commands[i].groups);
	}
}

/* --- manual pages --- */

static void put_text(struct strbuf *out, const char *text)
{
	put_escaped(out, text, "\\*_[]|#`<>~^");
}

static void put_option(struct strbuf *out, const struct argp_option *o)
{
	if (has_letter(o))
		strbuf_addf(out, "*-%c*%s", o->key, o->name ? ", " : "");
	if (o->name)
		strbuf_addf(out, "*--%s*", o->name);
	if (o->arg) {
		strbuf_addch(out, o->name ? '=' : ' ');
		put_text(out, o->arg);
	}
	strbuf_add(out, "\n\t");
	put_text(out, o->doc);
	strbuf_add(out, "\n\n");
}

static void put_options(struct strbuf *out, int groups)
{
	const struct argp_option *o;

	strbuf_add(out, "# OPTIONS\n\n");
	for (size_t i = 0; (o = options_next(groups, &i));)
		put_option(out, o);
	strbuf_add(out, "*--help*\n\tGive a short help, and exit\n\n");
}

/* Lines that begin with two blanks are shown as they are. */
static void put_doc(struct strbuf *out, const char *doc)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(doc);
	char *rest = copy;
	bool literal = false;

	strbuf_add(out, "# DESCRIPTION\n\n");
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (literal != !strncmp(line, "  ", 2)) {
			strbuf_add(out, literal ? "```\n" : "\n```\n");
			literal = !literal;
		}
		if (literal)
			strbuf_add(out, line + 2);
		else
			put_text(out, line);
		strbuf_addch(out, '\n');
	}
	strbuf_add(out, literal ? "```\n\n" : "\n");
}

static void put_synopsis(struct strbuf *out, const struct command *command)
{
	CLEANUP(cleanup_free) char *copy = xstrdup(command->args);
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));) {
		strbuf_addf(out, "*concur %s* \\[OPTION...\\] ", command->name);
		put_text(out, line);
		strbuf_add(out, "\n\n");
	}
}

static void put_main_page(struct strbuf *out)
{
	strbuf_add(out,
		   "concur(1)\n\n# NAME\n\nconcur - which concurrency model fits a C program, "
		   "before a "
		   "line is rewritten\n\n# SYNOPSIS\n\n*concur* _COMMAND_ \\[OPTION...\\] ...\n\n"
		   "# COMMANDS\n\n");
	for (size_t i = 0; i < commands_n && commands[i].summary; i++) {
		strbuf_addf(out, "*concur-%s*(1)\n\t", commands[i].name);
		put_text(out, commands[i].summary);
		strbuf_add(out, "\n\n");
	}
	put_options(out, 0);
	strbuf_add(out,
		   "# EXIT STATUS\n\n"
		   "0\n\tIt went well.\n\n1\n\tA gate says no.\n\n"
		   "2\n\tWrong use or configuration.\n\n3\n\tPart of the input failed.\n\n"
		   "4\n\tThe machine lacks something.\n\n130\n\tInterrupted.\n\n"
		   "# ENVIRONMENT\n\n"
		   "*CONCUR\\_DB*\n\tThe history, unless *--db* names one.\n\n"
		   "*NO\\_COLOR*, *CLICOLOR\\_FORCE*\n\tNo colours; colours in a pipe as well.\n\n"
		   "# FILES\n\n_.concur/history.db_\n\tThe history of a project.\n\n"
		   "# SEE ALSO\n\n*concur explain* has the table, the terms and the rules.\n");
}

void manual_page(const struct command *command, struct strbuf *out)
{
	if (!command) {
		put_main_page(out);
		return;
	}
	strbuf_addf(out, "concur-%s(1)\n\n# NAME\n\nconcur-%s - ", command->name, command->name);
	put_text(out, command->summary ? command->summary : "for packagers");
	strbuf_add(out, "\n\n# SYNOPSIS\n\n");
	put_synopsis(out, command);
	put_doc(out, command->doc);
	put_options(out, command->groups);
	strbuf_add(out, "# SEE ALSO\n\n*concur*(1)\n");
}
