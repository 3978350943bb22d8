/*
 * error.h - what failed, on what, and what to type next
 *
 * A function that can fail returns `struct error *`: NULL is success; its result is the last
 * parameter, `ret`, untouched on failure. Each layer adds its context once with error_wrap(), so
 * that the message reads from the outside in: "cannot read tasks.txt: line 7: empty task".
 *
 * The class decides the exit code of the command. A hint is one line that
 * says what to do next; the innermost layer that knows sets it and wrapping keeps it.
 *
 * Ownership: the caller owns a returned error and passes it on or frees it with error_free(). No
 * locking.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_class {                          /* the values are the exit codes */
		   ERROR_USAGE = 2,         /* wrong use or configuration */
		   ERROR_INPUT = 3,         /* (part of) the input cannot be used */
		   ERROR_MACHINE = 4,       /* the machine lacks something */
		   ERROR_INTERRUPTED = 130, /* the user pressed Ctrl-C */
};

struct error {
	enum error_class class;
	char *message;
	char *hint; /* or NULL */
};

#define ERROR_MUST_CHECK __attribute__((warn_unused_result))

/* The errors themselves. `fmt` has no trailing full stop or newline. */
struct error *error_new(enum error_class class, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull)) ERROR_MUST_CHECK;
/* ERROR_INPUT with ": strerror(errno)" appended. */
struct error *error_errno(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), returns_nonnull)) ERROR_MUST_CHECK;

/* "context: message". `err` must not be NULL; returns `err`. */
struct error *error_wrap(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull)) ERROR_MUST_CHECK;
/* Set what to type next, unless a deeper layer already has. Returns `err`. */
struct error *error_hint(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull)) ERROR_MUST_CHECK;
/* Change the class. Returns `err`. */
struct error *error_reclass(struct error *err, enum error_class class)
	__attribute__((returns_nonnull)) ERROR_MUST_CHECK;

void error_free(struct error *err);
/* For CLEANUP(error_clear). */
void error_clear(struct error **err);

#endif
