#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "profiler/account.h"

#define ROOT 100

/* A kernel stack stands behind each site number; here made of one address. */
enum { SITE_A = 1, SITE_B = 2 };

struct fixture {
	struct sites sites;
	struct account account;
};

static struct fixture start(bool skip_root)
{
	return (struct fixture){ .account = { .root = ROOT, .skip_root = skip_root } };
}

static void prepare(struct fixture *f)
{
	f->account.sites = &f->sites;
	assert_int_equal(sites_call(&f->sites, WAIT_PIPE, "a"), SITE_A);
	assert_int_equal(sites_call(&f->sites, WAIT_DISK, "b"), SITE_B);
	account_start(&f->account, 1);
}

/* Close the accounts, check that the parts are the whole, and give back the time by kind. */
static struct wait_profile finish(struct fixture *f, uint64_t now_ns)
{
	struct wait_profile waits = { 0 };
	struct wait_sites longest = { 0 };

	account_finish(&f->account, now_ns);
	assert_null(sites_resolve(&f->sites));
	waits.wall_ns = f->account.sums.wall_ns;
	waits.user_ns = f->account.sums.on_cpu_ns;
	waits.runqueue_ns = f->account.sums.runqueue_ns;
	waits.unknown_ns = f->account.sums.unknown_ns;
	sites_sum(&f->sites, &waits, 32, &longest);
	assert_true(wait_profile_adds_up(&waits));
	vec_each (&longest, site)
		free(site->symbol);
	vec_clear(&longest);
	account_clear(&f->account);
	sites_clear(&f->sites);
	return waits;
}

static void feed(struct fixture *f, const struct event *events, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct event event = events[i];

		if (!event.pid)
			event.pid = ROOT;
		if (!event.tid && event.type != EVENT_LOST)
			event.tid = ROOT;
		account_event(&f->account, &event);
	}
}

#define FEED(f, ...)                                                                               \
	do {                                                                                       \
		const struct event events_[] = { __VA_ARGS__ };                                    \
		feed(f, events_, sizeof(events_) / sizeof(*events_));                              \
	} while (0)

static void one_wait_split_at_the_wake_up(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 150, .type = EVENT_EXEC },
	     { 200, .type = EVENT_STACK, .site = SITE_A }, { 201, .type = EVENT_OUT },
	     { 490, .type = EVENT_WAKING }, { 500, .type = EVENT_WOKEN }, { 520, .type = EVENT_IN },
	     { 600, .type = EVENT_EXIT });
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 450); /* from exec to exit */
	assert_int_equal(w.user_ns, 50 + 80);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 300);
	assert_int_equal(w.runqueue_ns, 20);
	assert_int_equal(w.unknown_ns, 0);
}

static void preemption_is_never_waiting(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_STACK, .site = SITE_A },
	     { 200, .type = EVENT_OUT, .preempted = true }, { 300, .type = EVENT_IN },
	     { 400, .type = EVENT_EXIT });
	w = finish(&f, 1000);
	assert_int_equal(w.runqueue_ns, 100);
	assert_int_equal(w.user_ns, 200);
	assert_int_equal(wait_profile_waits_ns(&w), 0);
}

static void woken_on_the_way_out_is_runnable(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_STACK, .site = SITE_A }, { 205, .type = EVENT_WOKEN },
	     { 210, .type = EVENT_OUT }, { 300, .type = EVENT_IN }, { 400, .type = EVENT_EXIT });
	w = finish(&f, 1000);
	assert_int_equal(w.runqueue_ns, 100);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 0);
}

static void a_wait_without_a_stack_is_unknown(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC }, { 200, .type = EVENT_OUT },
	     { 300, .type = EVENT_IN }, { 400, .type = EVENT_EXIT });
	assert_int_equal(f.account.sums.unnamed_waits, 1);
	w = finish(&f, 1000);
	assert_int_equal(w.unknown_ns, 100);
	assert_int_equal(w.user_ns, 200);
}

