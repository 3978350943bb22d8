/*
 * config.h - what holds for a command, and where each value comes from
 *
 * The command line goes before a workload file that it names, that before the environment
 * (CONCUR_BUDGET for --budget), that before the nearest .concur.yaml upward, that before the user's
 * $XDG_CONFIG_HOME/concur/config.yaml. All become one list of arguments, the strongest last, so that
 * one parser reads and checks them all.
 *
 * A project's file may have a command run (setup, teardown) only with --trust.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/error.h"
#include "cli/options.h"

#define CONFIG_PROJECT ".concur.yaml"

/* Fills options->sources with what files and environment say of the options that these groups take,
 * options->workload_file among them, and its tasks and command. Reads options->trust. */
struct error *config_gather(struct options *options, int groups) ERROR_MUST_CHECK;
/* --dump-config: every option of the command with its value, or its default, as text or JSON. */
void config_dump(const struct command *command, const struct options *options, int groups);

#endif
