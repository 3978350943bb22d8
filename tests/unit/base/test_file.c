#include "expect.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"

/* A directory with d/f, and l, a link to d. Tests run inside it. */
static char *root;

static int make_root(void **state)
{
	char name[] = "/tmp/concur-file-XXXXXX";

	(void)state;
	root = realpath(mkdtemp(name), NULL);
	return chdir(root) || mkdir("d", 0755) || symlink("d", "l") || creat("d/f", 0644) < 0;
}

static int remove_root(void **state)
{
	(void)state;
	unlink("d/f");
	unlink("d/big");
	unlink("l");
	rmdir("d");
	if (chdir("/") || rmdir(root)) {
		print_error("something is left in %s\n", root);
		return -1;
	}
	free(root);
	return 0;
}

static size_t count_files(const char *path)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir(path);
	size_t n = 0;

	while (readdir(dir))
		n++;
	return n - 2;
}

static void expect_content(const char *path, const char *text)
{
	CLEANUP(strbuf_clear) struct strbuf content = { 0 };

	expect_ok(file_read(path, &content));
	assert_string_equal(strbuf_str(&content), text);
}

static void reading_appends_everything(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf big = { 0 };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	(void)state;
	for (int i = 0; i < 300000; i++)
		strbuf_addch(&big, (char)i); /* NULs as well */
	expect_ok(file_write("d/big", big.s, big.len));
	strbuf_add(&out, "before:");
	expect_ok(file_read("d/big", &out));
	assert_int_equal(out.len, big.len + 7);
	assert_memory_equal(out.s, "before:", 7);
	assert_memory_equal(out.s + 7, big.s, big.len);
}

static void reading_what_is_no_file(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	(void)state;
	expect_error(file_read("none", &out), ERROR_INPUT,
		     "cannot open none: No such file or directory", NULL);
	expect_error(file_read("d", &out), ERROR_INPUT, "cannot read d: Is a directory", NULL);
	expect_error(file_read_fd(9999, &out), ERROR_INPUT, "Bad file descriptor", NULL);
	assert_int_equal(out.len, 0);
}

