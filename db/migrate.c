#include "db/migrate.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "model/workload.h"

extern const char db_schema_sql[], db_schema_2_sql[], db_schema_3_sql[], db_views_sql[];

static const char *const steps[] = { db_schema_sql, db_schema_2_sql, db_schema_3_sql };

const struct schema schema_current = { steps, sizeof(steps) / sizeof(*steps), db_views_sql };

static struct error *error_foreign(const struct db *db)
{
	return error_hint(error_new(ERROR_INPUT, "%s is a database of another program", db->path),
			  "choose another file with --db FILE");
}

struct error *schema_state(const struct db *db, const struct schema *schema, enum schema_state *ret)
{
	int64_t application = 0, version = 0, objects = 0;
	struct error *err = query_exec_int(db, "PRAGMA application_id", &application);

	if (!err)
		err = query_exec_int(db, "PRAGMA user_version", &version);
	if (!err)
		err = query_exec_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
	if (err)
		return err;
	if (!application && !version && !objects) {
		*ret = SCHEMA_EMPTY;
		return NULL;
	}
	if (application != APPLICATION_ID || version < 1)
		return error_foreign(db);
	if (version > (int64_t)schema->n)
		return error_hint(error_new(ERROR_INPUT,
					    "%s was written by a newer concur (schema %lld, this "
					    "one knows %zu)",
					    db->path, (long long)version, schema->n),
				  "update concur, or choose another file with --db FILE");
	*ret = version == (int64_t)schema->n ? SCHEMA_READY : SCHEMA_OLD;
	return NULL;
}

/* In one transaction of the caller's. Another process may have been faster: state is read again. */
static struct error *apply(const struct db *db, const struct schema *schema)
{
	CLEANUP(cleanup_free)
	char *header = xasprintf("PRAGMA application_id = %d;"
				 "PRAGMA user_version = %zu",
				 APPLICATION_ID, schema->n);
	enum schema_state state;
	int64_t version = 0;
	struct error *err = schema_state(db, schema, &state);

	if (err || state == SCHEMA_READY)
		return err;
	err = query_exec_int(db, "PRAGMA user_version", &version);
	for (size_t i = (size_t)version; !err && i < schema->n; i++)
		err = query_exec(db, schema->steps[i]);
	if (!err)
		err = query_exec(db, schema->views);
	if (!err)
		err = query_exec(db, header);
	return err;
}

static struct error *copy_into(const struct db *db, const char *copy)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = query_open(db, "VACUUM INTO ?", &q);

	if (err)
		return err;
	query_text(&q, copy);
	return query_run(&q);
}

/* Under its name only when it is whole. */
static struct error *keep_copy(const struct db *db)
{
	CLEANUP(cleanup_free) char *copy = NULL;
	CLEANUP(cleanup_free) char *partial = NULL;
	int64_t version = 0;
	struct error *err = query_exec_int(db, "PRAGMA user_version", &version);

	if (err)
		return err;
	copy = xasprintf("%s.v%lld.bak", db->path, (long long)version);
	partial = xasprintf("%s.partial", copy);
	unlink(partial);
	err = copy_into(db, partial);
	if (!err && rename(partial, copy) < 0)
		err = error_errno("cannot rename %s", partial);
	if (err)
		unlink(partial);
	return err ? error_wrap(err, "cannot keep a copy of the history as %s", copy) : NULL;
}

struct error *schema_migrate(const struct db *db, const struct schema *schema)
{
	enum schema_state state;
	struct error *err = schema_state(db, schema, &state);

	if (!err && state == SCHEMA_OLD)
		err = keep_copy(db);
	if (!err)
		err = query_exec(db, "BEGIN IMMEDIATE");
	if (err)
		return err;
	err = apply(db, schema);
	if (!err)
		err = query_exec(db, "COMMIT");
	if (err)
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* What the steps make, in memory. */
static struct error *build_reference(const struct schema *schema, struct db *reference)
{
	int rc = sqlite3_open_v2(":memory:", &reference->sqlite,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
				 NULL);
	struct error *err = rc == SQLITE_OK ? NULL : query_error(reference, rc);

	for (size_t i = 0; !err && i < schema->n; i++)
		err = query_exec(reference, schema->steps[i]);
	return err;
}

static void close_reference(struct db *reference)
{
	sqlite3_close(reference->sqlite);
}

/* The tables of a schema, name and SQL in turns. Made once in a process: a merge opens many files. */
static struct {
	const struct schema *schema;
	struct strings tables;
} known;

static struct error *know_tables(const struct schema *schema)
{
	CLEANUP(close_reference) struct db reference = { .path = "the schema" };
	CLEANUP(strings_clear) struct strings tables = { 0 };
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = known.schema == schema ? NULL : build_reference(schema, &reference);
	bool row = false;

	if (err || known.schema == schema)
		return err;
	err = query_open(&reference, "SELECT name, sql FROM sqlite_schema WHERE type = 'table'",
			 &q);
	while (!err && !(err = query_step(&q, &row)) && row) {
		strings_add(&tables, query_column_text(&q, 0));
		strings_add(&tables, query_column_text(&q, 1));
	}
	if (err)
		return err;
	strings_clear(&known.tables);
	known.tables = tables;
	known.schema = schema;
	tables = (struct strings){ 0 };
	return NULL;
}

static struct error *check_table(const struct db *db, struct query *found, const char *name,
				 const char *sql)
{
	const char *own;
	bool there = false;
	struct error *err;

	query_text(found, name);
	err = query_step(found, &there);
	own = !err && there ? query_column_text(found, 0) : NULL;
	if (!err && (!own || strcmp(own, sql)))
		err = error_hint(error_new(ERROR_INPUT, "the tables of %s are not those of concur",
					   db->path),
				 "move it away to start a new history, or choose another file with "
				 "--db FILE");
	query_reset(found);
	return err;
}

struct error *schema_verify(const struct db *db, const struct schema *schema)
{
	CLEANUP(query_clear) struct query found = { 0 };
	struct error *err = know_tables(schema);

	if (!err)
		err = query_open(db,
				 "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?",
				 &found);
	for (size_t i = 0; !err && i + 1 < known.tables.n; i += 2)
		err = check_table(db, &found, known.tables.items[i], known.tables.items[i + 1]);
	return err;
}
