/*
 * classify.h - what a thread waits for, told from its kernel stack
 *
 * The rules are data (data/wait_sites.tsv): symbol or prefix -> wait kind. The stack is walked from
 * the innermost frame outwards; the first "specific" symbol decides, else the first "generic" one.
 * A stack that matches no rule is WAIT_OTHER and is named by its innermost frame outside the
 * scheduler. Ownership: classifier_clear() frees; symbols in results are borrowed from the stack.
 * Read-only after loading, so threads may share it.
 */
#ifndef PROFILER_CLASSIFY_H
#define PROFILER_CLASSIFY_H

#include <stddef.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/wait_profile.h"

enum rule_class { RULE_SPECIFIC, RULE_GENERIC, RULE_SKIP };

struct wait_rule {
	const char *symbol; /* without the '*' */
	size_t len;
	bool prefix;
	enum rule_class class;
	enum wait_kind kind;
};

struct classifier {
	VEC_FIELDS(struct wait_rule); /* sorted by symbol */
	char *text;                   /* what the rules' symbols point into */
};

/* Rules from a table's text; a malformed line is an error that names it. */
struct error *classifier_parse(const char *text, struct classifier *ret) ERROR_MUST_CHECK;
void classifier_clear(struct classifier *c);

/* The rule for one symbol, the longest that matches, or NULL. */
const struct wait_rule *classifier_rule(const struct classifier *c, const char *symbol);

/*
 * stack[0] is the innermost frame; NULL frames (no symbol known) are passed over. *symbol gets the
 * frame that decided, or NULL when the stack has no named frame at all; the kind is then
 * WAIT_OTHER and the caller had better call it unknown.
 */
enum wait_kind classifier_kind(const struct classifier *c, const char *const *stack, size_t n,
			       const char **symbol);

#endif
