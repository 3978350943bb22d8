/*
 * The profiler against programs that know their own truth, in every tier. What is asserted holds on
 * a busy machine as well: shares of the truth, orders and identities, never milliseconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "offcpu_harness.h"
#include "profiler/offcpu.h"

#define NOBODY   65534
#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

struct workload {
	const char *words[WORDS];
	bool short_waits; /* well below 1 ms: kinds are right, times are not asserted */
	double share; /* of short waits: how near T0 and T1 come nevertheless; 0: not asserted */
	bool other_kinds; /* threads or children wait for things that are not in its truth */
};

static const struct workload workloads[] = {
	{ { "sleeps" } },
	{ { "sockets", "tcp" } },
	{ { "sockets", "unix" } },
	{ { "sockets", "udp" } },
	{ { "pingpong" }, .short_waits = true },
	{ { "pingpong", "3000", "25" }, .short_waits = true, .share = 0.15 },
	{ { "disk", "fsync" }, .short_waits = true },
	{ { "disk", "read" }, .short_waits = true },
	{ { "disk", "fault" }, .short_waits = true },
	{ { "locks" } },
	{ { "children" }, .other_kinds = true },
	{ { "polls", "poll" } },
	{ { "polls", "select" } },
	{ { "polls", "epoll" } },
	{ { "mixed" }, .other_kinds = true },
};

static char *describe(const struct setup *setup, const struct outcome *o, const char *what)
{
	static char text[1024];
	const struct wait_profile *w = &o->profile.waits;
	const struct profile_check *c = &o->profile.checked;
	size_t n;

	n = (size_t)snprintf(
		text, sizeof(text), "%s %s in %s: %s (%s); elapsed %.2f wall %.2f cpu %.2f ms, ",
		setup->words[0], setup->words[1] ? setup->words[1] : "", tier_key(o->profile.tier),
		what, o->failure, (double)o->profile.elapsed_ns / 1e6, (double)w->wall_ns / 1e6,
		(double)wait_profile_cpu_ns(w) / 1e6);
	n += (size_t)snprintf(text + n, sizeof(text) - n,
			      "runqueue %.2f (%.2f), unknown %.2f, checked: cpu %.2f (%.2f), "
			      "runqueue %.2f (%.2f)",
			      (double)w->runqueue_ns / 1e6, (double)o->truth_runqueue_ns / 1e6,
			      (double)w->unknown_ns / 1e6, (double)c->cpu_ns / 1e6,
			      (double)c->kernel_cpu_ns / 1e6, (double)c->runqueue_ns / 1e6,
			      (double)c->kernel_runqueue_ns / 1e6);
	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		if (w->wait_ns[k] || o->truth_ns[k])
			n += (size_t)snprintf(text + n, sizeof(text) - n, ", %s %.2f (%.2f)",
					      wait_kind_key(k), (double)w->wait_ns[k] / 1e6,
					      (double)o->truth_ns[k] / 1e6);
	}
	return text;
}

#define CHECK(setup, outcome, condition)                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s", describe(setup, outcome, #condition));                      \
	} while (0)

static bool agree(uint64_t booked_ns, uint64_t counted_ns, double share, uint64_t ns)
{
	double apart = booked_ns > counted_ns ? (double)(booked_ns - counted_ns)
					      : (double)(counted_ns - booked_ns);

	return apart <= share * (double)counted_ns + (double)ns;
}

/* Of the stretches whose counts were read: on-CPU against schedstat, run-queue against run_delay. */
static bool kernel_agrees(const struct profile_check *c, double share, uint64_t ns)
{
	return agree(c->cpu_ns, c->kernel_cpu_ns, share, ns) &&
	       agree(c->runqueue_ns, c->kernel_runqueue_ns, share, ns);
}

/* On every run, whatever runs beside it. */
static void check_kernel_counts(const struct setup *setup, const struct outcome *o)
{
	const struct profile_check *c = &o->profile.checked;

	CHECK(setup, o, c->cpu_ns <= wait_profile_cpu_ns(&o->profile.waits));
	CHECK(setup, o, c->runqueue_ns <= o->profile.waits.runqueue_ns);
	CHECK(setup, o, kernel_agrees(c, 0.02, 1000000));
}

