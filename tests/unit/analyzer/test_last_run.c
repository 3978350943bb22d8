#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/last_run.h"
#include "analyzer/tu_builder.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/rng.h"
#include "sandbox.h"

struct fixture {
	struct sandbox s;
	struct compdb db;
	struct analyzer_options opt;
	char *dir, *source;
};

static void set_up(struct fixture *f)
{
	struct compdb_entry entry = { 0 };

	*f = (struct fixture){ 0 };
	sandbox_init(&f->s);
	sandbox_file(&f->s, "a.c", "int a;\n");
	f->dir = path_join(f->s.dir, "cache");
	f->source = path_join(f->s.dir, "a.c");
	f->db.directory = xstrdup(f->s.dir);
	f->db.root = xstrdup(f->s.dir);
	entry.directory = xstrdup(f->s.dir);
	entry.file = xstrdup(f->source);
	strings_add(&entry.argv, "cc");
	vec_push(&f->db, entry);
}

static void tear_down(struct fixture *f)
{
	compdb_clear(&f->db);
	free(f->dir);
	free(f->source);
	sandbox_clear(&f->s);
}

static void add_facts(struct facts *facts, bool failed)
{
	struct fact *f = vec_add(facts);
	struct unit_failure *failure = vec_add(&facts->failures);

	*f = (struct fact){ .check = xstrdup("shared-state"),
			    .file = xstrdup("a.c"),
			    .line = 1,
			    .column = 5,
			    .symbol = xstrdup("a"),
			    .effect = xstrdup("file-scope"),
			    .detail = xstrdup("") };
	vec_push(&f->sites,
		 ((struct fact_site){ xstrdup("a.c"), 7, xstrdup("f"), xstrdup("write") }));
	vec_push(&f->sites, ((struct fact_site){ xstrdup("a.c"), 9, NULL, xstrdup("read") }));
	*failure = (struct unit_failure){ .file = xstrdup("b.cc"),
					  .why = xstrdup("not C: left out"),
					  .left_out = !failed };
	facts->root = xstrdup("/p");
	facts->units = 3;
	facts->suppressed = 2;
}

static void store(const struct fixture *f, const char *problem, bool failed)
{
	CLEANUP(cache_clear) struct cache c = { 0 };
	CLEANUP(facts_clear) struct facts facts = { .analysed = true };
	CLEANUP(tu_clear) struct tu tu = { 0 };
	struct tu_builder b;

	tu_builder_init(&b);
	b.tu.file = tu_builder_string(&b, f->source);
	b.tu.problem = tu_builder_string(&b, problem);
	vec_push(&b.tu.includes, b.tu.file);
	tu = tu_builder_finish(&b);
	cache_init(&c, f->dir);
	cache_store(&c, &f->db.items[0], &tu);
	add_facts(&facts, failed);
	last_run_store(&c, last_run_of(&c, &f->db, &f->opt, "2.36"), &facts);
}

/* As the next run would: with nothing remembered. */
static bool load_with(const struct fixture *f, const char *glibc, struct facts *ret)
{
	CLEANUP(cache_clear) struct cache c = { 0 };

	cache_init(&c, f->dir);
	return last_run_load(&c, last_run_of(&c, &f->db, &f->opt, glibc), ret);
}

static bool load(const struct fixture *f)
{
	CLEANUP(facts_clear) struct facts facts = { 0 };

	return load_with(f, "2.36", &facts);
}

static void what_was_found_is_found_again(void **state)
{
	CLEANUP(facts_clear) struct facts facts = { 0 };
	const struct fact *f;
	struct fixture x;

	(void)state;
	set_up(&x);
	assert_false(load(&x));
	store(&x, NULL, false);
	assert_true(load_with(&x, "2.36", &facts));
	assert_true(facts.analysed);
	assert_string_equal(facts.root, "/p");
	assert_int_equal(facts.units, 3);
	assert_int_equal(facts.suppressed, 2);
	assert_int_equal(facts.failures.n, 1);
	assert_true(facts.failures.items[0].left_out);
	assert_int_equal(facts.n, 1);
	f = &facts.items[0];
	assert_string_equal(f->check, "shared-state");
	assert_int_equal(f->line, 1);
	assert_int_equal(f->column, 5);
	assert_string_equal(f->detail, "");
	assert_null(f->function);
	assert_null(f->advice);
	assert_int_equal(f->sites.n, 2);
	assert_int_equal(f->sites.items[0].line, 7);
	assert_string_equal(f->sites.items[0].access, "write");
	assert_null(f->sites.items[1].function);
	tear_down(&x);
}

