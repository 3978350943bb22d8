/*
 * The reader of workloads and configurations: whatever it takes is long options, each with its line; what
 * it does not take is an error that names the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/option_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct option_file *file, enum option_file_kind kind)
{
	if (file->args.n != file->origins.n)
		abort();
	vec_each (&file->args, arg)
		if (strncmp(*arg, "--", 2) != 0)
			abort();
	if (kind != FILE_PROJECT && file->runs.n)
		abort();
	if (kind != FILE_WORKLOAD && (file->command.n || file->tasks.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum option_file_kind kind = FILE_WORKLOAD; kind <= FILE_PROJECT; kind++) {
		struct option_file file = { 0 };
		struct error *err =
			option_file_parse((const char *)data, size, "text", kind, &file);

		if (!err)
			check(&file, kind);
		else if (err->class != ERROR_USAGE || strncmp(err->message, "text:", 5) != 0)
			abort();
		error_free(err);
		option_file_clear(&file);
	}
	return 0;
}
