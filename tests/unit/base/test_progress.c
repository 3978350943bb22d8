#include "expect.h"

#include <pty.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/progress.h"

static int no_environment(void **state)
{
	(void)state;
	unsetenv("CI");
	setenv("TERM", "xterm", 1);
	return 0;
}

/* --- a pipe or a file: plain lines ------------------------------------------------------------ */

static void a_line_each_tenth(void **state)
{
	struct redirected r = redirect_stderr(-1);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	progress_start("measuring", 40);
	for (size_t i = 0; i <= 40; i++)
		progress_step(i, i == 8 ? "threads\nx 4" : NULL);
	progress_end();
	text = restore_stderr(r);
	assert_string_equal(text, "concur: measuring: 10 %\n"
				  "concur: measuring: 20 %, threads x 4\n"
				  "concur: measuring: 30 %\n"
				  "concur: measuring: 40 %\n"
				  "concur: measuring: 50 %\n"
				  "concur: measuring: 60 %\n"
				  "concur: measuring: 70 %\n"
				  "concur: measuring: 80 %\n"
				  "concur: measuring: 90 %\n"
				  "concur: measuring: 100 %\n");
}

static void few_steps_have_a_line_each(void **state)
{
	struct redirected r = redirect_stderr(-1);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	progress_start("racing", 3);
	progress_step(1, "a");
	progress_step(1, "b");
	progress_step(3, "c");
	progress_step(99, "beyond the end");
	progress_end();
	text = restore_stderr(r);
	assert_string_equal(text, "concur: racing: 33 %, a\nconcur: racing: 100 %, c\n");
}

static void an_unknown_total_has_no_percentage(void **state)
{
	struct redirected r = redirect_stderr(-1);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	progress_start("reading", 0);
	for (size_t i = 0; i < 1000; i++)
		progress_step(i, NULL); /* and 30 s have not passed */
	progress_end();
	text = restore_stderr(r);
	assert_string_equal(text, "");
}

static void nothing_when_quiet_or_not_started(void **state)
{
	struct redirected r = redirect_stderr(-1);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	progress_step(5, "nobody started it");
	progress_end();
	log_set_level(LOG_QUIET);
	progress_start("measuring", 10);
	progress_step(10, NULL);
	progress_end();
	log_set_level(LOG_NORMAL);
	text = restore_stderr(r);
	assert_string_equal(text, "");
}

static void time_left_once_a_second_has_passed(void **state)
{
	struct redirected r = redirect_stderr(-1);
	CLEANUP(cleanup_free) char *text = NULL;

	(void)state;
	progress_start("measuring", 100);
	usleep(1010000);
	progress_step(50, NULL);
	progress_step(100, NULL);
	progress_end();
	text = restore_stderr(r);
	assert_non_null(strstr(text, "concur: measuring: 50 %, about "));
	assert_non_null(strstr(text, " s left\nconcur: measuring: 100 %\n"));
}

/* --- a terminal: one line, redrawn ------------------------------------------------------------ */

struct terminal {
	int master;
	struct redirected stderr_was;
};

static struct terminal terminal_open(unsigned short columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct terminal t;
	int fd;

	assert_int_equal(openpty(&t.master, &fd, NULL, NULL, &size), 0);
	t.stderr_was = redirect_stderr(fd);
	close(fd);
	return t;
}

/* All that came, until the last writer has closed it. */
static const char *terminal_close(struct terminal *t)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n;

	dup2(t->stderr_was.saved, STDERR_FILENO);
	close(t->stderr_was.saved);
	while ((n = read(t->master, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(t->master);
	return text;
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		n++;
		text += strlen(part);
	}
	return n;
}

static void a_terminal_is_redrawn_and_left_clean(void **state)
{
	struct terminal t = terminal_open(80);

	(void)state;
	progress_start("measuring", 4);
	usleep(110000);
	progress_step(1, "threads x 2");
	progress_end();
	assert_string_equal(terminal_close(&t), "concur: measuring: 0 %"
						"\r\033[Kconcur: measuring: 25 %, threads x 2"
						"\r\033[K");
}

static void a_terminal_is_not_flooded(void **state)
{
	struct terminal t = terminal_open(80);

	(void)state;
	progress_start("measuring", 100000);
	for (size_t i = 1; i <= 100000; i++)
		progress_step(i, NULL);
	progress_end();
	assert_in_range(count(terminal_close(&t), "measuring"), 1, 1000);
}

static void a_message_goes_above_the_line(void **state)
{
	struct terminal t = terminal_open(80);

	(void)state;
	progress_start("measuring", 4);
	log_warning("busy");
	log_warning("still");
	progress_end();
	assert_string_equal(terminal_close(&t), "concur: measuring: 0 %"
						"\r\033[Kconcur: warning: busy\r\n"
						"concur: warning: still\r\n");
}

#define UMLAUTS "\xc3\xa4\xc3\xb6\xc3\xbc"

/* Cut between characters: each of these takes two bytes and one column. */
static void a_long_line_fits_the_width(void **state)
{
	struct terminal t = terminal_open(20);

	(void)state;
	progress_start(UMLAUTS UMLAUTS UMLAUTS UMLAUTS UMLAUTS, 4);
	progress_end();
	assert_string_equal(terminal_close(&t),
			    "concur: " UMLAUTS UMLAUTS UMLAUTS "\xc3\xa4\xc3\xb6"
			    "\r\033[K");
}

static void ci_and_dumb_terminals_have_plain_lines(void **state)
{
	static const char *const settings[][2] = { { "CI", "true" }, { "TERM", "dumb" } };

	for (size_t i = 0; i < ARRAY_N(settings); i++) {
		struct terminal t;

		no_environment(state);
		setenv(settings[i][0], settings[i][1], 1);
		t = terminal_open(80);
		progress_start("measuring", 2);
		progress_step(1, NULL);
		progress_end();
		assert_string_equal(terminal_close(&t), "concur: measuring: 50 %\r\n");
	}
	no_environment(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_each_tenth),
		cmocka_unit_test(few_steps_have_a_line_each),
		cmocka_unit_test(an_unknown_total_has_no_percentage),
		cmocka_unit_test(nothing_when_quiet_or_not_started),
		cmocka_unit_test(time_left_once_a_second_has_passed),
		cmocka_unit_test(a_terminal_is_redrawn_and_left_clean),
		cmocka_unit_test(a_terminal_is_not_flooded),
		cmocka_unit_test(a_message_goes_above_the_line),
		cmocka_unit_test(a_long_line_fits_the_width),
		cmocka_unit_test(ci_and_dumb_terminals_have_plain_lines),
	};

	return cmocka_run_group_tests(tests, no_environment, NULL);
}
