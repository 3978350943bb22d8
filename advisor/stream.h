/*
 * stream.h - is the work one stream of data, and can the stream be cut?
 *
 * The calls of a function inside one run may be one chain: each works on the state that the one
 * before left (a hash, a decompressor's window). Nothing in their timing shows it. What is known: the
 * names on the stacks, by data/streams.tsv; and, where there are none, how much the program read and
 * wrote. One that writes less than it reads compresses, and blocks of its input can be compressed by
 * themselves; one that writes more expands, and needs what it has written before; one that writes
 * next to nothing has a single result that everything it read went into. What holds all its input
 * in memory before it answers is no stream. Pure.
 */
#ifndef ADVISOR_STREAM_H
#define ADVISOR_STREAM_H

#include <stdbool.h>

#include "model/run.h"

enum stream {
	STREAM_NONE,   /* no single stream, or not known */
	STREAM_CHAIN,  /* cannot be cut */
	STREAM_BLOCKS, /* can */
};

/* Of a run without tasks. *why says what it was told from: a sentence without its full stop, owned by
 * the caller, NULL for STREAM_NONE. */
enum stream stream_find(const struct run *run, char **why);

/*
 * The recording that a run without a repeated function would have if its input were cut into blocks:
 * user time in equal calls, one for each block, all else between them. An estimate by construction.
 */
void stream_cut(const struct profile *profile, struct recording *ret);

#endif
