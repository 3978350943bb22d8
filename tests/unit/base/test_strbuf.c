#include "expect.h"

#include "base/cleanup.h"

static void empty_is_a_string(void **state)
{
	struct strbuf sb = { 0 };
	char *s;

	(void)state;
	assert_string_equal(strbuf_str(&sb), "");
	s = strbuf_detach(&sb);
	assert_string_equal(s, "");
	free(s);
	strbuf_clear(&sb);
}

static void every_way_to_add(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	(void)state;
	strbuf_add(&sb, "one");
	strbuf_addch(&sb, ' ');
	strbuf_addn(&sb, "two three", 3);
	strbuf_addf(&sb, " %d%%", 3);
	strbuf_addn(&sb, NULL, 0);
	assert_string_equal(strbuf_str(&sb), "one two 3%");
	assert_int_equal(sb.len, 10);
}

static void bytes_may_be_nul(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	(void)state;
	strbuf_addn(&sb, "a\0b", 3);
	strbuf_addch(&sb, '\0');
	assert_int_equal(sb.len, 4);
	assert_memory_equal(sb.s, "a\0b\0\0", 5);
	strbuf_addf(&sb, "c%cd", 0);
	assert_int_equal(sb.len, 7);
	assert_memory_equal(sb.s, "a\0b\0c\0d\0", 8);
}

static void grows_far(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_addch(&sb, (char)('a' + i % 26));
	assert_int_equal(sb.len, 100000);
	assert_int_equal(strlen(sb.s), 100000);
	assert_int_equal(sb.s[99999], 'a' + 99999 % 26);
}

static void detached_belongs_to_the_caller(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };
	char *first;

	(void)state;
	strbuf_add(&sb, "first");
	first = strbuf_detach(&sb);
	strbuf_add(&sb, "second");
	assert_string_equal(first, "first");
	assert_string_equal(strbuf_str(&sb), "second");
	free(first);
}

static void reset_keeps_the_memory(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };
	char *memory;

	(void)state;
	strbuf_reset(&sb);
	strbuf_add(&sb, "long enough");
	memory = sb.s;
	strbuf_reset(&sb);
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_add(&sb, "short");
	assert_ptr_equal(sb.s, memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_a_string),
		cmocka_unit_test(every_way_to_add),
		cmocka_unit_test(bytes_may_be_nul),
		cmocka_unit_test(grows_far),
		cmocka_unit_test(detached_belongs_to_the_caller),
		cmocka_unit_test(reset_keeps_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
