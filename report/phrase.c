#include "report/phrase.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

void phrases_clear(struct phrases *list)
{
	vec_each (list, p)
		free(p->text);
	vec_clear(list);
}

const char *phrase_or(const char *s, const char *otherwise)
{
	return s && *s ? s : otherwise;
}

#define PART_SHOWN 0.02 /* of the time of an entry */

static struct word workers_text(int n)
{
	return word_count((uint64_t)(n < 0 ? 0 : n), "worker");
}

/* --- the verdict --- */

void phrase_verdict(const struct verdict *v, struct strbuf *out)
{
	switch (v->kind) {
	case VERDICT_RECOMMEND:
		strbuf_addf(out, "%s, %s: %s faster %s, n = %zu", model_title(v->model),
			    workers_text(v->workers).s, word_speedup(v->speedup).s,
			    word_interval(v->speedup).s, v->speedup.n);
		break;
	case VERDICT_RAISE:
		strbuf_addf(out, "raise the workers to %d: %s", v->workers,
			    word_estimate(v->speedup).s);
		break;
	case VERDICT_LEAVE:
		strbuf_addf(out, "leave it sequential. %s",
			    v->reasons.n ? v->reasons.items[0] : "");
		break;
	case VERDICT_CANNOT_TELL:
		strbuf_addf(out, "cannot tell. %s", v->missing.n ? v->missing.items[0] : "");
		break;
	default:
		strbuf_add(out, "none was asked for.");
	}
}

/* "98 % on-CPU": the share that decides the row, of the time without run-queue delay. */
static void add_row_share(const struct run *run, struct strbuf *out)
{
	const struct wait_profile *w = &run->profile.waits;
	double base = (double)(w->wall_ns - w->runqueue_ns);
	double overlap = wait_profile_overlappable_share(w) * (double)w->wall_ns;

	if (!run->profile.measured || w->wall_ns <= w->runqueue_ns)
		return;
	strbuf_add(out, " (");
	if (run->verdict.row != ROW_WAITS)
		strbuf_addf(out, "%s on-CPU", word_share((double)wait_profile_cpu_ns(w) / base).s);
	if (run->verdict.row == ROW_MIX)
		strbuf_add(out, ", ");
	if (run->verdict.row != ROW_COMPUTE)
		strbuf_addf(out, "%s in waits that can overlap", word_share(overlap / base).s);
	strbuf_add(out, ")");
}

/* "The three witnesses agree.", or who does not. */
static void add_agreement(const struct verdict *v, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf silent = { 0 };

	if (v->kind == VERDICT_CANNOT_TELL || !v->agreement)
		return;
	vec_each (&v->witnesses, w) {
		if (!w->heard)
			strbuf_addf(&silent, "%s%s", silent.len ? ", " : "", w->name);
	}
	if (strcmp(v->agreement, "agree"))
		strbuf_addf(out, " %c%s.", v->agreement[0] == 'd' ? 'D' : v->agreement[0],
			    v->agreement + 1);
	else
		strbuf_add(out, silent.len ? " The witnesses heard agree."
					   : " The three witnesses agree.");
	if (silent.len)
		strbuf_addf(out, " Not heard: %s.", silent.s);
}

void phrase_row(const struct run *run, const char *arrow, struct strbuf *out)
{
	const struct verdict *v = &run->verdict;

	if (v->has_row) {
		strbuf_addf(out, "%s %s %s", row_situation(v->row), arrow, row_approach(v->row));
		add_row_share(run, out);
		strbuf_addch(out, '.');
	} else {
		strbuf_add(out, "not known.");
	}
	add_agreement(v, out);
}

enum model phrase_hurdles_model(const struct verdict *v)
{
	if (v->kind == VERDICT_RECOMMEND && v->model != MODEL_PROCESSES)
		return v->model;
	return MODEL_THREADS;
}

void phrase_hurdles(const struct verdict *v, struct strbuf *out)
{
	strbuf_addf(out, "In the way of %s: %s", model_title(phrase_hurdles_model(v)),
		    word_count(v->hurdles.n, "change").s);
}

void phrase_tie(const struct verdict *v, const struct verdict_tie *t, struct strbuf *out)
{
	strbuf_addf(out, "%s (%s) %s", model_title(t->model), workers_text(t->workers).s,
		    word_estimate(t->speedup).s);
	if (t->model == phrase_hurdles_model(v) && v->hurdles.n)
		strbuf_addf(out, ": needs %s to the code first",
			    word_count(v->hurdles.n, "change").s);
	strbuf_addch(out, '.');
}

