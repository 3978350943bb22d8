/*
 * comparison.h - what changed between two runs
 *
 * Better and worse are said only when the evidence is there (db/compare.h has the rule); everything
 * else is "same" or "cannot tell". Ownership: strings and arrays owned; comparison_clear() frees.
 */
#ifndef MODEL_COMPARISON_H
#define MODEL_COMPARISON_H

#include <stdbool.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/concurrency.h"
#include "model/workload.h"

#define CHANGES(X) /* id, key */                                                                   \
	X(CHANGE_BETTER, "better")                                                                 \
	X(CHANGE_WORSE, "worse")                                                                   \
	X(CHANGE_SAME, "same")                                                                     \
	X(CHANGE_CANNOT_TELL, "cannot-tell")                                                       \
	X(CHANGE_NOT_MEASURED, "not-measured")

#define X(id, ...) id,
enum change { CHANGES(X) CHANGE_COUNT };
#undef X

const char *change_key(enum change change);

struct comparison_entry { /* one model at one number of workers */
	enum model model;
	int workers;
	enum change change;
	struct estimate ratio; /* wall time of A / wall time of B: above 1, B is faster */
	double p;              /* of `test`, two-sided */
	char *test;            /* "Mann-Whitney", "Wilcoxon signed-rank"; NULL: not measured */
	char *why;             /* for cannot-tell and not-measured; or NULL */
};

struct comparison_wait { /* a share of the sequential wall time, 0..1 */
	char *kind;      /* a wait kind's key, "cpu", "run-queue" or "unknown" */
	double before, after;
	double before_ns, after_ns; /* per task; NAN: the number of tasks is not known */
};

struct comparison_stack { /* of a differential flame graph */
	char *stack;      /* folded: "main;work;read;[disk]", outermost first, the kind last */
	double before_ns, after_ns; /* per task */
};

struct comparison_entries {
	VEC_FIELDS(struct comparison_entry);
};

struct comparison_waits {
	VEC_FIELDS(struct comparison_wait);
};

struct comparison_stacks {
	VEC_FIELDS(struct comparison_stack);
};

struct comparison {
	char *a, *b;                   /* the runs' ids; of ranges, the newest of each */
	size_t a_runs, b_runs;         /* of a range: how many, each of them one sample; else 1 */
	size_t a_left_out, b_left_out; /* runs of other workloads or machines in the ranges */
	bool comparable;
	bool forced;            /* not comparable, and judged all the same */
	struct strings why_not; /* other workload, machine, tier, tool version: a sentence each */
	bool verdict_changed;
	char *verdict; /* one sentence: what it was and what it is */
	struct comparison_entries entries;
	struct comparison_waits waits;
	struct comparison_stacks stacks; /* that moved most first; empty unless both have stacks */
	struct strings new_findings, fixed_findings; /* "file: check: symbol in function" */
	size_t remaining_findings;
};

void comparison_clear(struct comparison *c);
/* As JSON ("schema": "concur.comparison/1"), owned by the caller. */
char *comparison_json_text(const struct comparison *c);

#endif
