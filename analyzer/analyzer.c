#include "analyzer/analyzer.h"

#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cache.h"
#include "analyzer/catalogue.h"
#include "analyzer/checks.h"
#include "analyzer/clang.h"
#include "analyzer/compdb.h"
#include "analyzer/last_run.h"
#include "analyzer/program.h"
#include "analyzer/project.h"
#include "analyzer/worker.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "data/data.h"

#define UNITS_MOST 1000000 /* a damaged place must not take all memory */

struct gathering {
	const struct compdb *db;
	struct cache cache;
	/* Borrowed copies of the entries to be parsed, and their places in the database. */
	struct {
		VEC_FIELDS(struct compdb_entry);
	} todo;
	struct {
		VEC_FIELDS(size_t);
	} places;
	struct tu
		*units; /* in the order of the database, so that results do not depend on timing */
	struct unit_failures failures;
};

static struct unit_failure *add_failure(struct gathering *g, const char *file, const char *why)
{
	struct unit_failure *f = vec_add(&g->failures);

	*f = (struct unit_failure){ .file = xstrdup(path_below(file, g->db->root)),
				    .why = xstrdup(why) };
	return f;
}

/* Builds try out source that is meant to fail, and the database holds that too. */
static void add_problem(struct gathering *g, const struct compdb_entry *entry, const char *problem)
{
	const char *doubt = "; the file it makes is not there: not built yet, or the compiler "
			    "refused it too";
	bool missing = !strncmp(problem, "read in part", strlen("read in part")) && entry->output &&
		       !file_exists(entry->output);
	CLEANUP(cleanup_free) char *why = xasprintf("%s%s", problem, missing ? doubt : "");

	add_failure(g, entry->file, why);
}

static void on_parsed(void *data, size_t index, struct tu *tu)
{
	struct gathering *g = data;

	if (tu->problem)
		add_problem(g, &g->todo.items[index], tu_string(tu, tu->problem));
	cache_store(&g->cache, &g->todo.items[index], tu);
	g->units[g->places.items[index]] = *tu;
	*tu = (struct tu){ 0 };
}

static void on_failed(void *data, size_t index, const char *why)
{
	struct gathering *g = data;

	add_failure(g, g->todo.items[index].file, why);
}

static int by_file(const void *a, const void *b)
{
	const struct unit_failure *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : strcmp(x->why, y->why);
}

static void gathering_clear(struct gathering *g)
{
	for (size_t i = 0; g->units && i < g->db->n; i++)
		tu_clear(&g->units[i]);
	free(g->units);
	vec_each (&g->failures, f) {
		free(f->file);
		free(f->why);
	}
	vec_clear(&g->failures);
	cache_clear(&g->cache);
	vec_clear(&g->todo);
	vec_clear(&g->places);
}

static struct error *gather(const struct compdb *db, const struct analyzer_options *opt,
			    struct gathering *g)
{
	struct worker_options options = { .jobs = opt->jobs, .timeout_s = opt->unit_timeout_s };
	struct worker_sink sink = { .data = g, .parsed = on_parsed, .failed = on_failed };
	struct error *err;

	g->units = xcalloc(db->n + 1, sizeof(*g->units));
	for (size_t i = 0; i < db->n; i++) {
		if (cache_load(&g->cache, &db->items[i], &g->units[i]))
			continue;
		vec_push(&g->todo, db->items[i]);
		vec_push(&g->places, i);
	}
	progress_start("reading source", g->todo.n);
	err = worker_run(g->todo.items, g->todo.n, &options, &sink);
	progress_end();
	if (err)
		return err;
	for (size_t i = 0; i < db->not_c.n; i++)
		add_failure(g, db->not_c.items[i], "not C: left out")->left_out = true;
	if (g->failures.n)
		qsort(g->failures.items, g->failures.n, sizeof(*g->failures.items), by_file);
	return NULL;
}

static struct error *select_units(const struct analyzer_options *opt, struct compdb *ret)
{
	struct error *err = NULL;

