/* How many calls on files are served at once: tried on real files, by threads and from a ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/disk.h"

// concur: ignore[shared-state] the program has one thread
static char directory[] = "/tmp/concur-disk-XXXXXX";

static int make_files(void **state)
{
	(void)state;
	return !mkdtemp(directory);
}

static int remove_files(void **state)
{
	(void)state;
	return rmdir(directory);
}

/* A file of the program's, that it was seen to use. */
static void use(struct disk_uses *uses, const char *name, uint64_t syncs, uint64_t others)
{
	char *path = xasprintf("%s/%s", directory, name);
	CLEANUP(cleanup_fd) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "a line\n", 7), 7);
	vec_push(uses, ((struct disk_use){ path, syncs, others }));
}

static void forget(struct disk_uses *uses)
{
	vec_each (uses, u)
		unlink(u->path);
	disk_uses_clear(uses);
}

static void assert_tried(const struct estimate *e)
{
	assert_true(e->n > 0);
	assert_true(e->low >= 1 && e->low <= e->value && e->value <= e->high);
	assert_true(e->high <= DISK_DEPTH_MOST);
}

static void try(uint64_t syncs, uint64_t others, const char *what)
{
	struct disk_uses uses = { 0 };
	struct disk_depth depth;

	use(&uses, "first", syncs, others);
	use(&uses, "second", syncs, others);
	disk_depth(&uses, &depth);
	assert_tried(&depth.threads);
	assert_tried(&depth.loop);
	assert_non_null(strstr(depth.what, what));
	assert_non_null(strstr(depth.what, uses.items[0].path));
	free(depth.what);
	forget(&uses);
}

static void what_was_met_more_often_is_tried(void **state)
{
	(void)state;
	try(3, 1, "syncing");
	try(1, 3, "reading");
}

static void files_that_are_gone_are_not_tried(void **state)
{
	struct disk_uses uses = { 0 };
	struct disk_depth depth;

	(void)state;
	use(&uses, "gone", 0, 3);
	unlink(uses.items[0].path);
	disk_depth(&uses, &depth);
	assert_int_equal(depth.threads.n, 0);
	assert_int_equal(depth.loop.n, 0);
	free(depth.what);
	forget(&uses);
}

static void without_files_nothing_is_tried(void **state)
{
	struct disk_uses none = { 0 };
	struct disk_depth depth;

	(void)state;
	disk_depth(&none, &depth);
	assert_int_equal(depth.threads.n, 0);
	assert_int_equal(depth.loop.n, 0);
	assert_null(depth.what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_met_more_often_is_tried),
		cmocka_unit_test(files_that_are_gone_are_not_tried),
		cmocka_unit_test(without_files_nothing_is_tried),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
