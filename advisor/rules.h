/*
 * rules.h - the rules a verdict is made by, in the order they are applied
 *
 * Each has an id that shows in the verdict, a page in docs/rules/ and a test in tests/rules/. The
 * order of the table counts, not that of the ids: an id stands in stored runs and never changes.
 */
#ifndef ADVISOR_RULES_H
#define ADVISOR_RULES_H

#include <stddef.h>

#include "advisor/advice.h"

struct rule {
	const char *id; /* "R01" */
	const char *title;
	void (*apply)(struct advice *a);
	bool of_profile; /* it asks the profile alone */
};

extern const struct rule rules[];
extern const size_t rules_n;

#endif
