#include "profiler/record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/subprocess.h"
#include "profiler/call_counts.h"
#include "profiler/locks.h"
#include "profiler/offcpu.h"
#include "profiler/probe_cost.h"
#include "profiler/watch.h"

#define CANDIDATES_MAX  40
#define SHARE_MIN       0.4 /* of all time, that a function must have on its stacks */
#define IDLE_MAX        0.1 /* of its time at work, that a unit may wait for work */
#define CALLS_MIN       4   /* fewer are no loop */
#define SLOWDOWN_ROUNDS 3
#define RECORDED_RUNS   3
#define REPEAT_NS       8000000000ull /* after so long nothing is repeated any more */
#define SEARCH_NS       2000000000ull /* each of two, of a process that runs already */
#define CALLS_PER_S     10000 /* called more often, marking them would be most of the time */
#define COST_MAX        0.1   /* of the time, that marking the calls may take; it is taken off */
#define SAME_SHARE      0.95  /* functions that hold nearly the same time: the outermost is meant */

static void session_abort(struct offcpu **session)
{
	offcpu_abort(*session);
}

static struct error *check_end(const char *program, const struct record_options *opt,
			       const struct subprocess_result *ended)
{
	CLEANUP(cleanup_free) char *how = subprocess_describe(ended);

	if (ended->timed_out)
		return error_hint(error_new(ERROR_INPUT, "%s did not end within %.3g s", program,
					    (double)opt->timeout_ns / 1e9),
				  "give it longer with --timeout");
	if (WIFEXITED(ended->status) && workload_expects(opt->workload, WEXITSTATUS(ended->status)))
		return NULL;
	return error_hint(error_new(ERROR_INPUT, "%s failed: %s", program, how),
			  "run it by hand; its standard input is empty here; a code other than 0 "
			  "is expected with --expect-exit");
}

struct error *record_run(const char *const *argv, const struct record_options *opt,
			 const struct unit *units, size_t units_n, struct profile *profile,
			 struct recording *recordings)
{
	CLEANUP(session_abort) struct offcpu *session = NULL;
	CLEANUP(cleanup_fd) int gate = -1, opened = -1, null_fd = open("/dev/null", O_RDWR);
	CLEANUP(subprocess_kill) struct subprocess sub = { 0 };
	CLEANUP(lock_functions_clear) struct lock_functions locks = { 0 };
	const struct offcpu_options watch = {
		.units = units, .locks = &locks, .recordings = recordings, .units_n = units_n
	};
	struct subprocess_options start = { .argv = argv,
					    .stdin_fd = -1,
					    .stdout_fd = null_fd,
					    .stderr_fd = null_fd,
					    .limits = { .wall_ns = opt->timeout_ns } };
	struct subprocess_result ended;
	struct disk_watch *look;
	struct error *err;
	int fds[2];

