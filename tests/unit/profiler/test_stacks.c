/*
 * The calls that time was spent in, in a program built as usual: optimised, no frame pointers,
 * through libc, from a library without a name (tests/workloads/calls.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/subprocess.h"
#include "profiler/watch.h"

struct fixture {
	struct profile profile;
	const char *why; /* not NULL: it could not be run */
};

static const struct stack_frame *frame_of(const struct stack *stack, const char *function)
{
	vec_each (&stack->frames, frame) {
		if (!strcmp(frame->function, function))
			return frame;
	}
	return NULL;
}

/* The stack with most time of a kind (WAIT_KIND_COUNT: on-CPU) that holds the function, or NULL. */
static const struct stack *stack_with(const struct profile *p, enum wait_kind kind,
				      const char *function)
{
	vec_each (&p->stacks, s) {
		if (s->on_cpu == (kind == WAIT_KIND_COUNT) && (s->on_cpu || s->kind == kind) &&
		    frame_of(s, function))
			return s;
	}
	return NULL;
}

static uint64_t time_in(const struct profile *p, enum wait_kind kind, const char *function)
{
	uint64_t ns = 0;

	vec_each (&p->stacks, s) {
		if (s->on_cpu == (kind == WAIT_KIND_COUNT) && (s->on_cpu || s->kind == kind) &&
		    frame_of(s, function))
			ns += s->ns;
	}
	return ns;
}

static bool in_file(const struct stack_frame *frame, const char *name)
{
	const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;

	return slash && !strcmp(slash + 1, name) && frame->line > 0;
}

/* `inner` is called, over however many others, by `outer`. */
static void assert_below(const struct stack *stack, const char *inner, const char *outer)
{
	const struct stack_frame *a = frame_of(stack, inner), *b = frame_of(stack, outer);

	assert_non_null(a);
	assert_non_null(b);
	assert_true(a < b);
}

static void waits_name_their_callers_through_libc(void **state)
{
	const struct profile *p = *state;
	uint64_t wait_ns = p->waits.wait_ns[WAIT_PIPE];
	const struct stack *stack = stack_with(p, WAIT_PIPE, "blocking_line");

	assert_true(wait_ns > 0);
	assert_true(time_in(p, WAIT_PIPE, "blocking_line") >= wait_ns / 10 * 9);
	assert_below(stack, "blocking_line", "main");
	assert_true(in_file(frame_of(stack, "blocking_line"), "calls.c"));
	assert_true(stack->frames.items[0].object &&
		    !strncmp(stack->frames.items[0].object, "libc", 4));
	assert_false(stack->cut);
}

static void libraries_without_a_name_are_named(void **state)
{
	const struct profile *p = *state;
	const struct stack *stack = stack_with(p, WAIT_SLEEP, "library_pause");

	assert_non_null(stack);
	assert_below(stack, "library_pause", "main");
	assert_true(in_file(frame_of(stack, "library_pause"), "calls_library.c"));
	assert_true(stack->count >= 55 && stack->count <= 65);
}

static void threads_have_their_own(void **state)
{
	const struct profile *p = *state;
	const struct stack *stack = stack_with(p, WAIT_SLEEP, "writer");

	assert_non_null(stack);
	assert_below(stack, "pause_us", "writer");
	assert_null(frame_of(stack, "main"));
}

static void cpu_time_is_sampled_with_inlined_calls(void **state)
{
	const struct profile *p = *state;
	uint64_t cpu_ns = wait_profile_cpu_ns(&p->waits);
	const struct stack *stack = stack_with(p, WAIT_KIND_COUNT, "inlined_mix");

	assert_true(time_in(p, WAIT_KIND_COUNT, "hot_compare") >= cpu_ns / 2);
	assert_true(time_in(p, WAIT_KIND_COUNT, "sorting_job") >= cpu_ns / 2);
	assert_non_null(stack);
	assert_below(stack, "inlined_mix", "hot_compare");
	assert_below(stack, "hot_compare", "sorting_job");
	assert_below(stack, "sorting_job", "main");
	assert_true(frame_of(stack, "inlined_mix")->inlined);
	assert_false(frame_of(stack, "hot_compare")->inlined);
	assert_true(in_file(frame_of(stack, "inlined_mix"), "calls.c"));
	assert_true(stack->count > 5);
}