/* What holds for any program in any tier. */
static void check_identities(const struct setup *setup, const struct outcome *o)
{
	const struct wait_profile *w = &o->profile.waits;

	CHECK(setup, o, o->ran && !*o->failure);
	CHECK(setup, o, o->profile.measured);
	CHECK(setup, o, o->profile.tier >= setup->at_least);
	CHECK(setup, o, wait_profile_adds_up(w));
	CHECK(setup, o, o->profile.elapsed_ns > 0);
	CHECK(setup, o, o->profile.threads >= o->profile.processes);
	CHECK(setup, o,
	      w->wall_ns <= o->profile.elapsed_ns * o->profile.threads * 101 / 100 +
				    (o->profile.tier == TIER_3 ? o->rusage_ns : 0));
	check_kernel_counts(setup, o);
	CHECK(setup, o, o->first_site_ns <= wait_profile_waits_ns(w));
	CHECK(setup, o, o->profile.sites.n <= 32);
}

static int largest(const uint64_t ns[WAIT_KIND_COUNT])
{
	int best = 0;

	for (int k = 1; k < WAIT_KIND_COUNT; k++)
		best = ns[k] > ns[best] ? k : best;
	return best;
}

struct bounds {
	double share;   /* a kind may never exceed its truth by this share of it, */
	double near;    /* and comes this near in one of the attempts */
	double unknown; /* of the wall */
	int attempts;
};

/* When others take the CPUs, what comes after a wait is divided less well (T1), and the looker misses
 * more (T2, T3), so they may try again. What they miss must be unknown, even then. */
static const struct bounds bounds[] = {
	[TIER_0] = { 0.10, 0.01, 0.01, 4 },
	[TIER_1] = { 0.10, 0.01, 0.01, 4 },
	[TIER_2] = { 0.15, 0.15, 0.10, 4 },
	[TIER_3] = { 0.25, 0.25, 0.25, 4 },
};

/* Time in the run-queue that was not seen is taken for part of a wait: what came after the kernel's
 * counts were read for the last time. */
static double most_of(const struct outcome *o, double truth, double share)
{
	double seen = (double)o->profile.waits.runqueue_ns, all = (double)o->truth_runqueue_ns;

	return truth * (1 + share) + (all > seen ? all - seen : 0);
}

static void check_never_invented(const struct setup *setup, const struct outcome *o)
{
	const struct wait_profile *w = &o->profile.waits;

	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		double truth = (double)o->truth_ns[k];

		if (truth >= 0.1 * (double)w->wall_ns)
			CHECK(setup, o,
			      (double)w->wait_ns[k] <=
				      most_of(o, truth, bounds[o->profile.tier].share));
	}
}

/* Each kind that matters comes this near to its truth. */
static bool near_the_truth(const struct outcome *o, bool other_kinds, double share)
{
	const struct wait_profile *w = &o->profile.waits;

	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		double truth = (double)o->truth_ns[k], ns = (double)w->wait_ns[k];

		if (truth < 0.1 * (double)w->wall_ns)
			continue;
		if (ns < truth * (1 - share) || (!other_kinds && ns > most_of(o, truth, share)))
			return false;
	}
	return true;
}

/* Short waits: of the right kind, in T0 and T1. */
static bool check_short(const struct workload *it, const struct setup *setup,
			const struct outcome *o)
{
	if (o->profile.tier >= TIER_2)
		return true;
	CHECK(setup, o, o->profile.waits.wait_ns[largest(o->truth_ns)] > 0);
	CHECK(setup, o, wait_profile_unknown_share(&o->profile.waits) < 0.01);
	return !it->share || near_the_truth(o, it->other_kinds, it->share);
}

static bool check_long(const struct workload *it, const struct setup *setup,
		       const struct outcome *o)
{
	const struct bounds *b = &bounds[o->profile.tier];

	if (!it->other_kinds)
		check_never_invented(setup, o);
	return near_the_truth(o, it->other_kinds, b->near) &&
	       wait_profile_unknown_share(&o->profile.waits) <= b->unknown;
}

static void check_workload(const struct workload *it, const struct setup *setup)
{
	enum tier tier = setup->expected ? setup->expected : setup->at_least;
	int attempts = bounds[tier].attempts;
	struct outcome o;
	bool good = false;

	for (int i = 0; i < attempts && !good; i++) {
		outcome_of(setup, &o);
		check_identities(setup, &o);
		CHECK(setup, &o, o.profile.tier == tier);
		CHECK(setup, &o, o.profile.lost_share < 0.01);
		good = it->short_waits ? check_short(it, setup, &o) : check_long(it, setup, &o);
	}
	CHECK(setup, &o, good && "near the truth");
	if (!it->other_kinds && !it->short_waits)
		CHECK(setup, &o,
		      o.truth_ns[largest(o.profile.waits.wait_ns)] >=
			      o.truth_ns[largest(o.truth_ns)] * 8 / 10);
}

