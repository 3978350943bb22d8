/*
 * Whatever bytes a history has: an answer or an error. An input that begins like a database is the
 * whole file; any other is a list of changes to a sound one, four bytes each: where (three), what. What is left
 * over says which one, and whether it is written to.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "db/compare.h"
#include "db/db.h"
#include "db/trend.h"
#include "model/run_json.h"

#define RUNS   3
#define SOUND  2 /* histories to change: of analyses, and of a run with all that a run may have */
#define RUN_ID "0190d5a2" /* of FULL_RUN */

static char dir[] = "/dev/shm/concur-fuzz-XXXXXX";
static char *path;
static struct strbuf sound[SOUND];

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void stop_on(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "%s\n", err->message);
	abort();
}

static int remove_entry(const char *entry, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(entry);
}

static void remove_dir(void)
{
	nftw(dir, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

/* SQLite allocates a great deal: most of the time went into keeping who did. */
const char *__asan_default_options(void)
{
	return "malloc_context_size=2:quarantine_size_mb=16";
}

static struct error *store_one(struct db *db, int i)
{
	CLEANUP(run_clear) struct run run = { .command = xstrdup("analyze"), .started_ns = i };

	uuid7(run.id);
	run.target.git_commit = xstrdup("1f00ba5e1f00ba5e");
	run.facts.analysed = true;
	for (int f = 0; f < 6; f++)
		vec_push(&run.facts, ((struct fact){ .check = xstrdup("blocking-call"),
						     .file = xasprintf("f%d.c", f / 3),
						     .line = f + i,
						     .symbol = xstrdup("recv") }));
	return db_store(db, &run);
}

static struct error *store_full(struct db *db)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(run_clear) struct run run = { 0 };
	struct error *err = file_read(FULL_RUN, &text);

	err = err ? err : run_json_parse(strbuf_str(&text), text.len, &run);
	err = err ? err : db_store(db, &run);
	return err ? err : db_tag(db, RUN_ID, "full");
}

static void make_sound(int which)
{
	struct db *db;

	stop_on(db_open(path, DB_WRITE, &db));
	for (int i = 0; i < RUNS && !which; i++)
		stop_on(store_one(db, i));
	if (which)
		stop_on(store_full(db));
	db_close(db);
	stop_on(file_read(path, &sound[which]));
	unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (!mkdtemp(dir))
		return 1;
	atexit(remove_dir);
	path = path_join(dir, "history.db");
	for (int i = 0; i < SOUND; i++)
		make_sound(i);
	return 0;
}

static void write_input(const uint8_t *bytes, size_t n, const struct strbuf *base)
{
	CLEANUP(cleanup_free) char *file = NULL;

	if (n >= 6 && !memcmp(bytes, "SQLite", 6)) {
		stop_on(file_write(path, bytes, n));
		return;
	}
	file = xmalloc(base->len);
	memcpy(file, base->s, base->len);
	for (; n >= 4; bytes += 4, n -= 4)
		file[(bytes[0] << 16 | bytes[1] << 8 | bytes[2]) % base->len] = (char)bytes[3];
	stop_on(file_write(path, file, base->len));
}

/* As runs, show, compare and history do; when writing, as advise does. */
static struct error *use(struct db *db, enum db_mode mode)
{
	CLEANUP(history_clear) struct history history = { 0 };
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison comparison = { 0 };
	CLEANUP(trend_clear) struct trend trend = { 0 };
	struct error *err = db_list(db, 0, &history);

	if (!err)
		err = db_load(db, "last", &a);
	if (!err)
		err = db_load(db, history.n > 1 ? "1f00ba5e" : "full", &b);
	if (!err)
		compare_runs(&a, &b, &comparison);
	if (!err && mode == DB_WRITE)
		err = store_one(db, RUNS);
	return err ? err : db_trend(db, NULL, 0, &trend);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(db_clear) struct db *db = NULL;
	enum db_mode mode = n % 2 ? DB_WRITE : DB_READ;
	struct error *err;

	write_input(bytes, n, &sound[n / 2 % 2]);
	err = db_open(path, mode, &db);
	if (!err)
		err = use(db, mode);
	error_free(err);
	return 0;
}
