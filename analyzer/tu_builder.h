/*
 * tu_builder.h - fills a struct tu: equal strings and symbols are kept once
 *
 * Ownership: tu_builder_clear() frees all, the unfinished struct tu included. No locking.
 */
#ifndef ANALYZER_TU_BUILDER_H
#define ANALYZER_TU_BUILDER_H

#include "analyzer/tu.h"

struct tu_builder {
	struct tu tu;
	struct tu_entry *strings, *symbols; /* hash tables */
};

void tu_builder_init(struct tu_builder *b);
void tu_builder_clear(struct tu_builder *b);
/* Hand over what was built; the builder is empty afterwards. */
struct tu tu_builder_finish(struct tu_builder *b);

/* The offset of the string; 0 for NULL and "". */
uint32_t tu_builder_string(struct tu_builder *b, const char *s);
/* The symbol with this key; *ret_new tells whether it was just made, all else of it empty. */
uint32_t tu_builder_symbol(struct tu_builder *b, const char *key, bool *ret_new);
/* An event of this kind with no symbol, to be filled in before the next call. */
struct event *tu_builder_event(struct tu_builder *b, enum event_kind kind);

#endif
