#include "cli/measure.h"

#include <math.h>
#include <string.h>

#include "advisor/children.h"
#include "advisor/simulate.h"
#include "advisor/stream.h"
#include "analyzer/analyzer.h"
#include "analyzer/compdb.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "db/residuals.h"
#include "db/trend.h"
#include "profiler/answer.h"
#include "profiler/baseline.h"
#include "profiler/handover.h"
#include "profiler/ladder.h"
#include "profiler/loader.h"
#include "profiler/race.h"
#include "profiler/rebuild.h"
#include "profiler/record.h"
#include "profiler/where.h"

#define CPU_MATTERS   0.1 /* of the time in calls */
#define DISK_MATTERS  0.1
#define RESIDUALS_MIN 10   /* fewer say little of nine in ten */
#define DISK_ALL      0.85 /* of those that tried at once: they do not wait for each other */

/* Where to look upward for a compile database: from the program if one is found there, else from here. Owned by the caller. */
static char *search_start(const struct target *target)
{
	CLEANUP(cleanup_free) char *dir = NULL;
	CLEANUP(cleanup_free) char *found = NULL;

	if (!target->program)
		return xstrdup(".");
	dir = path_absolute(target->program);
	*strrchr(dir, '/') = '\0';
	found = path_find_upward(*dir ? dir : "/", "compile_commands.json");
	return found ? MOVE(dir) : xstrdup(".");
}

struct error *measure_facts(const struct options *options, bool is_needed, struct run *run)
{
	CLEANUP(cleanup_free) char *start = search_start(&run->target);
	CLEANUP(cleanup_free) char *dir = path_absolute(start);
	CLEANUP(cleanup_free) char *cache = options->no_cache ? NULL : analyzer_cache_dir();
	struct analyzer_options opt = {
		.build_dir = options->build_dir,
		.start_dir = start,
		.files = options->files,
		.files_n = (size_t)options->files_n,
		.flags = options->flags,
		.shard = options->shard,
		.shards = options->shards,
		.jobs = options->jobs,
		.cache_dir = cache,
	};
	CLEANUP(cleanup_free) char *found = path_find_upward(dir, "compile_commands.json");
	struct error *err;

	if (options->no_analyze) {
		run->facts.why_not = xstrdup("not asked for (--no-analyze)");
		return NULL;
	}
	if (!is_needed && !options->build_dir && !found) {
		log_note("no compile_commands.json in %s or above: the source is not read "
			 "(bear -- make writes one, -p DIR names it)",
			 dir);
		run->facts.why_not = xasprintf("no compile_commands.json in %s or above", dir);
		return NULL;
	}
	err = analyzer_run(&opt, &run->facts, &run->target.build_dir);
	if (err)
		return err;
	vec_each (&run->facts.failures, failure)
		if (failure->left_out)
			log_note("%s: %s", failure->file, failure->why);
		else
			log_warning("%s: not analysed: %s", failure->file, failure->why);
	return NULL;
}

/* --- the race --------------------------------------------------------------------------------- */

static struct error *rebuild(const char *program, const char *build_dir, struct rebuild *ret)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };
	struct rebuild_units units = { 0 };
	struct error *err = compdb_load(build_dir, NULL, &db);

	if (err)
		return err;
	vec_each (&db, entry) {
		struct rebuild_unit unit = { entry->directory, entry->file, &entry->argv };

		vec_push(&units, unit);
	}
	err = rebuild_program(program, &units, ret);
	vec_clear(&units);
	return err;
}

/* --rebuild: a program that cannot be loaded gets a stand-in, and the run says so. */
static struct error *stand_in(const struct options *options, struct target *target,
			      struct rebuild *ret)
{
	CLEANUP(loader_libraries_clear) struct loader_libraries ignored = { 0 };
	CLEANUP(cleanup_free)
	char *why = options->rebuild ? loader_why_not(target->program, &ignored) : NULL;
	struct error *err;

