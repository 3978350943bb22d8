#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "db/compare.h"
#include "db/range.h"

/* A run, or a range of runs; ranges are put side by side run by run. */
static struct error *load_sides(struct db *db, char *const *refs, struct run *a, struct run *b,
				struct comparison *c)
{
	CLEANUP(runs_clear) struct runs as = { 0 };
	CLEANUP(runs_clear) struct runs bs = { 0 };
	struct error *err = range_load(db, refs[1], NULL, &bs, &c->b_left_out);

	if (!err)
		err = range_load(db, refs[0], &bs.items[bs.n - 1], &as, &c->a_left_out);
	if (err)
		return err;
	c->a_runs = as.n;
	c->b_runs = bs.n;
	if (as.n > 1 || bs.n > 1) {
		range_pool(&as, a);
		range_pool(&bs, b);
		return NULL;
	}
	*a = as.items[0];
	*b = bs.items[0];
	as.n = bs.n = 0; /* now the caller's */
	return NULL;
}

struct error *cmd_compare(const struct command *command, struct options *options, int argc,
			  char **argv, int *exit_code)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	struct comparison sides = { 0 };
	CLEANUP(comparison_clear) struct comparison comparison = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct report_style style;
	struct error *err;

	(void)exit_code;
	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n != 2)
		return error_hint(error_new(ERROR_USAGE, "compare takes two runs, or two ranges"),
				  "concur compare last~1 last");
	err = subject_history(options, DB_READ, &db, &path);
	err = err ? err : load_sides(db, options->args, &a, &b, &sides);
	if (err)
		return err;
	compare_with(&a, &b,
		     &(struct compare_options){ .force = options->force,
						.of_runs = sides.a_runs + sides.b_runs > 2 },
		     &comparison);
	comparison.a_runs = sides.a_runs;
	comparison.b_runs = sides.b_runs;
	comparison.a_left_out = sides.a_left_out;
	comparison.b_left_out = sides.b_left_out;
	if (options->html) {
		report_html_comparison(&a, &b, &comparison, &text);
		return output_page(options, &text);
	}
	if (options->json) {
		CLEANUP(cleanup_free) char *json = comparison_json_text(&comparison);

		output_text(json);
		return NULL;
	}
	style = output_style(options);
	report_comparison(&comparison, &style, &text);
	output_text(strbuf_str(&text));
	return NULL;
}