static void check_workloads(enum tier tier)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++) {
		/* Short programs with short waits: without windows, whose end is unknown. */
		struct setup setup = { .at_least = tier,
				       .overhead = workloads[i].short_waits ? 1 : 0 };

		memcpy(setup.words, workloads[i].words, sizeof(setup.words));
		check_workload(&workloads[i], &setup);
	}
}

/* Skips the test, saying why, unless this process gets the tier. */
static void need_tier(enum tier tier)
{
	CLEANUP(cleanup_free) char *why = NULL;
	enum tier best = offcpu_probe(&why);

	if (best <= tier)
		return;
	print_message("skipped: the best tier here is %s: %s\n", tier_key(best), why);
	skip();
}

static void t0_against_the_truth(void **state)
{
	(void)state;
	need_tier(TIER_0);
	check_workloads(TIER_0);
}

static void t1_against_the_truth(void **state)
{
	(void)state;
	need_tier(TIER_1);
	check_workloads(TIER_1);
}

static void t2_against_the_truth(void **state)
{
	(void)state;
	need_tier(TIER_2);
	check_workloads(TIER_2);
}

static void t3_against_the_truth(void **state)
{
	(void)state;
	check_workloads(TIER_3);
}

/* perf_event_paranoid as a test wants it; put back by restore_paranoid() whatever happens. */
static char paranoid_before[16];

static bool set_paranoid(const char *value)
{
	CLEANUP(strbuf_clear) struct strbuf now = { 0 };
	struct error *err = geteuid() ? NULL : file_read(PARANOID, &now);
	CLEANUP(cleanup_file) FILE *file = NULL;

	if (geteuid() || err) {
		error_free(err);
		return false;
	}
	if (!*paranoid_before)
		snprintf(paranoid_before, sizeof(paranoid_before), "%s", strbuf_str(&now));
	file = fopen(PARANOID, "we");
	return file && fputs(value, file) >= 0 && !fflush(file);
}

static int restore_paranoid(void **state)
{
	(void)state;
	if (*paranoid_before)
		set_paranoid(paranoid_before);
	*paranoid_before = '\0';
	return 0;
}

/* An ordinary user with the given setting gets this tier, and its figures hold. */
static void check_as_nobody(const char *paranoid, enum tier tier)
{
	if (!set_paranoid(paranoid)) {
		print_message("skipped: only root may set " PARANOID "\n");
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		struct setup setup = { .uid = NOBODY };

		memcpy(setup.words, workloads[i].words, sizeof(setup.words));
		setup.expected = tier;
		check_workload(&workloads[i], &setup);
	}
}

static void a_user_with_paranoid_1_gets_t1(void **state)
{
	(void)state;
	check_as_nobody("1", TIER_1);
}

static void a_user_with_paranoid_2_gets_t2(void **state)
{
	(void)state;
	check_as_nobody("2", TIER_2);
}

static void pure_cpu(void **state)
{
	static const enum tier tiers[] = { TIER_0, TIER_1, TIER_2, TIER_3 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct setup setup = { .words = { "burn", "1", "600" }, .at_least = tiers[i] };
		struct outcome o;
		double cpu;

		outcome_of(&setup, &o);
		check_identities(&setup, &o);
		cpu = (double)wait_profile_cpu_ns(&o.profile.waits);
		CHECK(&setup, &o, cpu > 0.9 * (double)o.rusage_ns);
		CHECK(&setup, &o, cpu < 1.1 * (double)o.rusage_ns);
		CHECK(&setup, &o, o.profile.waits.user_ns > o.profile.waits.system_ns);
		CHECK(&setup, &o,
		      wait_profile_waits_ns(&o.profile.waits) < o.profile.waits.wall_ns / 10);
	}
}

/* Four threads on one CPU: each has a quarter of it and waits three quarters for it. */
static void spinners_wait_in_the_run_queue(void **state)
{
	static const enum tier tiers[] = { TIER_0, TIER_1, TIER_2, TIER_3 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct setup setup = { .words = { "burn", "4", "60" }, .at_least = tiers[i] };
		struct outcome o;
		const struct wait_profile *w = &o.profile.waits;

		outcome_of(&setup, &o);
		check_identities(&setup, &o);
		CHECK(&setup, &o, o.profile.threads == 5);
		CHECK(&setup, &o, w->runqueue_ns > 2 * wait_profile_cpu_ns(w));
		CHECK(&setup, &o, w->runqueue_ns > w->wall_ns / 2);
		/* and the kernel's counts were read of the most of it */
		if (tiers[i] < TIER_3)
			CHECK(&setup, &o,
			      o.profile.checked.kernel_cpu_ns > wait_profile_cpu_ns(w) / 2);
		/* the main thread waits to join them: a futex */
		CHECK(&setup, &o, largest(w->wait_ns) == WAIT_LOCK);
	}
}