	if (options->rebuild && !why)
		log_note("--rebuild: not needed, %s can be loaded as it is", target->program);
	if (!why)
		return NULL;
	err = rebuild(target->program, options->rebuild, ret);
	if (err)
		return error_wrap(err, "--rebuild");
	target->rebuilt =
		xasprintf("%s: built anew from %zu files of %s", why, ret->built, options->rebuild);
	log_note("%s", target->rebuilt);
	return NULL;
}

/* A stand-in must answer as the program does. */
static struct error *check_stand_in(const struct run *run, const struct scratch *scratch,
				    const struct trial *reference, const char *program)
{
	const struct workload *w = &run->workload;
	CLEANUP(trial_clear) struct trial t = { 0 };
	struct target target = { .program = (char *)(uintptr_t)program };
	const struct trial_plan plan = { .target = &target,
					 .workload = w,
					 .way = TRIAL_EXEC,
					 .workers = 1,
					 .scratch = scratch,
					 .timeout_ns = w->timeout_ns };
	struct error *err = trial_run(&plan, &t);

	for (size_t i = 0; !err && i < t.n; i++) {
		CLEANUP(cleanup_free)
		char *how = answer_difference(w, &t.tasks[i], "by the program itself",
					      &reference->tasks[i]);

		if (how)
			return error_new(ERROR_INPUT, "--rebuild: built anew, task %zu (%s) %s",
					 i + 1, w->tasks.items[i], how);
	}
	return err;
}

/* What a simulation of the recorded tasks would have said of each entry that was raced. What the cores take from
 * one another was not measured for it. */
static struct error *simulate_entries(const struct recording *tasks, struct run *run)
{
	struct simulate_costs costs = { .cores = run->machine.cores,
					.disk_depth = INFINITY,
					.loop_depth = INFINITY,
					.slowdown = 1 };
	struct error *err;

	if (!tasks->calls.n || tasks->at_once > 1)
		return NULL;
	err = handover_costs(costs.call_ns);
	if (err)
		return err;
	vec_each (&run->race, e) {
		double s;

		if (e->outcome != OUTCOME_OK || e->model == MODEL_SEQUENTIAL)
			continue;
		s = simulate_speedup(tasks, e->model, e->workers, &costs);
		e->simulated = (struct estimate){ s, s, s, tasks->calls.n };
	}
	return NULL;
}

static struct error *race(const struct options *options, const char *original, struct run *run)
{
	CLEANUP(recording_clear) struct recording tasks = { 0 };
	CLEANUP(trial_clear) struct trial reference = { 0 };
	CLEANUP(scratch_close) struct scratch scratch = { 0 };
	struct race_options opt = {
		.scratch = &scratch,
		.timeout_ns = run->workload.timeout_ns,
		.budget_ns = run->workload.budget_ns,
		.seed = options->seed,
		.workers = options->workers.items,
		.workers_n = options->workers.n,
	};
	struct error *err;

	if (strcmp(run->workload.unit, "main") != 0) {
		err = where_find_unit(&run->target, &run->workload, &run->target.unit);
		if (err)
			return err;
	}
	if (run->workload.offload) {
		err = where_find_function(run->target.program, run->workload.offload, "--offload",
					  &run->target.offload);
		if (err)
			return err;
	}
	err = scratch_open(&run->workload, &scratch);
	if (!err)
		err = baseline_run(&run->target, &run->workload, &scratch, opt.timeout_ns, TIER_0,
				   &run->profile, &tasks, &reference);
	if (!err && original && !run->target.unit.types)
		err = check_stand_in(run, &scratch, &reference, original);
	if (!err)
		err = race_run(&run->target, &run->workload, &run->profile, &reference, &opt,
			       &run->race);
	return err ? err : simulate_entries(&tasks, run);
}

struct error *measure_race(const struct options *options, struct run *run)
{
	CLEANUP(rebuild_clear) struct rebuild built = { 0 };
	char *original = run->target.program;
	struct error *err = stand_in(options, &run->target, &built);

	if (err)
		return err;
	if (built.program)
		run->target.program = built.program;
	err = race(options, built.program ? original : NULL, run);
	run->target.program = original;
	return err;
}

