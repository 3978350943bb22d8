/*
 * hyperfine.h - what hyperfine measured (`hyperfine --export-json FILE`) as runs to compare with
 *
 * Each result becomes a run: the wall times of one command, as a race's sequential trials of one task.
 * The id is a digest of the command and its times, so that importing a file twice changes nothing
 * (RFC 9562, version 8). How noisy the machine was is told by neighbours: the ratio of the first time
 * to the second, of the third to the fourth, and so on, where a race runs the sequential program
 * twice in each round. hyperfine says neither when nor where: started_ns and machine are left to the
 * caller. Any text may be read; a missing or odd value is an ERROR_INPUT that names its key.
 */
#ifndef MODEL_HYPERFINE_H
#define MODEL_HYPERFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/run.h"

/* Is it hyperfine's, and not a run's JSON? */
bool hyperfine_is(const char *text, size_t n);
/* Appends to *ret; on failure, it is untouched. */
struct error *hyperfine_parse(const char *text, size_t n, struct runs *ret) ERROR_MUST_CHECK;

#endif
