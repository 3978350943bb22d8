/*
 * stack_diff.h - the stacks of two profiles, put side by side (private to db/)
 */
#ifndef DB_STACK_DIFF_H
#define DB_STACK_DIFF_H

#include "model/comparison.h"
#include "model/run.h"

/* Time per task of each stack before and after, what moved most first. Nothing unless both runs have
 * stacks. */
void stack_diff(const struct run *a, const struct run *b, struct comparison_stacks *ret);

#endif
