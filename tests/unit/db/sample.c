#include "sample.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"

void sample_id(int i, char ret[UUID_TEXT])
{
	snprintf(ret, UUID_TEXT, "019%05x-%04x-7000-8000-0123456789ab", (unsigned)i * 16,
		 (unsigned)i & 0xffff);
}

void sample_add_finding(struct run *run, const char *check, const char *file, int line,
			const char *function, const char *symbol)
{
	vec_push(&run->facts, ((struct fact){ .check = xstrdup(check),
					      .file = xstrdup(file),
					      .line = line,
					      .column = 5,
					      .function = xstrdup(function),
					      .symbol = xstrdup(symbol),
					      .effect = xstrdup("network"),
					      .detail = xstrdup("it blocks") }));
	run->facts.analysed = true;
}

void sample_add_findings(struct run *run, size_t n, size_t files, int version)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(cleanup_free) char *file = xasprintf("src/f%zu.c", i * files / n);
		CLEANUP(cleanup_free) char *function = xasprintf("work%zu", i);
		int line = (int)i + 1 + (i * files / n == 0 ? version : 0);

		sample_add_finding(run, "blocking-call", file, line, function, "recv");
	}
}

void sample_add_race(struct run *run, enum model model, int workers, size_t n, double wall_ns)
{
	struct race_entry *e = vec_add(&run->race);

	*e = (struct race_entry){ .model = model,
				  .workers = workers,
				  .outcome = OUTCOME_OK,
				  .isolation = xstrdup("exec"),
				  .speedup = { 2, 1.9, 2.1, n },
				  .cpu_ns_per_task = 1e6 / 3,
				  .pss_bytes = 1 << 20,
				  .p50_ns = 5000,
				  .p99_ns = 9000 };
	for (size_t i = 0; i < n; i++) {
		vec_push(&e->walls, wall_ns * (1 + 0.001 * (double)((i * 7) % 11) - 0.005));
		vec_push(&e->ratios, 2 + 0.01 * (double)i);
	}
	run->race.measured = true;
	run->race.conditions.noise = (struct estimate){ 1, 0.99, 1.01, n };
}

static void fill_target(struct run *run)
{
	run->target = (struct target){
		.program = xstrdup("/home/ann/demo/fetch"),
		.digest = xstrdup("00112233445566778899aabbccddeeff"),
		.build_dir = xstrdup("/home/ann/demo"),
		.git_commit = xstrdup("1f00ba5e1f00ba5e1f00ba5e1f00ba5e1f00ba5e"),
		.git_branch = xstrdup("main"),
		.git_dirty = 1,
	};
	run->workload.id = xstrdup("aaaabbbbccccddddaaaabbbbccccdddd");
	run->workload.unit = xstrdup("main");
	strings_add(&run->workload.argv, "./fetch");
	strings_add(&run->workload.argv, "{}");
	strings_add(&run->workload.tasks, "http://[::1]/a \"quoted\" \xc3\xa4");
	strings_add(&run->workload.tasks, "");
	run->machine = (struct machine){ .id = xstrdup("m1"),
					 .hostname = xstrdup("box"),
					 .kernel = xstrdup("6.1"),
					 .arch = xstrdup("x86_64"),
					 .cpu = xstrdup("CPU \\ 3"),
					 .libc = NULL,
					 .cores = 2,
					 .memory_bytes = 1ull << 33,
					 .virtualised = true };
}

static void fill_profile(struct profile *p)
{
	p->measured = true;
	p->tier = TIER_1;
	p->why = xstrdup("perf_event_paranoid is 1");
	p->waits = (struct wait_profile){
		.wall_ns = 1000, .user_ns = 50, .system_ns = 50, .runqueue_ns = 40, .unknown_ns = 10
	};
	p->waits.wait_ns[WAIT_NETWORK] = 800;
	p->waits.wait_ns[WAIT_LOCK] = 50;
	p->elapsed_ns = 1001;
	p->tasks = 3;
	p->lost_share = 1.0 / 3;
	vec_push(&p->sites, ((struct wait_site){ xstrdup("tcp_recvmsg"), WAIT_NETWORK, 800, 40 }));
}

