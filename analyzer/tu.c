#include "analyzer/tu.h"

#include <string.h>

#include "base/cleanup.h"

#define TU_MAGIC 0x34755463u /* "cTu4" */

struct header {
	uint32_t magic, symbol_size, event_size;
	uint32_t strings, symbols, events, includes;
	uint32_t file, problem, unused;
};

void tu_clear(struct tu *tu)
{
	strbuf_clear(&tu->strings);
	vec_clear(&tu->symbols);
	vec_clear(&tu->events);
	vec_clear(&tu->includes);
	tu->file = tu->problem = 0;
}

const char *tu_string(const struct tu *tu, uint32_t offset)
{
	return offset ? tu->strings.s + offset : "";
}

void tu_write(const struct tu *tu, struct strbuf *out)
{
	struct header h = {
		.magic = TU_MAGIC,
		.symbol_size = sizeof(struct symbol),
		.event_size = sizeof(struct event),
		.strings = (uint32_t)tu->strings.len,
		.symbols = (uint32_t)tu->symbols.n,
		.events = (uint32_t)tu->events.n,
		.includes = (uint32_t)tu->includes.n,
		.file = tu->file,
		.problem = tu->problem,
	};

	strbuf_addn(out, &h, sizeof(h));
	if (h.symbols)
		strbuf_addn(out, tu->symbols.items, h.symbols * sizeof(struct symbol));
	if (h.events)
		strbuf_addn(out, tu->events.items, h.events * sizeof(struct event));
	if (h.includes)
		strbuf_addn(out, tu->includes.items, h.includes * sizeof(uint32_t));
	if (h.strings)
		strbuf_addn(out, tu->strings.s, h.strings);
}

static bool symbol_valid(const struct tu *tu, const struct symbol *s)
{
	size_t max = tu->strings.len;

	return s->key < max && s->name < max && s->type < max && s->file < max &&
	       s->kind <= SYMBOL_PARAM && (s->function == TU_NONE || s->function < tu->symbols.n);
}

/* Does `value` name a symbol in events of this kind? */
static bool value_is_symbol(const struct event *e)
{
	return e->kind == EVENT_TARGET || e->kind == EVENT_RESULT;
}

static bool event_valid(const struct tu *tu, const struct event *e)
{
	size_t max = tu->strings.len;

	if (e->file >= max || e->macro >= max || e->text >= max || e->kind >= EVENT_KIND_COUNT)
		return false;
	if (e->symbol != TU_NONE && e->symbol >= tu->symbols.n)
		return false;
	if (value_is_symbol(e) && (e->value < 0 || (uint64_t)e->value >= tu->symbols.n))
		return false;
	/* All but calls through unnamed expressions, blocks and constants speak of a symbol. */
	return e->symbol != TU_NONE ||
	       (e->kind > EVENT_ADDRESS && e->kind != EVENT_TARGET && e->kind != EVENT_RESULT);
}

/* Blocks, loops and functions must nest, or the walkers' stacks would underflow. */
static bool events_nest(const struct tu *tu)
{
	size_t depth = 0;
	bool in_function = false;

	for (size_t i = 0; i < tu->events.n; i++) {
		switch (tu->events.items[i].kind) {
		case EVENT_FUNCTION:
			if (in_function)
				return false;
			in_function = true;
			break;
		case EVENT_FUNCTION_END:
			if (!in_function || depth)
				return false;
			in_function = false;
			break;
		case EVENT_BLOCK:
		case EVENT_LOOP:
			depth++;
			break;
		case EVENT_BLOCK_END:
		case EVENT_LOOP_END:
			if (!depth--)
				return false;
			break;
		}
	}
	return !depth && !in_function;
}

static bool tu_valid(const struct tu *tu)
{
	size_t max = tu->strings.len;

	if (max && (tu->strings.s[0] || tu->strings.s[max - 1]))
		return false;
	if (!max || tu->file >= max || tu->problem >= max)
		return false;
	for (size_t i = 0; i < tu->symbols.n; i++)
		if (!symbol_valid(tu, &tu->symbols.items[i]))
			return false;
	for (size_t i = 0; i < tu->events.n; i++)
		if (!event_valid(tu, &tu->events.items[i]))
			return false;
	for (size_t i = 0; i < tu->includes.n; i++)
		if (tu->includes.items[i] >= max)
			return false;
	return events_nest(tu);
}

static void *copy_array(const char **at, size_t n, size_t size)
{
	void *items = n ? xreallocarray(NULL, n, size) : NULL;

	if (n)
		memcpy(items, *at, n * size);
	*at += n * size;
	return items;
}

struct error *tu_read(const void *bytes, size_t n, struct tu *ret)
{
	CLEANUP(tu_clear) struct tu tu = { 0 };
	const char *at = bytes;
	struct header h;
	uint64_t need;

	if (n < sizeof(h))
		return error_new(ERROR_INPUT, "record too short: %zu bytes", n);
	memcpy(&h, at, sizeof(h));
	at += sizeof(h);
	need = sizeof(h) + (uint64_t)h.symbols * sizeof(struct symbol) +
	       (uint64_t)h.events * sizeof(struct event) + (uint64_t)h.includes * sizeof(uint32_t) +
	       h.strings;
	if (h.magic != TU_MAGIC || h.symbol_size != sizeof(struct symbol) ||
	    h.event_size != sizeof(struct event) || need != n)
		return error_new(ERROR_INPUT, "record of another version, or damaged");
	tu.symbols.items = copy_array(&at, h.symbols, sizeof(struct symbol));
	tu.symbols.n = tu.symbols.cap = h.symbols;
	tu.events.items = copy_array(&at, h.events, sizeof(struct event));
	tu.events.n = tu.events.cap = h.events;
	tu.includes.items = copy_array(&at, h.includes, sizeof(uint32_t));
	tu.includes.n = tu.includes.cap = h.includes;
	strbuf_addn(&tu.strings, at, h.strings);
	tu.file = h.file;
	tu.problem = h.problem;
	if (!tu_valid(&tu))
		return error_new(ERROR_INPUT, "record damaged");
	*ret = tu;
	tu = (struct tu){ 0 }; /* now the caller's */
	return NULL;
}