static void lost_records_break_one_stretch_only(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 150, .type = EVENT_LOST, .lost = 7 }, { 200, .type = EVENT_STACK, .site = SITE_A },
	     { 200, .type = EVENT_OUT }, { 300, .type = EVENT_IN }, { 400, .type = EVENT_EXIT });
	assert_int_equal(f.account.lost, 7);
	w = finish(&f, 1000);
	assert_int_equal(w.unknown_ns, 100); /* 100..200: it may have been off the CPU */
	assert_int_equal(w.wait_ns[WAIT_PIPE], 100);
	assert_int_equal(w.user_ns, 100);
}

static void a_missing_end_is_not_stretched(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     /* no OUT */ { 300, .type = EVENT_IN }, { 400, .type = EVENT_STACK, .site = SITE_B },
	     { 400, .type = EVENT_OUT },
	     /* no IN */ { 700, .type = EVENT_OUT, .preempted = true }, { 750, .type = EVENT_IN },
	     { 800, .type = EVENT_EXIT });
	w = finish(&f, 1000);
	assert_int_equal(w.unknown_ns, 200 + 300);
	assert_int_equal(w.user_ns, 100 + 50);
	assert_int_equal(w.runqueue_ns, 50);
}

static void threads_and_children_are_counted(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_FORK, .tid = 101, .parent_tid = ROOT },
	     { 210, .type = EVENT_IN, .tid = 101 },
	     { 220, .type = EVENT_FORK, .pid = 102, .tid = 102, .parent_tid = 101 },
	     { 230, .type = EVENT_IN, .pid = 102, .tid = 102 },
	     { 240, .type = EVENT_EXIT, .pid = 102, .tid = 102 },
	     { 250, .type = EVENT_EXIT, .tid = 101 }, { 300, .type = EVENT_EXIT });
	assert_int_equal(f.account.sums.threads, 3);
	assert_int_equal(f.account.sums.processes, 2);
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 200 + 50 + 20);
	assert_int_equal(w.runqueue_ns, 10 + 10); /* births wait for a core */
}

static void the_skipped_root_is_not_booked(void **state)
{
	struct fixture f = start(true);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_FORK, .pid = 102, .tid = 102, .parent_tid = ROOT },
	     { 200, .type = EVENT_STACK, .site = SITE_B }, { 200, .type = EVENT_OUT },
	     { 210, .type = EVENT_IN, .pid = 102, .tid = 102 },
	     { 300, .type = EVENT_EXIT, .pid = 102, .tid = 102 }, { 300, .type = EVENT_WAKING },
	     { 310, .type = EVENT_IN }, { 400, .type = EVENT_EXIT });
	assert_int_equal(f.account.root_cpu_ns, 100 + 90);
	assert_int_equal(f.account.sums.threads, 1);
	assert_int_equal(f.account.sums.start_ns, 200);
	assert_int_equal(f.account.sums.end_ns, 300);
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 100);
	assert_int_equal(w.user_ns, 90);
}

static void exec_by_a_thread_ends_the_others(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_FORK, .tid = 101 }, { 200, .type = EVENT_FORK, .tid = 102 },
	     { 200, .type = EVENT_STACK, .site = SITE_A }, { 200, .type = EVENT_OUT },
	     { 200, .type = EVENT_IN, .tid = 101 }, { 300, .type = EVENT_EXIT, .tid = ROOT },
	     /* 101 goes on under the process's id */ { 310, .type = EVENT_EXEC, .tid = ROOT },
	     { 400, .type = EVENT_EXIT, .tid = ROOT });
	assert_null(f.account.by_tid);
	assert_int_equal(f.account.sums.threads, 3);
	assert_int_equal(f.account.sums.processes, 1);
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 200 + 200 + 110);
	assert_int_equal(w.user_ns, 100 + 200);
}

/* Between the first thread's end and the exec the heir already has its id. */
static void exec_by_a_thread_may_block_on_the_way(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_FORK, .tid = 101 }, { 200, .type = EVENT_STACK, .site = SITE_A },
	     { 200, .type = EVENT_OUT }, { 200, .type = EVENT_IN, .tid = 101 },
	     { 250, .type = EVENT_STACK, .site = SITE_B, .tid = 101 },
	     { 250, .type = EVENT_OUT, .tid = 101 }, { 260, .type = EVENT_WAKING, .tid = 101 },
	     { 290, .type = EVENT_IN }, { 290, .type = EVENT_EXIT }, { 300, .type = EVENT_IN },
	     { 310, .type = EVENT_STACK, .site = SITE_B }, { 310, .type = EVENT_OUT },
	     { 320, .type = EVENT_WAKING }, { 330, .type = EVENT_IN }, { 340, .type = EVENT_EXEC },
	     { 400, .type = EVENT_EXIT });
	assert_null(f.account.by_tid);
	assert_int_equal(f.account.sums.threads, 2);
	assert_int_equal(f.account.sums.processes, 1);
	w = finish(&f, 1000);
	assert_int_equal(w.unknown_ns, 0);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 90);
	assert_int_equal(w.wait_ns[WAIT_DISK], 10 + 10);
	assert_int_equal(w.runqueue_ns, 40 + 10);
	assert_int_equal(w.user_ns, 100 + 50 + 10 + 70);
}

