/*
 * workload_file.h - the options of a race, and the command, from a YAML file
 *
 *	command: [./bzip2, -kc, "{}"]
 *	each: files.txt             # or tasks: [a.txt, b.txt], or count: 40
 *	stdin: "{}"
 *	outputs: "{out}/result.png"
 *	expect-exit: [0, 1]
 *	workers: [2, 4]
 *	budget: 60
 *
 * Each key is a long option's name, its value what the option would get; paths are relative to the
 * working directory, as on the command line. Errors are ERROR_USAGE and begin with FILE:LINE.
 */
#ifndef CLI_WORKLOAD_FILE_H
#define CLI_WORKLOAD_FILE_H

#include "base/error.h"
#include "model/workload.h"

struct workload_file {
	struct strings args; /* "--budget=60" */
	struct strings command, tasks;
};

struct error *workload_file_read(const char *path, struct workload_file *ret) ERROR_MUST_CHECK;
/* `what` names the text in messages. */
struct error *workload_file_parse(const char *yaml, size_t n, const char *what,
				  struct workload_file *ret) ERROR_MUST_CHECK;
void workload_file_clear(struct workload_file *file);

#endif
