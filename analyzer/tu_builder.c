#include "analyzer/tu_builder.h"

#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"

struct tu_entry {
	char *text;
	uint32_t id;
	UT_hash_handle hh;
};

void tu_builder_init(struct tu_builder *b)
{
	*b = (struct tu_builder){ 0 };
	strbuf_addch(&b->tu.strings, 0); /* offset 0 means none */
}

static void clear_entries(struct tu_entry **table)
{
	struct tu_entry *e, *next;

	HASH_ITER (hh, *table, e, next) {
		HASH_DEL(*table, e);
		free(e->text);
		free(e);
	}
}

void tu_builder_clear(struct tu_builder *b)
{
	tu_clear(&b->tu);
	clear_entries(&b->strings);
	clear_entries(&b->symbols);
}

struct tu tu_builder_finish(struct tu_builder *b)
{
	struct tu tu = b->tu;

	b->tu = (struct tu){ 0 };
	tu_builder_clear(b);
	return tu;
}

static struct tu_entry *add_entry(struct tu_entry **table, const char *text, size_t n, uint32_t id)
{
	struct tu_entry *e = xcalloc(1, sizeof(*e));

	e->text = xstrdup(text);
	e->id = id;
	HASH_ADD_KEYPTR(hh, *table, e->text, n, e);
	return e;
}

uint32_t tu_builder_string(struct tu_builder *b, const char *s)
{
	struct tu_entry *e;
	size_t n;

	if (!s || !*s)
		return 0;
	n = strlen(s);
	HASH_FIND(hh, b->strings, s, n, e);
	if (!e) {
		e = add_entry(&b->strings, s, n, (uint32_t)b->tu.strings.len);
		strbuf_addn(&b->tu.strings, s, n + 1);
	}
	return e->id;
}

uint32_t tu_builder_symbol(struct tu_builder *b, const char *key, bool *ret_new)
{
	size_t n = strlen(key);
	struct tu_entry *e;
	uint32_t id;

	HASH_FIND(hh, b->symbols, key, n, e);
	*ret_new = !e;
	if (e)
		return e->id;
	id = (uint32_t)b->tu.symbols.n;
	vec_push(&b->tu.symbols, ((struct symbol){ .function = TU_NONE }));
	b->tu.symbols.items[id].key = tu_builder_string(b, key);
	add_entry(&b->symbols, key, n, id);
	return id;
}

struct event *tu_builder_event(struct tu_builder *b, enum event_kind kind)
{
	struct event *e = vec_add(&b->tu.events);

	*e = (struct event){ .kind = (uint8_t)kind, .symbol = TU_NONE };
	return e;
}
