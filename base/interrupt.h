/*
 * interrupt.h - Ctrl-C as a value
 *
 * interrupt_install() catches SIGINT, SIGTERM and SIGHUP once, at the start of a command; long work
 * asks interrupt_pending() between steps and returns interrupt_error(), so that every scope guard
 * runs: children are ended, temp files removed, nothing half-stored. A second signal does the
 * default thing. Blocking calls return EINTR (no SA_RESTART).
 */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

void interrupt_install(void);
bool interrupt_pending(void);
int interrupt_signal(void); /* the one that came first; 0: none */
/* Readable from the first signal on, for poll(); -1 before interrupt_install(). Do not read it. */
int interrupt_fd(void);
/* "interrupted", class ERROR_INTERRUPTED. */
struct error *interrupt_error(void) ERROR_MUST_CHECK;

#endif
