#include "db/db.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "db/finding.h"
#include "db/identifier.h"
#include "db/parts.h"
#include "db/query.h"
#include "db/reference.h"

static struct error *load_documents(const struct db *db, int64_t run_no, char id[UUID_TEXT],
				    struct parts *parts)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err =
		query_open(db,
			   "SELECT r.id, r.document, m.document, w.document FROM run AS r"
			   " JOIN machine AS m USING (machine_no)"
			   " JOIN workload AS w USING (workload_no) WHERE run_no = ?",
			   &q);

	if (err)
		return err;
	query_int(&q, run_no);
	err = query_step(&q, &row);
	if (err)
		return err;
	if (!row || sqlite3_column_bytes(q.stmt, 0) != BLOB_SIZE)
		return error_new(ERROR_INPUT, "parts of it are missing");
	identifier_text(sqlite3_column_blob(q.stmt, 0), id);
	parts->document = xstrdup(query_column_text(&q, 1));
	parts->machine = xstrdup(query_column_text(&q, 2));
	parts->workload = xstrdup(query_column_text(&q, 3));
	return NULL;
}

static struct error *load_findings(const struct db *db, int64_t run_no, json_t *facts)
{
	CLEANUP(query_clear) struct query q = { 0 };
	bool row = false;
	struct error *err = query_open(db,
				       "SELECT file, " FINDING_COLUMNS
				       " FROM run_source JOIN source USING (source_no)"
				       " JOIN finding USING (source_no) WHERE run_no = ?"
				       " ORDER BY position, finding_no",
				       &q);

	if (err)
		return err;
	query_int(&q, run_no);
	while (!(err = query_step(&q, &row)) && row) {
		if (json_array_append_new(facts, finding_read(&q, 0)) < 0)
			return error_new(ERROR_INPUT, "finding %zu cannot be read",
					 json_array_size(facts));
	}
	return err;
}

static struct error *load_run(const struct db *db, int64_t run_no, bool findings, struct run *ret)
{
	CLEANUP(parts_clear) struct parts parts = { .facts = json_array() };
	CLEANUP(run_clear) struct run run = { 0 };
	char id[UUID_TEXT];
	struct error *err = load_documents(db, run_no, id, &parts);

	if (!err && findings)
		err = load_findings(db, run_no, parts.facts);
	if (!err)
		err = parts_join(&parts, &run);
	if (!err && strcasecmp(id, run.id))
		err = error_new(ERROR_INPUT, "its document says it is %s", run.id);
	if (err)
		return err;
	*ret = run;
	run = (struct run){ 0 };
	return NULL;
}

/* All of it from one state of the database, whatever is written meanwhile. */
static struct error *load(struct db *db, const char *ref, bool findings, struct run *ret)
{
	int64_t run_no;
	struct error *err = query_exec(db, "BEGIN");

	if (err)
		return err;
	err = reference_resolve(db, ref, &run_no);
	if (!err) {
		err = load_run(db, run_no, findings, ret);
		if (err)
			err = error_wrap(err, "cannot read run %s of %s", ref, db->path);
	}
	sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

struct error *db_load(struct db *db, const char *ref, struct run *ret)
{
	return load(db, ref, true, ret);
}

struct error *db_load_figures(struct db *db, const char *ref, struct run *ret)
{
	return load(db, ref, false, ret);
}

static struct estimate column_estimate(const struct query *q, int column)
{
	int64_t n = sqlite3_column_int64(q->stmt, column + 3);

	if (n <= 0 || sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
		return (struct estimate){ NAN, NAN, NAN, 0 };
	return (struct estimate){ sqlite3_column_double(q->stmt, column),
				  sqlite3_column_double(q->stmt, column + 1),
				  sqlite3_column_double(q->stmt, column + 2), (size_t)n };
}

static void read_row(const struct query *q, struct history_row *row)
{
	*row = (struct history_row){ .started_ns = sqlite3_column_int64(q->stmt, 1),
				     .program = xstrdup(query_column_text(q, 2)),
				     .command = xstrdup(query_column_text(q, 3)),
				     .git_commit = xstrdup(query_column_text(q, 4)),
				     .verdict = xstrdup(query_column_text(q, 5)),
				     .model = xstrdup(query_column_text(q, 6)),
				     .row = xstrdup(query_column_text(q, 7)),
				     .workers = sqlite3_column_int(q->stmt, 8),
				     .speedup = column_estimate(q, 9),
				     .source = xstrdup(query_column_text(q, 13)) };
	if (sqlite3_column_bytes(q->stmt, 0) == BLOB_SIZE)
		identifier_text(sqlite3_column_blob(q->stmt, 0), row->id);
}

struct error *db_list(struct db *db, size_t limit, struct history *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	CLEANUP(history_clear) struct history history = { 0 };
	bool row = false;
	struct error *err = query_open(db,
				       "SELECT id, started_ns, program, command, git_commit,"
				       " verdict, model, table_row, workers, speedup, low, high, n,"
				       " CASE WHEN program IS NULL"
				       " THEN json_extract(document, '$.target.build_dir') END"
				       " FROM run ORDER BY started_ns DESC, id DESC LIMIT ?",
				       &q);

	if (err)
		return err;
	query_int(&q, limit && limit < INT64_MAX ? (int64_t)limit : -1);
	while (!(err = query_step(&q, &row)) && row)
		read_row(&q, vec_add(&history));
	if (err)
		return err;
	*ret = history;
	history = (struct history){ 0 };
	return NULL;
}
