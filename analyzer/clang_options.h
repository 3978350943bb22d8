/*
 * clang_options.h - compiler options that libclang does not take
 *
 * gcc has options of its own. Those that say how to compile change nothing in what is read, and are
 * passed over in silence; the list of them is data/gcc_options.txt. Any other is told: the unit was
 * read without it. Inside a worker only. Returned strings are owned by the caller.
 */
#ifndef ANALYZER_CLANG_OPTIONS_H
#define ANALYZER_CLANG_OPTIONS_H

#include <stdbool.h>

#include "analyzer/libclang.h"
#include "model/workload.h"

/* "-fx" of the diagnostic "unknown argument: '-fx'"; NULL: it speaks of something else. */
char *clang_options_named(const char *diagnostic);
/* Is it worth telling that the unit was read without it? */
bool clang_options_tell(const char *option);
/* "read without -fx, which libclang does not know" */
char *clang_options_without(const char *option);
/* Those of argv that say more than how to compile for this machine go to *kept. False: all. */
bool clang_options_plain(const struct strings *argv, struct strings *kept);
/* Tries each option of argv on its own. False: all are taken. The others go to *kept; the first that
 * is worth telling goes to *ret_told, or NULL. */
bool clang_options_refused(CXIndex index, const struct strings *argv, struct strings *kept,
			   char **ret_told);

#endif
