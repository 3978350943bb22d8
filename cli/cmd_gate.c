#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "db/gate.h"
#include "profiler/pair.h"

#define FAILED_GATE 1 /* exit code */

static struct gate_limits limits_of(const struct options *o)
{
	return (struct gate_limits){
		.max_regression = o->gate.max_regression,
		.confidence = o->gate.confidence > 0 ? o->gate.confidence
			      : o->gate.pair         ? 0.99
						     : 0.95,
		.min_runs = o->gate.min_runs ? o->gate.min_runs
			    : o->gate.pair   ? 10
					     : 6,
		.fail_on = o->gate.fail_on ? o->gate.fail_on : GATE_ON_REGRESSION,
		.force = o->force,
	};
}

/* --- two stored runs -------------------------------------------------------------------------- */

static struct error *judge_stored(const struct options *o, struct gate *ret)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	struct gate_limits limits = limits_of(o);
	struct error *err = subject_history(o, DB_READ, &db, &path);

	err = err ? err : db_load(db, o->gate.against, &a);
	err = err ? err : db_load(db, o->args_n ? o->args[0] : "last", &b);
	if (err)
		return err;
	if (!strcmp(a.id, b.id))
		return error_hint(error_new(ERROR_USAGE, "%s and %s are the same run",
					    o->gate.against, o->args_n ? o->args[0] : "last"),
				  "measure the new state first: concur advise, or concur race");
	gate_runs(&a, &b, &limits, ret);
	return NULL;
}

/* --- two builds side by side ------------------------------------------------------------------ */

/* The old build does the new one's work: equal workloads, whatever the two are called. */
static void share_workload(const struct run *b, struct run *a)
{
	size_t n = b->workload.tasks.n;
	CLEANUP(cleanup_free) size_t *all = xcalloc(n + 1, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = i;
	workload_clear(&a->workload);
	a->workload = workload_subset(&b->workload, all, n);
}

static void free_args(char ***args)
{
	free(*args);
}

/* PROGRAM, then what follows "--". */
static struct error *subject(const struct options *o, char *program, bool tasks, struct run *ret)
{
	struct options own = *o;
	CLEANUP(free_args) char **args = NULL;
	int n = 0;

	while (o->flags && o->flags[n])
		n++;
	args = xcalloc((size_t)n + 2, sizeof(*args));
	args[0] = program;
	for (int i = 0; i < n; i++)
		args[i + 1] = o->flags[i];
	own.args = args;
	own.args_n = n + 1;
	subject_begin(ret, "gate");
	return tasks ? subject_workload(&own, ret) : subject_program(&own, ret);
}

/* What was measured, as a run of the history. */
static void keep(struct run *run, const struct pair *pair, const struct samples *walls)
{
	vec_push(&run->race, race_entry_timed(walls));
	run->race.measured = true;
	run->race.conditions.seed = pair->seed;
	run->race.conditions.tasks = pair->tasks;
	run->race.conditions.rounds = (int)walls->n;
	run->race.conditions.dirty_rounds = (int)pair->dirty;
	run->race.conditions.steal_share = pair->steal_share;
	run->facts.why_not = xstrdup("not asked for (concur gate)");
	run->profile.why = xstrdup("not asked for (concur gate)");
	run->took_ns = (uint64_t)(clock_unix_ns() - run->started_ns);
}

static struct error *judge_pair(const struct options *o, struct gate *ret)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(run_clear) struct run a = { 0 };
	CLEANUP(run_clear) struct run b = { 0 };
	CLEANUP(pair_clear) struct pair pair = { 0 };
	CLEANUP(scratch_close) struct scratch scratch = { 0 };
	struct gate_limits limits = limits_of(o);
	struct pair_options opt = {
		.scratch = &scratch,
		.seed = o->seed,
		.least = limits.min_runs,
		.confidence = limits.confidence,
		.half_width = fmax(limits.max_regression / 2, 0.005),
		.below = gate_pair_fails_below(&limits),
		.from = gate_pair_passes_from(&limits),
	};
	struct error *err;

	if (o->args_n != 2)
		return error_hint(error_new(ERROR_USAGE, "--pair takes two programs"),
				  "concur gate --pair --each tasks.txt ./old ./new -- {}");
	err = subject(o, o->args[0], false, &a);
	err = err ? err : subject(o, o->args[1], true, &b);
	err = err ? err : subject_history(o, DB_WRITE, &db, &path);
	if (err)
		return err;
	share_workload(&b, &a);
	opt.timeout_ns = b.workload.timeout_ns;
	opt.budget_ns = b.workload.budget_ns;
	err = scratch_open(&b.workload, &scratch);
	err = err ? err : pair_run(&a.target, &b.target, &b.workload, &opt, &pair);
	if (err)
		return err;
	gate_pair(&a, &b, &pair, &limits, ret);
	keep(&a, &pair, &pair.walls_old);
	keep(&b, &pair, &pair.walls_new);
	err = db_store(db, &a);
	err = err ? err : db_store(db, &b);
	if (!err)
		log_note("stored as %.13s and %.13s in %s", a.id, b.id, path);
	return err;
}

static struct error *check_use(const struct options *o)
{
	if (o->gate.pair == !!o->gate.against)
		return error_hint(
			error_new(ERROR_USAGE, o->gate.pair
						       ? "--pair and --against exclude each other"
						       : "a gate needs something to hold against"),
			"concur gate --against main, or concur gate --pair --each "
			"tasks.txt ./old ./new -- {}");
	if (o->gate.against && o->args_n > 1)
		return error_hint(error_new(ERROR_USAGE, "unexpected argument: %s", o->args[1]),
				  "concur gate --against %s %s", o->gate.against, o->args[0]);
	return NULL;
}

static struct error *show(const struct options *o, const struct gate *gate)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(strbuf_clear) struct strbuf junit = { 0 };
	CLEANUP(cleanup_free) char *json = gate_json_text(gate);
	struct report_style style = output_style(o);

	report_gate(gate, &style, &text);
	output_text(o->json ? json : strbuf_str(&text));
	if (!o->gate.junit)
		return NULL;
	report_junit(gate, &junit);
	return file_write(o->gate.junit, strbuf_str(&junit), junit.len);
}

struct error *cmd_gate(const struct command *command, struct options *options, int argc,
		       char **argv, int *exit_code)
{
	CLEANUP(gate_clear) struct gate gate = { 0 };
	struct error *err;

	options->gate.max_regression = 0.02;
	options_split_flags(options, &argc, argv);
	options_parse(command, options, command->groups, argc, argv);
	err = check_use(options);
	err = err                  ? err
	      : options->gate.pair ? judge_pair(options, &gate)
				   : judge_stored(options, &gate);
	err = err ? err : show(options, &gate);
	if (!err && !gate.passed)
		*exit_code = FAILED_GATE;
	return err;
}
