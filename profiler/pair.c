#include "profiler/pair.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/looks.h"
#include "base/paired.h"
#include "base/progress.h"
#include "profiler/baseline.h"

#define TRIAL_NS   20000000.0 /* shorter lists of tasks are repeated within a trial */
#define REPEAT_MAX 1000
#define STEAL_MAX  0.06
#define PAIRS_MAX  1000

struct side {
	const struct target *target;
	struct samples *walls;
};

struct duel {
	struct side sides[2]; /* old, new */
	const struct workload *workload;
	const struct pair_options *opt;
	struct looks looks;
	unsigned repeat;
	struct rng rng;
	uint64_t started_ns;
	double steal_sum;
	size_t tried;
	struct pair pair;
};

static void duel_clear(struct duel *d)
{
	pair_clear(&d->pair);
}

static void end_progress(const int *ignored)
{
	(void)ignored;
	progress_end();
}

static struct error *run_side(const struct duel *d, int side, struct trial *ret)
{
	struct trial_plan plan = { .target = d->sides[side].target,
				   .workload = d->workload,
				   .way = TRIAL_EXEC,
				   .workers = 1,
				   .scratch = d->opt->scratch,
				   .repeat = d->repeat,
				   .timeout_ns = d->opt->timeout_ns };
	struct error *err = trial_run(&plan, ret);

	if (!err)
		err = baseline_check(plan.target, plan.workload, plan.timeout_ns, ret, false);
	return err ? error_wrap(err, "%s", plan.target->program) : NULL;
}

static size_t count_differences(const struct trial *a, const struct trial *b)
{
	size_t differ = 0;

	for (size_t i = 0; i < a->n && i < b->n; i++)
		differ += a->tasks[i].stdout_bytes != b->tasks[i].stdout_bytes ||
			  !digest_equal(a->tasks[i].stdout_digest, b->tasks[i].stdout_digest);
	return differ;
}

/* Not timed: page cache, answers, and how often the tasks have to be repeated. */
static struct error *warm_up(struct duel *d)
{
	CLEANUP(trial_clear) struct trial old = { 0 };
	CLEANUP(trial_clear) struct trial new = { 0 };
	struct error *err;
	double wall_ns;

	d->repeat = 1;
	err = run_side(d, 0, &old);
	err = err ? err : run_side(d, 1, &new);
	if (err)
		return err;
	d->pair.differ = count_differences(&old, &new);
	wall_ns = fmax(1, fmin((double)old.wall_ns, (double)new.wall_ns));
	d->repeat = (unsigned)fmin(fmax(ceil(TRIAL_NS / wall_ns), 1), REPEAT_MAX);
	d->pair.tasks = d->repeat * d->workload->tasks.n;
	return NULL;
}

static struct error *run_pair(struct duel *d)
{
	int first = (int)rng_below(&d->rng, 2);
	double walls[2], steal = 0;

	for (int i = 0; i < 2; i++) {
		CLEANUP(trial_clear) struct trial t = { 0 };
		int side = i ? 1 - first : first;
		struct error *err = run_side(d, side, &t);

		if (err)
			return err;
		walls[side] = (double)t.wall_ns;
		steal = fmax(steal, t.steal_share);
	}
	d->tried++;
	d->steal_sum += steal;
	if (steal > STEAL_MAX || walls[0] <= 0 || walls[1] <= 0) {
		d->pair.dirty++;
		return NULL;
	}
	vec_push(d->sides[0].walls, walls[0]);
	vec_push(d->sides[1].walls, walls[1]);
	return NULL;
}

/* The shift of the logarithms is the logarithm of the ratio. */
static void look(struct pair *p, const struct looks *looks)
{
	size_t n = p->walls_old.n;
	CLEANUP(cleanup_free) double *logs = xcalloc(n + 1, sizeof(*logs));
	struct estimate e;

	for (size_t i = 0; i < n; i++)
		logs[i] = log(p->walls_old.items[i] / p->walls_new.items[i]);
	e = paired_shift(logs, n, looks->confidence);
	p->ratio = (struct estimate){ exp(e.value), exp(e.low), exp(e.high), n };
	p->p = fmin(1, (double)looks->n * paired_p(logs, n));
}

static bool is_enough(const struct duel *d)
{
	const struct estimate *r = &d->pair.ratio;

	return r->high < d->opt->below || r->low >= d->opt->from ||
	       log(r->high) - log(r->low) <= 2 * d->opt->half_width;
}

static bool time_is_up(const struct duel *d)
{
	uint64_t spent_ns = clock_now_ns() - d->started_ns;

	return spent_ns >= d->opt->budget_ns &&
	       (d->pair.walls_old.n >= d->opt->least || spent_ns >= 2 * d->opt->budget_ns);
}

static void show_progress(const struct duel *d)
{
	double share = (double)(clock_now_ns() - d->started_ns) / (double)d->opt->budget_ns;
	char text[64];

	snprintf(text, sizeof(text), "pair %zu", d->tried + 1);
	progress_step((size_t)(1000 * fmin(share, 1)), text);
}

static struct error *run_pairs(struct duel *d)
{
	size_t next = d->looks.first;

	while (d->pair.walls_old.n < PAIRS_MAX && !time_is_up(d)) {
		struct error *err;

		show_progress(d);
		err = interrupt_pending() ? interrupt_error() : run_pair(d);
		if (err)
			return err;
		if (d->pair.walls_old.n < next)
			continue;
		next = looks_next(next);
		look(&d->pair, &d->looks);
		if (is_enough(d))
			break;
	}
	look(&d->pair, &d->looks);
	d->pair.steal_share = d->tried ? d->steal_sum / (double)d->tried : 0;
	return NULL;
}

struct error *pair_run(const struct target *old, const struct target *new,
		       const struct workload *workload, const struct pair_options *opt,
		       struct pair *ret)
{
	CLEANUP(duel_clear) struct duel d = { .workload = workload, .opt = opt };
	CLEANUP(end_progress) const int progress = 0;
	struct error *err;

	(void)progress;
	d.looks = looks_plan(opt->least, PAIRS_MAX, opt->confidence);
	d.sides[0] = (struct side){ old, &d.pair.walls_old };
	d.sides[1] = (struct side){ new, &d.pair.walls_new };
	d.pair.seed = opt->seed ? opt->seed : clock_now_ns();
	d.rng.state = d.pair.seed;
	d.started_ns = clock_now_ns();
	progress_start("pairs", 1000);
	err = warm_up(&d);
	err = err ? err : run_pairs(&d);
	if (err)
		return err;
	*ret = d.pair;
	d.pair = (struct pair){ 0 };
	return NULL;
}
