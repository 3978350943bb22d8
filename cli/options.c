#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "db/gate.h"

enum { /* options without a letter */
       OPT_JSON = 256,
       OPT_DB,
       OPT_HTML,
       OPT_COLOR,
       OPT_EACH,
       OPT_TIMEOUT,
       OPT_BUDGET,
       OPT_WORKERS,
       OPT_SEED,
       OPT_EXPECT_EXIT,
       OPT_NO_ANALYZE,
       OPT_POLICY,
       OPT_CORES,
       OPT_DURATION,
       OPT_OVERHEAD,
       OPT_TIER,
       OPT_NO_CACHE,
       OPT_FORMAT,
       OPT_SHARD,
       OPT_REPORT_FORMAT,
       OPT_BASELINE,
       OPT_NEW_ONLY,
       OPT_STORE,
       OPT_UPDATE_BASELINE,
       OPT_COUNT,
       OPT_STDIN,
       OPT_OUTPUTS,
       OPT_COMPARE,
       OPT_SETUP,
       OPT_TEARDOWN,
       OPT_WORKLOAD,
       OPT_SHARED,
       OPT_REBUILD,
       OPT_OFFLOAD,
       OPT_RUN_AS,
       OPT_UNIT,
       OPT_PROCESSES,
       OPT_FORCE,
       OPT_SAMPLES_DAYS,
       OPT_RUNS_DAYS,
       OPT_AGAINST,
       OPT_PAIR,
       OPT_MAX_REGRESSION,
       OPT_CONFIDENCE,
       OPT_MIN_RUNS,
       OPT_FAIL_ON,
       OPT_JUNIT,
       OPT_TRUST,
       OPT_DUMP_CONFIG,
};

enum { CONFIG = 1, CONFIG_PATH = 3, CONFIG_RUNS = 5 };

struct option_row {
	int groups; /* 0: every command */
	struct argp_option argp;
	int config; /* whether a configuration may hold it, and what it is there */
};

