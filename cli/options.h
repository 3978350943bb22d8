/*
 * options.h - what can be said on the command line
 *
 * The common options work before and after the subcommand. Subject options describe what is to be analyzed and run; commands that need them
 * pass OPTIONS_SUBJECT. Strings are borrowed from argv, unless they are said to be owned.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/profile.h"
#include "model/workload.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum format { FORMAT_AUTO, FORMAT_EDITOR, FORMAT_REPORT, FORMAT_SARIF };

struct worker_ladder {
	VEC_FIELDS(int);
};

struct borrowed {
	VEC_FIELDS(const char *);
};

struct option_seen {              /* all borrowed */
	const char *name, *value; /* value NULL: a flag */
	const char *origin;       /* "command line", "CONCUR_BUDGET", "FILE:LINE" */
};

struct option_sources {               /* see config.h */
	struct strings files;         /* that were read */
	struct strings args, origins; /* what they and the environment say, the strongest last */
	struct {
		VEC_FIELDS(struct option_seen); /* what was parsed, the strongest last */
	} seen;
};

struct options {
	bool json;
	const char *db;
	enum color color;
	/* subject */
	const char *build_dir;
	const char *each;
	int count;            /* tasks "1" to "N" instead of a list; 0: not said */
	struct strings tasks; /* of a workload file, instead of a list */
	const char *run_as, *stdin_path, *setup, *teardown;
	struct borrowed outputs;
	enum compare compare;
	const char *rebuild; /* where the compile database lies, or NULL */
	bool shared;
	const char *offload; /* a function; NULL: none is named */
	enum process_way processes;
	const char *workload_file;
	struct strings command; /* of the workload file */
	struct option_sources sources;
	char *const *globals; /* what stood before the subcommand */
	int globals_n;
	char **argv;             /* of all sources, owned; what is borrowed may lie here */
	bool trust, dump_config; /* --trust: a project's file may have commands run */
	bool no_analyze;
	double timeout_s; /* one task */
	double budget_s;  /* the race */
	int jobs;
	int expected_exit;
	uint64_t also_expected[256 / 64];
	uint64_t seed;
	struct worker_ladder workers;
	const char *html;            /* where to write the report as a page; NULL: nowhere */
	struct worker_ladder cores;  /* to project to */
	const char *report_format;   /* report; NULL: not said */
	const char *output;          /* report: FILE; NULL: standard output */
	int limit;                   /* runs -n */
	pid_t pid;                   /* profile: 0: run a program */
	double duration_s, overhead; /* 0: not said */
	enum tier tier;
	const char
		*unit; /* a function: called for each task; without tasks its calls are recorded */
	bool policy_table;
	/* analyze */
	bool no_cache;
	enum format format;
	unsigned shard, shards;
	bool store;
	const char *baseline;
	bool new_only, update_baseline;
	int samples_days, runs_days; /* db prune; 0: not said */
	bool force;                  /* compare, gate: what is not comparable as well */
	struct {
		const char *against; /* a run; NULL: pair */
		bool pair;
		double max_regression, confidence; /* 0.02; 0: not said */
		size_t min_runs;                   /* 0: not said */
		int fail_on;                       /* enum in db/gate.h; 0: not said */
		const char *junit;
	} gate;
	char *const *files; /* restrict the analysis to these */
	int files_n;
	char *const *flags; /* after --, NULL-terminated; NULL: a database tells them */
	char **args;        /* PROGRAM ARGS, or the command's operands */
	int args_n;
};

enum {                           /* which groups of options a command takes */
       OPTIONS_BUILD = 1,        /* -p, -j, --no-cache */
       OPTIONS_TASKS = 2,        /* what the tasks are, and what is a right answer */
       OPTIONS_RUN = 4,          /* --timeout */
       OPTIONS_RACE = 8,         /* --workers, --budget, --seed */
       OPTIONS_ADVISE = 16,      /* --policy, --no-analyze */
       OPTIONS_LIST = 32,        /* -n */
       OPTIONS_PROJECT = 131072, /* --cores */
       OPTIONS_ANALYZE =
	       128, /* --shard, --store, --format, --baseline, --new-only, --update-baseline */
       OPTIONS_PROGRAM = 64,     /* everything from the first operand on is the program's */
       OPTIONS_UNIT = 2048,      /* --unit */
       OPTIONS_BUDGET = 16384,   /* --budget, --seed */
       OPTIONS_GATE = 4096,      /* --against, --pair, --max-regression, ... */
       OPTIONS_DB = 32768,       /* --samples-days, --runs-days */
       OPTIONS_FORCE = 8192,     /* --force */
       OPTIONS_HTML = 65536,     /* --html */
       OPTIONS_REPORT = 1 << 20, /* --format, -o */
       OPTIONS_PROFILE = 1024,   /* -p, --duration, --tier, --overhead; not with OPTIONS_BUILD */
};

struct command;

/* The options before the subcommand; *next is the index of the subcommand, argc when there is none. Exits on --help, --version and misuse. */
void options_parse_global(struct options *options, int argc, char **argv, int *next);
/* The subcommand's own. Exits on --help and misuse (2), as argp does. */
void options_parse(const struct command *command, struct options *options, int groups, int argc,
		   char **argv);
/* The next option that commands with these groups take, from *i = 0 on; NULL: no more. */
const struct argp_option *options_next(int groups, size_t *i);

struct option_place { /* what a file may say of an option */
	const char *name;
	int groups; /* 0: every command */
	bool is_flag, in_workload, in_config;
	bool is_path; /* relative to the configuration it stands in */
	bool runs;    /* its value is a command */
};

/* By its long name. False: there is none. */
bool options_find(const char *name, struct option_place *ret);
/* What follows "--" in argv becomes options->flags, and is not argp's. */
void options_split_flags(struct options *options, int *argc, char **argv);
void options_clear(struct options *options);

#endif