	if (opt->flags)
		err = compdb_of_files(opt->files, opt->files_n, opt->flags, ret);
	else
		err = compdb_load(opt->build_dir, opt->start_dir, ret);
	if (!err && opt->files_n)
		err = compdb_select(ret, opt->files, opt->files_n);
	return err;
}

static struct error *load_catalogue(const char *root, struct catalogue **ret)
{
	struct error *err = catalogue_parse(data_functions_tsv, "functions.tsv", ret);

	return err ? err : project_load(root, *ret);
}

/* What only all units together tell. The units are taken over. */
static void link_units(struct tu *units, size_t n, const char *root,
		       const struct catalogue *catalogue, bool in_part, const char *glibc,
		       struct facts *ret)
{
	CLEANUP(program_clear)
	struct program program = {
		.directory = root,
		.catalogue = catalogue,
		.in_part = in_part,
		.glibc = catalogue_version(glibc),
	};

	for (size_t i = 0; i < n; i++)
		if (units[i].strings.len)
			program_add(&program, &units[i]);
	program_link(&program);
	checks_run(&program, ret);
	ret->root = xstrdup(root);
	facts_sort(ret);
}

/* Equal for all shards of one analysis: the same program reads the same units in the same way. */
static char *campaign_of(const struct compdb *db)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	CLEANUP(cleanup_free) char *identity = clang_identity();
	char hex[DIGEST_HEX];

	strbuf_addf(&all, "%s\n%s\n%s\n", CONCUR_VERSION, identity, db->root);
	vec_each (db, entry) {
		strbuf_addf(&all, "%s\n%s\n", entry->directory, entry->file);
		vec_each (&entry->argv, arg)
			strbuf_addn(&all, *arg, strlen(*arg) + 1);
	}
	vec_each (&db->not_c, file)
		strbuf_addn(&all, *file, strlen(*file) + 1);
	digest_hex(digest_bytes(strbuf_str(&all), all.len), hex);
	return xstrdup(hex);
}

/* Before linking, which takes the units. */
static void keep_records(const struct gathering *g, const struct analyzer_options *opt,
			 struct facts *ret)
{
	ret->shard = (int)opt->shard;
	ret->shards = (int)opt->shards;
	for (size_t i = 0; i < g->db->n; i++) {
		struct strbuf bytes = { 0 };
		size_t n;

		if (!g->units[i].strings.len)
			continue;
		tu_write(&g->units[i], &bytes);
		n = bytes.len;
		vec_push(&ret->records,
			 ((struct unit_record){ compdb_place(i, opt->shard, opt->shards),
						strbuf_detach(&bytes), n }));
	}
}

/* What the units say, and what follows from it. */
static struct error *find_facts(const struct analyzer_options *opt, const char *glibc,
				struct gathering *g, struct facts *ret)
{
	CLEANUP(catalogue_clear) struct catalogue *catalogue = NULL;
	const struct compdb *db = g->db;
	bool in_part;
	struct error *err = load_catalogue(db->root, &catalogue);

	if (err)
		return err;
	err = gather(db, opt, g);
	if (err)
		return error_wrap(err, "cannot analyse %s", db->directory);
	if (opt->shards)
		keep_records(g, opt, ret);
	in_part = (opt->files_n && !opt->flags) || opt->shards || g->failures.n;
	link_units(g->units, db->n, db->root, catalogue, in_part, glibc, ret);
	ret->analysed = true;
	ret->units = db->n + db->not_c.n;
	ret->failures = g->failures;
	g->failures = (struct unit_failures){ 0 }; /* now the facts' */
	return NULL;
}

