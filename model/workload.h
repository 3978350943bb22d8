/*
 * workload.h - the program, and the tasks that one unit of work each processes
 *
 * The unit is the program's `main`, once per task. argv, stdin and outputs are templates: every "{}"
 * is replaced by the task's text, and where tasks have fields (separated by tabs) "{1}", "{2}" by
 * one of its own. "{out}" is a fresh directory for the task's files, made by whoever runs it.
 * Ownership: all strings are owned; workload_clear() frees them.
 */
#ifndef MODEL_WORKLOAD_H
#define MODEL_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

#define COMPARISONS(X) /* id, key, what must be equal */                                           \
	X(COMPARE_STDOUT, "stdout", "exit code, standard output, output files")                    \
	X(COMPARE_STDERR, "stderr", "the same, and standard error")                                \
	X(COMPARE_EXIT_CODE, "exit-code", "the exit code only")

#define PROCESS_WAYS(X) /* id, key, how tasks become processes */                                  \
	X(PROCESS_EXEC, "exec", "a fresh process for each task, as xargs -P")                      \
	X(PROCESS_PREFORK, "prefork", "a process for each worker, which takes task after task")    \
	X(PROCESS_FORK, "fork", "a fork for each task, of a program that is loaded")

#define X(id, ...) id,
enum process_way { PROCESS_WAYS(X) PROCESS_WAY_COUNT };
enum compare { COMPARISONS(X) COMPARE_COUNT };
#undef X

const char *compare_key(enum compare compare);
bool compare_from_key(const char *key, enum compare *ret);
const char *process_way_key(enum process_way way);
bool process_way_from_key(const char *key, enum process_way *ret);

struct strings {
	VEC_FIELDS(char *);
};

void strings_add(struct strings *s, const char *text);
void strings_clear(struct strings *s);

struct target_unit { /* a function as the unit of work, see profiler/where.h */
	uint64_t address;
	char *types; /* NULL: the unit is main */
};

struct target {
	char *program;           /* absolute path of the executable */
	char *digest;            /* of its content, hex */
	char *build_dir;         /* where compile_commands.json lies, or NULL */
	char *git_commit;        /* of the directory the program lies in, or NULL */
	char *git_branch;        /* or NULL */
	int git_dirty;           /* 1, 0, or -1: not known */
	char *rebuilt;           /* why and how it was built anew for the race, or NULL */
	struct target_unit unit; /* not stored: it is found anew */
	uint64_t offload;        /* address of workload.offload, likewise; 0: none */
};

struct workload {
	char *id;            /* digest of argv and tasks: equal ids may be compared */
	char *unit;          /* "main" */
	struct strings argv; /* the template; argv[0] as the user gave it */
	struct strings tasks;
	char *stdin_path;                 /* a file for each task; NULL: an empty one */
	struct strings outputs;           /* files that a task writes; * and ? in the last part */
	int expected_exit;                /* the exit code of a task that went well */
	uint64_t also_expected[256 / 64]; /* a bit for each other one */
	enum compare compare;
	bool shared;   /* threads run one copy of the program, not one each */
	char *offload; /* the function that hybrid's executors run; NULL: what takes long */
	enum process_way processes;
	char *run_as;           /* the user who runs the tasks, or NULL: who runs concur */
	char *setup, *teardown; /* shell commands around each trial, or NULL */
	uint64_t timeout_ns;    /* of one task */
	uint64_t budget_ns;     /* of the race */
};

void target_clear(struct target *t);
void workload_clear(struct workload *w);
/* Whether a task that ends with this exit code went well. */
bool workload_expects(const struct workload *w, int code);
/* From 0 to 255. */
void workload_expect(struct workload *w, int code);
/* The same job for some of its tasks: `numbers` into w->tasks. Owned by the caller. */
struct workload workload_subset(const struct workload *w, const size_t *numbers, size_t n);
/* A template for one task. `out` is its directory, or NULL: then "{out}" stays. Owned by the
 * caller. */
char *workload_fill(const struct workload *w, const char *template, size_t task, const char *out);
/* Whether a template names this hole, "{}" or "{out}". */
bool workload_names(const struct workload *w, const char *hole);
/* The highest N of any "{N}" in the templates; fields in the task with the fewest, 0: none has a
 * tab, and "{N}" is plain text. */
unsigned workload_fields_named(const struct workload *w);
unsigned workload_fields_given(const struct workload *w, size_t *fewest);
/* argv of one task, NULL-terminated, owned by the caller (free with workload_argv_free). argv[0] is
 * `program`. */
char **workload_argv(const struct workload *w, const char *program, size_t task, const char *out);
void workload_argv_free(char **argv);

#endif