/* Whatever the findings rest on. */
static void another_question_has_no_answer(void **state)
{
	CLEANUP(facts_clear) struct facts facts = { 0 };
	struct fixture x;

	(void)state;
	set_up(&x);
	store(&x, NULL, false);
	assert_true(load(&x));
	assert_false(load_with(&x, "2.31", &facts));
	sandbox_file(&x.s, ".concur.yaml", "functions: []\n");
	assert_false(load(&x));
	store(&x, NULL, false);
	assert_true(load(&x));
	sandbox_file(&x.s, "a.c", "int b;\n");
	assert_false(load(&x));
	sandbox_file(&x.s, "a.c", "int a;\n");
	assert_true(load(&x));
	sandbox_file(&x.s, "new.h", ""); /* beside what was read */
	assert_false(load(&x));
	store(&x, NULL, false);
	x.opt.shard = x.opt.shards = 1;
	assert_false(load(&x));
	x.opt.shards = 0;
	strings_add(&x.db.items[0].argv, "-DX");
	assert_false(load(&x));
	tear_down(&x);
}

static void what_is_in_part_is_not_kept(void **state)
{
	struct fixture x;

	(void)state;
	set_up(&x);
	store(&x, "read in part", false);
	assert_false(load(&x));
	store(&x, NULL, true);
	assert_false(load(&x));
	tear_down(&x);
}

static char *run_file(const struct fixture *x)
{
	CLEANUP(cleanup_free) char *command = xasprintf("ls %s/*.run", x->dir);
	char path[512];
	FILE *ls = popen(command, "r");

	assert_non_null(fgets(path, sizeof(path), ls));
	pclose(ls);
	path[strcspn(path, "\n")] = 0;
	return xstrdup(path);
}

static void damage_is_as_good_as_nothing(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct rng rng = { 7 };
	struct fixture x;

	(void)state;
	set_up(&x);
	store(&x, NULL, false);
	path = run_file(&x);
	assert_null(file_read(path, &bytes));
	for (size_t n = 0; n < bytes.len; n += 5) {
		assert_null(file_write(path, bytes.s, n));
		assert_false(load(&x));
	}
	for (int i = 0; i < 200; i++) {
		size_t at = rng_below(&rng, bytes.len);
		char was = bytes.s[at];

		bytes.s[at] = (char)(was + 1 + (char)rng_below(&rng, 255));
		assert_null(file_write(path, bytes.s, bytes.len));
		if (bytes.s[at] != was)
			assert_false(load(&x));
		bytes.s[at] = was;
	}
	assert_null(file_write(path, bytes.s, bytes.len));
	assert_true(load(&x));
	tear_down(&x);
}

/* The digest keeps bytes from getting here; the reader trusts none all the same. */
static void a_reader_stays_in_its_bytes(void **state)
{
	static const uint64_t words[] = { 3, UINT64_MAX, 1 };
	struct record_reader r = { .at = (const char *)words, .end = (const char *)(words + 3) };

	(void)state;
	assert_int_equal(record_count(&r), 0); /* three items in two words */
	assert_true(r.bad);
	assert_null(record_text(&r));
	r = (struct record_reader){ .at = (const char *)(words + 1),
				    .end = (const char *)(words + 3) };
	assert_null(record_text(&r));
	assert_true(r.bad);
	assert_int_equal(record_number(&r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_is_found_again),
		cmocka_unit_test(another_question_has_no_answer),
		cmocka_unit_test(what_is_in_part_is_not_kept),
		cmocka_unit_test(damage_is_as_good_as_nothing),
		cmocka_unit_test(a_reader_stays_in_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
