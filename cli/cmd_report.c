#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/sarif.h"
#include "cli/subject.h"
#include "model/run_json.h"

static void put_terminal(const struct options *options, struct db *db, const struct run *run,
			 struct strbuf *out)
{
	struct report_style style = output_style(options);

	(void)db;
	/* A file is no terminal. */
	style.color = style.color && (!options->output || options->color == COLOR_ALWAYS);
	report_run(run, &style, out);
}

static void put_html(const struct options *options, struct db *db, const struct run *run,
		     struct strbuf *out)
{
	(void)options;
	measure_page_text(db, run, out);
}

static void put_json(const struct options *options, struct db *db, const struct run *run,
		     struct strbuf *out)
{
	CLEANUP(cleanup_free) char *json = run_json_text(run);

	(void)options;
	(void)db;
	strbuf_add(out, json);
}

static void put_sarif(const struct options *options, struct db *db, const struct run *run,
		      struct strbuf *out)
{
	(void)options;
	(void)db;
	sarif_text(run, NULL, out);
}

/* A format that is a function of the run alone. */
#define PUT_PLAIN(name, report)                                                                    \
	static void name(const struct options *options, struct db *db, const struct run *run,      \
			 struct strbuf *out)                                                       \
	{                                                                                          \
		(void)options;                                                                     \
		(void)db;                                                                          \
		report(run, out);                                                                  \
	}
PUT_PLAIN(put_markdown, report_markdown)
PUT_PLAIN(put_speedscope, report_speedscope)
PUT_PLAIN(put_folded, report_folded)
PUT_PLAIN(put_hyperfine, report_hyperfine)
PUT_PLAIN(put_chrome_trace, report_chrome_trace)

static const struct {
	const char *name;
	void (*put)(const struct options *options, struct db *db, const struct run *run,
		    struct strbuf *out);
} formats[] = {
	{ "term", put_terminal },
	{ "html", put_html },
	{ "md", put_markdown },
	{ "json", put_json },
	{ "sarif", put_sarif },
	{ "speedscope", put_speedscope },
	{ "folded", put_folded },
	{ "hyperfine", put_hyperfine },
	{ "chrome-trace", put_chrome_trace },
};

#define FORMATS_N (sizeof(formats) / sizeof(formats[0]))

static struct error *find_format(const struct options *options, size_t *ret)
{
	const char *name = options->report_format ? options->report_format
			   : options->json        ? "json"
						  : "term";
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };

	for (size_t i = 0; i < FORMATS_N; i++) {
		if (!strcmp(formats[i].name, name)) {
			*ret = i;
			return NULL;
		}
		strbuf_addf(&names, "%s%s", i ? ", " : "", formats[i].name);
	}
	return error_hint(error_new(ERROR_USAGE, "no such format: %s", name), "--format %s",
			  names.s);
}

static bool has_timeline(const struct run *run)
{
	vec_each (&run->race, e)
		if (e->timeline.n)
			return true;
	return run->recording.timeline.n > 0;
}

/* What a format shows, and the run does not have. */
static struct error *check_content(const char *format, const struct run *run)
{
	bool of_profile = !strcmp(format, "folded") || !strcmp(format, "speedscope");

	if (of_profile && !run->profile.measured)
		return error_hint(error_new(ERROR_USAGE, "run %.13s has no profile", run->id),
				  "concur profile -- PROGRAM, or concur advise");
	if (!strcmp(format, "sarif") && !run->facts.analysed)
		return error_hint(
			error_new(ERROR_USAGE, "run %.13s has not read the source: %s", run->id,
				  run->facts.why_not ? run->facts.why_not : "unknown why"),
			"concur analyze --format sarif, or concur advise -p DIR");
	if (!strcmp(format, "chrome-trace") && !has_timeline(run))
		return error_hint(error_new(ERROR_USAGE, "run %.13s has no timeline", run->id),
				  "concur race, or concur advise");
	if (!strcmp(format, "hyperfine") && (!run->race.measured || run->race.simulated))
		return error_hint(error_new(ERROR_USAGE, "run %.13s has no race", run->id),
				  "concur race, or concur advise --each");
	return NULL;
}

struct error *cmd_report(const struct command *command, struct options *options, int argc,
			 char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run run = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	size_t format = 0;
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n > 1)
		return error_hint(error_new(ERROR_USAGE, "one run at a time"), "concur report %s",
				  options->args[0]);
	if (options->output && !strcmp(options->output, "-"))
		options->output = NULL;
	err = find_format(options, &format);
	err = err ? err : subject_history(options, DB_READ, &db, &path);
	err = err ? err : db_load(db, options->args_n ? options->args[0] : "last", &run);
	err = err ? err : check_content(formats[format].name, &run);
	if (err)
		return err;
	formats[format].put(options, db, &run, &text);
	if (!options->output) {
		output_text(strbuf_str(&text));
		return NULL;
	}
	err = file_write(options->output, text.s, text.len);
	if (!err)
		log_note("wrote %s", options->output);
	return err;
}
