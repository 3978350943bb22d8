/*
 * compdb.h - the compile database: which files are built, and how
 *
 * Entries are made absolute, cleaned of what only matters for writing output, and equal ones are
 * merged. Only C is kept; C++ is counted so that the caller can say it was left out. Ownership: all
 * strings owned; compdb_clear() frees.
 */
#ifndef ANALYZER_COMPDB_H
#define ANALYZER_COMPDB_H

#include <stdbool.h>

#include "base/error.h"
#include "model/workload.h"

struct compdb_entry {
	char *directory;     /* absolute; the compiler ran there */
	char *file;          /* absolute */
	char *output;        /* absolute: what the compiler made; NULL: it is not told */
	char *source;        /* the text to parse in place of the file's, or NULL */
	struct strings argv; /* compiler first, without the file and output options */
};

struct compdb {
	VEC_FIELDS(struct compdb_entry);
	char *directory; /* holds compile_commands.json; absolute */
	char *root; /* the deepest directory with all sources and the database; paths are told from here */
	struct strings not_c;
};

/* build_dir and start_dir as in struct analyzer_options. */
struct error *compdb_load(const char *build_dir, const char *start_dir,
			  struct compdb *ret) ERROR_MUST_CHECK;
/* From the JSON text alone, for tests and fuzzing; relative directories are below `directory`. */
struct error *compdb_parse(const char *json, size_t n, const char *directory,
			   struct compdb *ret) ERROR_MUST_CHECK;
/* No database: each file is compiled in the working directory with these flags (NULL-terminated). */
struct error *compdb_of_files(char *const *files, size_t n, char *const *flags,
			      struct compdb *ret) ERROR_MUST_CHECK;
/* Keep what is named here, as a file or as a directory above it. Each must name something. */
struct error *compdb_select(struct compdb *db, char *const *files, size_t n) ERROR_MUST_CHECK;
/* Keep each n-th entry, from the i-th, which counts from 1. */
void compdb_shard(struct compdb *db, unsigned i, unsigned n);
/* Where the k-th unit of that shard is in the whole list. */
size_t compdb_place(size_t k, unsigned i, unsigned n);
/* Is the argument after this option its value? */
bool compdb_takes_value(const char *arg);
void compdb_entry_clear(struct compdb_entry *entry);
void compdb_clear(struct compdb *db);

#endif
