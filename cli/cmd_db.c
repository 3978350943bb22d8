#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shards.h"
#include "cli/subject.h"
#include "db/maintain.h"
#include "model/hyperfine.h"
#include "model/run_json.h"
#include "profiler/machine.h"

#define NS_PER_S 1000000000ll
#define DAY_NS   (24 * 3600 * NS_PER_S)

struct count {
	const char *what; /* NULL: none */
	size_t n;
};

struct done { /* of an operation */
	struct count counts[2];
	bool is_said; /* its result is on standard output already */
};

struct operation {
	const char *name;
	enum db_mode mode;
	int least, most; /* operands */
	struct error *(*run)(const struct options *o, struct db *db, char *const *args, int n,
			     struct done *ret);
};

static struct error *op_check(const struct options *o, struct db *db, char *const *args, int n,
			      struct done *ret)
{
	size_t runs = 0;
	struct error *err = db_check(db, &runs);

	(void)o, (void)args, (void)n;
	*ret = (struct done){ { { "sound", runs }, { "damaged", 0 } } };
	return err;
}

static struct error *op_backup(const struct options *o, struct db *db, char *const *args, int n,
			       struct done *ret)
{
	(void)o, (void)n, (void)ret;
	return db_backup(db, args[0]);
}

static struct error *op_export(const struct options *o, struct db *db, char *const *args, int n,
			       struct done *ret)
{
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(cleanup_free) char *text = NULL;
	struct error *err = db_load(db, args[0], &run);

	(void)o;
	if (err)
		return err;
	text = run_json_text(&run);
	if (n > 1)
		return file_write(args[1], text, strlen(text));
	output_text(text);
	ret->is_said = true;
	return NULL;
}

/* When and where hyperfine does not say: when the file was written, and here. */
static void complete(const char *path, struct runs *runs)
{
	struct stat st = { 0 };

	stat(path, &st);
	vec_each (runs, run) {
		run->started_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
		machine_read(&run->machine);
	}
	log_note("%s: taken as measured on this machine when the file was written", path);
}

static struct error *read_runs(const char *path, struct runs *ret)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct run run = { 0 };
	struct error *err = file_read(path, &text);

	if (err)
		return err;
	if (!hyperfine_is(strbuf_str(&text), text.len)) {
		err = run_json_parse(strbuf_str(&text), text.len, &run);
		if (!err)
			vec_push(ret, run);
	} else {
		err = hyperfine_parse(strbuf_str(&text), text.len, ret);
		if (!err)
			complete(path, ret);
	}
	return err ? error_wrap(err, "%s", path) : NULL;
}

static struct error *op_import(const struct options *o, struct db *db, char *const *args, int n,
			       struct done *ret)
{
	size_t imported = 0;

	(void)o;
	for (int i = 0; i < n; i++) {
		CLEANUP(runs_clear) struct runs runs = { 0 };
		struct error *err = read_runs(args[i], &runs);

		for (size_t k = 0; !err && k < runs.n; k++)
			err = db_store(db, &runs.items[k]);
		if (err)
			return err;
		imported += runs.n;
	}
	*ret = (struct done){ { { "imported", imported } } };
	return NULL;
}

/* All of them first: what cannot be merged in full is not begun. */
static struct error *find_shards(char *const *args, int n, struct db_shards *ret)
{
	struct error *err = NULL;

	for (int i = 0; !err && i < n; i++) {
		CLEANUP(db_clear) struct db *from = NULL;

		err = db_open(args[i], DB_READ, &from);
		err = err ? err : db_shards_find(from, args[i], ret);
		if (err)
			err = error_wrap(err, "cannot merge %s", args[i]);
	}
	return err ? err : db_shards_check(ret);
}

static struct error *op_merge(const struct options *o, struct db *db, char *const *args, int n,
			      struct done *ret)
{
	CLEANUP(db_shards_clear) struct db_shards shards = { 0 };
	size_t added = 0, known = 0;
	bool made = false;
	struct error *err = find_shards(args, n, &shards);

	(void)o;
	for (int i = 0; !err && i < n; i++) {
		CLEANUP(db_clear) struct db *from = NULL;

		err = db_open(args[i], DB_READ, &from);
		err = err ? err : db_merge(db, from, &added, &known);
		if (err)
			err = error_wrap(err, "cannot merge %s", args[i]);
	}
	if (!err && shards.n) {
		err = shards_join(db, &shards, &made);
		*(made ? &added : &known) += 1;
	}
	*ret = (struct done){ { { "added", added }, { "known", known } } };
	return err;
}

static struct error *op_prune(const struct options *o, struct db *db, char *const *args, int n,
			      struct done *ret)
{
	struct db_pruned pruned = { 0 };
	int64_t now = clock_unix_ns();
	struct error *err;

	(void)args, (void)n;
	if (!o->samples_days && !o->runs_days)
		return error_hint(error_new(ERROR_USAGE, "prune what?"),
				  "concur db prune --samples-days 90 --runs-days 730");
	err = db_prune(db, o->samples_days ? now - o->samples_days * DAY_NS : INT64_MIN,
		       o->runs_days ? now - o->runs_days * DAY_NS : INT64_MIN, &pruned);
	*ret = (struct done){ { { "without samples", pruned.samples },
				{ "removed", pruned.runs } } };
	return err;
}

static const struct operation operations[] = {
	{ "check", DB_READ, 0, 0, op_check },       { "backup", DB_READ, 1, 1, op_backup },
	{ "export", DB_READ, 1, 2, op_export },     { "import", DB_WRITE, 1, 100000, op_import },
	{ "merge", DB_WRITE, 1, 100000, op_merge }, { "prune", DB_WRITE, 0, 0, op_prune },
};

/* What was done: in words, or with --json as an object. */
static void say(const struct options *o, const char *operation, const struct done *done)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (o->json)
		strbuf_addf(&text, "{\"schema\": \"concur.db/1\", \"operation\": \"%s\"",
			    operation);
	for (size_t i = 0; i < 2 && done->counts[i].what; i++) {
		const struct count *c = &done->counts[i];

		if (o->json)
			strbuf_addf(&text, ", \"%s\": %zu", c->what, c->n);
		else
			strbuf_addf(&text, "%s%zu %s", i ? ", " : "", c->n, c->what);
	}
	if (o->json)
		strbuf_add(&text, "}");
	if (text.len)
		strbuf_add(&text, "\n");
	output_text(strbuf_str(&text));
}

static struct error *run_operation(const struct options *o, const struct operation *op)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	struct done done = { 0 };
	int n = o->args_n - 1;
	struct error *err;

	if (n < op->least || n > op->most)
		return error_hint(error_new(ERROR_USAGE, "wrong operands of db %s", op->name),
				  "concur db --help");
	err = subject_history(o, op->mode, &db, &path);
	err = err ? err : op->run(o, db, o->args + 1, n, &done);
	if (!err && !done.is_said)
		say(o, op->name, &done);
	return err;
}

struct error *cmd_db(const struct command *command, struct options *options, int argc, char **argv,
		     int *exit_code)
{
	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	for (size_t i = 0; options->args_n && i < sizeof(operations) / sizeof(*operations); i++)
		if (!strcmp(operations[i].name, options->args[0]))
			return run_operation(options, &operations[i]);
	return error_hint(
		error_new(ERROR_USAGE,
			  options->args_n ? "no such operation: %s" : "no operation given%s",
			  options->args_n ? options->args[0] : ""),
		"concur db --help");
}
