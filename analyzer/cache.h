/*
 * cache.h - what a translation unit said the last time
 *
 * One file a unit, named by what decides how it is read: this program's and libclang's version, the
 * compile command and its directory. It holds the digests of all files the unit read: the entry is
 * good only if each still has that content, so times do not matter, and a changed header costs
 * exactly its includers. It also holds a digest of which headers lie in the directories that the unit
 * looks into, those of the system left out: a new one may come first on the include path, or make
 * __has_include true. Damaged entries are as good as none. Units that could not be
 * read in full are not kept. Ownership: cache_clear() frees all. No locking; concurrent runs are
 * fine, for files are replaced whole.
 */
#ifndef ANALYZER_CACHE_H
#define ANALYZER_CACHE_H

#include "analyzer/compdb.h"
#include "analyzer/record.h"
#include "analyzer/tu.h"
#include "base/digest.h"

struct cache_file;

struct cache {
	char *directory; /* NULL: nothing is kept */
	char *version;
	struct cache_file *files; /* digests of this run, by path */
	struct cache_file *dirs;  /* the same of directories: of the names of headers in them */
	bool in_part;             /* a unit of this run could not be kept */
};

/* The directory is made when something is stored. */
void cache_init(struct cache *c, const char *directory);
void cache_clear(struct cache *c);
/* False: parse it. */
bool cache_load(struct cache *c, const struct compdb_entry *entry, struct tu *ret);
/* Best effort: a cache that cannot be written is no error. */
void cache_store(struct cache *c, const struct compdb_entry *entry, const struct tu *tu);

/* Every file and directory that this run looked at, as it was then. */
void cache_seen_put(const struct cache *c, struct strbuf *out);
/* Reads what cache_seen_put() wrote, and looks again. */
bool cache_seen_unchanged(struct cache *c, struct record_reader *r);

#endif
