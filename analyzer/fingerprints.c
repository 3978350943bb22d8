#include "analyzer/fingerprints.h"

#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FIELDS_MIN 5
#define FIELDS_MAX 6

struct count {
	char *text;
	size_t n;
	UT_hash_handle hh;
};

static void cleanup_counts(struct count **counts)
{
	struct count *c, *next;

	HASH_ITER (hh, *counts, c, next) {
		HASH_DEL(*counts, c);
		free(c->text);
		free(c);
	}
}

/* How often the text came by, this time included. */
static size_t count(struct count **counts, const char *text)
{
	struct count *c;

	HASH_FIND_STR(*counts, text, c);
	if (!c) {
		c = xcalloc(1, sizeof(*c));
		c->text = xstrdup(text);
		HASH_ADD_KEYPTR(hh, *counts, c->text, strlen(c->text), c);
	}
	return ++c->n;
}

static void add_field(struct strbuf *out, const char *s)
{
	if (out->len)
		strbuf_addch(out, '\t');
	for (; s && *s; s++)
		strbuf_addch(out, *s == '\t' || *s == '\n' ? ' ' : *s);
}

void fingerprints_of(const struct facts *facts, struct strings *ret)
{
	CLEANUP(cleanup_counts) struct count *counts = NULL;

	vec_each (facts, f) {
		CLEANUP(strbuf_clear) struct strbuf line = { 0 };
		size_t n;

		add_field(&line, f->check);
		add_field(&line, f->file);
		add_field(&line, f->function);
		add_field(&line, f->symbol);
		add_field(&line, f->effect);
		n = count(&counts, strbuf_str(&line));
		if (n > 1)
			strbuf_addf(&line, "\t%zu", n);
		strings_add(ret, strbuf_str(&line));
	}
}

static size_t fields(const char *line)
{
	size_t n = 1;

	for (; *line; line++)
		n += *line == '\t';
	return n;
}

struct error *fingerprints_read(const char *path, struct strings *ret)
{
	CLEANUP(strings_clear) struct strings list = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read(path, &text);
	char *rest = text.s, *line;
	size_t at = 0;

	if (err)
		return err;
	while ((line = strsep(&rest, "\n"))) {
		at++;
		if (!*line || *line == '#')
			continue;
		if (fields(line) < FIELDS_MIN || fields(line) > FIELDS_MAX)
			return error_hint(error_new(ERROR_INPUT,
						    "%s:%zu: %zu columns, want %d or %d", path, at,
						    fields(line), FIELDS_MIN, FIELDS_MAX),
					  "make it again: concur analyze --update-baseline");
		strings_add(&list, line);
	}
	*ret = list;
	list = (struct strings){ 0 }; /* now the caller's */
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct error *fingerprints_write(const char *path, const struct facts *facts)
{
	CLEANUP(strings_clear) struct strings list = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	fingerprints_of(facts, &list);
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), by_text);
	strbuf_add(&text, "# Findings that are known: check, file, function, symbol, effect.\n"
			  "# concur analyze --update-baseline writes this file.\n");
	vec_each (&list, line)
		strbuf_addf(&text, "%s\n", *line);
	return file_write(path, text.s, text.len);
}

size_t fingerprints_drop(struct facts *facts, const struct strings *known)
{
	CLEANUP(cleanup_counts) struct count *have = NULL;
	CLEANUP(strings_clear) struct strings list = { 0 };
	size_t kept = 0, all = facts->n;

	vec_each (known, line)
		count(&have, *line);
	fingerprints_of(facts, &list);
	for (size_t i = 0; i < all; i++) {
		struct count *c;

		HASH_FIND_STR(have, list.items[i], c);
		if (c)
			fact_clear(&facts->items[i]);
		else
			facts->items[kept++] = facts->items[i];
	}
	facts->n = kept;
	return all - kept;
}