void phrase_confidence(const struct verdict *v, struct strbuf *out)
{
	if (v->confidence)
		strbuf_addf(out, "%s: %s.", v->confidence, phrase_or(v->rests_on, "no figures"));
}

const char *phrase_stand(const struct verdict *v, const struct witness *w)
{
	if (!w->heard)
		return "not heard";
	if (v->kind == VERDICT_CANNOT_TELL)
		return "heard";
	return w->agrees ? "agrees" : "dissents";
}

static struct strings rest_of(const struct strings *list, bool said)
{
	struct strings rest = *list;

	if (said && rest.n) {
		rest.items++;
		rest.n--;
	}
	return rest;
}

struct strings phrase_reasons(const struct verdict *v)
{
	return rest_of(&v->reasons, v->kind == VERDICT_LEAVE);
}

struct strings phrase_missing(const struct verdict *v)
{
	return rest_of(&v->missing, v->kind == VERDICT_CANNOT_TELL);
}

/* --- the tournament --- */

const char *phrase_note(const struct race_entry *e, const struct verdict *v)
{
	bool names_a_model = v && v->kind != VERDICT_NONE && v->kind != VERDICT_CANNOT_TELL;

	if (e->outcome != OUTCOME_OK)
		return "out";
	if (names_a_model && v->model == e->model && v->workers == e->workers)
		return "verdict";
	for (size_t i = 0; names_a_model && i < v->ties.n; i++) {
		if (v->ties.items[i].model == e->model && v->ties.items[i].workers == e->workers)
			return "tie";
	}
	return "";
}

void phrase_race(const struct race *race, struct strbuf *out)
{
	const struct estimate *error = &race->conditions.simulator_error;

	if (race->simulated) {
		strbuf_addf(out,
			    "simulated from %s, nothing was raced; calls are taken to be "
			    "independent; W = workers",
			    word_count(race->conditions.tasks, "recorded call").s);
		if (error->n)
			strbuf_addf(out,
				    "; against %s on this machine simulations were off by %s, nine "
				    "in ten by at most %s",
				    word_count(error->n, "raced entry").s,
				    word_share(error->value).s, word_share(error->high).s);
		return;
	}
	strbuf_addf(out, "%s a trial, %s, 95 %% intervals, W = workers",
		    word_count(race->conditions.tasks, "task").s,
		    word_count((uint64_t)race->conditions.rounds, "clean round").s);
}

void phrase_out(const struct race_entry *e, struct strbuf *out)
{
	strbuf_addf(out, "%s, %s: %s: %s", model_title(e->model), workers_text(e->workers).s,
		    outcome_key(e->outcome), phrase_or(e->why, "no reason recorded"));
}

static bool isolated_before(const struct race *race, const struct race_entry *e)
{
	for (const struct race_entry *f = race->items; f < e; f++) {
		if (f->model == e->model && f->isolation && !strcmp(f->isolation, e->isolation))
			return true;
	}
	return false;
}

static void add_part(const struct wait_profile *p, uint64_t ns, const char *what,
		     struct strbuf *out)
{
	double share = (double)ns / (double)p->wall_ns;

	if (share >= PART_SHOWN)
		strbuf_addf(out, "%s%s %s", out->len ? ", " : "", word_share(share).s, what);
}

void phrase_entry_time(const struct race_entry *e, struct strbuf *out)
{
	const struct wait_profile *p = &e->profile;

	if (!p->wall_ns)
		return;
	add_part(p, wait_profile_cpu_ns(p), "on-CPU", out);
	add_part(p, p->runqueue_ns, "run-queue", out);
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		add_part(p, p->wait_ns[kind], wait_kind_key((enum wait_kind)kind), out);
	add_part(p, p->unknown_ns, "unknown", out);
}

void phrase_isolation(const struct race *race, struct strbuf *out)
{
	size_t start = out->len;

	vec_each (race, e) {
		if (e->isolation && *e->isolation && !isolated_before(race, e))
			strbuf_addf(out, "%s%s: %s", out->len > start ? "; " : "",
				    model_title(e->model), e->isolation);
	}
	if (out->len > start)
		strbuf_addch(out, '.');
}

/* A trial ends when its tasks take half of what is free; here of all, as what was free is not stored. */
static void put_in_flight(const struct race_entry *e, const struct machine *m, struct strbuf *out)
{
	uint64_t each = e->pss_bytes / (uint64_t)e->workers;

	if (each && m->memory_bytes)
		strbuf_addf(
			out,
			" One task in flight takes %s: half of the machine's memory holds %llu.",
			word_bytes(each).s, (unsigned long long)(m->memory_bytes / 2 / each));
}

