/*
 * log.h - diagnostics on stderr
 *
 * Results go to stdout by cli/ alone; what anyone has to say on the way goes through here. Levels:
 * quiet shows errors only, normal adds warnings and notes, verbose adds debug lines. A progress
 * line that is showing is cleared first.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "concur: error: ..." and so on; one line, newline added. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Messages quote file names and the output of other programs: control characters become spaces, so
 * that no byte of theirs starts a new line or commands the terminal. */
void log_flatten(char *s);

#endif
