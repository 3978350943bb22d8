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
	char *agreement; /* "agree", "dissent: code", ... */
	struct verdict_ties ties;
	struct strings rules; /* ids, e.g. "R02" */
	struct hurdles hurdles;
	struct strings reasons; /* sentences */
	struct strings missing; /* what would raise the confidence, or is missing for an answer */
	struct witnesses witnesses;
	struct outlook outlook; /* what the profile alone tells */
};

void verdict_clear(struct verdict *v);

#endif
