/*
 * Whatever bytes a history has: an answer or an error. An input that begins like a database is the
 * whole file; any other is a list of changes to a sound one, four bytes each: where (three), what.
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

static char dir[] = "/dev/shm/concur-fuzz-XXXXXX";
static char *path;
static struct strbuf sound;

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

static struct error *store_some(struct db *db)
{
	struct error *err = NULL;

	for (int i = 0; !err && i < 3; i++) {
		CLEANUP(run_clear)
		struct run run = { .command = xstrdup("analyze"), .started_ns = i };

		uuid7(run.id);
		run.target.git_commit = xstrdup("1f00ba5e1f00ba5e");
		run.facts.analysed = true;
		for (int f = 0; f < 20; f++)
			vec_push(&run.facts, ((struct fact){ .check = xstrdup("blocking-call"),
							     .file = xasprintf("f%d.c", f / 7),
							     .line = f + i,
							     .symbol = xstrdup("recv") }));
		err = db_store(db, &run);
	}
	return err;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct db *db;

	(void)argc, (void)argv;
	if (!mkdtemp(dir))
		return 1;
	atexit(remove_dir);
	path = path_join(dir, "history.db");
	stop_on(db_open(path, DB_WRITE, &db));
	stop_on(store_some(db));
	db_close(db);
	stop_on(file_read(path, &sound));
	return 0;
}

static void write_input(const uint8_t *bytes, size_t n)
{
	CLEANUP(cleanup_free) char *file = NULL;

	if (n >= 6 && !memcmp(bytes, "SQLite", 6)) {
		stop_on(file_write(path, bytes, n));
		return;
	}
	file = xmalloc(sound.len);
	memcpy(file, sound.s, sound.len);
	for (; n >= 4; bytes += 4, n -= 4)
		file[(bytes[0] << 16 | bytes[1] << 8 | bytes[2]) % sound.len] = (char)bytes[3];
	stop_on(file_write(path, file, sound.len));
}

/* As runs, show and compare do; when writing, as advise does. */
static struct error *use(struct db *db, enum db_mode mode)
{
	CLEANUP(history_clear) struct history history = { 0 };
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(comparison_clear) struct comparison comparison = { 0 };
	struct error *err = db_list(db, 0, &history);

	if (!err)
		err = db_load(db, "last", &a);
	if (!err)
		err = db_load(db, "1f00ba5e", &b);
	if (!err)
		compare_runs(&a, &b, &comparison);
	if (!err && mode == DB_WRITE)
		err = store_some(db);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(db_clear) struct db *db = NULL;
	enum db_mode mode = n % 2 ? DB_WRITE : DB_READ;
	struct error *err;

	write_input(bytes, n);
	err = db_open(path, mode, &db);
	if (!err)
		err = use(db, mode);
	error_free(err);
	return 0;
}
