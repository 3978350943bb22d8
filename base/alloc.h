/*
 * alloc.h - allocation that does not fail
 *
 * concur's own allocations are small beside what it measures; when the machine cannot serve them
 * there is nothing useful left to do. These print one line and abort(), so that no caller needs an
 * out-of-memory branch. Ownership: the caller frees with free().
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *ptr, size_t size);
/* n * size with the overflow checked. */
void *xreallocarray(void *ptr, size_t n, size_t size);
/* xstrdup(NULL) is NULL: optional strings copy as they are. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
