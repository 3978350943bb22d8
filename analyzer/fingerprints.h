/*
 * fingerprints.h - findings that are known already
 *
 * A finding's fingerprint is a line of text: check, file, function, symbol and effect, tab between
 * them, and a number from the second on where all five are equal. No line numbers, so that an edit
 * above it changes nothing; a renamed function or file makes its findings new. A baseline file holds
 * one a line, sorted, so that it fits a version control system; lines that begin with # are
 * comments. Ownership: strings_clear() frees the list.
 */
#ifndef ANALYZER_FINGERPRINTS_H
#define ANALYZER_FINGERPRINTS_H

#include "base/error.h"
#include "model/fact.h"

/* One for each fact, in the order of the facts, which are sorted. */
void fingerprints_of(const struct facts *facts, struct strings *ret);
struct error *fingerprints_read(const char *path, struct strings *ret) ERROR_MUST_CHECK;
struct error *fingerprints_write(const char *path, const struct facts *facts) ERROR_MUST_CHECK;
/* Take out what is known; how many that were. */
size_t fingerprints_drop(struct facts *facts, const struct strings *known);

#endif