static void what_is_open_at_the_end_is_closed(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 200, .type = EVENT_STACK, .site = SITE_B }, { 200, .type = EVENT_OUT });
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 900);
	assert_int_equal(w.wait_ns[WAIT_DISK], 800);
	assert_int_equal(w.unknown_ns, 0);
}

static void attached_threads_start_as_they_are_found(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	f.account.sites = &f.sites;
	sites_call(&f.sites, WAIT_PIPE, "a");
	account_attach(&f.account, ROOT, ROOT, 100);
	account_attach(&f.account, ROOT, 101, 100);
	account_attach(&f.account, ROOT, 102, 100);
	FEED(&f, { 110, .type = EVENT_SEED, .site = SITE_A },
	     { 110, .type = EVENT_SEED, .tid = 101 }, { 110, .type = EVENT_SEED, .tid = 102 },
	     /* found in a call, which ends */ { 300, .type = EVENT_IN },
	     /* found runnable: it was on a CPU */
	     { 200, .type = EVENT_OUT, .tid = 101, .preempted = true },
	     /* found runnable: it was in the run-queue */ { 150, .type = EVENT_IN, .tid = 102 });
	w = finish(&f, 1000);
	assert_int_equal(w.wall_ns, 3 * 900);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 200);
	assert_int_equal(w.user_ns, 700 + 100 + 850);
	assert_int_equal(w.runqueue_ns, 800 + 50);
}

/* One wait of 10 ns that a look met at `met`, or none. */
static void brief_wait(struct fixture *f, uint64_t *now_ns, uint32_t met)
{
	FEED(f, { *now_ns, .type = EVENT_OUT });
	if (met)
		FEED(f, { *now_ns + 5, .type = EVENT_CALL, .site = met });
	FEED(f, { *now_ns + 10, .type = EVENT_IN });
	*now_ns += 20;
}

static void missed_waits_follow_only_a_pure_sample(void **state)
{
	static const struct {
		int looks;         /* that met SITE_A */
		uint32_t stranger; /* one more look met this */
		uint64_t unknown, pipe;
	} cases[] = {
		{ PURE_LOOKS, 0, 0, (PURE_LOOKS + 100) * 10 },
		{ PURE_LOOKS - 1, 0, 1000, (PURE_LOOKS - 1) * 10 },
		{ PURE_LOOKS, SITE_B, 1000, PURE_LOOKS * 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f = start(false);
		struct wait_profile w;
		uint64_t now_ns = 100;

		f.account.polled = true;
		prepare(&f);
		FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC });
		for (int n = 0; n < cases[i].looks; n++)
			brief_wait(&f, &now_ns, SITE_A);
		if (cases[i].stranger)
			brief_wait(&f, &now_ns, cases[i].stranger);
		for (int n = 0; n < 100; n++)
			brief_wait(&f, &now_ns, 0);
		w = finish(&f, now_ns);
		assert_int_equal(w.unknown_ns, cases[i].unknown);
		assert_int_equal(w.wait_ns[WAIT_PIPE], cases[i].pipe);
	}
}

/* A wait of `ns`; its stack is SITE_A's or SITE_B's, if it was taken. */
static void sparse_wait(struct fixture *f, pid_t tid, uint64_t *now_ns, uint64_t ns, uint32_t site)
{
	if (site)
		FEED(f, { *now_ns, .type = EVENT_STACK, .tid = tid, .site = site, .sparse = true });
	FEED(f, { *now_ns, .type = EVENT_OUT, .tid = tid },
	     { *now_ns + ns, .type = EVENT_IN, .tid = tid });
	*now_ns += ns + 10;
}

