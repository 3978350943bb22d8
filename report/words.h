/*
 * words.h - figures and foreign names as text
 *
 * Names come from programs, file systems and stored runs: word_clean() makes them harmless for a
 * terminal. Control characters and bytes that are not UTF-8 become octal escapes (\033), characters
 * that are invisible or change the direction of writing become \u202e. Ownership: the returned
 * struct word is a value.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"

#define WORD_SIZE 64
struct word {
	char s[WORD_SIZE];
};

/* Owned by the caller; "" for NULL. Without `unicode` the result is ASCII. */
char *word_clean(const char *s, bool unicode);
/* Columns that a clean text takes: one for each character. */
int word_columns(const char *s);

/* Words in lines of `width` columns, the first one of `first`, which may be too short for any word;
 * a word that is longer than a line is cut, after a '/' if that can be. Lines end in '\n' but for the last. Owned by the caller. */
char *word_wrap(const char *clean, int first, int width);

/* At most `columns` of it, what is left out being marked in its middle. Owned by the caller. */
char *word_cut(const char *clean, int columns, bool unicode);

struct word word_ns(double ns);               /* "12.3 ms" */
struct word word_moved(double ns);            /* "-12.3 ms"; "0 s" */
struct word word_bytes(uint64_t bytes);       /* "5.2 MiB"; "-" for 0, which means unknown */
struct word word_share(double share);         /* "98 %", "1.3 %" */
struct word word_speedup(struct estimate e);  /* "1.93x"; "-" without n */
struct word word_interval(struct estimate e); /* "[1.88, 1.97]"; "-" without n */
struct word word_estimate(struct estimate e); /* "1.93x [1.88, 1.97], n = 9" or "not measured" */
struct word word_count(uint64_t n, const char *noun); /* "1 worker", "2 workers" */

#endif
