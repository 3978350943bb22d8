/*
 * progress.h - what is going on, on stderr
 *
 * On a terminal one line is redrawn, at most ten times a second; elsewhere (pipe, CI) one plain
 * line each 10 % or 30 s. Nothing is shown when the log level is quiet. One progress at a time; the
 * caller's thread only.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stddef.h>

/* total 0: unknown, no percentage. `what` is copied. */
void progress_start(const char *what, size_t total);
/* `detail` may be NULL: "trial 3 of 12: threads x 4". Time left is estimated from the share done.
 */
void progress_step(size_t done, const char *detail);
void progress_end(void);
/* Erase a line that is being redrawn, so that another can be printed; log.c calls it. */
void progress_erase(void);

#endif
