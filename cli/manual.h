/*
 * manual.h - the table of commands as shell completions and manual pages
 *
 * Made from the tables of commands and options, so that none can be missing. Each function appends.
 */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include "base/strbuf.h"
#include "cli/commands.h"

void manual_bash(struct strbuf *out);
void manual_zsh(struct strbuf *out);
void manual_fish(struct strbuf *out);
/* The source of a page, for scdoc(1). NULL: of concur(1) itself. */
void manual_page(const struct command *command, struct strbuf *out);

#endif
