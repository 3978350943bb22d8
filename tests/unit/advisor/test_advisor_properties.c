/*
 * What must not matter does not matter: names of functions, the order of facts, of entries and of
 * tasks. Each property is held against every run in tests/rules/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "model/run_json.h"
#include "stored.h"

/* The verdict as JSON text: equal texts are equal verdicts. Owned by the caller. */
static char *verdict_text(const struct stored *s)
{
	struct run only = { .verdict = stored_advise(s) };
	char *text;

	memcpy(only.id, s->run.id, sizeof(only.id));
	text = run_json_text(&only);
	verdict_clear(&only.verdict);
	return text;
}

static void assert_same(const struct stored *s, const char *before, const char *what)
{
	CLEANUP(cleanup_free) char *after = verdict_text(s);

	if (strcmp(before, after))
		fail_msg("%s: the verdict changed by %s:\n%s\n%s", s->name, what, before, after);
}

#define MARK "zz_renamed_"

static void rename_function(char **name)
{
	char *renamed = *name ? xasprintf(MARK "%s", *name) : NULL;

	free(*name);
	*name = renamed;
}

static void undo_names(char *text)
{
	for (char *at; (at = strstr(text, MARK));)
		memmove(at, at + strlen(MARK), strlen(at + strlen(MARK)) + 1);
}

/* The program's own; what a library calls its functions is knowledge. */
static void rename_calls(struct stacks *stacks)
{
	vec_each (stacks, stack) {
		vec_each (&stack->frames, f) {
			if (!f->object || strncmp(f->object, "lib", 3))
				rename_function(&f->function);
		}
	}
}

static void test_renaming_functions(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		CLEANUP(cleanup_free) char *before = verdict_text(s);
		CLEANUP(cleanup_free) char *after = NULL;

		vec_each (&s->run.facts, f) {
			rename_function(&f->function);
			vec_each (&f->sites, site)
				rename_function(&site->function);
		}
		rename_calls(&s->run.profile.stacks);
		after = verdict_text(s);
		undo_names(after); /* sentences may name them */
		assert_string_equal(before, after);
	}
	stored_clear(&list);
}

#define SHUFFLE(list, rng)                                                                         \
	for (size_t i_ = (list)->n; i_ > 1; i_--) {                                                \
		size_t j_ = rng_below((rng), i_);                                                  \
		__typeof__(*(list)->items) item_ = (list)->items[i_ - 1];                          \
		(list)->items[i_ - 1] = (list)->items[j_];                                         \
		(list)->items[j_] = item_;                                                         \
	}

static void test_reordering(void **state)
{
	struct stored_runs list = stored_load();
	struct rng rng = { .state = 7 };

	(void)state;
	vec_each (&list, s) {
		CLEANUP(cleanup_free) char *before = verdict_text(s);

		for (int round = 0; round < 20; round++) {
			SHUFFLE(&s->run.facts, &rng);
			vec_each (&s->run.facts, f)
				SHUFFLE(&f->sites, &rng);
			SHUFFLE(&s->run.race, &rng);
			SHUFFLE(&s->run.workload.tasks, &rng);
			assert_same(s, before, "reordering facts, entries or tasks");
		}
	}
	stored_clear(&list);
}

/* Twice the tasks in twice the time is the same program. */
static void test_scaling_time(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		struct profile *p = &s->run.profile;
		struct verdict before = stored_advise(s), after;
		struct wait_profile half = p->waits;

		wait_profile_add(&p->waits, &half);
		vec_each (&p->stacks, stack)
			stack->ns *= 2;
		p->elapsed_ns *= 2;
		p->tasks *= 2;
		p->processes *= 2;
		p->threads *= 2;
		after = stored_advise(s);
		assert_int_equal(before.kind, after.kind);
		assert_int_equal(before.model, after.model);
		assert_int_equal(before.has_row, after.has_row);
		assert_int_equal(before.row, after.row);
		verdict_clear(&before);
		verdict_clear(&after);
	}
	stored_clear(&list);
}

/* Run-queue delay says how busy the machine was, not what the program does. */
static void test_run_queue_moves_no_row(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		struct wait_profile *w = &s->run.profile.waits;
		struct verdict before = stored_advise(s), after;

		w->runqueue_ns += w->wall_ns;
		w->wall_ns *= 2;
		s->run.profile.elapsed_ns *= 2;
		after = stored_advise(s);
		assert_int_equal(before.has_row, after.has_row);
		assert_int_equal(before.row, after.row);
		verdict_clear(&before);
		verdict_clear(&after);
	}
	stored_clear(&list);
}

/* A verdict that a stored run already has is not evidence. */
static void test_present_verdict_is_ignored(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		CLEANUP(cleanup_free) char *before = verdict_text(s);

		s->run.verdict.kind = VERDICT_RECOMMEND;
		s->run.verdict.model = MODEL_ASYNC;
		strings_add(&s->run.verdict.rules, "R99");
		assert_same(s, before, "a verdict that was there before");
	}
	stored_clear(&list);
}

/* Slower alternatives never help: with every speedup but one model's halved, that model wins or
 * nothing is recommended against it. */
static void test_slowing_the_others_keeps_the_winner(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		struct verdict before = stored_advise(s), after;

		vec_each (&s->run.race, e) {
			if (e->model == before.model || e->model == MODEL_SEQUENTIAL)
				continue;
			e->speedup.value *= 0.5;
			e->speedup.low *= 0.5;
			e->speedup.high *= 0.5;
		}
		after = stored_advise(s);
		if (before.kind == VERDICT_RECOMMEND) {
			assert_int_equal(after.kind, VERDICT_RECOMMEND);
			assert_int_equal(after.model, before.model);
			assert_int_equal(after.ties.n, 0);
		}
		verdict_clear(&before);
		verdict_clear(&after);
	}
	stored_clear(&list);
}

static void test_never_says_safe(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		CLEANUP(cleanup_free) char *text = verdict_text(s);

		assert_null(strcasestr(text, " safe"));
	}
	stored_clear(&list);
}

static void test_verdict_survives_json(void **state)
{
	struct stored_runs list = stored_load();

	(void)state;
	vec_each (&list, s) {
		CLEANUP(cleanup_free) char *text = NULL;
		CLEANUP(cleanup_free) char *again = NULL;
		struct run back = { 0 };

		s->run.verdict = stored_advise(s);
		text = run_json_text(&s->run);
		assert_null(run_json_parse(text, strlen(text), &back));
		again = run_json_text(&back);
		assert_string_equal(text, again);
		run_clear(&back);
	}
	stored_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renaming_functions),
		cmocka_unit_test(test_reordering),
		cmocka_unit_test(test_scaling_time),
		cmocka_unit_test(test_run_queue_moves_no_row),
		cmocka_unit_test(test_present_verdict_is_ignored),
		cmocka_unit_test(test_slowing_the_others_keeps_the_winner),
		cmocka_unit_test(test_never_says_safe),
		cmocka_unit_test(test_verdict_survives_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
