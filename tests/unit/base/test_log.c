#include "expect.h"

#include "base/log.h"

static char *everything_at(enum log_level level)
{
	struct redirected r = redirect_stderr(-1);

	log_set_level(level);
	log_error("no %s", "way");
	log_warning("%d %%", 40);
	log_note("done");
	log_debug("detail");
	log_set_level(LOG_NORMAL);
	return restore_stderr(r);
}

static void levels(void **state)
{
	static const struct {
		enum log_level level;
		const char *expected;
	} rows[] = {
		{ LOG_QUIET, "concur: error: no way\n" },
		{ LOG_NORMAL, "concur: error: no way\n"
			      "concur: warning: 40 %\n"
			      "concur: note: done\n" },
		{ LOG_VERBOSE, "concur: error: no way\n"
			       "concur: warning: 40 %\n"
			       "concur: note: done\n"
			       "concur: debug: detail\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char *text = everything_at(rows[i].level);

		assert_string_equal(text, rows[i].expected);
		free(text);
	}
}

static void the_level_is_kept(void **state)
{
	(void)state;
	assert_int_equal(log_get_level(), LOG_NORMAL);
	log_set_level(LOG_VERBOSE);
	assert_int_equal(log_get_level(), LOG_VERBOSE);
	log_set_level(LOG_NORMAL);
}

static void one_line_that_commands_nothing(void **state)
{
	struct redirected r = redirect_stderr(-1);
	char *text;

	(void)state;
	log_error("bad name: a\nb\033[2Jc\x7f\xc3\xa9");
	text = restore_stderr(r);
	assert_string_equal(text, "concur: error: bad name: a b [2Jc \xc3\xa9\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),
		cmocka_unit_test(the_level_is_kept),
		cmocka_unit_test(one_line_that_commands_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