	if (units_n)
		lock_functions_find(opt->program, &locks);
	if (opt->pid)
		return watch_process(opt->pid, opt->duration_ns, &watch, profile);
	if (null_fd < 0 || pipe2(fds, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	start.gate_fd = gate = fds[0];
	opened = fds[1];
	err = subprocess_start(&start, &sub);
	if (!err)
		err = offcpu_open(sub.pid, &watch, &session);
	if (err)
		return err;
	if (write(opened, "", 1) != 1)
		return error_errno("cannot start %s", argv[0]);
	look = opt->uses && !opt->uses->n ? disk_watch_start(sub.pid) : NULL;
	err = subprocess_wait(&sub, &ended);
	disk_watch_stop(look, opt->uses);
	if (!err)
		err = check_end(argv[0], opt, &ended);
	if (err)
		return err;
	err = offcpu_close(MOVE(session), profile);
	if (!err) {
		profile->tasks = 1;
		profile->read_bytes = ended.read_bytes;
		profile->written_bytes = ended.written_bytes;
		profile->peak_bytes = (uint64_t)ended.usage.ru_maxrss * 1024;
	}
	return err;
}

/* What disturbs one run does not count; the profile is the first run's. */
static struct error *record_several(const char *const *argv, const struct record_options *opt,
				    const struct unit *unit, struct profile *profile,
				    struct recording *ret)
{
	struct recording recordings[RECORDED_RUNS] = { 0 };
	size_t runs = opt->pid ? 1 : RECORDED_RUNS;
	uint64_t started_ns = clock_now_ns();
	struct error *err = record_run(argv, opt, unit, 1, profile, &recordings[0]);

	if (clock_now_ns() - started_ns > REPEAT_NS / 2)
		runs = 1;
	for (size_t i = 1; !err && i < runs; i++) {
		CLEANUP(profile_clear) struct profile other = { 0 };

		err = record_run(argv, opt, unit, 1, &other, &recordings[i]);
	}
	if (!err && runs > 1 && recording_take_medians(recordings, runs))
		recordings[0].runs = runs;
	if (!err) {
		*ret = recordings[0];
		recordings[0] = (struct recording){ 0 };
	}
	for (size_t i = 0; i < runs; i++)
		recording_clear(&recordings[i]);
	return err;
}

/* A lock has one probe where a call has two; 0: the program takes none. */
static struct error *lock_mark_cost(const char *program, double *ret)
{
	CLEANUP(lock_functions_clear) struct lock_functions locks = { 0 };
	struct error *err;

	*ret = 0;
	lock_functions_find(program, &locks);
	err = locks.n ? probe_cost(&locks.items[0].place, ret) : NULL;
	*ret /= 2;
	return err;
}

struct error *record_calls(const char *const *argv, const struct record_options *opt,
			   const struct unit *unit, struct profile *profile, struct recording *ret)
{
	double cost_ns = 0, lock_ns = 0, share;
	struct error *err = probe_cost(unit, &cost_ns);

	if (!err)
		err = lock_mark_cost(opt->program, &lock_ns);
	if (!err)
		err = record_several(argv, opt, unit, profile, ret);
	if (err)
		return err;
	ret->probe_ns = cost_ns;
	recording_take_off_marks(ret, lock_ns);
	share = recording_cost_share(ret);
	if (!ret->total)
		return error_hint(error_new(ERROR_INPUT, "%s is never called%s", unit->name,
					    opt->pid ? " while it is watched" : ""),
				  "it may have been inlined where it is used: build with -O1 or "
				  "-fno-inline, or name another function");
	if (share > COST_MAX)
		return error_hint(
			error_new(
				ERROR_INPUT,
				"the calls of %s are too short to be recorded: marking %llu calls "
				"at %.1f us each took %.0f %% of the time",
				unit->name, (unsigned long long)(ret->total + ret->nested),
				cost_ns / 1e3, 100 * share),
			"name the function that makes these calls");
	return NULL;
}

/* --- several at once -------------------------------------------------------------------------- */

/* CPU time of so many copies that run at the same time, each. */
static struct error *copies_cpu_ns(const char *const *argv, const struct record_options *opt,
				   int copies, double *ret)
{
	static const char script[] = "n=$1; shift; while [ $n -gt 0 ]; do \"$@\" & p=\"$p $!\"; "
				     "n=$((n - 1)); done; s=0\n"
				     "for i in $p; do wait $i || s=$?; done >/dev/null; exit $s";
	CLEANUP(cleanup_free) char *count = xasprintf("%d", copies);
	CLEANUP(strbuf_clear) struct strbuf err_out = { 0 };
	CLEANUP(cleanup_free) const char **words = NULL;
	struct subprocess_limits limits = { .wall_ns = opt->timeout_ns * (uint64_t)copies };
	struct subprocess_result ended;
	struct error *err;
	size_t n = 0;

	while (argv[n])
		n++;
	words = xcalloc(n + 6, sizeof(*words));
	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = script;
	words[3] = "sh";
	words[4] = count;
	memcpy(words + 5, argv, n * sizeof(*words));
	err = subprocess_run(words, &limits, NULL, &err_out, &ended);
	if (!err)
		err = check_end(argv[0], opt, &ended);
	if (err)
		return err;
	*ret = ((double)(ended.usage.ru_utime.tv_sec + ended.usage.ru_stime.tv_sec) * 1e9 +
		(double)(ended.usage.ru_utime.tv_usec + ended.usage.ru_stime.tv_usec) * 1e3) /
	       copies;
	return NULL;
}

struct error *record_slowdown(const char *const *argv, const struct record_options *opt, int cores,
			      struct estimate *ret)
{
	struct rng rng = { 1 };
	uint64_t started_ns = clock_now_ns();
	double ratios[SLOWDOWN_ROUNDS];
	size_t n = 0;

	while (n < SLOWDOWN_ROUNDS && (!n || clock_now_ns() - started_ns < REPEAT_NS)) {
		double one_ns, many_ns;
		struct error *err = copies_cpu_ns(argv, opt, 1, &one_ns);

		if (!err)
			err = copies_cpu_ns(argv, opt, cores, &many_ns);
		if (err)
			return error_wrap(err, "cannot run %d copies of it at once", cores);
		ratios[n++] = one_ns > 0 ? many_ns / one_ns : 1;
	}
	*ret = stats_bootstrap_median(ratios, n, 0.95, &rng);
	return NULL;
}

/* --- finding the unit ------------------------------------------------------------------------- */

struct candidate {
	const char *function; /* borrowed from the profile */
	uint64_t ns;
	uint64_t idle_ns; /* in waits for work to come, of a process that runs already */
};

struct candidates {
	VEC_FIELDS(struct candidate);
};

static struct candidate *candidate_of(struct candidates *all, const char *function)
{
	vec_each (all, c) {
		if (!strcmp(c->function, function))
			return c;
	}
	vec_push(all, ((struct candidate){ function, 0, 0 }));
	return &all->items[all->n - 1];
}

/*
 * Most threads of a server wait for work most of the time, by whatever call: there, only what
 * computes, or waits for a file or a child, is work.
 */
static bool at_work(const struct stack *stack, bool server)
{
	return !server || stack->on_cpu || stack->kind == WAIT_DISK ||
	       stack->kind == WAIT_PAGE_FAULT || stack->kind == WAIT_CHILD;
}

static bool seen_before(const struct stack *stack, size_t frame)
{
	for (size_t i = 0; i < frame; i++) {
		if (!strcmp(stack->frames.items[i].function, stack->frames.items[frame].function))
			return true;
	}
	return false;
}

/* main runs once, and so does what calls it. */
static bool may_repeat(const struct stack_frame *frame)
{
	return !frame->inlined && strcmp(frame->function, "?") && strcmp(frame->function, "main") &&
	       strcmp(frame->function, "_start") && strncmp(frame->function, "__libc_start", 12);
}

static int longest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct candidate *)a)->ns, y = ((const struct candidate *)b)->ns;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* What waits for work itself is the loop around the unit, not the unit. */
static void leave_out_loops(struct candidates *all)
{
	size_t kept = 0;

	vec_each (all, c) {
		if ((double)c->idle_ns <= IDLE_MAX * (double)c->ns)
			all->items[kept++] = *c;
	}
	all->n = kept;
}