/* Whether the signal comes before it waits or while it does. */
static void an_interrupt_ends_reading(void **state)
{
	(void)state;
	for (int delay_us = 0; delay_us < 50000; delay_us += 10000) {
		int empty[2], ready[2], status;
		pid_t pid;
		char c;

		assert_int_equal(pipe(empty) || pipe(ready), 0);
		pid = fork();
		if (pid == 0) {
			CLEANUP(strbuf_clear) struct strbuf out = { 0 };
			struct error *err;

			interrupt_install();
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			err = file_read_fd(empty[0], &out);
			_exit(!err || err->class != ERROR_INTERRUPTED);
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
		usleep((useconds_t)delay_us);
		kill(pid, SIGINT);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		for (int i = 0; i < 2; i++) {
			close(empty[i]);
			close(ready[i]);
		}
	}
}

static void writing_keeps_mode_and_links(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(chmod("d/f", 0750), 0);
	expect_ok(file_write("l/f", "one", 3));
	assert_int_equal(symlink("d/f", "lf"), 0);
	expect_ok(file_write("lf", "two", 3));
	expect_content("d/f", "two");
	assert_int_equal(lstat("lf", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("d/f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	unlink("lf");
}

static void a_new_file_follows_the_umask(void **state)
{
	mode_t old = umask(027);
	struct stat st;

	(void)state;
	expect_ok(file_write("new", "", 0));
	umask(old);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_size, 0);
	unlink("new");
}

/* A reader sees one or the other, whole, while they are exchanged. */
static void writing_is_atomic(void **state)
{
	enum { SIZE = 200000 };
	CLEANUP(cleanup_free) char *a = malloc(SIZE);
	CLEANUP(cleanup_free) char *b = malloc(SIZE);
	pid_t writer;
	int seen = 0;

	(void)state;
	memset(a, 'a', SIZE);
	memset(b, 'b', SIZE);
	expect_ok(file_write("both", a, SIZE));
	writer = fork();
	if (writer == 0) {
		for (int i = 0; i < 100000; i++)
			error_free(file_write("both", i % 2 ? a : b, SIZE));
		_exit(0);
	}
	for (int i = 0; i < 2000 && seen != 3; i++) {
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };

		expect_ok(file_read("both", &out));
		assert_int_equal(out.len, SIZE);
		assert_memory_equal(out.s, out.s[0] == 'a' ? a : b, SIZE);
		seen |= out.s[0] == 'a' ? 1 : 2;
	}
	kill(writer, SIGTERM);
	waitpid(writer, NULL, 0);
	unlink("both");
	for (int i = 0; i < 2; i++) { /* the writer died in the middle */
		CLEANUP(cleanup_free)
		char *temp = xasprintf("%s/both.%d-%d.tmp", root, (int)writer, i);

		unlink(temp);
	}
	assert_int_equal(seen, 3);
}

static void failing_to_write_keeps_the_old(void **state)
{
	struct rlimit old, small;
	size_t before;

	(void)state;
	expect_ok(file_write("d/f", "old", 3));
	before = count_files("d");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 2;
	setrlimit(RLIMIT_FSIZE, &small);
	expect_error(file_write("d/f", "new content", 11), ERROR_INPUT,
		     "cannot write d/f: File too large", NULL);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	expect_content("d/f", "old");
	assert_int_equal(count_files("d"), before);
}

static void where_nothing_can_be_written(void **state)
{
	(void)state;
	expect_error(file_write("x/y/z", "", 0), ERROR_INPUT,
		     "cannot write x/y/z: No such file or directory",
		     "create its directory first: mkdir -p x/y");
	expect_error(file_write("d", "", 0), ERROR_INPUT, "cannot write d: Is a directory", NULL);
	expect_error(file_write("/dev/full", "x", 1), ERROR_INPUT,
		     "cannot write /dev/full: No space left on device", NULL);
}

static void devices_stay_devices(void **state)
{
	struct stat st;

	(void)state;
	expect_ok(file_write("/dev/null", "x", 1));
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void joining(void **state)
{
	static const struct {
		const char *dir, *name, *expected;
	} rows[] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "/", "b", "/b" },
		{ "a", "/b", "/b" }, { "", "b", "b" },     { "a", "", "a/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CLEANUP(cleanup_free) char *path = path_join(rows[i].dir, rows[i].name);

		assert_string_equal(path, rows[i].expected);
	}
}

/* Expected values below root, where "@" stands for it. */
static void absolute(void **state)
{
	static const struct {
		const char *path, *expected;
	} rows[] = {
		{ "d/f", "@/d/f" },
		{ "l/f", "@/d/f" },
		{ "l/new/x", "@/d/new/x" },
		{ "l/../new", "@/new" },
		{ "none/../x", "@/x" },
		{ "./d//./f", "@/d/f" },
		{ "d/../d/none/", "@/d/none" },
		{ "", "@" },
		{ ".", "@" },
		{ "/", "/" },
		{ "/..", "/" },
		{ "/nonesuch/../..", "/" },
		{ "/nonesuch/./a//b", "/nonesuch/a/b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CLEANUP(cleanup_free) char *path = path_absolute(rows[i].path);
		const char *expected = rows[i].expected;

		if (*expected == '@') {
			assert_int_equal(strncmp(path, root, strlen(root)), 0);
			assert_string_equal(path + strlen(root), expected + 1);
		} else {
			assert_string_equal(path, expected);
		}
	}
}

static void the_nearest_upward(void **state)
{
	CLEANUP(cleanup_free) char *here = NULL, *above = NULL, *top = NULL, *none = NULL;

	(void)state;
	here = path_find_upward("d", "f");
	assert_string_equal(path_below(here, root), "d/f");
	above = path_find_upward("d", "l");
	assert_string_equal(path_below(above, root), "l");
	top = path_find_upward("d/none/deeper", "etc/passwd");
	assert_string_equal(top, "/etc/passwd");
	none = path_find_upward("d", "no-such-file-anywhere");
	assert_null(none);
}

static void below(void **state)
{
	static const struct {
		const char *path, *dir, *expected;
	} rows[] = {
		{ "/a/b/c", "/a", "b/c" },  { "/a/b", "/a/", "b" }, { "/a", "/", "a" },
		{ "/ab/c", "/a", "/ab/c" }, { "/a", "/a", "/a" },   { "a/b", "a", "b" },
		{ "/a//b", "/a", "b" },     { "/x", "", "/x" },     { "/a", "/a/b", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_string_equal(path_below(rows[i].path, rows[i].dir), rows[i].expected);
	assert_true(file_exists("d") && file_exists("l/f") && !file_exists("none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_appends_everything),
		cmocka_unit_test(reading_what_is_no_file),
		cmocka_unit_test(an_interrupt_ends_reading),
		cmocka_unit_test(writing_keeps_mode_and_links),
		cmocka_unit_test(a_new_file_follows_the_umask),
		cmocka_unit_test(writing_is_atomic),
		cmocka_unit_test(failing_to_write_keeps_the_old),
		cmocka_unit_test(where_nothing_can_be_written),
		cmocka_unit_test(devices_stay_devices),
		cmocka_unit_test(joining),
		cmocka_unit_test(absolute),
		cmocka_unit_test(the_nearest_upward),
		cmocka_unit_test(below),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