/* Where that is much of the calls. */
static bool waits_for_disk(const struct recording *r)
{
	const struct wait_profile *in = &r->inside;

	return (double)recording_wait_ns(r, WAIT_DISK) >
	       DISK_MATTERS * (double)(in->wall_ns - in->runqueue_ns);
}

/* Of a unit that was found: that it cannot be recorded is no reason to say nothing of the run. */
static struct error *record_unit(const char *const *argv, const struct record_options *opt,
				 const struct unit *unit, bool found, struct run *run)
{
	CLEANUP(recording_clear) struct recording recording = { 0 };
	CLEANUP(profile_clear) struct profile profile = { 0 };
	struct error *err = record_calls(argv, opt, unit, &profile, &recording);

	if (err && found) {
		free(run->recording.why);
		run->recording.why = xstrdup(err->message);
		error_free(err);
		return NULL;
	}
	if (err)
		return err;
	profile.opened = run->profile.opened;
	profile_clear(&run->profile);
	run->profile = profile;
	profile = (struct profile){ 0 };
	recording_clear(&run->recording);
	run->recording = recording;
	recording = (struct recording){ 0 };
	run->recording.found = found;
	return NULL;
}

static void try_disk(const struct disk_uses *uses, struct recording *ret)
{
	struct disk_depth depth;

	disk_depth(uses, &depth);
	ret->disk_depth = depth.threads;
	ret->loop_depth = depth.loop;
	ret->disk_tried = depth.what;
	ret->disk_threads = DISK_DEPTH_MOST;
}

struct error *measure_calls(const struct options *options, struct run *run)
{
	CLEANUP(unit_clear) struct unit unit = { 0 };
	CLEANUP(disk_uses_clear) struct disk_uses uses = { 0 };
	const struct record_options opt = { .program = run->target.program,
					    .pid = options->pid,
					    .duration_ns = subject_ns(options->duration_s),
					    .uses = &uses,
					    .timeout_ns = subject_ns(options->timeout_s),
					    .workload = &run->workload };
	const char *const *argv = (const char *const *)options->args;
	bool search = !options->unit || !strcmp(options->unit, "auto");
	struct error *err;

	err = search ? record_find_unit(argv, &opt, &run->profile, &unit, &run->recording.why)
		     : unit_find(run->target.program, options->unit, &unit);
	if (!err && search && children_in_turn(&run->profile)) {
		children_record(&run->profile, &run->recording);
		return NULL;
	}
	if (err || !unit.name)
		return err;
	err = record_unit(argv, &opt, &unit, search, run);
	if (!err && !options->pid && waits_for_disk(&run->recording))
		try_disk(&uses, &run->recording);
	return err;
}

/* Where computing is much of it. */
static struct error *measure_slowdown(const struct options *options, struct run *run, double *ret)
{
	const struct record_options opt = { .program = run->target.program,
					    .timeout_ns = subject_ns(options->timeout_s),
					    .workload = &run->workload };
	struct estimate *slowdown = &run->recording.slowdown;
	struct error *err;

	if (run->machine.cores < 2 || wait_profile_cpu_share(&run->recording.inside) < CPU_MATTERS)
		return NULL;
	err = record_slowdown((const char *const *)options->args, &opt, run->machine.cores,
			      slowdown);
	if (err)
		return err;
	*ret = slowdown->value > 1 ? slowdown->value : 1;
	return NULL;
}

/* What as many threads as were tried all got done at once has no known end. */
static double disk_depth_of(const struct estimate *tried)
{
	return !tried->n || tried->value > DISK_ALL * DISK_DEPTH_MOST ? INFINITY : tried->value;
}

/* Where no ring could be had, a loop's calls on files are made by threads. */
static double loop_depth_of(const struct recording *r)
{
	return disk_depth_of(r->loop_depth.n ? &r->loop_depth : &r->disk_depth);
}

static struct error *simulator_error(struct db *db, const struct machine *machine,
				     struct estimate *ret)
{
	struct samples errors = { 0 };
	struct error *err = db_residuals(db, machine, &errors);

