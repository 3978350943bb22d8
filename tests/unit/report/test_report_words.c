#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/words.h"

static void test_clean(void **state)
{
	static const struct {
		const char *raw, *unicode, *ascii;
	} cases[] = {
		{ "plain.c", "plain.c", "plain.c" },
		{ "", "", "" },
		{ NULL, "", "" },
		{ "a\033[2Jb", "a\\033[2Jb", "a\\033[2Jb" },
		{ "a\nb\tc\r", "a\\012b\\011c\\015", "a\\012b\\011c\\015" },
		{ "\x7f", "\\177", "\\177" },
		{ "caf\xc3\xa9", "caf\xc3\xa9", "caf\\u00e9" },
		{ "\xc2\x9b"
		  "2J",
		  "\\u009b2J", "\\u009b2J" }, /* CSI in one character */
		{ "a\xe2\x80\xae"
		  "b",
		  "a\\u202eb", "a\\u202eb" }, /* right to left */
		{ "a\xe2\x80\x8b"
		  "b",
		  "a\\u200bb", "a\\u200bb" }, /* zero width */
		{ "\xff\xfe", "\\377\\376", "\\377\\376" },
		{ "\xc0\xaf", "\\300\\257", "\\300\\257" },               /* overlong slash */
		{ "\xed\xa0\x80", "\\355\\240\\200", "\\355\\240\\200" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\364\\220\\200\\200", "\\364\\220\\200\\200" },
		{ "\xe2\x82", "\\342\\202", "\\342\\202" }, /* cut off */
		{ "\xf0\x9f\x8d\xb5", "\xf0\x9f\x8d\xb5", "\\u1f375" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free) char *unicode = word_clean(cases[i].raw, true);
		CLEANUP(cleanup_free) char *ascii = word_clean(cases[i].raw, false);

		assert_string_equal(unicode, cases[i].unicode);
		assert_string_equal(ascii, cases[i].ascii);
	}
}

static void test_figures(void **state)
{
	static const struct {
		double ns;
		const char *text;
	} times[] = {
		{ 0, "0 s" },           { 1, "1.00 ns" },     { 999, "999 ns" },
		{ 999.7, "1.00 us" },   { 12345, "12.3 us" }, { 25e6, "25.0 ms" },
		{ 999.4e6, "999 ms" },  { 1.93e9, "1.93 s" }, { 4000e9, "4000 s" },
		{ 9.996e6, "10.0 ms" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		assert_string_equal(word_ns(times[i].ns).s, times[i].text);
	assert_string_equal(word_bytes(0).s, "-");
	assert_string_equal(word_bytes(5 << 20).s, "5.0 MiB");
	assert_string_equal(word_bytes(UINT64_C(8) << 30).s, "8.0 GiB");
	assert_string_equal(word_share(0).s, "0 %");
	assert_string_equal(word_share(0.0131).s, "1.3 %");
	assert_string_equal(word_share(0.98).s, "98 %");
	assert_string_equal(word_count(1, "worker").s, "1 worker");
	assert_string_equal(word_count(0, "worker").s, "0 workers");
}

/* No number without n and an interval. */
static void test_an_estimate_without_n_is_no_number(void **state)
{
	struct estimate none = { .value = 3 };
	struct estimate e = { .value = 1.93, .low = 1.88, .high = 1.97, .n = 9 };

	(void)state;
	assert_string_equal(word_speedup(none).s, "-");
	assert_string_equal(word_interval(none).s, "-");
	assert_string_equal(word_estimate(none).s, "not measured");
	assert_string_equal(word_speedup(e).s, "1.93x");
	assert_string_equal(word_interval(e).s, "[1.88, 1.97]");
	assert_string_equal(word_estimate(e).s, "1.93x [1.88, 1.97], n = 9");
	e = (struct estimate){ .value = 14.2, .low = 9.25, .high = 14.48, .n = 12 };
	assert_string_equal(word_estimate(e).s, "14.2x [9.2, 14.5], n = 12");
}

static void test_wrap(void **state)
{
	static const struct {
		const char *text;
		int first, width;
		const char *wrapped;
	} cases[] = {
		{ "one two three", 80, 80, "one two three" },
		{ "one two three", 7, 7, "one two\nthree" },
		{ "one two three", 3, 9, "one\ntwo three" },
		{ "  one   two  ", 80, 80, "one two" },
		{ "abcdefgh ij", 3, 3, "abc\ndef\ngh\nij" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9", 2, 2, "\xc3\xa9\xc3\xa9\n\xc3\xa9" },
		{ "a b", 1, 1, "a\nb" },
		{ "abcde/fgh", 7, 7, "abcde/\nfgh" },
		{ "a/bcdefgh", 7, 7, "a/bcdef\ngh" },
		{ "abcd e", 2, 5, "\nabcd\ne" },
		{ "abcd e", -3, 6, "\nabcd e" },
		{ "is n = 9 of", 5, 8, "is\nn = 9 of" },
		{ "is 98 % of", 6, 8, "is\n98 % of" },
		{ "is [1.88, 1.97], n = 9", 12, 16, "is\n[1.88, 1.97],\nn = 9" },
		{ "a =", 80, 80, "a =" },
		{ "[a,", 80, 80, "[a," },
		{ "", 5, 5, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free)
		char *got = word_wrap(cases[i].text, cases[i].first, cases[i].width);

		assert_string_equal(got, cases[i].wrapped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_an_estimate_without_n_is_no_number),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
