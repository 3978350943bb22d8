/*
 * advice.h - a verdict in the making: what the rules share
 *
 * One struct advice lives for one call of advisor_advise(). The rules are applied in the order of
 * their table; each adds its sentences and, when the question is settled, sets `decided`. It only
 * borrows the run; the verdict it fills belongs to the caller. No clock, no I/O.
 */
#ifndef ADVISOR_ADVICE_H
#define ADVISOR_ADVICE_H

#include <stdbool.h>

#include "advisor/advisor.h"
#include "advisor/table.h"
#include "model/run.h"

/*
 * The profile as shares of (wall - run-queue), 0..1, so that a machine that makes the program wait
 * for a core does not move it to another row. cpu + overlappable + serial + unknown == 1. Of a program
 * that is concurrent already, what its threads wait for work and for each other is left out as well.
 */
struct shares {
	bool known;
	double cpu;
	double overlappable; /* waits during which another task could run */
	double serial;       /* waits on locks and on what has no name */
	double unknown;
	double kind[WAIT_KIND_COUNT];
};

struct contender { /* a model other than sequential, as the race saw it */
	bool raced;
	const struct race_entry *out;  /* why it cannot be used, or NULL */
	const struct race_entry *best; /* highest speedup; NULL: out, or no figures */
	const struct race_entry *pick; /* fewest workers within the margin of best */
};

struct advice {
	const struct run *run;
	const struct table *table;
	enum advisor_policy policy;

	struct shares shares;
	bool possible[ROW_COUNT];    /* rows the profile leaves open */
	const struct table_row *row; /* the one row that is possible, or NULL */

	struct contender contenders[MODEL_COUNT];
	enum model leader;      /* fastest usable model; MODEL_SEQUENTIAL: there is none */
	bool tied[MODEL_COUNT]; /* as fast as the leader, the leader included */
	enum model chosen;      /* MODEL_SEQUENTIAL: not chosen yet */
	bool decided;

	const char *rule; /* id of the rule being applied */
	struct verdict *verdict;
};

/* Also finds what the profile alone tells, and puts it into the verdict. Fails only when an embedded
 * table is broken. */
struct error *advice_init(struct advice *a, const struct run *run, const struct table *table,
			  enum advisor_policy policy, struct verdict *verdict) ERROR_MUST_CHECK;

double advice_limit(const struct advice *a, enum limit limit);
size_t advice_tied_n(const struct advice *a);

/* Note that the present rule applied; the next two add a sentence to reasons or missing as well. */
void advice_apply(struct advice *a);
void advice_because(struct advice *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void advice_lacks(struct advice *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Settle on a verdict that recommends no rewrite. */
void advice_decide(struct advice *a, enum verdict_kind kind);

#define ESTIMATE_TEXT 80
struct estimate_text {
	char s[ESTIMATE_TEXT];
};
/* "1.93x [1.88, 1.97], n = 9" */
struct estimate_text estimate_text(struct estimate e);

#endif