void phrase_loop(const struct race *race, enum model model, const struct machine *machine,
		 struct strbuf *out)
{
	const struct race_entry *e = race_best(race, model);

	if (!e || !e->loop.measured)
		return;
	strbuf_addf(out, "%s, %s: tasks ran on it %.0f %% of the time, %s at the longest.",
		    model_title(model), workers_text(e->workers).s, 100 * e->loop.busy_share,
		    word_ns((double)e->loop.longest_ns).s);
	strbuf_addf(out, " Intercepting %s took %.1f %% at most (%llu by signal).",
		    word_count(e->loop.traps + e->loop.rewritten, "system call").s,
		    100 * e->loop.overhead_share, (unsigned long long)e->loop.traps);
	if (machine)
		put_in_flight(e, machine, out);
	vec_each (&e->loop.pinned, p)
		strbuf_addf(out, "%s %s%s%s (%s, %s)",
			    p == e->loop.pinned.items ? " Held up by" : ",", p->call,
			    p->place ? " at " : "", phrase_or(p->place, ""),
			    word_count(p->count, "time").s, word_ns((double)p->ns).s);
	if (e->loop.pinned.n)
		strbuf_addch(out, '.');
}

/* --- the profile and the source --- */

void phrase_profile(const struct profile *profile, struct strbuf *out)
{
	/* The best tier says why only when switches were too many to record each of them. */
	bool sampled = profile->tier == TIER_0 && profile->why;

	strbuf_addf(out, "one run (n = 1, no interval), tier %s, %s in %s%s",
		    tier_key(profile->tier), word_count(profile->threads, "thread").s,
		    word_ns((double)profile->elapsed_ns).s,
		    sampled ? "; switches sampled: totals exact, kinds of waits estimated" : "");
}

void phrase_facts(const struct facts *facts, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	vec_each (facts, f) {
		bool first = true;

		for (const struct fact *g = facts->items; first && g < f; g++)
			first = strcmp(g->check, f->check);
		if (first)
			strbuf_addf(&text, "%s%zu %s", text.len ? ", " : "",
				    facts_count(facts, f->check), f->check);
	}
	strbuf_addf(out, "%s%s. %s read, of the configured build only.",
		    facts->n ? "Found: " : "Nothing found", strbuf_str(&text),
		    word_count(facts->units - facts->failures.n, "translation unit").s);
}

/* --- sentences with labels --- */