/* clang-format off */
static const struct option_row rows[] = {
	{ OPTIONS_BUILD, { "build-dir", 'p', "DIR", 0, "Where compile_commands.json lies (default: the nearest one upward)", 1 }, CONFIG_PATH },
	{ OPTIONS_BUILD, { "jobs", 'j', "N", 0, "Parse with N workers (default: one a core)", 1 }, CONFIG },
	{ OPTIONS_BUILD, { "no-cache", OPT_NO_CACHE, NULL, 0, "Parse every file, whether it changed or not", 1 }, CONFIG },
	{ OPTIONS_ANALYZE, { "shard", OPT_SHARD, "I/N", 0, "Only each N-th file, from the I-th on. What takes all files together is seen in part, until 'concur db merge' joins the stored shards", 1 } },
	{ OPTIONS_ANALYZE, { "store", OPT_STORE, NULL, 0, "Keep the result in the history, to compare it later", 1 } },
	{ OPTIONS_ANALYZE, { "format", OPT_FORMAT, "NAME", 0, "report: grouped (default on a terminal); editor: file:line:col: warning: text [check]; sarif: SARIF 2.1.0", 2 } },
	{ OPTIONS_ANALYZE, { "baseline", OPT_BASELINE, "FILE", 0, "Warnings that are known (default: .concur-baseline of the project)", 2 }, CONFIG_PATH },
	{ OPTIONS_ANALYZE, { "new-only", OPT_NEW_ONLY, NULL, 0, "Only warnings that the baseline does not hold", 2 } },
	{ OPTIONS_ANALYZE, { "update-baseline", OPT_UPDATE_BASELINE, NULL, 0, "Write all warnings to the baseline", 2 } },
	{ OPTIONS_TASKS, { "each", OPT_EACH, "TASKS", 0, "File with one task a line; - is standard input. {} in an argument is the line, {1} its first field, as tabs separate them", 1 } },
	{ OPTIONS_TASKS, { "count", OPT_COUNT, "N", 0, "N tasks, numbered from 1, instead of a list", 1 } },
	{ OPTIONS_TASKS, { "stdin", OPT_STDIN, "FILE", 0, "What each task reads on standard input, for example {} (default: nothing)", 1 } },
	{ OPTIONS_TASKS, { "outputs", OPT_OUTPUTS, "PATTERN", 0, "Files that each task writes, to be compared, for example {out}/*.png; {out} is an empty directory for each task. More than once for more", 1 } },
	{ OPTIONS_TASKS, { "compare", OPT_COMPARE, "WHAT", 0, "stdout: output, exit code and files (default); stderr: that as well; exit-code: nothing else", 1 }, CONFIG },
	{ OPTIONS_TASKS, { "expect-exit", OPT_EXPECT_EXIT, "CODE,...", 0, "The exit codes of a task that went well (default: 0)", 1 }, CONFIG },
	{ OPTIONS_TASKS, { "run-as", OPT_RUN_AS, "USER", 0, "Run the tasks as this user, so that they cannot do what root can", 1 }, CONFIG },
	{ OPTIONS_TASKS, { "setup", OPT_SETUP, "COMMAND", 0, "Shell command before each trial, not timed", 1 }, CONFIG_RUNS },
	{ OPTIONS_TASKS, { "teardown", OPT_TEARDOWN, "COMMAND", 0, "Shell command after each trial, not timed", 1 }, CONFIG_RUNS },
	{ OPTIONS_TASKS, { "workload", OPT_WORKLOAD, "FILE", 0, "Read these options, and the command, from a YAML file; the command line goes before it", 1 } },
	{ OPTIONS_PROFILE, { "pid", 'p', "PID", 0, "Watch a process that runs already, until it ends or Ctrl-C", 1 } },
	{ OPTIONS_PROFILE, { "duration", OPT_DURATION, "SECONDS", 0, "With -p: watch for that long", 1 } },
	{ OPTIONS_PROFILE, { "overhead", OPT_OVERHEAD, "PERCENT", 0, "What watching may cost the program: where it switches too often, fewer stacks are taken (default: 5%)", 1 }, CONFIG },
	{ OPTIONS_PROFILE, { "tier", OPT_TIER, "T0|T1|T2|T3", 0, "Do without what a better tier would use", 1 }, CONFIG },
	{ OPTIONS_UNIT | OPTIONS_TASKS, { "unit", OPT_UNIT, "FUNCTION", 0, "A function of PROGRAM as the unit of work. With tasks it is called for each, with the arguments as its parameters; without, the calls in a run of PROGRAM are recorded (auto: it is searched)", 1 } },
	{ OPTIONS_RUN, { "timeout", OPT_TIMEOUT, "SECONDS", 0, "Time limit of one task (default: 60)", 1 }, CONFIG },
	{ OPTIONS_RACE | OPTIONS_BUDGET, { "budget", OPT_BUDGET, "SECONDS", 0, "How long to measure at most (default: 60)", 2 }, CONFIG },
	{ OPTIONS_RACE, { "workers", OPT_WORKERS, "N,N,...", 0, "Numbers of workers to race (default: by cores for CPU work, wider for waits)", 2 }, CONFIG },
	{ OPTIONS_RACE, { "offload", OPT_OFFLOAD, "FUNCTION", 0, "Under async + thread pool, the pool runs the calls of this function of PROGRAM, and the loop all else; without it, whatever computes for long", 2 } },
	{ OPTIONS_RACE, { "rebuild", OPT_REBUILD, "DIR", 0, "If PROGRAM cannot be loaded for threads (statically linked, at a fixed address), race one built anew by the compile_commands.json in DIR, whose commands are run", 2 } },
	{ OPTIONS_RACE, { "shared", OPT_SHARED, NULL, 0, "Threads share one copy of the program, as it is; without it each has its own", 2 } },
	{ OPTIONS_RACE, { "processes", OPT_PROCESSES, "HOW", 0, "exec: a fresh process for each task (default); prefork: one for each worker; fork: a fork for each task", 2 }, CONFIG },
	{ OPTIONS_RACE | OPTIONS_BUDGET, { "seed", OPT_SEED, "N", 0, "Seed of the order of trials (default: from the clock; it is stored)", 2 }, CONFIG },
	{ OPTIONS_ADVISE, { "policy", OPT_POLICY, "NAME", 0, "measured: the fastest correct model (default); table: the table's row first", 2 }, CONFIG },
	{ OPTIONS_ADVISE, { "no-analyze", OPT_NO_ANALYZE, NULL, 0, "Do without the source: one witness less", 2 }, CONFIG },
	{ OPTIONS_GATE, { "against", OPT_AGAINST, "REF", 0, "The run to hold against: an id, a tag, a commit, last~1", 1 } },
	{ OPTIONS_GATE, { "pair", OPT_PAIR, NULL, 0, "Run two builds in turns, now", 1 } },
	{ OPTIONS_GATE, { "max-regression", OPT_MAX_REGRESSION, "PERCENT", 0, "How much slower is still well (default: 2%)", 2 }, CONFIG },
	{ OPTIONS_GATE, { "confidence", OPT_CONFIDENCE, "PERCENT", 0, "Of the intervals (default: 95% for stored runs, 99% for --pair)", 2 }, CONFIG },
	{ OPTIONS_GATE, { "min-runs", OPT_MIN_RUNS, "N", 0, "With fewer rounds or pairs it cannot tell (default: 6 rounds, 10 pairs)", 2 }, CONFIG },
	{ OPTIONS_GATE, { "fail-on", OPT_FAIL_ON, "WHAT,...", 0, "verdict, regression, new-findings, inconclusive (default: regression)", 2 }, CONFIG },
	{ OPTIONS_GATE, { "junit", OPT_JUNIT, "FILE", 0, "Write the result as JUnit XML as well", 3 } },
	{ OPTIONS_DB, { "samples-days", OPT_SAMPLES_DAYS, "N", 0, "prune: raw samples and stacks of runs older than N days", 1 }, CONFIG },
	{ OPTIONS_DB, { "runs-days", OPT_RUNS_DAYS, "N", 0, "prune: all of runs older than N days", 1 }, CONFIG },
	{ OPTIONS_FORCE, { "force", OPT_FORCE, NULL, 0, "Judge runs that are not comparable as well", 3 } },
	{ OPTIONS_PROJECT, { "cores", OPT_CORES, "N,N,...", 0, "Project the speedups to machines with as many cores: a range, not measured", 2 }, CONFIG },
	{ OPTIONS_LIST, { "limit", 'n', "N", 0, "At most N runs; 0: all", 1 }, CONFIG },
	{ OPTIONS_HTML, { "html", OPT_HTML, "FILE", 0, "Write the report to FILE as one page for a browser; - is standard output", 3 } },
	{ OPTIONS_REPORT, { "format", OPT_REPORT_FORMAT, "NAME", 0, "term (default), html, md, json, sarif, speedscope, folded, hyperfine, chrome-trace", 1 } },
	{ OPTIONS_REPORT, { "output", 'o', "FILE", 0, "Write to FILE; - is standard output", 1 } },
	{ 0, { "json", OPT_JSON, NULL, 0, "JSON on standard output, errors included", 8 } },
	{ 0, { "db", OPT_DB, "FILE", 0, "The history (default: CONCUR_DB, or .concur/history.db of the project)", 8 }, CONFIG_PATH },
	{ OPTIONS_TASKS, { "trust", OPT_TRUST, NULL, 0, "Run what the project's .concur.yaml names as setup or teardown", 1 } },
	{ 0, { "dump-config", OPT_DUMP_CONFIG, NULL, 0, "Only show what holds for this command, and where each value comes from", 8 } },
	{ 0, { "color", OPT_COLOR, "WHEN", 0, "auto: on a terminal (default); always; never", 8 }, CONFIG },
	{ 0, { "quiet", 'q', NULL, 0, "Only results and errors", 8 } },
	{ 0, { "verbose", 'v', NULL, 0, "Say more", 8 } },
};
/* clang-format on */