static void fill_verdict(struct verdict *v)
{
	v->kind = VERDICT_RECOMMEND;
	v->model = MODEL_THREADS;
	v->workers = 8;
	v->speedup = (struct estimate){ 3.9, 3.7, 4.1, 12 };
	v->has_row = true;
	v->row = ROW_WAITS;
	v->agreement = xstrdup("agree");
	strings_add(&v->rules, "R02");
	strings_add(&v->reasons, "it waits");
	vec_push(&v->ties, ((struct verdict_tie){ MODEL_PROCESSES, 8, { 3.8, 3.6, 4.0, 12 } }));
	vec_push(&v->hurdles,
		 ((struct hurdle){ xstrdup("shared-state"), xstrdup("count"), xstrdup("fetch.c"), 7,
				   xstrdup("make it local"), 2 }));
	vec_push(&v->witnesses, ((struct witness){ xstrdup("code"), xstrdup("waits"),
						   xstrdup("3 calls"), true, true }));
}

void sample_run(int i, struct run *ret)
{
	struct run run = { .tool_version = xstrdup("0.1.0"),
			   .command = xstrdup("advise"),
			   .started_ns = 1700000000123456789 + i * 1000000000ll,
			   .took_ns = 12345678901 };

	sample_id(i, run.id);
	fill_target(&run);
	fill_profile(&run.profile);
	fill_verdict(&run.verdict);
	run.race.conditions.seed = UINT64_MAX;
	run.race.conditions.tasks = 40;
	sample_add_race(&run, MODEL_SEQUENTIAL, 1, 8, 1e9);
	sample_add_race(&run, MODEL_THREADS, 8, 8, 2.5e8);
	vec_push(&run.race, ((struct race_entry){ .model = MODEL_ASYNC,
						  .workers = 1,
						  .outcome = OUTCOME_CRASH,
						  .why = xstrdup("killed by SIGSEGV") }));
	*ret = run;
}

/* In memory where that can be had: these tests store thousands of times, and how long a disk takes
 * to sync is not what they are about. */
static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_all(const char *dir)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A test that fails never comes to sample_place_clear(). */
static struct {
	pid_t owner;
	struct strings dirs;
} made;

static void remove_left_over(void)
{
	if (getpid() != made.owner)
		return;
	vec_each (&made.dirs, dir)
		remove_all(*dir);
	strings_clear(&made.dirs);
}

void sample_place_init(struct sample_place *ret)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || !*tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(ret->dir, sizeof(ret->dir), "%.40s/concur-db-XXXXXX", tmp);
	assert_non_null(mkdtemp(ret->dir));
	snprintf(ret->db, sizeof(ret->db), "%s/history.db", ret->dir);
	if (!made.owner && !atexit(remove_left_over))
		made.owner = getpid();
	strings_add(&made.dirs, ret->dir);
}

void sample_place_clear(struct sample_place *place)
{
	remove_all(place->dir);
}

static char *with_path(const char *pattern, const char *path)
{
	struct strbuf sb = { 0 };

	for (const char *p = pattern; *p; p++) {
		if (*p == '@')
			strbuf_add(&sb, path);
		else
			strbuf_addch(&sb, *p);
	}
	return strbuf_detach(&sb);
}

void sample_assert_error(struct error *err, enum error_class class, const char *path,
			 const char *message, const char *hint)
{
	CLEANUP(cleanup_free) char *expected = with_path(message, path);

	assert_non_null(err);
	if (strlen(expected) > 3 && !strcmp(expected + strlen(expected) - 3, "...")) {
		expected[strlen(expected) - 3] = '\0';
		if (strlen(err->message) > strlen(expected))
			err->message[strlen(expected)] = '\0';
	}
	assert_string_equal(err->message, expected);
	assert_int_equal(err->class, class);
	if (hint) {
		CLEANUP(cleanup_free) char *expected_hint = with_path(hint, path);

		assert_non_null(err->hint);
		assert_string_equal(err->hint, expected_hint);
	}
	error_free(err);
}

void sample_assert_ok(struct error *err)
{
	if (err)
		fail_msg("%s", err->message);
}

char *sample_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt = NULL;
	char *ret = NULL;
	int rc;

	assert_int_equal(
		sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
		SQLITE_OK);
	sqlite3_busy_timeout(db, 60000);
	while (sql && *sql) {
		rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &sql);
		if (rc != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		if (!stmt)
			break;
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			if (!ret)
				ret = xstrdup((const char *)sqlite3_column_text(stmt, 0));
		assert_int_equal(rc, SQLITE_DONE);
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	return ret;
}

long long sample_sql_int(const char *path, const char *sql)
{
	CLEANUP(cleanup_free) char *text = sample_sql(path, sql);

	assert_non_null(text);
	return atoll(text);
}
