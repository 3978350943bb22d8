/*
 * The reader of compile databases: whatever it takes has absolute paths, a compiler, and a root above
 * all files; shards take it apart without loss.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/compdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || n == 1);
}

static void check(const struct compdb *db)
{
	vec_each (db, entry) {
		if (entry->directory[0] != '/' || entry->file[0] != '/' || !entry->argv.n)
			abort();
		if (!is_below(entry->file, db->root) && strcmp(db->root, db->directory) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t all = 0, seen = 0;

	for (unsigned shard = 0; shard <= 3; shard++) {
		struct compdb db = { 0 };
		struct error *err = compdb_parse((const char *)data, size, "/nowhere/build", &db);

		error_free(err);
		if (err)
			break;
		check(&db);
		if (shard)
			compdb_shard(&db, shard, 3);
		*(shard ? &seen : &all) += db.n + db.not_c.n;
		compdb_clear(&db);
	}
	if (seen != all)
		abort();
	return 0;
}