#define ROWS_N (sizeof(rows) / sizeof(rows[0]))

struct parse {
	struct options *options;
	int groups;
	int stop; /* index of the first operand */
};

static const char *origin_of(const struct options *o, int at)
{
	return at >= 1 && (size_t)at <= o->sources.origins.n ? o->sources.origins.items[at - 1]
							     : "command line";
}

__attribute__((noreturn)) static void refuse(const struct options *o, struct error *err)
{
	output_error(o, err);
	output_finish();
	exit((int)err->class);
}

/* As argp_error(), but it names the file and line where the value stands, and knows --json. */
__attribute__((format(printf, 2, 3))) static void misuse(struct argp_state *state, const char *fmt,
							 ...)
{
	struct options *o = ((struct parse *)state->input)->options;
	CLEANUP(cleanup_free) char *text = NULL;
	const char *origin = origin_of(o, state->next - 1);
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	for (int i = 1; i < state->argc && strcmp(state->argv[i], "--") != 0; i++)
		o->json |= !strcmp(state->argv[i], "--json");
	if (strcmp(origin, "command line") != 0)
		refuse(o, error_new(ERROR_USAGE, "%s: %s", origin,
				    text + (!strncmp(text, "--", 2) ? 2 : 0)));
	refuse(o, error_hint(error_new(ERROR_USAGE, "%s", text), "%s --help", state->name));
}

