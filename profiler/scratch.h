/*
 * scratch.h - where trials may write: temporary files, and the files of tasks that are compared
 *
 * One directory for all trials of a command, with mkdtemp's rights. Its paths are the same in every
 * trial, as programs print them. Each trial finds it fresh: TMPDIR, and one directory for each task
 * ("{out}"). Output files that lie elsewhere must not be there before, and are gone after each
 * trial. Ownership: scratch_close() removes all; what a killed concur left is removed by the next.
 */
#ifndef PROFILER_SCRATCH_H
#define PROFILER_SCRATCH_H

#include "base/error.h"
#include "model/workload.h"

struct scratch {
	char *dir; /* NULL: none */
	int lock;  /* held on it while we live */
	const struct workload *workload;
};

/* An output file that is there already is ERROR_USAGE: it is not concur's to compare or remove. */
struct error *scratch_open(const struct workload *w, struct scratch *ret) ERROR_MUST_CHECK;
void scratch_close(struct scratch *s);

/* Before and after each trial of the workload or a part of it. */
struct error *scratch_begin(const struct scratch *s) ERROR_MUST_CHECK;
void scratch_end(const struct scratch *s);

/* What "{out}" stands for in the task of this number of the whole workload; NULL when no template
 * asks for it. Owned by the caller. */
char *scratch_out(const struct scratch *s, size_t task);
/* Owned by the caller. */
char *scratch_tmpdir(const struct scratch *s);

#endif
