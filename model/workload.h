/*
 * workload.h - the program, and the tasks that one unit of work each processes
 *
 * The unit is the program's `main`, once per task. argv is a template: every "{}" inside an
 * argument is replaced by the task's text. Ownership: all strings are owned; workload_clear() frees
 * them.
 */
#ifndef MODEL_WORKLOAD_H
#define MODEL_WORKLOAD_H

#include <stddef.h>

#include "base/vec.h"

struct strings {
	VEC_FIELDS(char *);
};

void strings_add(struct strings *s, const char *text);
void strings_clear(struct strings *s);

struct target {
	char *program;    /* absolute path of the executable */
	char *digest;     /* of its content, hex */
	char *build_dir;  /* where compile_commands.json lies, or NULL */
	char *git_commit; /* of the directory the program lies in, or NULL */
	char *git_branch; /* or NULL */
	int git_dirty;    /* 1, 0, or -1: not known */
};

struct workload {
	char *id;            /* digest of argv and tasks: equal ids may be compared */
	char *unit;          /* "main" */
	struct strings argv; /* the template; argv[0] as the user gave it */
	struct strings tasks;
	int expected_exit; /* the exit code every task must have */
};

void target_clear(struct target *t);
void workload_clear(struct workload *w);
/* argv of one task, NULL-terminated, owned by the caller (free with workload_argv_free). argv[0] is
 * `program`. */
char **workload_argv(const struct workload *w, const char *program, size_t task);
void workload_argv_free(char **argv);

#endif
