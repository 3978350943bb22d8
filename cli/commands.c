#include "cli/commands.h"

#include <string.h>

#define EACH "--each TASKS -- PROGRAM [ARG...] {}"

/* clang-format off */
const struct command commands[] = {
	{ "advise", EACH "\n-- PROGRAM [ARG...]", "which concurrency model fits: analyze, profile, race, verdict",
	  "Examples:\n"
	  "  ls data/*.txt >files && concur advise -p build --each files -- build/crunch {}\n"
	  "  concur advise --each urls --timeout 5 --json -- ./fetch {} | jq .verdict\n\n"
	  "Every line of TASKS is one task; it replaces {} in the arguments. The program runs as "
	  "you do, with your working directory.\n\n"
	  "A program that works through its items in one process needs no list: the function that it "
	  "calls for each item is found (or named with --unit), its calls are recorded, and the models "
	  "simulated.\n"
	  "  concur advise -- wget -q -i urls.txt -O /dev/null\n"
	  "  concur advise --unit handle_file -- build/crunch data/*.txt", OPTIONS_UNIT | OPTIONS_BUILD | OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE | OPTIONS_ADVISE | OPTIONS_PROJECT | OPTIONS_PROGRAM | OPTIONS_HTML, cmd_advise },
	{ "analyze", "[FILE... [-- FLAGS]]", "what the source says about concurrency",
	  "Without FILE, all files of the compile database; a directory stands for all below it. With "
	  "FLAGS, each FILE is compiled so and no database is needed.\n\n"
	  "Examples:\n  bear -- make && concur analyze\n  concur analyze -p build --json\n"
	  "  concur analyze src/net.c -- -Iinclude -DNDEBUG\n"
	  "  concur analyze --update-baseline    # later: concur analyze --new-only\n"
	  "  concur analyze --store && concur compare last~1 last\n"
	  "  concur analyze --store --shard 3/64 --db shard3.db    # later: concur db merge shard*.db", OPTIONS_BUILD | OPTIONS_ANALYZE, cmd_analyze },
	{ "profile", "-- PROGRAM [ARG...]\n-p PID", "where the wall time goes: CPU and waits by kind, with the calls",
	  "Examples:\n  concur profile -- tar cf /tmp/a.tar src\n"
	  "  concur profile --unit auto -- grep -rc needle /usr/share/doc\n"
	  "  concur profile -p $(pidof -s redis-server) --duration 10\n"
	  "  concur profile -p $(pidof -s redis-server) --unit processCommand --duration 10", OPTIONS_RUN | OPTIONS_PROFILE | OPTIONS_UNIT | OPTIONS_PROGRAM, cmd_profile },
	{ "race", EACH, "the harnesses only: the tournament without the verdict",
	  "Example:\n  concur race --each files --workers 2,4 -- gzip -c {}", OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_RACE | OPTIONS_PROGRAM, cmd_race },
	{ "runs", "", "the stored runs, newest first", "Example:\n  concur runs -n 5", OPTIONS_LIST, cmd_runs },
	{ "show", "[RUN]", "a stored run's report",
	  "RUN is the beginning of an id, last (the default), last~2, a tag, or a git commit of the "
	  "target.\n\nExamples:\n  concur show last --json | jq .verdict\n  concur show 0193 --cores 8,16", OPTIONS_HTML | OPTIONS_PROJECT, cmd_show },
	{ "report", "[RUN]", "a stored run in another format: a page, Markdown, SARIF, stacks, ...",
	  "Without FILE it goes to standard output. RUN as for concur show.\n\n"
	  "  term, html, md     for people: a terminal, a browser, a pull request\n"
	  "  json               the run itself (docs/schema/run.schema.json)\n"
	  "  sarif              the source's findings, for code hosts and editors\n"
	  "  folded, speedscope where the time went, on-CPU and off-CPU, for flame graph tools\n"
	  "  hyperfine          the wall times of the race\n"
	  "  chrome-trace       which worker ran which task when, for ui.perfetto.dev\n\n"
	  "Examples:\n  concur report --format md >>\"$GITHUB_STEP_SUMMARY\"\n"
	  "  concur report --format speedscope -o stacks.json\n"
	  "  concur report --format folded | grep ^off-CPU | flamegraph.pl >waits.svg", OPTIONS_REPORT, cmd_report },
	{ "compare", "A B", "what changed between two stored runs, or two ranges of runs",
	  "A and B are runs, as for concur show, or ranges FIRST..LAST in the order of time. Of a range each run is one sample, "
	  "and six are needed on both sides; runs of other workloads and machines are left out.\n\n"
	  "Examples:\n  concur compare last~1 last\n  concur compare last~13..last~7 last~6..last\n"
	  "  concur compare v1.2 HEAD_COMMIT\n"
	  "  concur compare v1 v2 --json | jq -r '.stacks[] | \"\\(.stack) \\(.before_ns | round) \\(.after_ns | round)\"' | flamegraph.pl >diff.svg", OPTIONS_FORCE | OPTIONS_HTML, cmd_compare },
	{ "history", "[WORKLOAD]", "one workload over time, and where it changed",
	  "WORKLOAD is a program's name, the beginning of a workload's id, or one of its runs (default: the "
	  "newest). Runs on other machines are left out.\n\n"
	  "Examples:\n  concur history\n  concur history bzip2 -n 100\n"
	  "  concur history bzip2 --json | jq '.series[] | {name, workers, changes}'", OPTIONS_LIST, cmd_history },
	{ "gate", "--against REF [RUN]\n--pair --each TASKS OLD NEW -- [ARG...] {}",
	  "may this change go in? Exit code 1: no",
	  "REF and RUN (default: last) are stored runs. With --pair, two builds are run in turns, which finds smaller "
	  "changes: what disturbs the machine disturbs both. It ends as soon as the answer is certain, or the budget is spent. A gate that measured nothing fails.\n\n"
	  "Examples:\n  concur gate --against main --max-regression 5%\n"
	  "  concur gate --against v1.2 --fail-on verdict,new-findings\n"
	  "  concur gate --pair --each files ./build-main/crunch build/crunch --junit gate.xml -- {}", OPTIONS_GATE | OPTIONS_TASKS | OPTIONS_RUN | OPTIONS_BUDGET | OPTIONS_FORCE, cmd_gate },
	{ "db", "check\nbackup FILE\nexport RUN [FILE]\nimport FILE...\nmerge HISTORY...\nprune --samples-days N --runs-days N",
	  "keep the history in order: check, backup, export, import, merge, prune",
	  "Merging and importing twice changes nothing. Imported are runs that were exported, and what 'hyperfine --export-json FILE' "
	  "wrote: a run for each command, taken as measured on this machine when the file was written. Pruning takes raw samples and stacks first; medians and their "
	  "intervals stay, and runs with a tag stay whole. Shards of an analysis are merged into the run that one process would "
	  "have made, if all of them are there.\n\n"
	  "Examples:\n  concur db export last run.json\n  concur db merge node1.db node2.db\n"
	  "  concur db prune --samples-days 90 --runs-days 730", OPTIONS_DB, cmd_db },
	{ "explain", "[TOPIC]", "the table, the concepts, and what decides each row",
	  "Examples:\n  concur explain\n  concur explain async", 0, cmd_explain },
	{ "doctor", "", "what this machine lets concur measure, and what would lift a limit",
	  "Example:\n  concur doctor", 0, cmd_doctor },
	{ "completion", "bash|zsh|fish|scdoc [COMMAND]", NULL,
	  "What the shell completes, and the manual pages' source.\n\n"
	  "Example:\n  source <(concur completion bash)", 0, cmd_completion },
};
/* clang-format on */

const size_t commands_n = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < commands_n; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}
