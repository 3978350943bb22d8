/*
 * task.h - one task of a job, as its sequential program runs it
 *
 * Each job (fetch.c, images.c, ...) defines task_run(): plain blocking C that reads what the task
 * names, works, and prints. It keeps nothing in globals, so that threads may call it: what a
 * rewrite has to reach. sequential.c makes a program of it that runs one task; forms.c the rewrites.
 */
#ifndef TASK_H
#define TASK_H

#include <stdio.h>
#include <stdnoreturn.h>

void task_run(const char *task, FILE *out);

/* "PROGRAM: what: why" on standard error, and exit 1: the whole program's, in every form. */
noreturn void task_die(const char *what, const char *why);

#endif
