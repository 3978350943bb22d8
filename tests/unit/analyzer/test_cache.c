#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/cache.h"
#include "analyzer/tu_builder.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/rng.h"
#include "sandbox.h"

struct fixture {
	struct sandbox s;
	struct compdb_entry entry;
	char *dir, *source, *header;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	sandbox_init(&f->s);
	sandbox_file(&f->s, "a.c", "#include \"a.h\"\n");
	sandbox_file(&f->s, "a.h", "int a;\n");
	f->dir = path_join(f->s.dir, "deep/cache");
	f->source = path_join(f->s.dir, "a.c");
	f->header = path_join(f->s.dir, "a.h");
	f->entry.directory = xstrdup(f->s.dir);
	f->entry.file = xstrdup(f->source);
	strings_add(&f->entry.argv, "cc");
}

static void tear_down(struct fixture *f)
{
	compdb_entry_clear(&f->entry);
	free(f->dir);
	free(f->source);
	free(f->header);
	sandbox_clear(&f->s);
}

static struct tu unit(const struct fixture *f, const char *problem)
{
	struct tu_builder b;

	tu_builder_init(&b);
	b.tu.file = tu_builder_string(&b, f->source);
	b.tu.problem = tu_builder_string(&b, problem);
	vec_push(&b.tu.includes, b.tu.file);
	vec_push(&b.tu.includes, tu_builder_string(&b, f->header));
	return tu_builder_finish(&b);
}

static void store(const struct fixture *f, const char *problem)
{
	CLEANUP(cache_clear) struct cache c = { 0 };
	CLEANUP(tu_clear) struct tu tu = unit(f, problem);

	cache_init(&c, f->dir);
	cache_store(&c, &f->entry, &tu);
}

/* As the next run would: with nothing remembered. */
static bool load(const struct fixture *f)
{
	CLEANUP(cache_clear) struct cache c = { 0 };
	CLEANUP(tu_clear) struct tu tu = { 0 };
	bool found;

	cache_init(&c, f->dir);
	found = cache_load(&c, &f->entry, &tu);
	if (found)
		assert_string_equal(tu_string(&tu, tu.file), f->source);
	return found;
}

static void content_decides(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_false(load(&f));
	store(&f, NULL);
	assert_true(load(&f));
	sandbox_file(&f.s, "a.h", "int a;\n"); /* a new time, the same content */
	assert_true(load(&f));
	sandbox_file(&f.s, "a.h", "int b;\n");
	assert_false(load(&f));
	sandbox_file(&f.s, "a.h", "int a;\n");
	assert_true(load(&f));
	remove(f.header);
	assert_false(load(&f));
	tear_down(&f);
}

static void the_command_decides(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	store(&f, NULL);
	strings_add(&f.entry.argv, "-DX");
	assert_false(load(&f));
	tear_down(&f);
}

/* A header that would be found first now, and one that __has_include would see. */
static void a_new_header_nearby_decides(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = { { "inc/a.h", false },  { "inc/a.o", true },          { "a.txt", true },
		      { "b.h", false },      { "inc/sys/types.h", false }, { "unused/a.h", true },
		      { "later/a.h", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		set_up(&f);
		sandbox_file(&f.s, "inc/other.h", "");
		sandbox_file(&f.s, "unused/other.h", "");
		strings_add(&f.entry.argv, "-Iinc");
		strings_add(&f.entry.argv, "-isystem");
		strings_add(&f.entry.argv, "later");
		store(&f, NULL);
		assert_true(load(&f));
		sandbox_file(&f.s, cases[i].name, "");
		if (load(&f) != cases[i].good)
			fail_msg("%s: %s", cases[i].name,
				 cases[i].good ? "parsed again" : "missed");
		tear_down(&f);
	}
}

static void what_was_not_read_in_full_is_not_kept(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	store(&f, "read in part");
	assert_false(load(&f));
	tear_down(&f);
}

static void no_directory_means_no_cache(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	free(f.dir);
	f.dir = NULL;
	store(&f, NULL);
	assert_false(load(&f));
	tear_down(&f);
}

static void damage_is_as_good_as_nothing(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *command = NULL;
	struct rng rng = { 7 };
	struct fixture f;
	char path[512];
	FILE *ls;

	(void)state;
	set_up(&f);
	store(&f, NULL);
	command = xasprintf("ls %s/*.tu", f.dir);
	ls = popen(command, "r");
	assert_non_null(fgets(path, sizeof(path), ls));
	pclose(ls);
	path[strcspn(path, "\n")] = 0;
	assert_null(file_read(path, &bytes));
	for (size_t n = 0; n < bytes.len; n += 7) {
		assert_null(file_write(path, bytes.s, n));
		assert_false(load(&f));
	}
	for (int i = 0; i < 500; i++) { /* must not crash; a sanitizer build sees more */
		size_t at = rng_below(&rng, bytes.len);
		char was = bytes.s[at];
		CLEANUP(cache_clear) struct cache c = { 0 };
		CLEANUP(tu_clear) struct tu tu = { 0 };

		bytes.s[at] = (char)rng_next(&rng);
		assert_null(file_write(path, bytes.s, bytes.len));
		bytes.s[at] = was;
		cache_init(&c, f.dir);
		cache_load(&c, &f.entry, &tu);
	}
	tear_down(&f);
}

static void a_cached_run_says_the_same(void **state)
{
	struct sandbox s;
	size_t first;

	(void)state;
	sandbox_init(&s);
	s.cache_dir = path_join(s.dir, "cache");
	sandbox_file(&s, "a.h", "extern int total;\n");
	sandbox_unit(&s, "a.c", "", "#include \"a.h\"\nint total;\nvoid f(void) { total = 1; }\n");
	sandbox_unit(&s, "b.c", "", "#include \"a.h\"\nvoid g(void) { total = 2; }\n");
	sandbox_run(&s);
	assert_null(s.err);
	first = sandbox_fact(&s, "shared-state", "total")->sites.n;
	facts_clear(&s.facts);
	sandbox_run(&s);
	assert_null(s.err);
	assert_int_equal(first, 2);
	assert_int_equal(sandbox_fact(&s, "shared-state", "total")->sites.n, 2);
	facts_clear(&s.facts);
	sandbox_file(&s, "a.h", "extern _Thread_local int total;\n");
	sandbox_file(&s, "a.c", "#include \"a.h\"\n_Thread_local int total;\n");
	sandbox_run(&s);
	assert_null(s.err);
	assert_null(sandbox_fact(&s, "shared-state", "total"));
	sandbox_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_decides),
		cmocka_unit_test(the_command_decides),
		cmocka_unit_test(a_new_header_nearby_decides),
		cmocka_unit_test(what_was_not_read_in_full_is_not_kept),
		cmocka_unit_test(no_directory_means_no_cache),
		cmocka_unit_test(damage_is_as_good_as_nothing),
		cmocka_unit_test(a_cached_run_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
