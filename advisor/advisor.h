/*
 * advisor.h - evidence -> verdict
 *
 * Pure: reads no clock, does no I/O; the verdict is a function of facts, profile and race of one
 * run (its present verdict is ignored). Its hurdles are those of the recommended model; of threads
 * when it recommends processes, which have none. The sentence that decided comes first: in `reasons`
 * of "leave", in `missing` of "cannot tell".
 */
#ifndef ADVISOR_ADVISOR_H
#define ADVISOR_ADVISOR_H

#include "base/error.h"
#include "model/run.h"

enum advisor_policy { POLICY_MEASURED, POLICY_TABLE };

struct advisor_options {
	enum advisor_policy policy;
	const int *cores; /* to project the scaling to; borrowed */
	size_t cores_n;
};

/* Fails only when data/table.tsv (embedded) is broken. A verdict is always reached; it may be
 * "cannot tell". */
struct error *advisor_advise(const struct run *run, const struct advisor_options *opt,
			     struct verdict *ret) ERROR_MUST_CHECK;

/* What the profile alone tells: the row, bounds, what a concurrent program waits for. The verdict's
 * kind stays "none". */
struct error *advisor_outlook(const struct run *run, struct verdict *ret) ERROR_MUST_CHECK;

/* The scaling alone, for a stored run; *ret, which must be empty, then belongs to the caller. */
struct error *advisor_scaling(const struct run *run, const struct advisor_options *opt,
			      struct scalings *ret) ERROR_MUST_CHECK;

#endif