static bool has_candidate(const struct candidates *all, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.n; i++) {
		vec_each (all, c) {
			if (!strcmp(c->function, stack->frames.items[i].function))
				return true;
		}
	}
	return false;
}

/* Without what a server's loop does for itself: asking for work takes time as well. */
static uint64_t work_ns(const struct profile *p, const struct candidates *all, bool server)
{
	uint64_t ns = 0;

	vec_each (&p->stacks, stack) {
		if (!server || (at_work(stack, server) && has_candidate(all, stack)))
			ns += stack->ns;
	}
	return ns;
}

/* The functions that were on the stack for much of the time. */
static struct candidates candidates_of(const struct profile *p, bool server)
{
	struct candidates all = { 0 };
	uint64_t total_ns;

	vec_each (&p->stacks, stack) {
		for (size_t i = 0; i < stack->frames.n; i++) {
			struct candidate *c;

			if (!may_repeat(&stack->frames.items[i]) || seen_before(stack, i))
				continue;
			c = candidate_of(&all, stack->frames.items[i].function);
			*(at_work(stack, server) ? &c->ns : &c->idle_ns) += stack->ns;
		}
	}
	leave_out_loops(&all);
	total_ns = work_ns(p, &all, server);
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), longest_first);
	while (all.n && (all.n > CANDIDATES_MAX ||
			 (double)all.items[all.n - 1].ns < SHARE_MIN * (double)total_ns))
		all.n--;
	return all;
}

struct unit_list {
	VEC_FIELDS(struct unit);
};

static void unit_list_clear(struct unit_list *list)
{
	vec_each (list, unit)
		unit_clear(unit);
	vec_clear(list);
}

/* Of each candidate; those whose place in a file is not known are left out. */
static void find_places(const char *program, struct candidates *all, struct unit_list *ret)
{
	size_t kept = 0;

	vec_each (all, c) {
		struct unit unit;
		CLEANUP(error_clear) struct error *err = unit_find(program, c->function, &unit);

		if (err)
			continue;
		vec_push(ret, unit);
		all->items[kept++] = *c;
	}
	all->n = kept;
}