static void add_phrase(struct phrases *list, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_phrase(struct phrases *list, const char *label, const char *fmt, ...)
{
	struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	vec_push(list, ((struct phrase){ label, strbuf_detach(&text) }));
}

void phrase_present(const struct present *now, struct phrases *ret)
{
	add_phrase(ret, "Now", "%s, %.1f threads in a task at a time, %.2f cores used; %s.",
		   now->model ? now->model : "concurrent", now->busy, now->cores_used,
		   present_need_words(now->needs));
	if (now->lock_share > 0 && now->lock)
		add_phrase(ret, "Lock", "taken in %s: %s of the time in tasks waits for %s.%s",
			   now->lock, word_share(now->lock_share).s,
			   now->process_wide ? "it" : "locks, most for this one",
			   now->process_wide
				   ? " It lets one thread run at a time, as an interpreter's GIL "
				     "does: more threads gain nothing before it is split."
				   : "");
	if (now->lock_share > 0 && now->lock && now->holder)
		add_phrase(ret, "Held by", "%s.", now->holder);
	if (now->workers)
		add_phrase(ret, "Workers",
			   "up to %d would keep the cores busy (cores * (1 + wait / compute)), if "
			   "whoever ends the waits keeps up: double them until the gain ends.",
			   now->workers);
}

struct word phrase_bound(const struct model_bound *b)
{
	struct word w = { "" };

	if (isfinite(b->speedup))
		snprintf(w.s, sizeof(w.s), "%.*fx", b->speedup < 99.95 ? 1 : 0, b->speedup);
	return w;
}

const char *phrase_bound_by(const struct model_bound *b)
{
	return isfinite(b->speedup) ? bound_words(b->by) : "nothing seen";
}

/* --- method --- */

void phrase_left(const struct race *race, struct phrases *ret)
{
	const struct race_conditions *c = &race->conditions;

	if (c->leaked_fds)
		add_phrase(
			ret, "leak",
			"a task leaves up to %llu descriptors open: the end of its process closes "
			"them, that of a thread does not.",
			(unsigned long long)c->leaked_fds);
	if (c->recycled)
		add_phrase(
			ret, "memory",
			"a task leaves about %.3g MiB in use that only the end of its process "
			"frees: the workers were started anew up to %llu times in a trial, which "
			"is not in its time.",
			(double)c->kept_bytes / 1048576, (unsigned long long)c->recycled);
	if (c->strays)
		add_phrase(ret, "processes",
			   "up to %llu outlived their tasks in a trial, and were ended.",
			   (unsigned long long)c->strays);
}

static void add_race_method(const struct race *race, struct phrases *ret)
{
	const struct race_conditions *c = &race->conditions;

	if (!race->measured)
		return;
	if (c->seed)
		add_phrase(ret, "race",
			   "%s, %d repeated; each round runs every entry once in random order "
			   "(seed %llu); a speedup is the median of the rounds' ratios.",
			   word_count((uint64_t)c->rounds, "clean round").s, c->dirty_rounds,
			   (unsigned long long)c->seed);
	else
		add_phrase(
			ret, "race",
			"%s timed elsewhere and imported: in what order, and beside what, is not "
			"known.",
			word_count((uint64_t)c->rounds, "run").s);
	if (c->noise.n)
		add_phrase(ret, "noise", "sequential against itself: %s.",
			   word_estimate(c->noise).s);
	if (c->ceiling > 0)
		add_phrase(
			ret, "machine",
			"two spinning threads got %.2fx of one (median of the rounds); %s taken by "
			"the host; %.1f other runnable tasks.",
			c->ceiling, word_share(c->steal_share).s, c->load);
	phrase_left(race, ret);
	if (c->startup_ns.n && c->startup_ns.value > 0)
		add_phrase(
			ret, "start-up",
			"exec costs %s a task [%s, %s], n = %zu, which a call in one process does "
			"not.",
			word_ns(c->startup_ns.value).s, word_ns(c->startup_ns.low).s,
			word_ns(c->startup_ns.high).s, c->startup_ns.n);
}

/* More than rounding and a handful of moments at which the two were read apart. */
static bool disagree(uint64_t booked_ns, uint64_t counted_ns)
{
	uint64_t apart_ns =
		booked_ns > counted_ns ? booked_ns - counted_ns : counted_ns - booked_ns;

	return apart_ns > 1000000 && (double)apart_ns > 0.02 * (double)counted_ns;
}

static void add_disagreement(const struct profile_check *c, struct phrases *ret)
{
	if (disagree(c->cpu_ns, c->kernel_cpu_ns))
		add_phrase(
			ret, "doubt",
			"%s on the CPU were booked where the kernel counted %s: one of the two is "
			"wrong.",
			word_ns((double)c->cpu_ns).s, word_ns((double)c->kernel_cpu_ns).s);
	if (disagree(c->runqueue_ns, c->kernel_runqueue_ns))
		add_phrase(
			ret, "doubt",
			"%s in the run-queue were booked where the kernel counted %s: one of the "
			"two is wrong.",
			word_ns((double)c->runqueue_ns).s,
			word_ns((double)c->kernel_runqueue_ns).s);
}

void phrase_method(const struct run *run, struct phrases *ret)
{
	const struct profile *profile = &run->profile;
	const struct machine *m = &run->machine;

	if (profile->measured) {
		add_phrase(ret, "profile",
			   "tier %s (%s); %s of the records lost, %s "
			   "of the CPU time taken by the host.",
			   tier_key(profile->tier), tier_meaning(profile->tier),
			   word_share(profile->lost_share).s, word_share(profile->steal_share).s);
		if (profile->why)
			add_phrase(ret, "", "%s", profile->why);
		add_disagreement(&profile->checked, ret);
		if (profile->no_counters)
			add_phrase(ret, "", "cycles and cache misses are not counted: %s",
				   profile->no_counters);
		else if (profile->cycles)
			add_phrase(ret, "",
				   "%.2f instructions for each cycle, %.3g cache misses "
				   "for each thousand instructions, in the program's own code.",
				   (double)profile->instructions / (double)profile->cycles,
				   profile->instructions ? 1000 * (double)profile->cache_misses /
								   (double)profile->instructions
							 : 0);
	}
	if (run->target.rebuilt)
		add_phrase(ret, "program", "%s.", run->target.rebuilt);
	add_race_method(&run->race, ret);
	if (m->cpu)
		add_phrase(ret, "hardware", "%s, %s, %s memory%s; Linux %s.", m->cpu,
			   word_count((uint64_t)(m->cores > 0 ? m->cores : 0), "core").s,
			   word_bytes(m->memory_bytes).s, m->virtualised ? ", virtual" : "",
			   phrase_or(m->kernel, "?"));
	add_phrase(ret, "run", "%s", run->id);
}
