/*
 * shards.c - a large project's shards, made of a small one's
 *
 *	bench_db_shards SEED COPIES SHARDS DIR
 *
 * SEED is a history with one shard 1/1 of a real project. DIR/shardI.db get what SHARDS processes would have found in a project of
 * COPIES such programs, each in a directory of its own (ROOT/copyK) and with functions and variables of its own; the C
 * library is common to all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/tu.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "db/shards.h"

struct seed {
	struct db_shards shards;
	struct run run;
	struct unit_records records;
};

static struct error *keep(void *data, size_t place, const void *bytes, size_t n)
{
	struct seed *seed = data;
	char *copy = xmalloc(n);

	memcpy(copy, bytes, n);
	vec_push(&seed->records, ((struct unit_record){ place, copy, n }));
	return NULL;
}

static struct error *read_seed(const char *path, struct seed *ret)
{
	CLEANUP(db_clear) struct db *db = NULL;
	struct error *err = db_open(path, DB_READ, &db);

	err = err ? err : db_shards_find(db, path, &ret->shards);
	err = err ? err : db_shards_check(&ret->shards);
	if (!err && ret->shards.n != 1)
		err = error_new(ERROR_USAGE, "%s has no shard 1/1", path);
	err = err ? err : db_load(db, ret->shards.items[0].id, &ret->run);
	return err ? err : db_shard_records(db, &ret->shards.items[0], keep, ret);
}

/* A string with the copy's number; each is made once. */
static uint32_t renamed(struct tu *tu, uint32_t *known, uint32_t offset, const char *root,
			size_t copy)
{
	CLEANUP(cleanup_free) char *text = xstrdup(tu_string(tu, offset));
	size_t n = root ? strlen(root) : 0;

	if (!offset || known[offset])
		return offset ? known[offset] : 0;
	known[offset] = offset;
	if (root && strncmp(text, root, n) != 0)
		return offset;
	known[offset] = (uint32_t)tu->strings.len;
	if (root)
		strbuf_addf(&tu->strings, "%s/copy%zu%s", root, copy, text + n);
	else
		strbuf_addf(&tu->strings, "%s copy%zu", text, copy);
	strbuf_addch(&tu->strings, '\0');
	return known[offset];
}

static struct error *copy_unit(const struct unit_record *record, const char *root, size_t copy,
			       struct strbuf *ret)
{
	CLEANUP(tu_clear) struct tu tu = { 0 };
	struct error *err = tu_read(record->bytes, record->n, &tu);
	CLEANUP(cleanup_free) uint32_t *files = xcalloc(tu.strings.len + 1, sizeof(*files));
	CLEANUP(cleanup_free) uint32_t *keys = xcalloc(tu.strings.len + 1, sizeof(*keys));

	if (err)
		return err;
	vec_each (&tu.symbols, s) {
		s->file = renamed(&tu, files, s->file, root, copy);
		if (!(s->flags & SYMBOL_SYSTEM))
			s->key = renamed(&tu, keys, s->key, NULL, copy);
	}
	vec_each (&tu.events, e)
		e->file = renamed(&tu, files, e->file, root, copy);
	vec_each (&tu.includes, include)
		*include = renamed(&tu, files, *include, root, copy);
	tu.file = renamed(&tu, files, tu.file, root, copy);
	tu_write(&tu, ret);
	return NULL;
}

/* Shard i of n has each n-th unit of the whole list, as analyze --shard does it. */
static struct error *make_shard(const struct seed *seed, size_t copies, size_t i, size_t n,
				const char *dir)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(cleanup_free) char *path = xasprintf("%s/shard%zu.db", dir, i);
	const char *root = seed->shards.items[0].root;
	struct error *err = db_open(path, DB_WRITE, &db);

	uuid7(run.id);
	run.started_ns = seed->run.started_ns;
	run.command = xstrdup("analyze");
	run.tool_version = xstrdup(CONCUR_VERSION);
	run.target.git_dirty = -1;
	run.facts.analysed = true;
	run.facts.campaign = xstrdup("bench");
	run.facts.root = xstrdup(root);
	run.facts.shard = (int)i;
	run.facts.shards = (int)n;
	for (size_t place = i - 1; !err && place < copies * seed->records.n; place += n) {
		struct strbuf bytes = { 0 };
		size_t size;

		err = copy_unit(&seed->records.items[place % seed->records.n], root,
				place / seed->records.n, &bytes);
		size = bytes.len;
		vec_push(&run.facts.records,
			 ((struct unit_record){ place, strbuf_detach(&bytes), size }));
		run.facts.units++;
	}
	return err ? err : db_store(db, &run);
}

int main(int argc, char **argv)
{
	struct seed seed = { 0 };
	struct error *err;
	size_t copies, shards;

	if (argc != 5)
		return 2;
	copies = strtoul(argv[2], NULL, 10);
	shards = strtoul(argv[3], NULL, 10);
	err = read_seed(argv[1], &seed);
	for (size_t i = 1; !err && i <= shards; i++)
		err = make_shard(&seed, copies, i, shards, argv[4]);
	if (err)
		fprintf(stderr, "%s\n", err->message);
	else
		printf("%zu\n", copies * seed.records.n);
	return err ? 1 : 0;
}
