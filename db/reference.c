#include "db/reference.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/db.h"
#include "db/identifier.h"

#define ID_DIGITS_MIN     4
#define COMMIT_DIGITS_MIN 7
#define CANDIDATES_SHOWN  4

/* "last" is 0 back, "last~2" is 2 back; false: something else. */
static bool parse_last(const char *ref, long long *back)
{
	char *end;

	if (strncmp(ref, "last", 4))
		return false;
	*back = 0;
	if (!ref[4])
		return true;
	if (ref[4] != '~' || !isdigit((unsigned char)ref[5]))
		return false;
	errno = 0;
	*back = strtoll(ref + 5, &end, 10);
	return !*end && !errno;
}

static struct error *step_number(struct query *q, bool *found, int64_t *ret)
{
	struct error *err = query_step(q, found);

	if (!err && *found)
		*ret = sqlite3_column_int64(q->stmt, 0);
	return err;
}

static struct error *find_last(const struct db *db, long long back, int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	int64_t n = 0;
	bool found;
	struct error *err = query_exec_int(db, "SELECT count(*) FROM run", &n);

	if (!err)
		err = query_open(db,
				 "SELECT run_no FROM run ORDER BY started_ns DESC, id DESC"
				 " LIMIT 1 OFFSET ?",
				 &q);
	if (err)
		return err;
	query_int(&q, back);
	err = step_number(&q, &found, ret);
	if (err || found)
		return err;
	if (!n)
		return error_hint(error_new(ERROR_USAGE, "no run in %s yet", db->path),
				  "run 'concur advise' first");
	return error_hint(error_new(ERROR_USAGE, "no run last~%lld: %s has %lld", back, db->path,
				    (long long)n),
			  "'concur runs' lists them");
}

static struct error *find_tag(const struct db *db, const char *name, bool *found, int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err = query_open(db, "SELECT run_no FROM tag WHERE name = ?", &q);

	if (err)
		return err;
	query_text(&q, name);
	return step_number(&q, found, ret);
}

static struct error *error_ambiguous(struct query *q, const char *ref)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };
	struct error *err = NULL;
	bool row = true;
	int n = 0;

	for (; !err && row; err = query_step(q, &row)) {
		char id[UUID_TEXT];

		if (n++ == CANDIDATES_SHOWN) {
			strbuf_add(&names, ", ...");
			break;
		}
		if (sqlite3_column_bytes(q->stmt, 1) != BLOB_SIZE)
			continue;
		identifier_text(sqlite3_column_blob(q->stmt, 1), id);
		strbuf_addf(&names, "%s%s", names.len ? ", " : "", id);
	}
	if (err)
		return err;
	return error_hint(error_new(ERROR_USAGE, "\"%s\" is the beginning of several runs: %s", ref,
				    strbuf_str(&names)),
			  "give more digits");
}

static struct error *find_id(const struct db *db, const char *ref, bool *found, int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];
	int64_t n;
	struct error *err;

	*found = false;
	if (identifier_range(ref, low, high) < ID_DIGITS_MIN)
		return NULL;
	err = query_open(db,
			 "SELECT run_no, id, count(*) OVER () FROM run WHERE id BETWEEN ? AND ?"
			 " ORDER BY started_ns DESC, id DESC",
			 &q);
	if (err)
		return err;
	query_blob(&q, low);
	query_blob(&q, high);
	err = step_number(&q, found, ret);
	if (err || !*found)
		return err;
	n = sqlite3_column_int64(q.stmt, 2);
	return n == 1 ? NULL : error_ambiguous(&q, ref);
}

#define OF_COMMIT                                                                                  \
	"SELECT run_no, min(git_commit) OVER (), max(git_commit) OVER ()"                          \
	" FROM run WHERE git_commit >= ?1 AND git_commit < ?1 || 'g'"

/* Several runs of one commit are no ambiguity (the newest counts), several commits are. */
static struct error *find_commit(const struct db *db, const char *ref, bool oldest, bool *found,
				 int64_t *ret)
{
	CLEANUP(query_clear) struct query q = { 0 };
	struct error *err;

	*found = false;
	if (strlen(ref) < COMMIT_DIGITS_MIN || ref[strspn(ref, "0123456789abcdef")])
		return NULL;
	err = query_open(db,
			 oldest ? OF_COMMIT " ORDER BY started_ns, id"
				: OF_COMMIT " ORDER BY started_ns DESC, id DESC",
			 &q);
	if (err)
		return err;
	query_text(&q, ref);
	err = step_number(&q, found, ret);
	if (err || !*found)
		return err;
	if (strcmp(query_column_text(&q, 1), query_column_text(&q, 2)))
		return error_hint(
			error_new(ERROR_USAGE, "\"%s\" is the beginning of several commits: %s, %s",
				  ref, query_column_text(&q, 1), query_column_text(&q, 2)),
			"give more digits");
	return NULL;
}

static struct error *resolve(const struct db *db, const char *ref, bool oldest, int64_t *ret_run_no)
{
	struct error *err;
	long long back;
	bool found;

	if (parse_last(ref, &back))
		return find_last(db, back, ret_run_no);
	err = find_tag(db, ref, &found, ret_run_no);
	if (!err && !found)
		err = find_id(db, ref, &found, ret_run_no);
	if (!err && !found)
		err = find_commit(db, ref, oldest, &found, ret_run_no);
	if (err || found)
		return err;
	return error_hint(error_new(ERROR_USAGE, "no run \"%s\" in %s", ref, db->path),
			  "'concur runs' lists them; a run is named by the first digits of its id "
			  "(4 or more), last, last~1, a tag, or a git commit (7 digits or more)");
}

struct error *reference_resolve(const struct db *db, const char *ref, int64_t *ret_run_no)
{
	return resolve(db, ref, false, ret_run_no);
}

struct error *reference_resolve_oldest(const struct db *db, const char *ref, int64_t *ret_run_no)
{
	return resolve(db, ref, true, ret_run_no);
}

/* What reads as another kind of reference would hide it, or be hidden. */
static struct error *check_tag(const char *name)
{
	uint8_t low[BLOB_SIZE], high[BLOB_SIZE];

	if (!*name || name[strcspn(name, " \t\r\n~")] || strstr(name, "..") ||
	    !strcmp(name, "last") || identifier_range(name, low, high) >= ID_DIGITS_MIN)
		return error_hint(
			error_new(ERROR_USAGE, "\"%s\" cannot be a tag", name),
			"a tag has no space, no \"~\" and no \"..\", and is neither \"last\" nor "
			"hexadecimal digits alone");
	return NULL;
}

struct error *db_tag(struct db *db, const char *ref, const char *name)
{
	CLEANUP(query_clear) struct query q = { 0 };
	int64_t run_no;
	struct error *err = check_tag(name);

	if (!err)
		err = reference_resolve(db, ref, &run_no);
	if (!err)
		err = query_open(db,
				 "INSERT INTO tag (name, run_no) VALUES (?, ?)"
				 " ON CONFLICT (name) DO UPDATE SET run_no = excluded.run_no",
				 &q);
	if (err)
		return err;
	query_text(&q, name);
	query_int(&q, run_no);
	return query_run(&q);
}