static void many_short_threads(void **state)
{
	struct setup setup = { .words = { "crowd", "threads", "500" } };
	struct outcome o;

	(void)state;
	need_tier(TIER_2);
	outcome_of(&setup, &o);
	check_identities(&setup, &o);
	CHECK(&setup, &o, o.profile.threads == o.births + 1);
	CHECK(&setup, &o, o.profile.processes == 1);
	CHECK(&setup, &o, wait_profile_cpu_ns(&o.profile.waits) >= o.burnt_ns * 9 / 10);
	CHECK(&setup, &o, wait_profile_unknown_share(&o.profile.waits) < 0.01);
}

static void many_children(void **state)
{
	struct setup setup = { .words = { "crowd", "children", "200" } };
	struct outcome o;

	(void)state;
	need_tier(TIER_2);
	outcome_of(&setup, &o);
	check_identities(&setup, &o);
	CHECK(&setup, &o, o.profile.threads == o.births + 1);
	CHECK(&setup, &o, o.profile.processes == o.births + 1);
	CHECK(&setup, &o, wait_profile_cpu_ns(&o.profile.waits) >= o.burnt_ns * 9 / 10);
}

/* The runner's own waiting is not the program's: only its children's sleep remains. */
static void check_skipped_root(enum tier tier)
{
	struct setup setup = { .words = { "children", "5", "30000" },
			       .at_least = tier,
			       .skip_root = true };
	bool good = false;
	struct outcome o;

	for (int i = 0; i < bounds[tier].attempts && !good; i++) {
		const struct wait_profile *w = &o.profile.waits;

		outcome_of(&setup, &o);
		check_identities(&setup, &o);
		CHECK(&setup, &o, o.profile.threads == 5 && o.profile.processes == 5);
		CHECK(&setup, &o, w->wait_ns[WAIT_CHILD] == 0);
		CHECK(&setup, &o, w->wall_ns <= o.profile.elapsed_ns * 105 / 100);
		good = w->wait_ns[WAIT_SLEEP] > (w->wall_ns - w->runqueue_ns) * 7 / 10;
	}
	CHECK(&setup, &o, good && "sleeps enough");
}

static void a_skipped_root_does_not_show(void **state)
{
	(void)state;
	for (int tier = TIER_0; tier <= TIER_3; tier++)
		check_skipped_root((enum tier)tier);
}

struct hostile {
	const char *what;
	double least_sleep; /* share of the wall that was not spent in the run-queue */
	uint64_t threads;
	int status;
};

static void check_hostile(const struct hostile *it, enum tier tier)
{
	struct setup setup = { .words = { "hostile", it->what }, .at_least = tier };
	bool good = false;
	struct outcome o;

	for (int i = 0; i < bounds[tier].attempts && !good; i++) {
		const struct wait_profile *w = &o.profile.waits;

		outcome_of(&setup, &o);
		check_identities(&setup, &o);
		CHECK(&setup, &o, o.status == it->status);
		if (tier < TIER_3)
			CHECK(&setup, &o, o.profile.threads == it->threads);
		good = (double)w->wait_ns[WAIT_SLEEP] >
		       it->least_sleep * (double)(w->wall_ns - w->runqueue_ns);
	}
	CHECK(&setup, &o, good && "sleeps enough");
}

static void hostile_programs(void **state)
{
	static const struct hostile cases[] = {
		{ "exec", 0.8, 1, 0 },         { "thread-exec", 0.8, 2, 0 },
		{ "signal", 0.7, 1, SIGSEGV }, { "close-all", 0.8, 1, 0 },
		{ "orphan", 0.5, 2, 0 },       { "exit-group", 0.8, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int tier = TIER_0; tier <= TIER_3; tier++)
			check_hostile(&cases[i], (enum tier)tier);
	}
}

/* On-CPU time is what rusage says (all but what threads did in their last moments). */
static void check_windows(double overhead, const char *count)
{
	struct setup setup = { .words = { "pingpong", count }, .overhead = overhead };
	struct outcome o;

	outcome_of(&setup, &o);
	check_identities(&setup, &o);
	CHECK(&setup, &o, strstr(o.why, "recorded for 2 ms at a time"));
	CHECK(&setup, &o, largest(o.profile.waits.wait_ns) == WAIT_PIPE);
	CHECK(&setup, &o, wait_profile_unknown_share(&o.profile.waits) < 0.1);
	CHECK(&setup, &o, wait_profile_cpu_ns(&o.profile.waits) > o.rusage_ns * 8 / 10);
	CHECK(&setup, &o, wait_profile_cpu_ns(&o.profile.waits) < o.rusage_ns * 11 / 10);
}