static long whole_number(struct argp_state *state, const char *what, const char *text, long low,
			 long high)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < low || n > high)
		misuse(state, "%s: '%s' is not a whole number from %ld to %ld", what, text, low,
		       high);
	return n;
}

static double seconds(struct argp_state *state, const char *what, const char *text)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(s) || s <= 0 || s > 86400)
		misuse(state, "%s: '%s' is not a time in seconds (above 0, at most 86400)", what,
		       text);
	return s;
}

static uint64_t seed(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || !isdigit((unsigned char)*text) || !n)
		misuse(state, "--seed: '%s' is not a number above 0", text);
	return n;
}

/* "5%" or "5" as 0.05 */
static double share(struct argp_state *state, const char *what, const char *text)
{
	char *end;
	double percent;

	errno = 0;
	percent = strtod(text, &end);
	if (errno || end == text || strcmp(end + (*end == '%'), "") || !isfinite(percent) ||
	    percent < 0.1 || percent > 100)
		misuse(state, "%s: '%s' is not a share from 0.1%% to 100%%", what, text);
	return percent / 100;
}

static enum tier tier(struct argp_state *state, const char *text)
{
	enum tier ret = TIER_0;

	if (!tier_from_key(text, &ret))
		misuse(state, "--tier: '%s' is none of T0, T1, T2, T3", text);
	return ret;
}

static void ladder(struct argp_state *state, const char *what, const char *text,
		   struct worker_ladder *ret)
{
	char *copy = xstrdup(text), *save = NULL;

	vec_clear(ret);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		vec_push(ret, (int)whole_number(state, what, word, 1, 1024));
	free(copy);
	if (!ret->n)
		misuse(state, "%s: no number in '%s'", what, text);
}

static void exit_codes(struct argp_state *state, const char *text, struct options *o)
{
	char *copy = xstrdup(text), *save = NULL;
	bool first = true;

	memset(o->also_expected, 0, sizeof(o->also_expected));
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		int code = (int)whole_number(state, "--expect-exit", word, 0, 255);

		o->also_expected[code / 64] |= 1ull << code % 64;
		if (first)
			o->expected_exit = code;
		first = false;
	}
	free(copy);
	if (first)
		misuse(state, "--expect-exit: no number in '%s'", text);
}

static enum compare comparison(struct argp_state *state, const char *text)
{
	enum compare ret = COMPARE_STDOUT;

	if (!compare_from_key(text, &ret))
		misuse(state, "--compare: '%s' is none of stdout, stderr, exit-code", text);
	return ret;
}

static enum color color(struct argp_state *state, const char *text)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(text, names[i]))
			return (enum color)i;
	}
	misuse(state, "--color: '%s' is none of auto, always, never", text);
	return COLOR_AUTO;
}

static bool policy_is_table(struct argp_state *state, const char *text)
{
	if (strcmp(text, "table") && strcmp(text, "measured"))
		misuse(state, "--policy: '%s' is neither measured nor table", text);
	return !strcmp(text, "table");
}

static enum format format(struct argp_state *state, const char *text)
{
	if (!strcmp(text, "editor"))
		return FORMAT_EDITOR;
	if (!strcmp(text, "sarif"))
		return FORMAT_SARIF;
	if (strcmp(text, "report"))
		misuse(state, "--format: '%s' is none of report, editor, sarif", text);
	return FORMAT_REPORT;
}

static void shard(struct argp_state *state, const char *text, struct options *o)
{
	char *end;
	unsigned long i = 0, n = 0;

	if (isdigit((unsigned char)*text)) {
		i = strtoul(text, &end, 10);
		if (*end == '/' && isdigit((unsigned char)end[1]))
			n = strtoul(end + 1, &end, 10);
		if (*end)
			n = 0;
	}
	if (!i || i > n || n > 10000)
		misuse(state, "--shard: '%s' is not I/N with I from 1 to N", text);
	o->shard = (unsigned)i;
	o->shards = (unsigned)n;
}

