#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "db/migrate.h"
#include "db/query.h"

#define BUSY_MS 10000

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close(db->sqlite);
	free(db->path);
	free(db);
}

void db_clear(struct db **db)
{
	db_close(*db);
	*db = NULL;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static bool has_entry(const char *dir, const char *name)
{
	CLEANUP(cleanup_free) char *path = path_join(dir, name);

	return file_exists(path);
}

char *db_default_path(const char *dir)
{
	CLEANUP(cleanup_free) char *start = path_absolute(dir);
	CLEANUP(cleanup_free) char *at = xstrdup(start);
	const char *set = getenv("CONCUR_DB");

	if (set && *set)
		return xstrdup(set);
	while (!has_entry(at, ".concur") && !has_entry(at, ".git")) {
		char *up;

		if (!strcmp(at, "/"))
			return path_join(start, ".concur/history.db");
		up = directory_of(at);
		free(at);
		at = up;
	}
	return path_join(at, ".concur/history.db");
}

static struct error *error_missing(const char *path)
{
	return error_hint(error_new(ERROR_USAGE, "no history at %s", path),
			  "run 'concur advise' first, or name another file with --db FILE");
}

/* ".concur" keeps itself out of the project's version control. */
static struct error *prepare_directory(const char *dir)
{
	CLEANUP(cleanup_free) char *ignore = path_join(dir, ".gitignore");
	const char *slash = strrchr(dir, '/');

	if (strcmp(slash ? slash + 1 : dir, ".concur"))
		return NULL;
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return error_reclass(error_errno("cannot make %s", dir), ERROR_USAGE);
	return file_exists(ignore) ? NULL : file_write(ignore, "*\n", 2);
}

/* SQLite finds out much later, and says less. */
static struct error *check_writable(const char *path, bool there)
{
	CLEANUP(cleanup_free) char *dir = directory_of(path);
	const char *refused = NULL;

	if (!file_exists(dir))
		return error_hint(
			error_new(ERROR_USAGE, "cannot write %s: no directory %s", path, dir),
			"make it with 'mkdir -p %s'", dir);
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		refused = dir;
	else if (there && faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0)
		refused = path;
	if (!refused)
		return NULL;
	return error_hint(error_reclass(error_errno("cannot write %s", refused), ERROR_USAGE),
			  "choose another place for the history with --db FILE or CONCUR_DB");
}

/* Before SQLite sees the path: opening a pipe would hang, and a directory says "cannot open". */
static struct error *check_path(const char *path, enum db_mode mode)
{
	CLEANUP(cleanup_free) char *dir = directory_of(path);
	struct stat st;
	bool there = stat(path, &st) == 0;
	struct error *err;

	if (!there && errno != ENOENT && errno != ENOTDIR)
		return error_reclass(error_errno("cannot open %s", path), ERROR_USAGE);
	if (there && !S_ISREG(st.st_mode))
		return error_hint(
			error_new(ERROR_USAGE, "%s is %s", path,
				  S_ISDIR(st.st_mode) ? "a directory" : "not a regular file"),
			"name a file with --db FILE");
	if (mode == DB_READ) {
		if (!there)
			return error_missing(path);
		if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
			return error_reclass(error_errno("cannot read %s", path), ERROR_USAGE);
		return NULL;
	}
	err = there ? NULL : prepare_directory(dir);
	return err ? err : check_writable(path, there);
}

/* Percent-encoded, so that no character of the path means anything. */
static char *immutable_uri(const char *path)
{
	struct strbuf sb = { 0 };

	strbuf_add(&sb, "file:");
	for (const char *p = path; *p; p++)
		strbuf_addf(&sb, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned char)*p);
	strbuf_add(&sb, "?immutable=1");
	return strbuf_detach(&sb);
}

static struct error *connect_to(struct db *db, const char *name, int flags)
{
	int rc;

	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	rc = sqlite3_open_v2(name, &db->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			     NULL);
	return rc == SQLITE_OK ? NULL : query_error(db, rc);
}

/*
 * The file may come from anywhere. No SQL of its own (triggers, views, functions in its schema) is
 * run, its schema cannot be edited, and sizes are bounded. What damage may do is in
 * docs/decisions/history-in-sqlite.md.
 */
