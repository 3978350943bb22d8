/*
 * stack_lines.h - where the time went as lines of calls, outermost first (private to report/)
 *
 * The one walk behind folded stacks and speedscope. The lines of one run add up to the profile's
 * wall time exactly: what no stack is known of is a line without calls, and the run-queue and what
 * is unknown are lines of their own. Names are cleaned (words.h). Ownership: stack_lines_clear().
 */
#ifndef REPORT_STACK_LINES_H
#define REPORT_STACK_LINES_H

#include "model/profile.h"
#include "model/workload.h"

struct stack_line {
	bool on_cpu;
	struct strings calls; /* last the kind of wait, "[network]", unless on_cpu */
	uint64_t ns;
};

struct stack_lines {
	VEC_FIELDS(struct stack_line);
};

void stack_lines_of(const struct profile *profile, struct stack_lines *ret);
void stack_lines_clear(struct stack_lines *lines);

#endif