static double confidence(struct argp_state *state, const char *text)
{
	double ret = share(state, "--confidence", text);

	if (ret < 0.5 || ret > 0.9999)
		misuse(state, "--confidence: '%s' is not from 50%% to 99.99%%", text);
	return ret;
}

static double max_regression(struct argp_state *state, const char *text)
{
	return !strcmp(text, "0") || !strcmp(text, "0%") ? 0
							 : share(state, "--max-regression", text);
}

static int fail_on(struct argp_state *state, const char *text)
{
	static const struct {
		const char *name;
		int bit;
	} names[] = {
		{ "verdict", GATE_ON_VERDICT },
		{ "regression", GATE_ON_REGRESSION },
		{ "new-findings", GATE_ON_FINDINGS },
		{ "inconclusive", GATE_ON_CANNOT_TELL },
	};
	char *copy = xstrdup(text), *save = NULL;
	int ret = 0;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < 4 && strcmp(word, names[i].name))
			i++;
		if (i == 4)
			misuse(state,
			       "--fail-on: '%s' is none of verdict, regression, new-findings, "
			       "inconclusive",
			       word);
		else
			ret |= names[i].bit;
	}
	free(copy);
	if (!ret)
		misuse(state, "--fail-on: nothing in '%s'", text);
	/* Inconclusive about what? */
	return ret == GATE_ON_CANNOT_TELL ? ret | GATE_ON_REGRESSION : ret;
}

