/*
 * strbuf.h - a string that grows
 *
 * {0} is the empty string. `s` is NULL until something was added, otherwise NUL-terminated;
 * strbuf_str() is never NULL. Ownership: the strbuf owns `s`; strbuf_detach() hands it to the
 * caller. No locking.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
	char *s;
	size_t len;
	size_t cap;
};

void strbuf_add(struct strbuf *sb, const char *s);
void strbuf_addn(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Borrowed, valid until the next change; "" when empty. */
const char *strbuf_str(const struct strbuf *sb);
/* The string, owned by the caller, never NULL; the strbuf is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);
/* Forget the content, keep the memory. */
void strbuf_reset(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb);

#endif
