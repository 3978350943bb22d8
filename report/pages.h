/*
 * pages.h - the glossary and the pages of the rules and checks, as topics
 *
 * docs/glossary.md and docs/rules/ are embedded one after the other. A topic starts at a heading:
 * "# " or, in the glossary, "## " ("## " within a page is part of it). Its names stand before the first ':', separated by commas. Everything points
 * into the embedded text; nothing is owned.
 */
#ifndef REPORT_PAGES_H
#define REPORT_PAGES_H

#include <stdbool.h>
#include <stddef.h>

struct topic {
	int level;           /* 1: a chapter (a page, a group of the glossary); 2: an entry */
	const char *heading; /* up to the end of its line */
	size_t heading_n;
	const char *body;
	size_t body_n;
};

/* The topic after `t` (all zero: the first one). False: there is none. */
bool pages_next(struct topic *t);
/* By one of its names, in any case. */
bool pages_find(const char *name, struct topic *ret);
/* The length of its first name. */
size_t topic_name_n(const struct topic *t);

/* The first code in a topic, between ``` and ```; NULL: it has none. *n: its length. */
const char *topic_code(const struct topic *t, size_t *n);

#endif