static void unsampled_waits_follow_the_sample(void **state)
{
	struct fixture f = start(false);
	uint64_t now_ns = 100;
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC },
	     { 100, .type = EVENT_FORK, .tid = 101 }, { 100, .type = EVENT_IN, .tid = 101 });
	f.account.sparse = true;
	for (int i = 0; i < 20; i++) { /* 3 parts of pipe, 1 of disk */
		sparse_wait(&f, ROOT, &now_ns, 300, SITE_A);
		sparse_wait(&f, ROOT, &now_ns, 100, SITE_B);
		sparse_wait(&f, ROOT, &now_ns, 4000, 0);
	}
	now_ns = 200;
	sparse_wait(&f, 101, &now_ns, 8000, 0); /* too few of its own: as the others */
	w = finish(&f, now_ns + 200000);
	assert_int_equal(w.unknown_ns, 0);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 20 * 300 + 20 * 3000 + 6000);
	assert_int_equal(w.wait_ns[WAIT_DISK], 20 * 100 + 20 * 1000 + 2000);
}

static void too_small_a_sample_says_nothing(void **state)
{
	struct fixture f = start(false);
	uint64_t now_ns = 100;
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 100, .type = EVENT_IN }, { 100, .type = EVENT_EXEC });
	f.account.sparse = true;
	for (int i = 0; i < MIX_ENOUGH - 1; i++)
		sparse_wait(&f, ROOT, &now_ns, 100, SITE_A);
	sparse_wait(&f, ROOT, &now_ns, 5000, 0);
	w = finish(&f, now_ns);
	assert_int_equal(w.unknown_ns, 5000);
	assert_int_equal(w.wait_ns[WAIT_PIPE], (MIX_ENOUGH - 1) * 100);
}

/* Between two windows the kernel's counts tell what was on-CPU and run-queue; the rest is waiting, of the
 * kinds seen in the windows. */
static void windows_and_totals(void **state)
{
	struct fixture f = start(false);
	uint64_t now_ns = 0;
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 0, .type = EVENT_IN }, { 0, .type = EVENT_EXEC },
	     { 1, .type = EVENT_WINDOW, .recorded = true });
	for (int i = 0; i < MIX_ENOUGH; i++, now_ns += 100)
		FEED(&f, { now_ns + 10, .type = EVENT_STACK, .site = SITE_A },
		     { now_ns + 10, .type = EVENT_OUT }, { now_ns + 50, .type = EVENT_WOKEN },
		     { now_ns + 60, .type = EVENT_IN });
	/* the window is shut at 3000, and it is seen again from 3010 on */
	FEED(&f, { now_ns, .type = EVENT_WINDOW, .recorded = false },
	     { now_ns + 10, .type = EVENT_TOTALS, .counted = { 5000, 500, 40 } },
	     { now_ns + 20, .type = EVENT_OUT }, /* not looked at */
	     { now_ns + 1010, .type = EVENT_TOTALS, .counted = { 5300, 600, 50 } },
	     /* it does not run at all, but waits somewhere */
	     { now_ns + 2010, .type = EVENT_TOTALS, .counted = { 5300, 600, 50 },
	       .call_site = SITE_B },
	     { now_ns + 3010, .type = EVENT_TOTALS, .counted = { 5300, 600, 50 } },
	     { now_ns + 3010, .type = EVENT_WINDOW, .recorded = true },
	     { now_ns + 3110, .type = EVENT_WOKEN }, { now_ns + 3120, .type = EVENT_IN },
	     { now_ns + 3200, .type = EVENT_WINDOW, .recorded = false },
	     { now_ns + 3200, .type = EVENT_TOTALS, .counted = { 5400, 600, 51 } },
	     { now_ns + 4200, .type = EVENT_TOTALS, .counted = { 5500, 600, 52 } },
	     { now_ns + 4300, .type = EVENT_EXIT });
	w = finish(&f, now_ns + 5000);
	assert_int_equal(w.wall_ns, 3000 + 4300);
	assert_int_equal(w.user_ns, MIX_ENOUGH * 50 + 300 + 80 + 100);
	assert_int_equal(w.runqueue_ns, MIX_ENOUGH * 10 + 100 + 10);
	assert_int_equal(w.wait_ns[WAIT_DISK], 2100);
	assert_int_equal(w.wait_ns[WAIT_PIPE], MIX_ENOUGH * 40 + 600 + 900);
	assert_int_equal(w.unknown_ns, 10 + 100);
}

