/*
 * Which programs can be loaded as libraries, and whether broken files are only refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/subprocess.h"
#include "profiler/elf.h"
#include "profiler/loader.h"
#include "target_workload.h"

static const struct {
	const char *program;
	const char *why; /* NULL: it can */
} programs[] = {
	{ "target_faulty", NULL },
	{ "target_static", "it is statically linked" },
	{ "target_fixed", "it is linked at a fixed address" },
	{ "target_tls", NULL },
	{ "target_much_tls", "it has too many thread-local variables of its own" },
	{ "target_cxx", "it uses the C++ runtime (libstdc++.so.6)" },
	{ "/bin/sh", NULL },
	{ "/etc/passwd", "it is not an ELF executable" },
	{ "/dev/null", "it is not an ELF executable" },
	{ "/nonexistent", "cannot open /nonexistent" },
	{ "/lib/x86_64-linux-gnu/libm.so.6", "it is statically linked, or a library" },
};

static void says_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		CLEANUP(loader_libraries_clear) struct loader_libraries libraries = { 0 };
		CLEANUP(cleanup_free) char *path = path_join(TARGETS, programs[i].program);
		CLEANUP(cleanup_free) char *why = loader_why_not(path, &libraries);

		if (!programs[i].why && why)
			fail_msg("%s: %s", path, why);
		if (programs[i].why && (!why || !strstr(why, programs[i].why)))
			fail_msg("%s: \"%s\" is not \"%s\"", path, why ? why : "it can",
				 programs[i].why);
	}
}

/* --- files that are changed ------------------------------------------------------------------- */

struct elf_file {
	char path[64];
	struct strbuf bytes; /* of target_faulty */
};

static void scratch_clear(struct elf_file *s)
{
	unlink(s->path);
	strbuf_clear(&s->bytes);
}

static void scratch_init(struct elf_file *s)
{
	CLEANUP(cleanup_free) char *program = path_join(TARGETS, "target_faulty");
	int fd;

	strcpy(s->path, "/tmp/concur-loader-XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	assert_no_error(file_read(program, &s->bytes));
}

static char *why_not(const struct elf_file *s, size_t n)
{
	CLEANUP(loader_libraries_clear) struct loader_libraries libraries = { 0 };

	assert_no_error(file_write(s->path, s->bytes.s, n));
	chmod(s->path, 0700);
	return loader_why_not(s->path, &libraries);
}

static void a_script_is_named(void **state)
{
	CLEANUP(scratch_clear) struct elf_file s = { 0 };
	CLEANUP(cleanup_free) char *why = NULL;

	(void)state;
	scratch_init(&s);
	strbuf_reset(&s.bytes);
	strbuf_add(&s.bytes, "#!/bin/sh\necho\n");
	why = why_not(&s, s.bytes.len);
	assert_string_equal(why, "it is a script");
}

static void another_processor_is_named(void **state)
{
	CLEANUP(scratch_clear) struct elf_file s = { 0 };
	CLEANUP(cleanup_free) char *why = NULL;

	(void)state;
	scratch_init(&s);
	s.bytes.s[offsetof(Elf64_Ehdr, e_machine)] = (char)EM_AARCH64;
	why = why_not(&s, s.bytes.len);
	assert_string_equal(why, "it is built for another kind of processor");
}

static void another_libc_is_named(void **state)
{
	CLEANUP(scratch_clear) struct elf_file s = { 0 };
	CLEANUP(cleanup_free) char *why = NULL;
	char *at;

	(void)state;
	scratch_init(&s);
	at = memmem(s.bytes.s, s.bytes.len, "/lib64/ld-linux", 15);
	assert_non_null(at);
	at[1] = 'L';
	why = why_not(&s, s.bytes.len);
	assert_string_equal(why, "it uses another C library than glibc");
}

/* A file cut off anywhere in its headers is refused and nothing else. */
static void a_cut_file_is_refused(void **state)
{
	CLEANUP(scratch_clear) struct elf_file s = { 0 };

	(void)state;
	scratch_init(&s);
	for (size_t n = 0; n < 1024; n += 24) {
		CLEANUP(cleanup_free) char *why = why_not(&s, n);

		if (!why)
			fail_msg("cut to %zu bytes it is still taken", n);
	}
}

/* Reading any header must stay within the file; what it says does not matter. */
static void broken_headers_are_read_safely(void **state)
{
	CLEANUP(scratch_clear) struct elf_file s = { 0 };
	struct rng rng = { 1 };

	(void)state;
	scratch_init(&s);
	for (int i = 0; i < 20000; i++) {
		size_t at = rng_below(&rng, 1024), ignored;
		char was = s.bytes.s[at];
		struct elf elf = { (unsigned char *)s.bytes.s, s.bytes.len };

		s.bytes.s[at] = (char)rng_next(&rng);
		elf_interpreter(&elf);
		elf_segment(&elf, PT_TLS);
		elf_dynamic(&elf, DT_FLAGS_1, 0, &ignored);
		for (size_t k = 0; k < 4; k++)
			elf_needed(&elf, k);
		if (i % 8)
			s.bytes.s[at] = was;
	}
}

static void libraries_come_before_who_needs_them(void **state)
{
	CLEANUP(loader_libraries_clear) struct loader_libraries libraries = { 0 };
	CLEANUP(cleanup_free) char *why = loader_why_not("/usr/bin/sqlite3", &libraries);

	(void)state;
	if (access("/usr/bin/sqlite3", X_OK))
		skip(); /* the test needs a program with several libraries */
	assert_null(why);
	assert_true(libraries.n >= 2);
	for (size_t i = 0; i < libraries.n; i++) {
		CLEANUP(elf_close) struct elf elf = { 0 };
		const char *needed;

		assert_null(strstr(libraries.items[i].name, "libc.so"));
		assert_no_error(elf_open(libraries.items[i].path, &elf));
		for (size_t n = 0; (needed = elf_needed(&elf, n)); n++) {
			for (size_t k = i + 1; k < libraries.n; k++)
				assert_string_not_equal(libraries.items[k].name, needed);
		}
	}
}

static void a_program_finds_what_it_needs(void **state)
{
	CLEANUP(elf_close) struct elf elf = { 0 };
	CLEANUP(cleanup_free) char *path = path_join(TARGETS, "target_faulty");

	(void)state;
	assert_no_error(elf_open(path, &elf));
	assert_string_equal(elf_needed(&elf, 0), "libc.so.6");
	assert_null(elf_needed(&elf, 1));
	assert_string_equal(elf_interpreter(&elf), "/lib64/ld-linux-x86-64.so.2");
	assert_null(elf_segment(&elf, PT_TLS));
}

static int setup(void **state)
{
	(void)state;
	subprocess_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_not),
		cmocka_unit_test(a_script_is_named),
		cmocka_unit_test(another_processor_is_named),
		cmocka_unit_test(another_libc_is_named),
		cmocka_unit_test(a_cut_file_is_refused),
		cmocka_unit_test(broken_headers_are_read_safely),
		cmocka_unit_test(libraries_come_before_who_needs_them),
		cmocka_unit_test(a_program_finds_what_it_needs),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
