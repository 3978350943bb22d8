/*
 * option_file.h - options from a YAML file: a workload, a project's or a user's configuration
 *
 * A workload is named on the command line and may hold what a race takes, and the command itself:
 *
 *	command: [./bzip2, -kc, "{}"]
 *	each: files.txt             # or tasks: [a.txt, b.txt], or count: 40
 *	outputs: "{out}/result.png"
 *	expect-exit: [0, 1]
 *	workers: [2, 4]
 *
 * Its paths are relative to the working directory, as on the command line. A configuration
 * (config.h) holds what is the same for many runs; its paths are relative to the file, and its key
 * `functions` is the analyzer's to read.
 *
 * Each key is a long option's name, its value what the option would get. Errors are ERROR_USAGE and
 * begin with FILE:LINE: and the key. Nothing is run by reading.
 */
#ifndef CLI_OPTION_FILE_H
#define CLI_OPTION_FILE_H

#include "base/error.h"
#include "model/workload.h"

enum option_file_kind {
	FILE_WORKLOAD,
	FILE_USER,
	FILE_PROJECT, /* found, not named: what it wants to have run needs --trust */
};

struct option_file {
	struct strings args;    /* "--budget=60"; "--no-cache" and "--no-cache=false" for flags */
	struct strings origins; /* of each: "FILE:LINE" */
	struct strings runs;    /* FILE_PROJECT: those of the origins that are commands to run */
	struct strings command, tasks; /* FILE_WORKLOAD */
};

struct error *option_file_read(const char *path, enum option_file_kind kind,
			       struct option_file *ret) ERROR_MUST_CHECK;
/* `what` names the text in messages. */
struct error *option_file_parse(const char *yaml, size_t n, const char *what,
				enum option_file_kind kind,
				struct option_file *ret) ERROR_MUST_CHECK;
void option_file_clear(struct option_file *file);

#endif
