#include "profiler/record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/subprocess.h"
#include "profiler/locks.h"
#include "profiler/offcpu.h"
#include "profiler/probe_cost.h"
#include "profiler/watch.h"

#define CANDIDATES_MAX  40
#define SHARE_MIN       0.4 /* of all time, that a function must have on its stacks */
#define HELD_MIN        0.3 /* of the time, for a unit of work */
#define CALLS_MIN       4   /* fewer are no loop */
#define SLOWDOWN_ROUNDS 3
#define RECORDED_RUNS   3
#define SEARCH_NS       2000000000ull /* each of two, of a process that runs already */
#define ENOUGH_CALLS    5000          /* to know that a function is called again and again */
#define COST_MAX        0.1           /* of the time, that marking the calls may take */
#define SAME_SHARE      0.95 /* functions that hold nearly the same time: the outermost is meant */

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
			 const struct unit *units, size_t units_n, bool counts_only,
			 struct profile *profile, struct recording *recordings)
{
	CLEANUP(session_abort) struct offcpu *session = NULL;
	CLEANUP(cleanup_fd) int gate = -1, opened = -1, null_fd = open("/dev/null", O_RDWR);
	CLEANUP(subprocess_kill) struct subprocess sub = { 0 };
	CLEANUP(lock_functions_clear) struct lock_functions locks = { 0 };
	const struct offcpu_options watch = { .units = units,
					      .locks = counts_only ? NULL : &locks,
					      .recordings = recordings,
					      .units_n = units_n,
					      .counts_only = counts_only,
					      .calls_limit = counts_only ? ENOUGH_CALLS : 0 };
	struct subprocess_options start = { .argv = argv,
					    .stdin_fd = -1,
					    .stdout_fd = null_fd,
					    .stderr_fd = null_fd,
					    .limits = { .wall_ns = opt->timeout_ns } };
	struct subprocess_result ended;
	struct disk_watch *look;
	struct error *err;
	int fds[2];

	if (units_n && !counts_only)
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
	if (!err)
		profile->tasks = 1;
	return err;
}

/* What disturbs one run does not count; the profile is the first run's. */
static struct error *record_several(const char *const *argv, const struct record_options *opt,
				    const struct unit *unit, struct profile *profile,
				    struct recording *ret)
{
	struct recording recordings[RECORDED_RUNS] = { 0 };
	size_t runs = opt->pid ? 1 : RECORDED_RUNS;
	struct error *err = record_run(argv, opt, unit, 1, false, profile, &recordings[0]);

	for (size_t i = 1; !err && i < runs; i++) {
		CLEANUP(profile_clear) struct profile other = { 0 };

		err = record_run(argv, opt, unit, 1, false, &other, &recordings[i]);
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

struct error *record_calls(const char *const *argv, const struct record_options *opt,
			   const struct unit *unit, struct profile *profile, struct recording *ret)
{
	double cost_ns = 0, share;
	struct error *err = probe_cost(&cost_ns);

	if (!err)
		err = record_several(argv, opt, unit, profile, ret);
	if (err)
		return err;
	ret->probe_ns = cost_ns;
	recording_take_off_marks(ret);
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
	double ratios[SLOWDOWN_ROUNDS];

	for (int i = 0; i < SLOWDOWN_ROUNDS; i++) {
		double one_ns, many_ns;
		struct error *err = copies_cpu_ns(argv, opt, 1, &one_ns);

		if (!err)
			err = copies_cpu_ns(argv, opt, cores, &many_ns);
		if (err)
			return error_wrap(err, "cannot run %d copies of it at once", cores);
		ratios[i] = one_ns > 0 ? many_ns / one_ns : 1;
	}
	*ret = stats_bootstrap_median(ratios, SLOWDOWN_ROUNDS, 0.95, &rng);
	return NULL;
}

/* --- finding the unit ------------------------------------------------------------------------- */

struct candidate {
	const char *function; /* borrowed from the profile */
	uint64_t ns;
};

struct candidates {
	VEC_FIELDS(struct candidate);
};

static void add_time(struct candidates *all, const char *function, uint64_t ns)
{
	vec_each (all, c) {
		if (!strcmp(c->function, function)) {
			c->ns += ns;
			return;
		}
	}
	vec_push(all, ((struct candidate){ function, ns }));
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

/* The functions that were on the stack for much of the time. */
static struct candidates candidates_of(const struct profile *p)
{
	struct candidates all = { 0 };
	uint64_t total_ns = 0;

	vec_each (&p->stacks, stack) {
		total_ns += stack->ns;
		for (size_t i = 0; i < stack->frames.n; i++) {
			if (may_repeat(&stack->frames.items[i]) && !seen_before(stack, i))
				add_time(&all, stack->frames.items[i].function, stack->ns);
		}
	}
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

/* Those whose place in a file is known. */
static void find_places(const char *program, const struct candidates *all, struct unit_list *ret)
{
	vec_each (all, c) {
		struct unit unit;
		CLEANUP(error_clear) struct error *err = unit_find(program, c->function, &unit);

		if (!err)
			vec_push(ret, unit);
	}
}

/* The share of the time it was watched. */
static double held(const struct recording *r)
{
	return r->elapsed_ns ? (double)r->inside.wall_ns / (double)r->elapsed_ns : 0;
}

/* The one with the fewest calls among those that hold nearly the most time. NULL: none repeats. */
static const struct recording *choose(const struct recording *r, size_t n)
{
	const struct recording *best = NULL;
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		if (r[i].total >= CALLS_MIN && held(&r[i]) > most)
			most = held(&r[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (r[i].total >= CALLS_MIN && held(&r[i]) >= SAME_SHARE * most &&
		    (!best || r[i].total < best->total ||
		     (r[i].total == best->total && held(&r[i]) > held(best))))
			best = &r[i];
	}
	return most >= HELD_MIN ? best : NULL;
}

/* "...; most time is in a (called 1 time), b ...". Owned by the caller. */
static char *nothing_repeats(const struct recording *r, size_t n)
{
	struct strbuf says = { 0 };

	strbuf_addf(&says, "no function that is called again and again holds most of the time");
	for (size_t i = 0; i < n && i < 5; i++)
		strbuf_addf(&says, "%s%s (called %llu %s)", i ? ", " : "; most time is in ",
			    r[i].unit, (unsigned long long)r[i].total,
			    r[i].total == 1 ? "time" : "times");
	return strbuf_detach(&says);
}

struct error *record_find_unit(const char *const *argv, const struct record_options *opt,
			       struct profile *profile, struct unit *ret, char **why_none)
{
	CLEANUP(profile_clear) struct profile second = { 0 };
	CLEANUP(unit_list_clear) struct unit_list units = { 0 };
	struct recording recordings[CANDIDATES_MAX] = { 0 };
	const struct recording *best;
	struct record_options search = *opt;
	struct candidates all;
	struct error *err;

	search.duration_ns = SEARCH_NS;
	opt = &search;
	err = record_run(argv, opt, NULL, 0, false, profile, NULL);
	if (err)
		return err;
	all = candidates_of(profile);
	find_places(opt->program, &all, &units);
	vec_clear(&all);
	err = record_run(argv, opt, units.items, units.n, true, &second, recordings);
	best = err ? NULL : choose(recordings, units.n);
	if (best) {
		*ret = units.items[best - recordings];
		units.items[best - recordings] = (struct unit){ 0 };
	} else if (!err) {
		*why_none = nothing_repeats(recordings, units.n);
	}
	for (size_t i = 0; i < units.n; i++)
		recording_clear(&recordings[i]);
	return err;
}
