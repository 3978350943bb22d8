#include "analyzer/record.h"

#include <string.h>

#include "base/alloc.h"

void record_put_number(struct strbuf *out, uint64_t n)
{
	strbuf_addn(out, &n, sizeof(n));
}

/* Its length with the NUL, which is there for NULL alone. */
void record_put_text(struct strbuf *out, const char *s)
{
	size_t n = s ? strlen(s) + 1 : 0;

	record_put_number(out, n);
	if (n)
		strbuf_addn(out, s, n);
}

static size_t left(const struct record_reader *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->at);
}

void record_bytes(struct record_reader *r, void *ret, size_t n)
{
	if (n > left(r)) {
		r->bad = true;
		memset(ret, 0, n);
		return;
	}
	memcpy(ret, r->at, n);
	r->at += n;
}

uint64_t record_number(struct record_reader *r)
{
	uint64_t n;

	record_bytes(r, &n, sizeof(n));
	return n;
}

char *record_text(struct record_reader *r)
{
	uint64_t n = record_number(r);
	const char *s = r->at;

	if (!n)
		return NULL;
	if (n > left(r) || s[n - 1]) {
		r->bad = true;
		return NULL;
	}
	r->at += n;
	return xstrdup(s);
}

size_t record_count(struct record_reader *r)
{
	uint64_t n = record_number(r);

	if (n > left(r) / sizeof(uint64_t))
		r->bad = true;
	return r->bad ? 0 : (size_t)n;
}
