#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/shards.h"
#include "cli/subject.h"
#include "db/maintain.h"
#include "model/run_json.h"

#define DAY_NS (24ll * 3600 * 1000000000)

struct operation {
	const char *name;
	enum db_mode mode;
	int least, most; /* operands */
	struct error *(*run)(const struct options *o, struct db *db, char *const *args, int n);
};

/* What was done, as a line or with --json as an object of two counts. */
static void say(const struct options *o, const char *a, size_t a_n, const char *b, size_t b_n)
{
	CLEANUP(cleanup_free)
	char *text = o->json ? xasprintf("{\"%s\": %zu, \"%s\": %zu}\n", a, a_n, b, b_n)
			     : xasprintf("%zu %s, %zu %s\n", a_n, a, b_n, b);

	output_text(text);
}

static struct error *op_check(const struct options *o, struct db *db, char *const *args, int n)
{
	size_t runs = 0;
	struct error *err = db_check(db, &runs);

	(void)args, (void)n;
	if (!err)
		say(o, "sound", runs, "damaged", 0);
	return err;
}

static struct error *op_backup(const struct options *o, struct db *db, char *const *args, int n)
{
	(void)o, (void)n;
	return db_backup(db, args[0]);
}

static struct error *op_export(const struct options *o, struct db *db, char *const *args, int n)
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
	return NULL;
}

static struct error *op_import(const struct options *o, struct db *db, char *const *args, int n)
{
	(void)o;
	for (int i = 0; i < n; i++) {
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };
		CLEANUP(run_clear) struct run run = { 0 };
		struct error *err = file_read(args[i], &text);

		if (!err) {
			err = run_json_parse(strbuf_str(&text), text.len, &run);
			err = err ? error_wrap(err, "%s", args[i]) : db_store(db, &run);
		}
		if (err)
			return err;
	}
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

static struct error *op_merge(const struct options *o, struct db *db, char *const *args, int n)
{
	CLEANUP(db_shards_clear) struct db_shards shards = { 0 };
	size_t added = 0, known = 0;
	bool made = false;
	struct error *err = find_shards(args, n, &shards);

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
	if (!err)
		say(o, "added", added, "known", known);
	return err;
}

static struct error *op_prune(const struct options *o, struct db *db, char *const *args, int n)
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
	if (!err)
		say(o, "without samples", pruned.samples, "removed", pruned.runs);
	return err;
}

static const struct operation operations[] = {
	{ "check", DB_READ, 0, 0, op_check },       { "backup", DB_READ, 1, 1, op_backup },
	{ "export", DB_READ, 1, 2, op_export },     { "import", DB_WRITE, 1, 100000, op_import },
	{ "merge", DB_WRITE, 1, 100000, op_merge }, { "prune", DB_WRITE, 0, 0, op_prune },
};

struct error *cmd_db(const struct command *command, struct options *options, int argc, char **argv,
		     int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	for (size_t i = 0; options->args_n && i < sizeof(operations) / sizeof(*operations); i++) {
		const struct operation *op = &operations[i];
		int n = options->args_n - 1;
		struct error *err;

		if (strcmp(op->name, options->args[0]))
			continue;
		if (n < op->least || n > op->most)
			return error_hint(
				error_new(ERROR_USAGE, "wrong operands of db %s", op->name),
				"concur db --help");
		err = subject_history(options, op->mode, &db, &path);
		return err ? err : op->run(options, db, options->args + 1, n);
	}
	return error_hint(
		error_new(ERROR_USAGE,
			  options->args_n ? "no such operation: %s" : "no operation given%s",
			  options->args_n ? options->args[0] : ""),
		"concur db --help");
}
