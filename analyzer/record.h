/*
 * record.h - values one after another in a block of bytes
 *
 * For what is kept between runs of one concur on one machine. Reading trusts no byte: what does not
 * fit makes the reader `bad`, and everything read from then on empty. Whoever reads looks at `bad`
 * once, at the end.
 */
#ifndef ANALYZER_RECORD_H
#define ANALYZER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

struct record_reader {
	const char *at, *end;
	bool bad;
};

void record_put_number(struct strbuf *out, uint64_t n);
/* NULL and "" stay apart. */
void record_put_text(struct strbuf *out, const char *s);

uint64_t record_number(struct record_reader *r);
/* Owned by the caller. */
char *record_text(struct record_reader *r);
void record_bytes(struct record_reader *r, void *ret, size_t n);
/* How many items follow, each at least one number: never more than the bytes left can hold. */
size_t record_count(struct record_reader *r);

#endif
