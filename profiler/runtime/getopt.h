/*
 * getopt.h - getopt(), getopt_long() and getopt_long_only() with their state in a struct
 *
 * libc's keep a hidden state that all threads would share. Same behaviour as glibc's, messages
 * included: permutation, "+", "-" and ":" prefixes, "::" and "W;", abbreviations, optind = 0 to
 * start anew.
 */
#ifndef RUNTIME_GETOPT_H
#define RUNTIME_GETOPT_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

struct getopt_state {
	char **optarg; /* the program's variables */
	int *optind, *opterr, *optopt;
	FILE *err;
	/* between calls */
	bool started;
	char *next;                  /* in a cluster of short options */
	int first_other, last_other; /* the non-options that were skipped: [first, last) */
	enum { GETOPT_PERMUTE, GETOPT_REQUIRE_ORDER, GETOPT_RETURN_IN_ORDER } order;
};

int getopt_next(struct getopt_state *g, int argc, char **argv, const char *shorts,
		const struct option *longs, int *long_index, bool long_only);

#endif
