#include "expect.h"

#include <sys/wait.h>

#include "base/clock.h"
#include "base/uuid.h"

static void form_of_rfc_9562(void **state)
{
	char text[UUID_TEXT];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uuid7(text);
		assert_int_equal(strlen(text), 36);
		assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
		assert_true(text[8] == '-' && text[13] == '-' && text[18] == '-' &&
			    text[23] == '-');
		assert_int_equal(text[14], '7');           /* version */
		assert_non_null(strchr("89ab", text[19])); /* variant */
	}
}

static void starts_with_the_time(void **state)
{
	int64_t before = clock_unix_ns() / 1000000;
	char text[UUID_TEXT], hex[13] = "";
	long long ms;

	(void)state;
	uuid7(text);
	memcpy(hex, text, 8);
	memcpy(hex + 8, text + 9, 4);
	ms = strtoll(hex, NULL, 16);
	/* A full counter borrows from the next millisecond: some may be ahead, by very little. */
	assert_true(ms >= before - 1);
	assert_true(ms <= clock_unix_ns() / 1000000 + 1000);
}

/* Far more than the 4,096 that one millisecond holds. */
static void always_ascends(void **state)
{
	char last[UUID_TEXT] = "", text[UUID_TEXT];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		uuid7(text);
		assert_true(strcmp(last, text) < 0);
		memcpy(last, text, sizeof(text));
	}
}

static void differs_between_parent_and_child(void **state)
{
	char ours[UUID_TEXT], theirs[UUID_TEXT] = "";
	int fds[2], status;
	pid_t pid;

	(void)state;
	uuid7(ours);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		uuid7(theirs);
		_exit(write(fds[1], theirs, sizeof(theirs)) != sizeof(theirs));
	}
	assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	uuid7(ours);
	assert_string_not_equal(ours + 24, theirs + 24);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_of_rfc_9562),
		cmocka_unit_test(starts_with_the_time),
		cmocka_unit_test(always_ascends),
		cmocka_unit_test(differs_between_parent_and_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