	vec_each (&errors, e)
		*e = fabs(*e);
	if (!err && errors.n)
		*ret = (struct estimate){ .value = stats_median(errors.items, errors.n),
					  .high = stats_quantile(errors.items, errors.n, 0.9),
					  .n = errors.n };
	vec_clear(&errors);
	return err;
}

struct error *measure_simulation(const struct options *options, struct db *db, struct run *run)
{
	struct simulate_costs costs = { .cores = run->machine.cores,
					.disk_depth = disk_depth_of(&run->recording.disk_depth),
					.loop_depth = loop_depth_of(&run->recording),
					.slowdown = 1 };
	struct ladder ladder;
	struct race_conditions *c = &run->race.conditions;
	CLEANUP(cleanup_free) char *why = NULL;
	struct error *err;
	struct rng rng;

	if (!run->recording.made && stream_find(run, &why) == STREAM_BLOCKS)
		stream_cut(&run->profile, &run->recording);
	if (!run->recording.made) {
		run->race.why = xasprintf("no unit of work was found: %s", run->recording.why);
		return NULL;
	}
	ladder = ladder_choose(&run->profile, run->machine.cores, (size_t)run->recording.total,
			       options->workers.items, options->workers.n);
	err = handover_costs(costs.call_ns);
	if (!err)
		err = start_costs(costs.start_ns);
	if (!err)
		err = simulator_error(db, &run->machine, &c->simulator_error);
	costs.error = c->simulator_error.n >= RESIDUALS_MIN ? c->simulator_error.high : 0;
	if (!err)
		err = measure_slowdown(options, run, &costs.slowdown);
	if (err)
		return err;
	c->seed = options->seed ? options->seed : clock_now_ns();
	rng = (struct rng){ c->seed };
	simulate_race(&run->recording, &costs, ladder.workers, ladder.n, &rng, &run->race);
	return NULL;
}

#define EXCERPTS      50 /* hurdles that get one */
#define EXCERPT_LINES 2  /* before and after */
#define EXCERPT_WIDTH 200

/* Lines first..last of a text, as far as it has them. Owned by the caller. */
static char *lines_of(const char *text, int first, int last)
{
	struct strbuf out = { 0 };

	for (int n = 1; *text && n <= last; n++) {
		size_t len = strcspn(text, "\n");

		if (n >= first)
			strbuf_addf(&out, "%s%.*s", n > first ? "\n" : "",
				    (int)(len < EXCERPT_WIDTH ? len : EXCERPT_WIDTH), text);
		text += len + (text[len] == '\n');
	}
	return strbuf_detach(&out);
}

void measure_excerpts(struct run *run)
{
	struct hurdles *hurdles = &run->verdict.hurdles;

	for (size_t i = 0; i < hurdles->n && i < EXCERPTS; i++) {
		struct hurdle *h = &hurdles->items[i];
		CLEANUP(cleanup_free)
		char *path = path_join(run->facts.root ? run->facts.root : ".", h->file);
		CLEANUP(strbuf_clear) struct strbuf text = { 0 };
		struct error *err = h->line > 0 ? file_read(path, &text) : NULL;

		if (err || !text.len) {
			error_free(err);
			continue;
		}
		h->excerpt_line = h->line > EXCERPT_LINES ? h->line - EXCERPT_LINES : 1;
		h->excerpt = lines_of(text.s, h->excerpt_line, h->line + EXCERPT_LINES);
	}
}

void measure_page_text(struct db *db, const struct run *run, struct strbuf *out)
{
	CLEANUP(trend_clear) struct trend trend = { 0 };
	/* A run that is no race has no history: db_trend() then says so, and the page goes without. */
	struct error *none = db_trend(db, run->id, 200, &trend);

	report_html_run(run, none ? NULL : &trend, out);
	error_free(none);
}

struct error *measure_page(const struct options *options, struct db *db, const struct run *run)
{
	CLEANUP(strbuf_clear) struct strbuf html = { 0 };

	measure_page_text(db, run, &html);
	return output_page(options, &html);
}
