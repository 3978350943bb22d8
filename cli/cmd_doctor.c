#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/analyzer.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/subject.h"
#include "profiler/machine.h"
#include "profiler/offcpu.h"
#include "profiler/trial.h"
#include "report/words.h"

enum state { STATE_OK, STATE_LIMITED, STATE_MISSING };

static const char *const state_keys[] = { "ok", "limited", "missing" };

struct finding { /* strings owned, of one line or more; remedy may be NULL */
	const char *name;
	enum state state;
	char *says;
	char *remedy;
};

/* One function a check; the table below is their order. */

static void check_machine(struct finding *f)
{
	CLEANUP(machine_clear) struct machine m = { 0 };

	machine_read(&m);
	f->says = xasprintf("%d core%s, %s, Linux %s, %s%s", m.cores, m.cores == 1 ? "" : "s",
			    m.cpu ? m.cpu : m.arch, m.kernel, m.libc,
			    m.virtualised ? ", virtual machine" : "");
	if (m.cores > 1)
		return;
	f->state = STATE_LIMITED;
	f->remedy =
		xstrdup("on one core no model gains on CPU work: measure on a machine with more");
}

/* What the answer is without, and what would lift it: one for each tier that is not reached. */
static const struct {
	const char *cost, *remedy;
} lacks[] = {
	[TIER_0] = { "the run-queue after a wait is known in sum only, and nobody is named who "
		     "ends "
		     "waits",
		     "run as root, or: setcap cap_perfmon,cap_syslog+ep concur" },
	[TIER_1] = { "kinds of short waits are estimates, and waits have no calls",
		     "sudo sysctl kernel.perf_event_paranoid=1 kernel.kptr_restrict=0" },
	[TIER_2] = { "waits below 1 ms are not measurable, and CPU time has no calls",
		     "sudo sysctl kernel.perf_event_paranoid=2; in a container, allow "
		     "perf_event_open" },
};

static void check_tier(struct finding *f)
{
	CLEANUP(cleanup_free) char *why = NULL;
	CLEANUP(strbuf_clear) struct strbuf costs = { 0 }, remedies = { 0 };
	enum tier tier = offcpu_probe(&why);

	for (enum tier t = TIER_0; t < tier; t++) {
		strbuf_addf(&costs, "\nnot %s: %s", tier_key(t), lacks[t].cost);
		strbuf_addf(&remedies, "%sfor %s: %s", t > TIER_0 ? "\n" : "", tier_key(t),
			    lacks[t].remedy);
	}
	f->says = xasprintf("%s: %s%s%s%s", tier_key(tier), tier_meaning(tier), strbuf_str(&costs),
			    why ? "\ntried: " : "", why ? why : "");
	if (tier == TIER_0)
		return;
	f->state = STATE_LIMITED;
	f->remedy = xstrdup(strbuf_str(&remedies));
}

static void check_hardware(struct finding *f)
{
	if (offcpu_counts_cycles()) {
		f->says = xstrdup("cycles can be counted");
		return;
	}
	f->state = STATE_LIMITED;
	f->says = xstrdup("no hardware counters: whether memory is what limits CPU work is not "
			  "measured, only how far the race scales");
	f->remedy = xstrdup("measure outside a virtual machine, or give it a virtual PMU");
}

static void from_error(struct finding *f, struct error *err)
{
	f->state = STATE_MISSING;
	f->says = xstrdup(err->message);
	f->remedy = xstrdup(err->hint);
	error_free(err);
}

static void check_libclang(struct finding *f)
{
	struct error *err = analyzer_self_test();

	if (err)
		from_error(f, err);
	else
		f->says = analyzer_version();
}

static void check_host(struct finding *f)
{
	CLEANUP(cleanup_free) char *path = NULL;
	struct error *err = trial_find_host(&path);

	if (err)
		from_error(f, err);
	else
		f->says = MOVE(path);
}

static void check_autogroup(struct finding *f)
{
	if (!access("/proc/self/autogroup", W_OK) && !geteuid()) {
		f->says = xstrdup("trials can be given priority over other sessions");
		return;
	}
	f->state = STATE_LIMITED;
	f->says = xstrdup("trials compete with every other session as equals");
	f->remedy = xstrdup("close what keeps the cores busy, or run as root");
}

static const struct {
	const char *name;
	void (*check)(struct finding *f);
} checks[] = {
	{ "machine", check_machine },   { "profiler", check_tier },
	{ "counters", check_hardware }, { "analyzer", check_libclang },
	{ "harness host", check_host }, { "priority", check_autogroup },
};

#define CHECKS_N (sizeof(checks) / sizeof(checks[0]))

#define NAMES_WIDTH 23 /* columns left of what a check says */
#define LEAST_WIDTH 20 /* for what it says, on however narrow a terminal */
#define CONTINUED   3  /* columns by which further lines are indented */

/* Wrapped; further lines below the first one. */
static void print_lines(const char *name, const char *state, const char *mark, const char *text,
			int width)
{
	CLEANUP(cleanup_free) char *lines = xstrdup(text);
	char *save, *save_row;

	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CLEANUP(cleanup_free)
		char *rows = word_wrap(line, width - word_columns(mark), width - CONTINUED);

		for (char *row = strtok_r(rows, "\n", &save_row); row;
		     row = strtok_r(NULL, "\n", &save_row)) {
			CLEANUP(cleanup_free)
			char *out = xasprintf("%-13s %-8s %s%s\n", name, state, mark, row);

			output_text(out);
			name = state = "";
			mark = "   ";
		}
	}
}

static void print_text(const struct finding *findings, int columns)
{
	int width = columns > NAMES_WIDTH + LEAST_WIDTH ? columns - NAMES_WIDTH : LEAST_WIDTH;

	for (size_t i = 0; i < CHECKS_N; i++) {
		const struct finding *f = &findings[i];

		print_lines(f->name, state_keys[f->state], "", f->says, width);
		if (f->remedy)
			print_lines("", "", "-> ", f->remedy, width);
	}
}

static void print_json(const struct finding *findings)
{
	json_t *list = json_array();
	json_t *root = json_pack("{s:s, s:o}", "schema", "concur.doctor/1", "checks", list);
	CLEANUP(cleanup_free) char *text = NULL;

	for (size_t i = 0; i < CHECKS_N; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s?}", "name", findings[i].name,
						"state", state_keys[findings[i].state], "says",
						findings[i].says, "remedy", findings[i].remedy));
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	output_text(text);
	output_text("\n");
}

struct error *cmd_doctor(const struct command *command, struct options *options, int argc,
			 char **argv, int *exit_code)
{
	struct finding findings[CHECKS_N] = { 0 };

	options_parse(command, options, command->groups, argc, argv);
	if (options->args_n)
		return error_hint(
			error_new(ERROR_USAGE, "unexpected argument: %s", options->args[0]),
			"concur doctor; or concur explain %s", options->args[0]);
	for (size_t i = 0; i < CHECKS_N; i++) {
		findings[i].name = checks[i].name;
		checks[i].check(&findings[i]);
		if (findings[i].state == STATE_MISSING)
			*exit_code = ERROR_MACHINE;
	}
	if (options->json)
		print_json(findings);
	else
		print_text(findings, output_style(options).width);
	for (size_t i = 0; i < CHECKS_N; i++) {
		free(findings[i].says);
		free(findings[i].remedy);
	}
	return NULL;
}
