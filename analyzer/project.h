/*
 * project.h - what a project's .concur.yaml adds to the catalogue
 *
 *	functions:
 *	  - name: net_read              # required; of a library or of the project itself
 *	    effects: [network]          # words, conditions and mt as in data/functions.tsv
 *	    mt: "unsafe: one buffer"
 *	    replacement: net_read_r()
 *	    conditions: ["noblock:arg3&MSG_DONTWAIT"]
 *
 * What an entry does not name stays as it was. Anything unknown in it is an error that names the key
 * and the line; keys beside `functions` are options of commands, and not read here. Such entries hold for functions that the project defines, too: a wrapper can be told to
 * take a lock. Nothing in the file is ever run.
 */
#ifndef ANALYZER_PROJECT_H
#define ANALYZER_PROJECT_H

#include "analyzer/catalogue.h"

/* `what` names the text in messages. */
struct error *project_parse(const char *yaml, size_t n, const char *what,
			    struct catalogue *cat) ERROR_MUST_CHECK;
/* The nearest .concur.yaml from this directory upward, or NULL. Owned by the caller. */
char *project_find(const char *directory);
/* That file; none is no error. */
struct error *project_load(const char *directory, struct catalogue *cat) ERROR_MUST_CHECK;

#endif
