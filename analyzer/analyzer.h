/*
 * analyzer.h - source -> facts
 *
 * Reads a compile database, parses each translation unit in a forked worker (libclang can crash on
 * hostile input; a crash costs one unit, which is reported in facts->failures), and returns what
 * was found. Facts speak of the configured build only: code in inactive #if branches is not seen.
 * Never says "safe".
 */
#ifndef ANALYZER_ANALYZER_H
#define ANALYZER_ANALYZER_H

#include "base/error.h"
#include "model/fact.h"

struct analyzer_options {
	const char *build_dir; /* holds compile_commands.json; NULL: the nearest one upward from
				  start_dir */
	const char *start_dir; /* NULL: the working directory */
	/* Only these files, and those below these directories; 0: all of the database. */
	char *const *files;
	size_t files_n;
	/* Given: no database, each file is compiled so. NULL: a database. NULL-terminated. */
	char *const *flags;
	unsigned shard,
		shards; /* of `shards` parts of the units, this one, from 1, with its records; 0: all */
	int jobs;       /* 0: one worker a core */
	unsigned unit_timeout_s; /* for one translation unit; 0: 120 */
	const char *glibc;       /* the C library's version, "2.36"; NULL: this machine's */
	const char *cache_dir; /* units that did not change are not parsed again; NULL: no cache */
};

/* Where the database was found, or the working directory without one, goes to *ret_dir (owned by the
 * caller; may be NULL). */
struct error *analyzer_run(const struct analyzer_options *opt, struct facts *ret,
			   char **ret_dir) ERROR_MUST_CHECK;

/*
 * Several processes, on several machines, each run one shard of the same database, with what they
 * said about each unit in facts->records; joined, it gives what one process would have found.
 *
 *	struct analyzer_join *join = analyzer_join_new();
 *	for each record: analyzer_join_add(join, place, bytes, n);
 *	analyzer_join_finish(join, root, in_part, &facts);
 *	analyzer_join_free(join);
 *
 * The records are trusted no more than a worker's answer. Comments that suppress findings, and
 * .concur.yaml, are read below `root`, so that has to be there.
 */
struct analyzer_join;

struct analyzer_join *analyzer_join_new(void);
void analyzer_join_free(struct analyzer_join *join);
struct error *analyzer_join_add(struct analyzer_join *join, size_t place, const void *bytes,
				size_t n) ERROR_MUST_CHECK;
/* in_part: units are missing. The facts have no units and failures yet: the shards know them. */
struct error *analyzer_join_finish(struct analyzer_join *join, const char *root, bool in_part,
				   struct facts *ret) ERROR_MUST_CHECK;

/* Where a cache belongs: $XDG_CACHE_HOME/concur/analyzer, or the same below ~/.cache; NULL without
 * a home. Owned by the caller. */
char *analyzer_cache_dir(void);

/* Can libclang parse at all? (It "succeeds" without its builtin headers, with half of the tree.)
 * For concur doctor and every analysis. */
struct error *analyzer_self_test(void) ERROR_MUST_CHECK;
/* "libclang 19.1.7", owned by the caller. */
char *analyzer_version(void);

/* The table of checks, in the order in which they run. */
struct analyzer_check {
	const char *id;      /* as in struct fact, and docs/rules/ID.md */
	const char *title;   /* "Blocking call" */
	const char *meaning; /* one line, no full stop */
	bool is_note;        /* something to know, not something to mend */
};

size_t analyzer_checks(void);
const struct analyzer_check *analyzer_check(size_t i);            /* NULL: no such */
const struct analyzer_check *analyzer_check_find(const char *id); /* NULL: no such */

#endif