/* T1: a wait lasts until the thread runs; how much of it was the run-queue the kernel's counts tell. */
static void late_wake_ups(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 0, .type = EVENT_IN }, { 0, .type = EVENT_EXEC },
	     { 100, .type = EVENT_STACK, .site = SITE_A }, { 100, .type = EVENT_OUT },
	     { 200, .type = EVENT_TOTALS, .counted = { 7100, 500, 4 }, .read_ns = 190 },
	     { 1100, .type = EVENT_IN }, { 1200, .type = EVENT_STACK, .site = SITE_B },
	     { 1200, .type = EVENT_OUT },
	     /* read before it left the CPU: these lag, too */
	     { 1210, .type = EVENT_TOTALS, .counted = { 7101, 570, 5 }, .read_ns = 1190 },
	     /* 70 in the run-queue, and 5 on the CPU before the record */
	     { 1300, .type = EVENT_TOTALS, .counted = { 7205, 570, 5 }, .read_ns = 1290 },
	     { 2200, .type = EVENT_IN },
	     /* it runs: nothing is concluded from counts that lag */
	     { 2250, .type = EVENT_TOTALS, .counted = { 7205, 600, 6 }, .read_ns = 2240 },
	     { 2300, .type = EVENT_EXIT });
	assert_int_equal(f.account.check.kernel_cpu_ns, 105);
	assert_int_equal(f.account.check.cpu_ns, 105);
	assert_int_equal(f.account.check.runqueue_ns, 70);
	w = finish(&f, 3000);
	assert_int_equal(w.wait_ns[WAIT_PIPE], 1000 - 75);
	assert_int_equal(w.wait_ns[WAIT_DISK], 1000);
	assert_int_equal(w.runqueue_ns, 70);
	assert_int_equal(w.user_ns, 300 + 5);
	assert_int_equal(w.unknown_ns, 0);
}

/* T0: where the wake-up was seen the wait is exact already. */
static void a_seen_wake_up_is_left_alone(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 0, .type = EVENT_IN }, { 0, .type = EVENT_EXEC },
	     { 50, .type = EVENT_FORK, .tid = 101 }, { 60, .type = EVENT_IN, .tid = 101 },
	     { 100, .type = EVENT_STACK, .tid = 101, .site = SITE_A },
	     { 100, .type = EVENT_OUT, .tid = 101 }, { 300, .type = EVENT_WOKEN, .tid = 101 },
	     { 310, .type = EVENT_IN, .tid = 101 },
	     { 400, .type = EVENT_STACK, .tid = 101, .site = SITE_B },
	     { 400, .type = EVENT_OUT, .tid = 101 },
	     /* 30 in the run-queue and 10 on the CPU at the end of the wait not seen to end */
	     { 500, .type = EVENT_IN, .tid = 101 },
	     { 600, .type = EVENT_STACK, .tid = 101, .site = SITE_A },
	     { 600, .type = EVENT_OUT, .tid = 101 },
	     { 700, .type = EVENT_TOTALS, .tid = 101, .counted = { 230 + 10, 10 + 10 + 30, 3 },
	       .read_ns = 690 },
	     { 800, .type = EVENT_EXIT, .tid = 101 });
	w = finish(&f, 1000);
	assert_int_equal(w.wait_ns[WAIT_DISK], 100 - 40);
	assert_int_equal(w.runqueue_ns, 50);
	assert_int_equal(w.user_ns, 1000 + 240);
	assert_int_equal(w.wait_ns[WAIT_PIPE] + w.unknown_ns, 200 + 200);
}

