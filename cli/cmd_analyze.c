#include <string.h>
#include <unistd.h>

#include "analyzer/analyzer.h"
#include "analyzer/fingerprints.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/sarif.h"
#include "cli/subject.h"

#define BASELINE ".concur-baseline"

static struct error *check_use(const struct options *options)
{
	if (options->flags && !options->files_n)
		return error_hint(error_new(ERROR_USAGE, "flags after --, but no file before it"),
				  "concur analyze FILE... -- FLAGS");
	if (options->flags && options->build_dir)
		return error_hint(
			error_new(ERROR_USAGE, "-p and flags after -- exclude each other"),
			"concur analyze FILE... -- FLAGS, or concur analyze -p DIR");
	if (options->new_only && options->update_baseline)
		return error_hint(error_new(ERROR_USAGE,
					    "--new-only and --update-baseline exclude each other"),
				  "concur analyze --update-baseline");
	return NULL;
}

static char *baseline_path(const struct options *options, const struct facts *facts)
{
	return options->baseline ? xstrdup(options->baseline) : path_join(facts->root, BASELINE);
}

/* Notes are to be known, not to be mended: neither old nor new. */
static void drop_notes(struct facts *facts)
{
	size_t kept = 0;

	vec_each (facts, f) {
		const struct analyzer_check *check = analyzer_check_find(f->check);

		if (check && check->is_note)
			fact_clear(f);
		else
			facts->items[kept++] = *f;
	}
	facts->n = kept;
}

/* Without being asked, a baseline is neither needed nor looked at. */
static struct error *apply_baseline(const struct options *options, struct facts *facts)
{
	CLEANUP(cleanup_free) char *path = baseline_path(options, facts);
	CLEANUP(strings_clear) struct strings known = { 0 };
	struct error *err;
	size_t dropped;

	if (!options->update_baseline && !options->new_only)
		return NULL;
	drop_notes(facts);
	if (options->update_baseline) {
		err = fingerprints_write(path, facts);
		if (!err)
			log_note("%zu findings written to %s", facts->n, path);
		return err;
	}
	if (!file_exists(path))
		return error_hint(error_new(ERROR_USAGE, "no baseline: %s", path),
				  "make one: concur analyze --update-baseline");
	err = fingerprints_read(path, &known);
	if (err)
		return err;
	dropped = fingerprints_drop(facts, &known);
	log_note("findings: %zu known, %zu new", dropped, facts->n);
	return NULL;
}

/* "src/a.c:12:3: warning: text [check]", which editors and CI services understand. The path opens
 * from the working directory. */
static void editor_lines(const struct facts *facts, struct strbuf *out)
{
	CLEANUP(cleanup_free) char *here = path_absolute(".");

	vec_each (facts, f) {
		CLEANUP(cleanup_free) char *path = path_join(facts->root, f->file);
		CLEANUP(cleanup_free) char *text = xstrdup(f->detail ? f->detail : f->symbol);
		const struct analyzer_check *check = analyzer_check_find(f->check);

		log_flatten(text);
		strbuf_addf(out, "%s:%d:%d: %s: %s%s%s [%s]\n", path_below(path, here), f->line,
			    f->column, check && check->is_note ? "note" : "warning", text,
			    f->advice ? "; " : "", f->advice ? f->advice : "", f->check);
	}
}

/* With the baseline where there is one: which findings are new? */
static struct error *show_sarif(const struct options *options, const struct run *run)
{
	CLEANUP(cleanup_free) char *path = baseline_path(options, &run->facts);
	CLEANUP(strings_clear) struct strings known = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	bool use = options->baseline || (!options->update_baseline && file_exists(path));
	struct error *err = use ? fingerprints_read(path, &known) : NULL;

	if (err)
		return err;
	sarif_text(run, use ? &known : NULL, &text);
	output_text(text.s);
	return NULL;
}

static struct error *show(const struct options *options, const struct run *run)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style = output_style(options);

	if (options->json) {
		output_run(options, run);
		return NULL;
	}
	if (options->format == FORMAT_SARIF)
		return show_sarif(options, run);
	if (options->format == FORMAT_EDITOR ||
	    (options->format == FORMAT_AUTO && !isatty(STDOUT_FILENO)))
		editor_lines(&run->facts, &text);
	else
		report_facts(&run->facts, &style, &text);
	output_text(strbuf_str(&text));
	return NULL;
}

/* Before a baseline takes anything out: what is compared later is all that was found. */
static struct error *store(struct db *db, const char *path, struct run *run)
{
	struct error *err;

	run->profile.why = xstrdup("not asked for (concur analyze)");
	subject_source(run->facts.root, run);
	err = db_store(db, run);
	if (!err)
		log_note("stored as %.13s in %s", run->id, path);
	return err;
}

struct error *cmd_analyze(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	struct error *err;

	options_split_flags(options, &argc, argv);
	options_parse(command, options, command->groups, argc, argv);
	options->files = options->args;
	options->files_n = options->args_n;
	subject_begin(&run, command->name);
	err = check_use(options);
	if (!err && options->store)
		err = subject_history(options, DB_WRITE, &db, &path);
	err = err ? err : measure_facts(options, true, &run);
	run.took_ns = (uint64_t)(clock_unix_ns() - run.started_ns);
	if (!err && db)
		err = store(db, path, &run);
	err = err ? err : apply_baseline(options, &run.facts);
	if (err)
		return err;
	if (run.facts.suppressed)
		log_note("%zu findings suppressed in the source", run.facts.suppressed);
	err = show(options, &run);
	if (!err && facts_failed(&run.facts))
		*exit_code = ERROR_INPUT;
	return err;
}
