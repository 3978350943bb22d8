#include "db/query.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"

struct error *query_open(const struct db *db, const char *sql, struct query *ret)
{
	struct query q = { .db = db };
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &q.stmt, NULL);

	if (rc != SQLITE_OK)
		return query_error(db, rc);
	*ret = q;
	return NULL;
}

void query_clear(struct query *q)
{
	sqlite3_finalize(q->stmt);
	*q = (struct query){ 0 };
}

static void bound(struct query *q, int rc)
{
	if (q->rc == SQLITE_OK)
		q->rc = rc;
}

void query_text(struct query *q, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	bound(q, sqlite3_bind_text64(q->stmt, ++q->bound, text, n, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void query_int(struct query *q, int64_t value)
{
	bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, value));
}

void query_uint(struct query *q, uint64_t value)
{
	query_int(q, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void query_real(struct query *q, double value)
{
	if (isfinite(value))
		bound(q, sqlite3_bind_double(q->stmt, ++q->bound, value));
	else
		query_null(q);
}

void query_blob(struct query *q, const uint8_t blob[BLOB_SIZE])
{
	bound(q, sqlite3_bind_blob(q->stmt, ++q->bound, blob, BLOB_SIZE, SQLITE_TRANSIENT));
}

void query_bytes(struct query *q, const void *bytes, size_t n)
{
	bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes, n, SQLITE_STATIC));
}

void query_null(struct query *q)
{
	bound(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

struct error *query_step(struct query *q, bool *ret)
{
	int rc = q->rc == SQLITE_OK ? sqlite3_step(q->stmt) : q->rc;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return query_error(q->db, rc);
	*ret = rc == SQLITE_ROW;
	return NULL;
}

void query_reset(struct query *q)
{
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	q->bound = 0;
	q->rc = SQLITE_OK;
}

struct error *query_run(struct query *q)
{
	bool row;
	struct error *err = query_step(q, &row);

	query_reset(q);
	return err;
}

const char *query_column_text(const struct query *q, int column)
{
	return (const char *)sqlite3_column_text(q->stmt, column);
}

struct error *query_exec(const struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? NULL : query_error(db, rc);
}

struct error *query_exec_int(const struct db *db, const char *sql, int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = query_open(db, sql, &q);
	bool row = false;

	if (!err)
		err = query_step(&q, &row);
	if (!err)
		*ret = row ? sqlite3_column_int64(q.stmt, 0) : 0;
	return err;
}

/* What the system said about the database, or about its log or journal: SQLite keeps it in one of
 * three places, and forgets the first when a commit fails. */
static int system_errno(const struct db *db)
{
	sqlite3_file *journal = NULL;
	int error = sqlite3_system_errno(db->sqlite);

	if (!error)
		sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
	if (!error)
		sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
	if (journal && journal->pMethods)
		journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error;
}

/* SQLite knows only ENOSPC as "full"; a quota and a file size limit are the same to the user. */
static bool is_full(const struct db *db, int rc)
{
	int error;

	if ((rc & 0xff) != SQLITE_IOERR)
		return (rc & 0xff) == SQLITE_FULL;
	error = system_errno(db);
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

struct error *query_error(const struct db *db, int rc)
{
	const char *path = db->path;

	if (is_full(db, rc))
		return error_hint(error_new(ERROR_MACHINE, "no space left for %s", path),
				  "free some space, or choose another place with --db FILE");
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return error_hint(error_new(ERROR_INPUT, "%s is not a database", path),
				  "choose another file with --db FILE");
	case SQLITE_CORRUPT:
		return error_hint(
			error_new(ERROR_INPUT, "%s is damaged (%s)", path,
				  sqlite3_errmsg(db->sqlite)),
			"move it away to start a new history; 'sqlite3 %s .recover' shows "
			"what can be saved",
			path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_hint(error_new(ERROR_MACHINE, "%s is locked by another process", path),
				  "wait until it has ended ('fuser %s' names it), then try again",
				  path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return error_hint(
			error_new(ERROR_USAGE, "cannot use %s (%s)", path, sqlite3_errstr(rc)),
			"see the rights of the file and its directory, or choose another "
			"place with --db FILE");
	case SQLITE_IOERR:
		return error_new(ERROR_MACHINE, "cannot read or write %s (%s)", path,
				 strerror(system_errno(db)));
	default:
		return error_new(ERROR_INPUT, "%s: %s", path, sqlite3_errmsg(db->sqlite));
	}
}

void digest_blob(struct digest d, uint8_t ret[BLOB_SIZE])
{
	for (int i = 0; i < 8; i++) {
		ret[i] = (uint8_t)(d.high >> (56 - 8 * i));
		ret[8 + i] = (uint8_t)(d.low >> (56 - 8 * i));
	}
}