static error_t parse_gate(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_SAMPLES_DAYS:
		o->samples_days = (int)whole_number(state, "--samples-days", arg, 1, 36500);
		return 0;
	case OPT_RUNS_DAYS:
		o->runs_days = (int)whole_number(state, "--runs-days", arg, 1, 36500);
		return 0;
	case OPT_AGAINST:
		o->gate.against = arg;
		return 0;
	case OPT_PAIR:
		o->gate.pair = true;
		return 0;
	case OPT_MAX_REGRESSION:
		o->gate.max_regression = max_regression(state, arg);
		return 0;
	case OPT_CONFIDENCE:
		o->gate.confidence = confidence(state, arg);
		return 0;
	case OPT_MIN_RUNS:
		o->gate.min_runs = (size_t)whole_number(state, "--min-runs", arg, 2, 1000);
		return 0;
	case OPT_FAIL_ON:
		o->gate.fail_on = fail_on(state, arg);
		return 0;
	case OPT_JUNIT:
		o->gate.junit = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_analyze(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_NO_CACHE:
		o->no_cache = true;
		return 0;
	case OPT_FORMAT:
		o->format = format(state, arg);
		return 0;
	case OPT_SHARD:
		shard(state, arg, o);
		return 0;
	case OPT_STORE:
		o->store = true;
		return 0;
	case OPT_BASELINE:
		o->baseline = arg;
		return 0;
	case OPT_NEW_ONLY:
		o->new_only = true;
		return 0;
	case OPT_UPDATE_BASELINE:
		o->update_baseline = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_tasks(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_EACH:
		o->each = arg;
		o->count = 0;
		strings_clear(&o->tasks);
		return 0;
	case OPT_COUNT:
		o->count = (int)whole_number(state, "--count", arg, 1, 1000000);
		o->each = NULL;
		strings_clear(&o->tasks);
		return 0;
	case OPT_STDIN:
		o->stdin_path = arg;
		return 0;
	case OPT_OUTPUTS:
		vec_push(&o->outputs, arg);
		return 0;
	case OPT_COMPARE:
		o->compare = comparison(state, arg);
		return 0;
	case OPT_EXPECT_EXIT:
		exit_codes(state, arg, o);
		return 0;
	case OPT_SHARED:
		o->shared = true;
		return 0;
	case OPT_OFFLOAD:
		o->offload = arg;
		return 0;
	case OPT_REBUILD:
		o->rebuild = arg;
		return 0;
	case OPT_PROCESSES:
		if (!process_way_from_key(arg, &o->processes))
			misuse(state, "--processes: '%s' is none of exec, prefork, fork", arg);
		return 0;
	case OPT_RUN_AS:
		o->run_as = arg;
		return 0;
	case OPT_SETUP:
		o->setup = arg;
		return 0;
	case OPT_TEARDOWN:
		o->teardown = arg;
		return 0;
	case OPT_WORKLOAD:
		if (!o->workload_file)
			misuse(state, "write --workload in full");
		return 0;
	case OPT_TRUST:
		return 0;
	default:
		return parse_analyze(key, arg, state, o);
	}
}

static error_t parse_common(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_DUMP_CONFIG:
		o->dump_config = true;
		return 0;
	case OPT_DB:
		o->db = arg;
		return 0;
	case OPT_COLOR:
		o->color = color(state, arg);
		return 0;
	case 'q':
		log_set_level(LOG_QUIET);
		return 0;
	case 'v':
		log_set_level(LOG_VERBOSE);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_own(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case 'p':
		if (((struct parse *)state->input)->groups & OPTIONS_PROFILE)
			o->pid = (pid_t)whole_number(state, "-p", arg, 1, INT_MAX);
		else
			o->build_dir = arg;
		return 0;
	case OPT_DURATION:
		o->duration_s = seconds(state, "--duration", arg);
		return 0;
	case OPT_UNIT:
		o->unit = arg;
		return 0;
	case OPT_OVERHEAD:
		o->overhead = share(state, "--overhead", arg);
		return 0;
	case OPT_TIER:
		o->tier = tier(state, arg);
		return 0;
	case 'j':
		o->jobs = (int)whole_number(state, "--jobs", arg, 1, 1024);
		return 0;
	case 'n':
		o->limit = (int)whole_number(state, "-n", arg, 0, INT_MAX);
		return 0;
	case OPT_HTML:
		o->html = arg;
		return 0;
	case OPT_REPORT_FORMAT:
		o->report_format = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPT_TIMEOUT:
		o->timeout_s = seconds(state, "--timeout", arg);
		return 0;
	case OPT_BUDGET:
		o->budget_s = seconds(state, "--budget", arg);
		return 0;
	case OPT_WORKERS:
		ladder(state, "--workers", arg, &o->workers);
		return 0;
	case OPT_SEED:
		o->seed = seed(state, arg);
		return 0;
	case OPT_NO_ANALYZE:
		o->no_analyze = true;
		return 0;
	case OPT_CORES:
		ladder(state, "--cores", arg, &o->cores);
		return 0;
	case OPT_POLICY:
		o->policy_table = policy_is_table(state, arg);
		return 0;
	default:
		return parse_tasks(key, arg, state, o) ? parse_gate(key, arg, state, o) : 0;
	}
}

static void remember(struct parse *p, int key, const char *value, const char *origin)
{
	const struct argp_option *option;

	for (size_t i = 0; (option = options_next(p->groups, &i));)
		if (option->key == key && option->name)
			vec_push(&p->options->sources.seen,
				 ((struct option_seen){ option->name, value, origin }));
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->options;

	if (key == ARGP_KEY_ARG) {
		if (!(p->groups & OPTIONS_PROGRAM))
			return ARGP_ERR_UNKNOWN; /* collected by ARGP_KEY_ARGS */
		o->args = &state->argv[state->next - 1];
		o->args_n = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	}
	if (key == ARGP_KEY_ARGS) {
		o->args = &state->argv[state->next];
		o->args_n = state->argc - state->next;
		return 0;
	}
	if (parse_common(key, arg, state, o) && parse_own(key, arg, state, o))
		return ARGP_ERR_UNKNOWN;
	remember(p, key, arg, origin_of(o, state->next - 1));
	return 0;
}

const struct argp_option *options_next(int groups, size_t *i)
{
	while (*i < ROWS_N) {
		const struct option_row *row = &rows[(*i)++];

		if (!row->groups || (row->groups & groups))
			return &row->argp;
	}
	return NULL;
}

static void select_options(int groups, struct argp_option *ret)
{
	const struct argp_option *option;

	for (size_t i = 0; (option = options_next(groups, &i));)
		*ret++ = *option;
	*ret = (struct argp_option){ 0 };
}

/* --- what stands elsewhere -------------------------------------------------------------------- */

/* What must be known before the rest: which files to read, and whether to trust them. */
static error_t look_ahead(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	if (key == OPT_WORKLOAD)
		p->options->workload_file = arg;
	if (key == OPT_TRUST)
		p->options->trust = true;
	if (key == OPT_JSON)
		p->options->json = true;
	if (key == ARGP_KEY_ARG && (p->groups & OPTIONS_PROGRAM))
		state->next = state->argc;
	return 0;
}

bool options_find(const char *name, struct option_place *ret)
{
	*ret = (struct option_place){ 0 };
	for (size_t i = 0; i < ROWS_N; i++) {
		const struct option_row *row = &rows[i];

		if (!row->argp.name || strcmp(row->argp.name, name) != 0)
			continue;
		*ret = (struct option_place){
			.name = row->argp.name,
			.groups = row->groups,
			.is_flag = !row->argp.arg,
			.in_workload = row->argp.key != OPT_WORKLOAD &&
				       row->argp.key != OPT_TRUST &&
				       (row->groups & (OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE)),
			.in_config = row->config,
			.is_path = row->config == CONFIG_PATH,
			.runs = row->config == CONFIG_RUNS,
		};
		return true;
	}
	return false;
}

/* The weakest first, so that the last one wins: files and environment, before the subcommand, after
 * it. */
static void arrange(struct options *o, int *argc, char ***argv)
{
	const struct strings *args = &o->sources.args;
	size_t n = 0;

	o->argv = xcalloc((size_t)*argc + args->n + (size_t)o->globals_n + 1, sizeof(*o->argv));
	o->argv[n++] = (*argv)[0];
	for (size_t i = 0; i < args->n; i++)
		o->argv[n++] = args->items[i];
	for (int i = 0; i < o->globals_n; i++)
		o->argv[n++] = o->globals[i];
	for (int i = 1; i < *argc; i++)
		o->argv[n++] = (*argv)[i];
	*argc = (int)n;
	*argv = o->argv;
}

void options_parse(const struct command *command, struct options *options, int groups, int argc,
		   char **argv)
{
	struct argp_option list[ROWS_N + 1];
	struct parse parse = { .options = options, .groups = groups };
	CLEANUP(cleanup_free)
	char *doc = xasprintf("concur %s - %s\v%s", command->name,
			      command->summary ? command->summary : "for packagers", command->doc);
	struct argp argp = { list, look_ahead, command->args, doc, NULL, NULL, NULL };
	int flags = groups & OPTIONS_PROGRAM ? ARGP_IN_ORDER : 0;
	struct error *err;

	select_options(groups, list);
	argp_parse(&argp, argc, argv, flags | ARGP_SILENT, NULL, &parse);
	err = config_gather(options, groups);
	if (err)
		refuse(options, err);
	arrange(options, &argc, &argv);
	argp.parser = parse_command;
	argp_parse(&argp, argc, argv, flags, NULL, &parse);
	if (!options->args_n && options->command.n) {
		options->args = options->command.items;
		options->args_n = (int)options->command.n;
	}
	if (options->dump_config) {
		config_dump(command, options, groups);
		exit(output_finish() ? ERROR_MACHINE : 0);
	}
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	if (key == ARGP_KEY_ARG) {
		p->stop = state->next - 1;
		state->next = state->argc;
		return 0;
	}
	return parse_common(key, arg, state, p->options);
}

void options_parse_global(struct options *options, int argc, char **argv, int *next)
{
	struct argp_option list[ROWS_N + 1];
	struct parse parse = { .options = options, .stop = argc };
	char *doc;
	size_t doc_n;
	FILE *out = open_memstream(&doc, &doc_n);
	struct argp argp = { list, parse_global, "COMMAND ...", NULL, NULL, NULL, NULL };

	if (!out)
		abort();
	fputs("Which concurrency model fits a C program, before a line is rewritten.\v", out);
	fputs("Commands:\n", out);
	for (size_t i = 0; i < commands_n && commands[i].summary; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`concur COMMAND --help' shows a command's options and examples.", out);
	fclose(out);
	argp.doc = doc;
	select_options(0, list);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parse);
	free(doc);
	*next = parse.stop;
	options->globals = argv + 1;
	options->globals_n = parse.stop - 1;
}

void options_split_flags(struct options *options, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		options->flags = argv + i + 1;
		*argc = i;
		return;
	}
}

void options_clear(struct options *options)
{
	vec_clear(&options->outputs);
	strings_clear(&options->tasks);
	strings_clear(&options->command);
	strings_clear(&options->sources.files);
	strings_clear(&options->sources.args);
	strings_clear(&options->sources.origins);
	vec_clear(&options->sources.seen);
	free(options->argv);
	options->argv = NULL;
	vec_clear(&options->workers);
	vec_clear(&options->cores);
}
