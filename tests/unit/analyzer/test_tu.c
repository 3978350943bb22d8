#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/tu_builder.h"
#include "base/cleanup.h"
#include "base/rng.h"

static struct tu small_unit(void)
{
	struct tu_builder b;
	bool fresh;
	uint32_t function, variable;
	struct event *e;

	tu_builder_init(&b);
	b.tu.file = tu_builder_string(&b, "/p/a.c");
	function = tu_builder_symbol(&b, "c:@F@f", &fresh);
	variable = tu_builder_symbol(&b, "c:@v", &fresh);
	b.tu.symbols.items[function].name = tu_builder_string(&b, "f");
	b.tu.symbols.items[variable].kind = SYMBOL_VARIABLE;
	tu_builder_event(&b, EVENT_FUNCTION)->symbol = function;
	tu_builder_event(&b, EVENT_BLOCK);
	e = tu_builder_event(&b, EVENT_WRITE);
	e->symbol = variable;
	e->line = 7;
	tu_builder_event(&b, EVENT_BLOCK_END);
	tu_builder_event(&b, EVENT_FUNCTION_END)->symbol = function;
	vec_push(&b.tu.includes, b.tu.file);
	return tu_builder_finish(&b);
}

static void a_unit_survives_the_pipe(void **state)
{
	CLEANUP(tu_clear) struct tu in = small_unit();
	CLEANUP(tu_clear) struct tu out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf first = { 0 };
	CLEANUP(strbuf_clear) struct strbuf second = { 0 };

	(void)state;
	tu_write(&in, &first);
	assert_null(tu_read(first.s, first.len, &out));
	tu_write(&out, &second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.s, second.s, first.len);
	assert_string_equal(tu_string(&out, out.file), "/p/a.c");
	assert_int_equal(out.events.items[2].line, 7);
}

static void every_cut_is_refused(void **state)
{
	CLEANUP(tu_clear) struct tu in = small_unit();
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };

	(void)state;
	tu_write(&in, &bytes);
	for (size_t n = 0; n < bytes.len; n++) {
		CLEANUP(tu_clear) struct tu out = { 0 };
		CLEANUP(error_clear) struct error *err = tu_read(bytes.s, n, &out);

		assert_non_null(err);
	}
}

/* What is accepted must be usable: walk all of it (a sanitizer build sees what goes wrong). */
static size_t walk(const struct tu *tu)
{
	size_t sum = strlen(tu_string(tu, tu->file)) + strlen(tu_string(tu, tu->problem));

	vec_each (&tu->symbols, s)
		sum += strlen(tu_string(tu, s->key)) + strlen(tu_string(tu, s->name)) +
		       strlen(tu_string(tu, s->file));
	vec_each (&tu->events, e) {
		sum += strlen(tu_string(tu, e->file)) + strlen(tu_string(tu, e->text));
		if (e->symbol != TU_NONE)
			sum += tu->symbols.items[e->symbol].line;
	}
	return sum;
}

static void damaged_bytes_do_no_harm(void **state)
{
	CLEANUP(tu_clear) struct tu in = small_unit();
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	struct rng rng = { 1 };
	size_t refused = 0, sum = 0;

	(void)state;
	tu_write(&in, &bytes);
	for (int i = 0; i < 20000; i++) {
		CLEANUP(tu_clear) struct tu out = { 0 };
		CLEANUP(error_clear) struct error *err = NULL;
		size_t at = rng_below(&rng, bytes.len);
		char was = bytes.s[at];

		bytes.s[at] = (char)rng_next(&rng);
		err = tu_read(bytes.s, bytes.len, &out);
		bytes.s[at] = was;
		if (err)
			refused++;
		else
			sum += walk(&out);
	}
	assert_true(refused > 1000);
	assert_true(sum > 0);
}

static void ends_without_beginnings_are_refused(void **state)
{
	static const enum event_kind lists[][3] = {
		{ EVENT_BLOCK_END, EVENT_KIND_COUNT },
		{ EVENT_LOOP, EVENT_KIND_COUNT },
		{ EVENT_FUNCTION, EVENT_KIND_COUNT },
		{ EVENT_FUNCTION_END, EVENT_KIND_COUNT },
		{ EVENT_FUNCTION, EVENT_FUNCTION, EVENT_KIND_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		CLEANUP(tu_clear) struct tu tu = { 0 };
		CLEANUP(tu_clear) struct tu out = { 0 };
		CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
		CLEANUP(error_clear) struct error *err = NULL;
		struct tu_builder b;
		bool fresh;
		uint32_t f;

		tu_builder_init(&b);
		f = tu_builder_symbol(&b, "k", &fresh);
		for (size_t k = 0; k < 3 && lists[i][k] != EVENT_KIND_COUNT; k++)
			tu_builder_event(&b, lists[i][k])->symbol = f;
		tu = tu_builder_finish(&b);
		tu_write(&tu, &bytes);
		err = tu_read(bytes.s, bytes.len, &out);
		assert_non_null(err);
		assert_string_equal(err->message, "record damaged");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_survives_the_pipe),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(damaged_bytes_do_no_harm),
		cmocka_unit_test(ends_without_beginnings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