/* One run, held at its gate until its functions' entries are counted. */
static struct error *count_run(const char *const *argv, const struct record_options *opt,
			       const struct unit_list *units, struct call_counts **session)
{
	CLEANUP(cleanup_fd) int gate = -1, opened = -1, null_fd = open("/dev/null", O_RDWR);
	CLEANUP(subprocess_kill) struct subprocess sub = { 0 };
	struct subprocess_options start = { .argv = argv,
					    .stdin_fd = -1,
					    .stdout_fd = null_fd,
					    .stderr_fd = null_fd,
					    .limits = { .wall_ns = opt->timeout_ns } };
	struct subprocess_result ended;
	struct error *err;
	int fds[2];

	if (null_fd < 0 || pipe2(fds, O_CLOEXEC))
		return error_errno("cannot create a pipe");
	start.gate_fd = gate = fds[0];
	opened = fds[1];
	err = subprocess_start(&start, &sub);
	if (!err)
		err = call_counts_open(sub.pid, units->items, units->n, session);
	if (!err && write(opened, "", 1) != 1)
		err = error_errno("cannot start %s", argv[0]);
	if (!err)
		err = subprocess_wait(&sub, &ended);
	return err ? err : check_end(argv[0], opt, &ended);
}

static struct error *count_calls(const char *const *argv, const struct record_options *opt,
				 const struct unit_list *units, struct call_count *ret,
				 uint64_t *files)
{
	struct call_counts *session = NULL;
	struct error *err;

	if (opt->pid) {
		const struct timespec pause = { .tv_sec = (time_t)(opt->duration_ns / 1000000000),
						.tv_nsec = (long)(opt->duration_ns % 1000000000) };

		err = call_counts_open(opt->pid, units->items, units->n, &session);
		if (!err)
			nanosleep(&pause, NULL);
	} else {
		err = count_run(argv, opt, units, &session);
	}
	call_counts_close(session, ret, files);
	return err;
}

static bool repeats(const struct call_count *count)
{
	return count->calls >= CALLS_MIN && !(count->let_go && count->per_s > CALLS_PER_S);
}

/* The one with the fewest calls among those that hold nearly the most time. SIZE_MAX: none repeats. */
static size_t choose(const struct candidates *all, const struct call_count *counts)
{
	size_t best = SIZE_MAX;
	double most = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (repeats(&counts[i]) && (double)all->items[i].ns > most)
			most = (double)all->items[i].ns;
	}
	for (size_t i = 0; i < all->n; i++) {
		if (repeats(&counts[i]) && (double)all->items[i].ns >= SAME_SHARE * most &&
		    (best == SIZE_MAX || counts[i].calls < counts[best].calls))
			best = i;
	}
	return best;
}

/* "...; most time is in a (called 1 time), b ...". Owned by the caller. */
static char *nothing_repeats(const struct candidates *all, const struct call_count *counts)
{
	struct strbuf says = { 0 };

	strbuf_addf(&says, "no function that is called again and again holds most of the time");
	for (size_t i = 0; i < all->n && i < 5; i++)
		strbuf_addf(&says, "%s%s (called %s%llu %s)", i ? ", " : "; most time is in ",
			    all->items[i].function, counts[i].let_go ? "more than " : "",
			    (unsigned long long)counts[i].calls,
			    counts[i].calls == 1 ? "time" : "times");
	return strbuf_detach(&says);
}

struct error *record_find_unit(const char *const *argv, const struct record_options *opt,
			       struct profile *profile, struct unit *ret, char **why_none)
{
	CLEANUP(unit_list_clear) struct unit_list units = { 0 };
	struct call_count counts[CANDIDATES_MAX] = { 0 };
	struct record_options search = *opt;
	struct candidates all;
	struct error *err;
	double warm_ns;
	size_t best;

	search.duration_ns = SEARCH_NS;
	opt = &search;
	/* Once without being watched: the first run finds files and code not yet in memory. */
	err = opt->pid ? NULL : copies_cpu_ns(argv, opt, 1, &warm_ns);
	if (!err)
		err = record_run(argv, opt, NULL, 0, profile, NULL);
	if (err)
		return err;
	all = candidates_of(profile, opt->pid);
	find_places(opt->program, &all, &units);
	if (units.n)
		err = count_calls(argv, opt, &units, counts, &profile->opened);
	best = err ? SIZE_MAX : choose(&all, counts);
	if (best != SIZE_MAX) {
		*ret = units.items[best];
		units.items[best] = (struct unit){ 0 };
	} else if (!err) {
		*why_none = nothing_repeats(&all, counts);
	}
	vec_clear(&all);
	return err;
}