struct error *analyzer_run(const struct analyzer_options *opt, struct facts *ret, char **ret_dir)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };
	CLEANUP(gathering_clear) struct gathering g = { .db = &db };
	CLEANUP(facts_clear) struct facts facts = { 0 };
	const char *glibc = opt->glibc ? opt->glibc : gnu_get_libc_version();
	struct error *err = select_units(opt, &db);
	struct last_run last;

	if (err)
		return err;
	if (opt->shards) {
		facts.campaign = campaign_of(&db);
		compdb_shard(&db, opt->shard, opt->shards);
	}
	cache_init(&g.cache, opt->cache_dir);
	last = last_run_of(&g.cache, &db, opt, glibc);
	/* A shard needs its units' records, which the last run does not keep. */
	if (opt->shards || !last_run_load(&g.cache, last, &facts)) {
		err = find_facts(opt, glibc, &g, &facts);
		if (err)
			return err;
		if (!opt->shards)
			last_run_store(&g.cache, last, &facts);
	}
	log_debug("%zu units, %zu of them from the cache", db.n, db.n - g.todo.n);
	if (ret_dir)
		*ret_dir = xstrdup(db.directory);
	*ret = facts;
	facts = (struct facts){ 0 }; /* now the caller's */
	return NULL;
}

/* --- shards, joined --------------------------------------------------------------------------- */

struct analyzer_join {
	VEC_FIELDS(struct tu); /* by place; one without strings is missing */
};

struct analyzer_join *analyzer_join_new(void)
{
	return xcalloc(1, sizeof(struct analyzer_join));
}

void analyzer_join_free(struct analyzer_join *join)
{
	if (!join)
		return;
	vec_each (join, tu)
		tu_clear(tu);
	vec_clear(join);
	free(join);
}

struct error *analyzer_join_add(struct analyzer_join *join, size_t place, const void *bytes,
				size_t n)
{
	struct tu tu = { 0 };
	struct error *err;

	if (place >= UNITS_MOST)
		return error_new(ERROR_INPUT, "unit %zu: no project has so many", place);
	err = tu_read(bytes, n, &tu);
	if (err)
		return error_wrap(err, "unit %zu", place);
	while (join->n <= place)
		vec_push(join, ((struct tu){ 0 }));
	tu_clear(&join->items[place]);
	join->items[place] = tu;
	return NULL;
}

struct error *analyzer_join_finish(struct analyzer_join *join, const char *root, bool in_part,
				   struct facts *ret)
{
	CLEANUP(catalogue_clear) struct catalogue *catalogue = NULL;
	struct error *err = load_catalogue(root, &catalogue);

	if (err)
		return err;
	*ret = (struct facts){ .analysed = true };
	link_units(join->items, join->n, root, catalogue, in_part, gnu_get_libc_version(), ret);
	return NULL;
}

char *analyzer_cache_dir(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (cache && cache[0] == '/')
		return xasprintf("%s/concur/analyzer", cache);
	return home && home[0] == '/' ? xasprintf("%s/.cache/concur/analyzer", home) : NULL;
}

/* -- is libclang whole? -- */

struct self_test {
	char *why;
};

static void self_test_parsed(void *data, size_t index, struct tu *tu)
{
	struct self_test *t = data;

	(void)index;
	if (tu->problem)
		t->why = xstrdup(tu_string(tu, tu->problem));
	tu_clear(tu);
}

static void self_test_failed(void *data, size_t index, const char *why)
{
	struct self_test *t = data;

	(void)index;
	t->why = xstrdup(why);
}

struct error *analyzer_self_test(void)
{
	static const char text[] = "#include <stdarg.h>\n#include <stddef.h>\n"
				   "size_t self_test(void) { return 1; }\n";
	CLEANUP(compdb_entry_clear) struct compdb_entry entry = { 0 };
	struct self_test test = { 0 };
	struct worker_options opt = { .jobs = 1 };
	struct worker_sink sink = { .data = &test,
				    .parsed = self_test_parsed,
				    .failed = self_test_failed };
	struct error *err;

	entry.directory = xstrdup("/");
	entry.file = xstrdup("/concur-self-test.c");
	entry.source = xstrdup(text);
	strings_add(&entry.argv, "cc");
	err = worker_run(&entry, 1, &opt, &sink);
	if (err)
		return err;
	if (test.why) {
		err = error_hint(error_new(ERROR_MACHINE, "libclang cannot parse: %s", test.why),
				 "apt-get install libclang-common-19-dev");
		free(test.why);
		return err;
	}
	return NULL;
}

char *analyzer_version(void)
{
	return clang_version();
}
