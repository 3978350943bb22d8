/*
 * verdict.h - the advice, and what it rests on
 *
 * Every verdict names at least one rule id; every figure carries n and an interval. `model` is
 * meaningful unless kind is VERDICT_CANNOT_TELL. Ownership: strings owned; verdict_clear() frees.
 */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/concurrency.h"
#include "model/outlook.h"
#include "model/scaling.h"
#include "model/workload.h"

#define VERDICT_KINDS(X)                  /* id, key */                                            \
	X(VERDICT_NONE, "none")           /* not asked for */                                      \
	X(VERDICT_RECOMMEND, "recommend") /* rewrite to `model` */                                 \
	X(VERDICT_LEAVE, "leave")         /* leave it sequential */                                \
	X(VERDICT_RAISE, "raise-workers") /* it is concurrent already: more workers */             \
	X(VERDICT_CANNOT_TELL, "cannot-tell")

#define X(id, ...) id,
enum verdict_kind { VERDICT_KINDS(X) VERDICT_KIND_COUNT };
#undef X

const char *verdict_kind_key(enum verdict_kind kind);
bool verdict_kind_from_key(const char *key, enum verdict_kind *ret);

struct verdict_tie {
	enum model model;
	int workers;
	struct estimate speedup;
};

struct verdict_ties {
	VEC_FIELDS(struct verdict_tie);
};

struct hurdle {      /* a change the model needs */
	char *check; /* of the fact it comes from */
	char *symbol;
	char *file;
	int line;
	char *text;       /* what to change, one sentence */
	int sites;        /* places to touch */
	char *excerpt;    /* the source around `line` as it was, or NULL */
	int excerpt_line; /* of its first line */
	/* Estimates from the profile, NAN: not known. Share of the time spent in the functions it touches,
	 * and what no speedup exceeds while it stays: behind one lock, or blocking the loop. */
	double affects, if_left;
};

struct hurdles {
	VEC_FIELDS(struct hurdle); /* heaviest first */
};

struct witness {
	char *name; /* "code", "clock", "table" */
	char *says; /* one sentence */
	char *on;   /* what it rests on, one sentence */
	bool agrees;
	bool heard; /* false: it had nothing to say, and `says` tells why */
	char *sure; /* "high", "fair" or "low", from the data; NULL: not heard */
};

struct witnesses {
	VEC_FIELDS(struct witness);
};

struct verdict {
	enum verdict_kind kind;
	enum model model;
	int workers;
	struct estimate speedup;
	bool has_row;
	enum row row;
	char *agreement;  /* "agree", "dissent: code", ... */
	char *confidence; /* "high", "fair", "low", or NULL: there is no verdict to be sure of */
	char *rests_on;   /* the figures that the confidence is made of, one sentence */
	struct verdict_ties ties;
	struct strings rules; /* ids, e.g. "R02" */
	struct hurdles hurdles;
	struct strings reasons; /* sentences */
	struct strings missing; /* what would raise the confidence, or is missing for an answer */
	struct witnesses witnesses;
	char *unit;             /* the function that is one task, as the source calls it; or NULL */
	struct outlook outlook; /* what the profile alone tells */
	struct scalings scalings; /* how many workers, of each model raced */
};

void verdict_clear(struct verdict *v);

#endif