/* With next to no budget switches are recorded now and then only, and the kernel's counts do the rest. */
static void windows_keep_the_totals(void **state)
{
	(void)state;
	need_tier(TIER_0);
	check_windows(0.001, "40000");
	check_windows(0.02, "80000");
}

/* Without windows, stacks are taken sparsely: the totals stay, and so does the kind. */
static void little_overhead_keeps_the_totals(void **state)
{
	struct setup setup = { .words = { "pingpong", "20000" },
			       .overhead = 0.0001,
			       .at_least = TIER_1 };
	const char *said = "one stack in 31 was taken";
	struct outcome o;

	(void)state;
	need_tier(TIER_1);
	outcome_of(&setup, &o);
	check_identities(&setup, &o);
	CHECK(&setup, &o, strstr(o.why, said));
	CHECK(&setup, &o, largest(o.profile.waits.wait_ns) == WAIT_PIPE);
	CHECK(&setup, &o, wait_profile_unknown_share(&o.profile.waits) < 0.01);
	CHECK(&setup, &o, o.profile.switches >= 20000);

	setup = (struct setup){ .words = { "pingpong", "20000" },
				.overhead = 100,
				.at_least = TIER_1 };
	outcome_of(&setup, &o);
	CHECK(&setup, &o, !strstr(o.why, said));
}

/* A process that runs already: what its threads were waiting in before we came is accounted too. */
static void attach_to_a_running_process(void **state)
{
	(void)state;
	for (int tier = TIER_0; tier <= TIER_3; tier++) {
		struct setup setup = { .words = { "locks", "4", "2000" },
				       .at_least = (enum tier)tier,
				       .attach_at = 5,
				       .attach_ns = 300000000 };
		const struct wait_profile *w;
		struct outcome o;
		bool good = false;

		need_tier(TIER_0);
		for (int i = 0; i < bounds[tier].attempts && !good; i++) {
			outcome_of(&setup, &o);
			check_identities(&setup, &o);
			w = &o.profile.waits;
			/* one thread sleeps, three want the mutex, and main waits to join them */
			CHECK(&setup, &o, o.profile.threads == 5 && o.profile.processes == 1);
			CHECK(&setup, &o, w->wall_ns > 4 * o.profile.elapsed_ns);
			good = w->wait_ns[WAIT_LOCK] > w->wall_ns / 2 &&
			       w->wait_ns[WAIT_SLEEP] > w->wall_ns / 20;
		}
		CHECK(&setup, &o, good && "locks and sleeps");
	}
}

static void the_tier_is_explained(void **state)
{
	CLEANUP(cleanup_free) char *why = NULL;
	enum tier best = offcpu_probe(&why);

	(void)state;
	if (best == TIER_0)
		assert_null(why);
	else
		assert_non_null(why);
}

static void no_process_no_session(void **state)
{
	struct offcpu_options opt = { 0 };
	struct offcpu *session = NULL;
	CLEANUP(error_clear) struct error *err = NULL;
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	err = offcpu_open(child, &opt, &session);
	assert_non_null(err);
	assert_null(session);
	assert_non_null(strstr(err->message, "there is no process"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t0_against_the_truth),
		cmocka_unit_test(t1_against_the_truth),
		cmocka_unit_test(t2_against_the_truth),
		cmocka_unit_test(t3_against_the_truth),
		cmocka_unit_test_teardown(a_user_with_paranoid_1_gets_t1, restore_paranoid),
		cmocka_unit_test_teardown(a_user_with_paranoid_2_gets_t2, restore_paranoid),
		cmocka_unit_test(pure_cpu),
		cmocka_unit_test(spinners_wait_in_the_run_queue),
		cmocka_unit_test(many_short_threads),
		cmocka_unit_test(many_children),
		cmocka_unit_test(a_skipped_root_does_not_show),
		cmocka_unit_test(hostile_programs),
		cmocka_unit_test(windows_keep_the_totals),
		cmocka_unit_test(little_overhead_keeps_the_totals),
		cmocka_unit_test(attach_to_a_running_process),
		cmocka_unit_test(the_tier_is_explained),
		cmocka_unit_test(no_process_no_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
