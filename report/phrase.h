/*
 * phrase.h - what every report says of a run, in the same words
 *
 * Sentences without layout: the terminal wraps them, a page escapes them. They hold names from the
 * run as they are; whoever shows them cleans them (words.h) or escapes them (html.h). Each function
 * appends to `out`.
 */
#ifndef REPORT_PHRASE_H
#define REPORT_PHRASE_H

#include "base/strbuf.h"
#include "model/run.h"
#include "report/words.h"

struct phrase { /* "noise", "sequential against itself: 1.00x [0.99, 1.01], n = 9." */
	const char *label;
	char *text;
};

struct phrases {
	VEC_FIELDS(struct phrase);
};

void phrases_clear(struct phrases *list);

/* `s`, or `otherwise` when there is none. */
const char *phrase_or(const char *s, const char *otherwise);

/* "threads, 16 workers: 14.2x faster [13.9, 14.5], n = 9" */
void phrase_verdict(const struct verdict *v, struct strbuf *out);
/* "many API calls / I/O waits -> async or threads (94 % in waits that can overlap). The three ..." */
void phrase_row(const struct run *run, const char *arrow, struct strbuf *out);
/* "async (64 workers) 14.1x [13.8, 14.4], n = 9: needs 2 changes to the code first." */
void phrase_tie(const struct verdict *v, const struct verdict_tie *t, struct strbuf *out);
/* "fair: n = 9, interval +-2 %, ..."; nothing where there is no verdict to be sure of. */
void phrase_confidence(const struct verdict *v, struct strbuf *out);
/* "agrees", "dissents", "heard" or "not heard" */
const char *phrase_stand(const struct verdict *v, const struct witness *w);
/* The model whose hurdles a verdict lists: see advisor.h. */
enum model phrase_hurdles_model(const struct verdict *v);
/* "In the way of threads: 2 changes" */
void phrase_hurdles(const struct verdict *v, struct strbuf *out);

/* Reasons and missing evidence without what phrase_verdict() has said. Borrowed from `v`. */
struct strings phrase_reasons(const struct verdict *v);
struct strings phrase_missing(const struct verdict *v);

/* What the verdict made of an entry: "verdict", "tie", "out" or "". `v` may be NULL. */
const char *phrase_note(const struct race_entry *e, const struct verdict *v);
/* "40 tasks a trial, 9 clean rounds, 95 % intervals, W = workers" */
void phrase_race(const struct race *race, struct strbuf *out);
/* "threads, 8 workers: crash: signal 11" */
void phrase_out(const struct race_entry *e, struct strbuf *out);
/* "threads: private copies; processes: process per task."; nothing when none is known. */
/* What the threads of an entry did, "61 % on-CPU, 30 % lock, 9 % run-queue"; nothing: not watched. */
void phrase_entry_time(const struct race_entry *e, struct strbuf *out);
void phrase_isolation(const struct race *race, struct strbuf *out);
/* What the event loop of the fastest entry of a model did: "async, 64 workers: tasks ran on it 40 % of ...",
 * and for how many in flight there is memory (machine may be NULL); nothing when it has none. */
void phrase_loop(const struct race *race, enum model model, const struct machine *machine,
		 struct strbuf *out);

/* The concurrency that is there already, and what it waits for. */
void phrase_present(const struct present *now, struct phrases *ret);
/* "3.9x"; "" where nothing that was seen bounds a model. */
struct word phrase_bound(const struct model_bound *b);
/* By what, in words. */
const char *phrase_bound_by(const struct model_bound *b);

/* "one run (n = 1, no interval), tier T0, 40 threads in 1.00 s" */
void phrase_profile(const struct profile *profile, struct strbuf *out);
/* "Found: 2 blocking-call, 1 shared-state. 3 translation units read, of the configured build only." */
void phrase_facts(const struct facts *facts, struct strbuf *out);
/* What the figures rest on. A label of "" goes on with the line before. */
void phrase_method(const struct run *run, struct phrases *ret);
/* What tasks leave for the end of their process to clear away: descriptors, memory, processes; part of
 * the above. */
void phrase_left(const struct race *race, struct phrases *ret);

#endif