static void functions_that_do_nothing_have_no_time(void **state)
{
	const struct profile *p = *state;

	assert_int_equal(time_in(p, WAIT_SLEEP, "blocking_line"), 0);
	assert_int_equal(time_in(p, WAIT_PIPE, "library_pause"), 0);
	assert_int_equal(time_in(p, WAIT_PIPE, "hot_compare"), 0);
}

static void heaviest_first(void **state)
{
	const struct profile *p = *state;

	assert_true(p->stacks.n > 3);
	for (size_t i = 1; i < p->stacks.n; i++)
		assert_true(p->stacks.items[i - 1].ns >= p->stacks.items[i].ns);
}

static const struct wait_waker *waker_of(const struct profile *p, enum wait_kind kind,
					 const char *name)
{
	vec_each (&p->wakers, waker) {
		if (waker->kind == kind && !strcmp(waker->name, name))
			return waker;
	}
	return NULL;
}

static bool calls_function(const struct stack_frames *frames, const char *function)
{
	vec_each (frames, frame) {
		if (!strcmp(frame->function, function))
			return frame->file && frame->line > 0;
	}
	return false;
}

static void waits_name_who_ended_them(void **state)
{
	const struct profile *p = *state;
	const struct wait_waker *writer = waker_of(p, WAIT_PIPE, "the-writer");

	if (p->tier > TIER_0)
		return; /* wake-ups are not seen */
	assert_non_null(writer);
	assert_true(writer->ns >= p->waits.wait_ns[WAIT_PIPE] / 10 * 8);
	assert_true(writer->tid != writer->pid);
	assert_true(calls_function(&writer->frames, "writer"));
	/* A timer's wake-ups are not all seen, but none is taken for a thread's. */
	vec_each (&p->wakers, waker) {
		if (waker->kind == WAIT_SLEEP && waker->tid)
			assert_true(waker->ns <= p->waits.wait_ns[WAIT_SLEEP] / 10);
	}
}

static int profile_calls(enum tier tier, struct profile *ret)
{
	static const char *const argv[] = { WORKLOADS "/calls", WORKLOADS "/calls_library.so",
					    NULL };
	const struct offcpu_options options = { .at_least = tier };
	CLEANUP(error_clear) struct error *err = NULL;
	int status;

	subprocess_init();
	err = watch_command(argv, 60000000000u, &options, ret, &status);
	if (err)
		print_error("%s\n", err->message);
	return err || status;
}

static int set_up(void **state)
{
	static struct profile profile;

	*state = &profile;
	return profile_calls(TIER_0, &profile);
}

static int tear_down(void **state)
{
	profile_clear(*state);
	return 0;
}

/* Waits have no stacks where only looks name them; CPU time has. */
static void tier_2_samples_the_program(void **state)
{
	struct profile p = { 0 };

	(void)state;
	assert_int_equal(profile_calls(TIER_2, &p), 0);
	if (p.tier == TIER_2) {
		assert_true(time_in(&p, WAIT_KIND_COUNT, "hot_compare") >=
			    wait_profile_cpu_ns(&p.waits) / 3);
		assert_int_equal(time_in(&p, WAIT_PIPE, "blocking_line"), 0);
	}
	profile_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_name_their_callers_through_libc),
		cmocka_unit_test(libraries_without_a_name_are_named),
		cmocka_unit_test(threads_have_their_own),
		cmocka_unit_test(cpu_time_is_sampled_with_inlined_calls),
		cmocka_unit_test(functions_that_do_nothing_have_no_time),
		cmocka_unit_test(heaviest_first),
		cmocka_unit_test(waits_name_who_ended_them),
		cmocka_unit_test(tier_2_samples_the_program),
	};
	struct profile probe = { 0 };
	int failed = profile_calls(TIER_0, &probe);
	enum tier tier = probe.tier;

	profile_clear(&probe);
	if (failed)
		return 1;
	if (tier > TIER_1) {
		print_message("skipped: stacks of waits need T0 or T1, this is %s\n",
			      tier_key(tier));
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