static struct error *harden(struct db *db)
{
	static const struct {
		int limit, value;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, 256 << 20 }, { SQLITE_LIMIT_SQL_LENGTH, 1 << 20 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },   { SQLITE_LIMIT_COMPOUND_SELECT, 20 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 20 },  { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 5 },  { SQLITE_LIMIT_VARIABLE_NUMBER, 100 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(db->sqlite, limits[i].limit, limits[i].value);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	return query_exec(db, "PRAGMA cell_size_check = ON;"
			      "PRAGMA mmap_size = 0;"
			      "PRAGMA synchronous = NORMAL;"
			      "PRAGMA temp_store = MEMORY");
}

/* Once the connection is set up, nothing but reading and writing rows is left to do. */
static int authorize(void *unused, int action, const char *a, const char *b, const char *c,
		     const char *d)
{
	(void)unused, (void)a, (void)b, (void)c, (void)d;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_TRANSACTION:
		return SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

void db_restrict(struct db *db, bool rows_only)
{
	sqlite3_set_authorizer(db->sqlite, rows_only ? authorize : NULL, NULL);
}

/* Somebody else's file is read through once: a damaged page is then found now, not half-way. */
static struct error *check_foreign(const struct db *db)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct stat st;
	bool row = false;
	struct error *err;

	if (stat(db->path, &st) == 0 && st.st_uid == geteuid())
		return NULL;
	err = query_open(db, "PRAGMA quick_check(1)", &q);
	if (!err)
		err = query_step(&q, &row);
	if (!err && row && strcmp(query_column_text(&q, 0), "ok"))
		err = error_hint(error_new(ERROR_INPUT, "%s is damaged (%s)", db->path,
					   query_column_text(&q, 0)),
				 "ask its owner for a sound copy");
	return err;
}

/*
 * WAL only once the tables are there: a file killed in between has them or is empty. A busy
 * neighbour may refuse the change; the history then works as well, and the next writer changes it.
 */
static struct error *use_wal(const struct db *db)
{
	int rc = sqlite3_exec(db->sqlite, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? NULL : query_error(db, rc);
}

static struct error *set_up(struct db *db, enum db_mode mode)
{
	enum schema_state state;
	struct error *err = schema_state(db, &schema_current, &state);

	if (err)
		return err;
	if (mode == DB_WRITE) {
		if (state != SCHEMA_READY)
			err = schema_migrate(db, &schema_current);
		if (!err)
			err = use_wal(db);
	} else if (state == SCHEMA_EMPTY) {
		err = error_missing(db->path);
	} else if (state == SCHEMA_OLD) {
		err = error_hint(
			error_new(ERROR_INPUT, "%s was written by an older concur", db->path),
			"any command that stores a run brings it up to date and keeps a "
			"copy");
	} else {
		err = query_exec(db, "PRAGMA query_only = ON");
	}
	if (!err)
		err = check_foreign(db);
	if (!err)
		err = schema_verify(db, &schema_current);
	if (err)
		return err;
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
	db_restrict(db, true);
	return NULL;
}

/* A WAL database in a directory that cannot be written can be read if no WAL is left over. */
static bool can_be_read_as_is(const struct db *db)
{
	CLEANUP(cleanup_free) char *wal = xasprintf("%s-wal", db->path);
	struct stat st;
	int code = sqlite3_errcode(db->sqlite) & 0xff;

	return (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) &&
	       (stat(wal, &st) < 0 || st.st_size == 0);
}

/*
 * Only a connection that may write takes -wal and -shm away again when it is the last to close;
 * query_only and the authorizer see to it that it changes no row.
 */
static int reading_flags(const char *path)
{
	CLEANUP(cleanup_free) char *dir = directory_of(path);
	struct stat st;
	bool ours = stat(path, &st) == 0 && st.st_uid == geteuid() &&
		    faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 &&
		    faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;

	return ours ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
}

static struct error *open_for_reading(struct db *db)
{
	CLEANUP(cleanup_free) char *uri = immutable_uri(db->path);
	struct error *err = connect_to(db, db->path, reading_flags(db->path));
	int64_t objects;

	if (!err)
		err = harden(db);
	if (!err)
		err = query_exec_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
	if (!err || !can_be_read_as_is(db))
		return err;
	error_free(err);
	err = connect_to(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	return err ? err : harden(db);
}

static struct error *open_for_writing(struct db *db)
{
	struct error *err = connect_to(db, db->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	return err ? err : harden(db);
}

struct error *db_open(const char *path, enum db_mode mode, struct db **ret)
{
	CLEANUP(db_clear) struct db *db = xcalloc(1, sizeof(*db));
	struct error *err;

	db->path = path_absolute(path);
	err = check_path(db->path, mode);
	if (!err)
		err = mode == DB_READ ? open_for_reading(db) : open_for_writing(db);
	if (!err)
		err = set_up(db, mode);
	if (err)
		return err;
	*ret = MOVE(db);
	return NULL;
}

const char *db_library_version(void)
{
	return sqlite3_libversion();
}
