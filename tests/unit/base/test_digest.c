#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/digest.h"

/* XXH3-128 with seed 0: the empty one is published with xxHash; the others are what its own
 * command prints: printf %s TEXT | xxh128sum. */
static void known_values(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "a", "a96faf705af16834e6c632b61e964e1f" },
		{ "Nobody inspects the spammish repetition", "a32c6f55b80b5f449f1a957522431b91" },
	};
	char hex[DIGEST_HEX];

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		digest_hex(digest_bytes(rows[i].text, strlen(rows[i].text)), hex);
		assert_string_equal(hex, rows[i].hex);
	}
}

static void hex_keeps_leading_zeros(void **state)
{
	char hex[DIGEST_HEX];

	(void)state;
	digest_hex((struct digest){ .high = 1, .low = 0xab }, hex);
	assert_string_equal(hex, "000000000000000100000000000000ab");
}

static void equal_means_both_halves(void **state)
{
	struct digest a = { 1, 2 };

	(void)state;
	assert_true(digest_equal(a, (struct digest){ 1, 2 }));
	assert_false(digest_equal(a, (struct digest){ 1, 3 }));
	assert_false(digest_equal(a, (struct digest){ 3, 2 }));
}

/* Sizes around what is read at once. */
static void files_as_their_bytes(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1000000 };
	CLEANUP(cleanup_free) char *bytes = malloc(1000000);

	(void)state;
	for (size_t i = 0; i < 1000000; i++)
		bytes[i] = (char)(i * i % 251);
	for (size_t i = 0; i < ARRAY_N(sizes); i++) {
		CLEANUP(cleanup_fd) int fd = memfd_create("bytes", 0);
		struct digest digest;

		assert_int_equal(write(fd, bytes, sizes[i]), sizes[i]);
		lseek(fd, 5, SEEK_SET);
		expect_ok(digest_fd(fd, &digest));
		assert_true(digest_equal(digest, digest_bytes(bytes, sizes[i])));
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 5); /* not moved */
	}
}

static void a_file_by_name(void **state)
{
	char path[] = "/tmp/concur-digest-XXXXXX";
	CLEANUP(cleanup_fd) int fd = mkstemp(path);
	struct digest digest;

	(void)state;
	assert_int_equal(write(fd, "abc", 3), 3);
	expect_ok(digest_file(path, &digest));
	assert_true(digest_equal(digest, digest_bytes("abc", 3)));
	unlink(path);
}

static void what_cannot_be_read(void **state)
{
	struct digest digest = { 7, 8 };
	int fds[2];

	(void)state;
	expect_error(digest_file("/nonesuch", &digest), ERROR_INPUT,
		     "cannot open /nonesuch: No such file or directory", NULL);
	expect_error(digest_file("/", &digest), ERROR_INPUT, "cannot read /: Is a directory", NULL);
	assert_int_equal(pipe(fds), 0);
	expect_error(digest_fd(fds[0], &digest), ERROR_INPUT, "Illegal seek", NULL);
	close(fds[0]);
	close(fds[1]);
	assert_true(digest_equal(digest, (struct digest){ 7, 8 })); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(hex_keeps_leading_zeros),
		cmocka_unit_test(equal_means_both_halves),
		cmocka_unit_test(files_as_their_bytes),
		cmocka_unit_test(a_file_by_name),
		cmocka_unit_test(what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