static void born_between_windows(void **state)
{
	struct fixture f = start(false);
	struct wait_profile w;

	(void)state;
	prepare(&f);
	FEED(&f, { 0, .type = EVENT_IN }, { 0, .type = EVENT_EXEC },
	     { 100, .type = EVENT_WINDOW, .recorded = false },
	     { 200, .type = EVENT_FORK, .tid = 101 },
	     { 1200, .type = EVENT_TOTALS, .counted = { 600, 400, 3 }, .tid = 101 },
	     { 1300, .type = EVENT_EXIT, .tid = 101 });
	assert_int_equal(f.account.sums.on_cpu_ns, 100 + 600);
	assert_int_equal(f.account.sums.runqueue_ns, 400);
	assert_int_equal(f.account.sums.unknown_ns, 100);
	w = finish(&f, 2000);
	assert_int_equal(w.wall_ns, 1100 + 2000);
}

static void events_of_other_programs(void **state)
{
	struct fixture f = start(false);
	struct event born = { .type = EVENT_FORK, .pid = 7, .tid = 7, .parent_tid = 6 };
	struct event runs = { .type = EVENT_IN, .pid = 7, .tid = 7 };
	struct event other_thread = { .type = EVENT_IN, .pid = ROOT, .tid = ROOT + 1 };

	(void)state;
	prepare(&f);
	assert_false(account_follows(&f.account, &born));
	assert_false(account_follows(&f.account, &runs));
	assert_true(account_follows(&f.account, &other_thread));
	born.parent_tid = ROOT;
	assert_true(account_follows(&f.account, &born));
	finish(&f, 10);
}

static void random_events_always_add_up(void **state)
{
	static const enum event_type types[] = { EVENT_STACK, EVENT_OUT,  EVENT_IN,    EVENT_WAKING,
						 EVENT_FORK,  EVENT_EXEC, EVENT_EXIT,  EVENT_LOST,
						 EVENT_CALL,  EVENT_SEED, EVENT_WOKEN, EVENT_WINDOW,
						 EVENT_TOTALS };
	struct rng rng = { .state = 4 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct fixture f = start(round % 2);
		uint64_t now_ns = 10;

		f.account.polled = round % 3 == 0;
		f.account.sparse = round % 3 == 1;
		prepare(&f);
		for (int i = 0; i < 300; i++) {
			struct event event = { .type = types[rng_below(&rng, 13)] };

			event.time_ns = now_ns += rng_below(&rng, 50);
			event.pid = ROOT + (pid_t)rng_below(&rng, 2) * 3;
			event.tid = event.pid + (pid_t)rng_below(&rng, 3);
			event.sparse = rng_below(&rng, 2);
			if (event.type == EVENT_WINDOW)
				event.recorded = rng_below(&rng, 2);
			if (event.type == EVENT_TOTALS) {
				event.counted.on_cpu_ns = now_ns / 3;
				event.counted.runqueue_ns = rng_below(&rng, 5000);
				event.call_site = (uint32_t)rng_below(&rng, 3);
			}
			if (event.type == EVENT_STACK || event.type == EVENT_CALL)
				event.site = (uint32_t)rng_below(&rng, 3);
			account_event(&f.account, &event);
		}
		finish(&f, now_ns + 5); /* asserts the identity */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_wait_split_at_the_wake_up),
		cmocka_unit_test(preemption_is_never_waiting),
		cmocka_unit_test(woken_on_the_way_out_is_runnable),
		cmocka_unit_test(a_wait_without_a_stack_is_unknown),
		cmocka_unit_test(lost_records_break_one_stretch_only),
		cmocka_unit_test(a_missing_end_is_not_stretched),
		cmocka_unit_test(threads_and_children_are_counted),
		cmocka_unit_test(the_skipped_root_is_not_booked),
		cmocka_unit_test(exec_by_a_thread_ends_the_others),
		cmocka_unit_test(exec_by_a_thread_may_block_on_the_way),
		cmocka_unit_test(what_is_open_at_the_end_is_closed),
		cmocka_unit_test(attached_threads_start_as_they_are_found),
		cmocka_unit_test(missed_waits_follow_only_a_pure_sample),
		cmocka_unit_test(unsampled_waits_follow_the_sample),
		cmocka_unit_test(too_small_a_sample_says_nothing),
		cmocka_unit_test(windows_and_totals),
		cmocka_unit_test(late_wake_ups),
		cmocka_unit_test(a_seen_wake_up_is_left_alone),
		cmocka_unit_test(born_between_windows),
		cmocka_unit_test(events_of_other_programs),
		cmocka_unit_test(random_events_always_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
