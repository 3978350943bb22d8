/*
 * fact.h - what the source says
 *
 * A fact is one finding of one check at one place. `check` is an id of the analyzer's table of
 * checks; the model does not know which exist. Facts about a variable list every direct access in
 * `sites`. Ownership: all strings owned; facts_clear() frees.
 */
#ifndef MODEL_FACT_H
#define MODEL_FACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "model/workload.h"

struct fact_site { /* one access to the symbol */
	char *file;
	int line;
	char *function; /* NULL at file scope */
	char *access;   /* "write", "read", "address" */
};

struct fact_sites {
	VEC_FIELDS(struct fact_site);
};

struct fact {
	char *check; /* "blocking-call", "mt-unsafe-call", "shared-state", "concurrency-present",
			... */
	char *file;  /* relative to the build directory's project when below it */
	int line, column;
	char *function; /* enclosing function, or NULL */
	char *symbol;   /* the callee or the variable */
	char *effect;   /* what kind: a wait kind, "static-local", "file-scope", "threads", ... */
	char *detail;   /* one sentence for people */
	char *advice;   /* what to do instead, e.g. the re-entrant replacement; or NULL */
	char *macro;    /* the macro it was expanded from, or NULL */
	struct fact_sites sites; /* accesses; or the calls that lead to what blocks, in order */
	char *excuse;            /* of a silenced one: the reason that the source gives */
};

struct unit_failure { /* a translation unit that could not be analysed */
	char *file;
	char *why;
	bool left_out; /* not C, so that nothing was tried: to be known, but no failure */
};

struct unit_failures {
	VEC_FIELDS(struct unit_failure);
};

struct unit_record {  /* what one unit said, for the analyzer to join: see analyzer_join_add() */
	size_t place; /* of the unit in the whole list */
	char *bytes;
	size_t n;
};

struct unit_records {
	VEC_FIELDS(struct unit_record);
};

struct facts {
	VEC_FIELDS(struct fact); /* sorted by file, line, column, check */
	bool analysed;           /* false: no analysis was made, and `why_not` says why */
	char *why_not;
	char *root;        /* absolute: what files are relative to; NULL in a stored run */
	size_t units;      /* translation units tried */
	size_t suppressed; /* findings that comments in the source took out */
	struct {
		VEC_FIELDS(struct fact);
	} silenced; /* those, with their excuses; none in a stored run */
	struct unit_failures failures;
	/* Part `shard` of `shards`, or (shard 0) joined from so many; shards 0: made in one go.
	 * `campaign` is equal for the parts of one analysis. */
	char *campaign;
	int shard, shards;
	struct unit_records records; /* of a shard; a stored run keeps them apart (db/shards.h) */
};

/* Whether the sites are a chain of calls. */
bool fact_is_chain(const struct fact *f);
void fact_clear(struct fact *f);
void facts_sort(struct facts *facts);
void facts_clear(struct facts *facts);
/* How many units were tried and could not be read in full. */
size_t facts_failed(const struct facts *facts);
size_t facts_count(const struct facts *facts, const char *check);

#endif
