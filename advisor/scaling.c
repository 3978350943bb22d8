#include "advisor/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/usl.h"
#include "base/alloc.h"
#include "base/cleanup.h"

#define RESAMPLES   200
#define POINTS_MAX  32
#define WORKERS_MAX 4096
#define REACHED     0.85 /* of a bound: it is what bounds */
#define INFLATED                                                                                   \
	1.15 /* CPU time of a task over that of a task alone: cores get in each other's way */

/* The entries of one model, by workers. */
struct curve {
	enum model model;
	const struct race_entry *entry[POINTS_MAX];
	double fed[POINTS_MAX]; /* workers that the cores can feed */
	size_t n;
	double cores; /* that the model can use here */
	double demand;
	size_t rounds;
	int sizes;
};

static double cores_of(const struct run *run)
{
	return run->machine.cores > 0 ? run->machine.cores : 1;
}

static double usable_cores(enum model model, double cores)
{
	return model == MODEL_ASYNC ? 1 : cores;
}

static double fed(double workers, double cores, double demand)
{
	return fmax(fmin(workers, cores / demand), 1);
}

/* --- the points --- */

/* CPU time of a task over the time that a task takes alone, as the base of this entry's ratios. */
static double demand_of(const struct race_entry *e, const struct race_conditions *c)
{
	double base = NAN;

	if (e->walls.n && e->walls.n == e->ratios.n) {
		CLEANUP(cleanup_free) double *bases = xcalloc(e->walls.n, sizeof(*bases));

		for (size_t i = 0; i < e->walls.n; i++)
			bases[i] = e->walls.items[i] * e->ratios.items[i];
		base = stats_median(bases, e->walls.n) / (double)c->tasks;
	}
	return base > 0 && c->tasks ? e->cpu_ns_per_task / base : NAN;
}

static int compare_workers(const void *va, const void *vb)
{
	const struct race_entry *const *a = va, *const *b = vb;

	return ((*a)->workers > (*b)->workers) - ((*a)->workers < (*b)->workers);
}

static void find_curve(const struct advice *a, enum model model, struct curve *c)
{
	double top = 0;

	*c = (struct curve){ .model = model, .demand = NAN };
	c->cores = usable_cores(model, cores_of(a->run));
	vec_each (&a->run->race, e) {
		double demand;

		if (e->model != model || e->outcome != OUTCOME_OK || !e->ratios.n ||
		    !(e->speedup.value > 0) || e->workers < 1 || c->n == POINTS_MAX)
			continue;
		demand = demand_of(e, &a->run->race.conditions);
		c->entry[c->n++] = e;
		if (demand > 0) /* the least: what grows with the workers is a loss */
			c->demand = fmin(isnan(c->demand) ? demand : c->demand, demand);
		c->rounds = c->n == 1 || e->ratios.n < c->rounds ? e->ratios.n : c->rounds;
	}
	if (c->n)
		qsort(c->entry, c->n, sizeof(*c->entry), compare_workers);
	if (isnan(c->demand) && a->shares.known)
		c->demand = a->shares.cpu;
	c->demand = fmin(fmax(c->demand, 1e-4), 1);
	for (size_t i = 0; i < c->n; i++) {
		c->fed[i] = fed(c->entry[i]->workers, c->cores, c->demand);
		c->sizes += c->fed[i] > 1.05 * fmax(top, 1);
		top = fmax(top, c->fed[i]);
	}
}

/* --- the fit --- */

static double resampled_median(const struct samples *ratios, const size_t *picks, struct rng *rng)
{
	CLEANUP(cleanup_free) double *x = xcalloc(ratios->n, sizeof(*x));

	for (size_t i = 0; i < ratios->n; i++)
		x[i] = ratios->items[picks ? picks[i] : (size_t)rng_below(rng, ratios->n)];
	return stats_median(x, ratios->n);
}

/* The same rounds for all entries that were in all of them: what moves one round moves its entries. */
static struct usl fit_resampled(const struct curve *c, enum usl_loss loss, struct rng *rng)
{
	size_t n = c->entry[0]->ratios.n;
	CLEANUP(cleanup_free) size_t *picks = xcalloc(n, sizeof(*picks));
	double speedup[POINTS_MAX];

	for (size_t i = 0; i < n; i++)
		picks[i] = (size_t)rng_below(rng, n);
	for (size_t i = 0; i < c->n; i++) {
		const struct samples *r = &c->entry[i]->ratios;

		speedup[i] = resampled_median(r, r->n == n ? picks : NULL, rng);
	}
	return usl_fit(c->fed, speedup, c->n, loss);
}

static struct usl fit_all(const struct curve *c, enum usl_loss loss)
{
	double speedup[POINTS_MAX];

	for (size_t i = 0; i < c->n; i++)
		speedup[i] = c->entry[i]->speedup.value;
	return usl_fit(c->fed, speedup, c->n, loss);
}

struct fits { /* the first is of all rounds, the others of resampled ones */
	struct usl low[1 + RESAMPLES], high[1 + RESAMPLES];
};

static struct fits *find_fits(const struct curve *c)
{
	struct fits *f = xcalloc(1, sizeof(*f));
	bool one = c->sizes < 2;
	struct rng rng = { 1 };

	f->low[0] = fit_all(c, one ? USL_COHERENCE : USL_BOTH);
	f->high[0] = one ? fit_all(c, USL_CONTENTION) : f->low[0];
	for (int i = 1; i <= RESAMPLES; i++) {
		struct rng same = rng;

		f->low[i] = fit_resampled(c, one ? USL_COHERENCE : USL_BOTH, &rng);
		f->high[i] = one ? fit_resampled(c, USL_CONTENTION, &same) : f->low[i];
	}
	return f;
}

/* 95 % of the resampled values of either attribution; the value is that of all rounds, if one. */
static struct estimate band(double x0, double y0, const double *x, const double *y, bool one_loss,
			    size_t rounds)
{
	double low = fmin(stats_quantile(x, RESAMPLES, 0.025), stats_quantile(y, RESAMPLES, 0.025));
	double high =
		fmax(stats_quantile(x, RESAMPLES, 0.975), stats_quantile(y, RESAMPLES, 0.975));

	return (struct estimate){
		.value = one_loss ? NAN : x0,
		.low = fmin(low, fmin(x0, y0)),
		.high = fmax(high, fmax(x0, y0)),
		.n = rounds,
	};
}

static struct estimate speedup_band(const struct curve *c, const struct fits *f, double n)
{
	double low[RESAMPLES], high[RESAMPLES];

	for (int i = 0; i < RESAMPLES; i++) {
		low[i] = usl_most(f->low[1 + i], n);
		high[i] = usl_most(f->high[1 + i], n);
	}
	return band(usl_most(f->low[0], n), usl_most(f->high[0], n), low, high, c->sizes < 2,
		    c->rounds);
}

static struct estimate loss_band(const struct curve *c, const struct fits *f, bool kappa)
{
	double x[RESAMPLES], zero[RESAMPLES] = { 0 };
	const struct usl *all = kappa ? f->low : f->high;
	double x0 = kappa ? all[0].kappa : all[0].sigma;

	for (int i = 0; i < RESAMPLES; i++)
		x[i] = kappa ? all[1 + i].kappa : all[1 + i].sigma;
	if (c->sizes < 2)
		return band(0, x0, zero, x, true, c->rounds);
	return band(x0, x0, x, x, false, c->rounds);
}

/* --- how many workers --- */

/* The fewest workers up to `most` whose speedup is within the margin of the best of them. */
static int knee_of(const struct curve *c, struct usl u, int most, double margin)
{
	double best = usl_most(u, fed(most, c->cores, c->demand));

	for (int w = 1; w < most; w++) {
		if (usl_most(u, fed(w, c->cores, c->demand)) >= (1 - margin) * best)
			return w;
	}
	return most;
}

static void find_knee(const struct curve *c, const struct fits *f, double margin, struct scaling *s)
{
	int most = c->entry[c->n - 1]->workers;
	double knees[RESAMPLES], room;

	most = most < WORKERS_MAX ? most : WORKERS_MAX;
	for (int i = 0; i < RESAMPLES; i++)
		knees[i] = knee_of(c, f->high[1 + i], most, margin);
	s->knee = knee_of(c, f->high[0], most, margin);
	s->knee_low = (int)stats_quantile(knees, RESAMPLES, 0.025);
	s->knee_high = (int)ceil(stats_quantile(knees, RESAMPLES, 0.975));
	s->knee_low = s->knee_low < s->knee ? s->knee_low : s->knee;
	s->knee_high = s->knee_high > s->knee ? s->knee_high : s->knee;
	room = usl_most(f->high[0], fed(2.0 * most, c->cores, c->demand));
	s->knee_seen = (1 - margin) * room < usl_most(f->high[0], fed(most, c->cores, c->demand));
}

/* At what was measured both attributions agree; there the law may fall. */
static struct estimate fitted_band(const struct curve *c, const struct fits *f, double n)
{
	double low[RESAMPLES], high[RESAMPLES];

	for (int i = 0; i < RESAMPLES; i++) {
		low[i] = usl_speedup(f->low[1 + i], n);
		high[i] = usl_speedup(f->high[1 + i], n);
	}
	return band(usl_speedup(f->high[0], n), usl_speedup(f->low[0], n), low, high, false,
		    c->rounds);
}

static void find_points(const struct curve *c, const struct fits *f, struct scaling *s)
{
	for (size_t i = 0; i < c->n; i++) {
		struct scaling_point p = { .workers = c->entry[i]->workers };

		p.fit = fitted_band(c, f, c->fed[i]);
		vec_push(&s->curve, p);
	}
}

/* --- what bounds --- */

/* Does a task cost more CPU time the more of them run? */
static bool is_inflated(const struct curve *c)
{
	const struct race_entry *least = c->entry[0], *most = c->entry[0];

	for (size_t i = 1; i < c->n; i++) {
		if (c->entry[i]->cpu_ns_per_task < least->cpu_ns_per_task)
			least = c->entry[i];
		if (c->entry[i]->cpu_ns_per_task > most->cpu_ns_per_task)
			most = c->entry[i];
	}
	return least->cpu_ns_per_task > 0 && most->workers > least->workers &&
	       most->cpu_ns_per_task >= INFLATED * least->cpu_ns_per_task;
}

/* The loss besides the CPU, by the first cause that the figures show. */
static enum bound loss_of(const struct advice *a, const struct curve *c)
{
	const struct shares *s = &a->shares;
	double limiting = advice_limit(a, LIMIT_LIMITING);

	if (s->known && s->kind[WAIT_LOCK] >= limiting)
		return BOUND_LOCK;
	if (c->demand >= 0.5 && is_inflated(c))
		return BOUND_MEMORY;
	if (s->known && s->kind[WAIT_DISK] >= limiting)
		return BOUND_DISK;
	if (s->known && s->overlappable >= limiting)
		return BOUND_PEER;
	return BOUND_UNKNOWN;
}

static enum bound bound_of(const struct advice *a, const struct curve *c, double speedup,
			   double cores)
{
	double tasks = (double)a->run->race.conditions.tasks;
	double cpu = usable_cores(c->model, cores) / c->demand;

	if (speedup >= REACHED * cpu)
		return c->model == MODEL_ASYNC ? BOUND_LOOP : BOUND_CPU;
	if (tasks > 1 && speedup >= REACHED * tasks)
		return BOUND_TASKS;
	return loss_of(a, c);
}

static void project(const struct advice *a, const struct curve *c, const struct fits *f, int cores,
		    struct scaling *s)
{
	double most = fmin(usable_cores(c->model, cores) / c->demand, WORKERS_MAX);
	struct projection p = { .cores = cores };

	p.speedup = speedup_band(c, f, fmax(most, 1));
	p.workers = (int)fmax(ceil(most - 1e-6), 1);
	p.by = bound_of(a, c, p.speedup.low, cores);
	vec_push(&s->projections, p);
}

/* --- all --- */

static const char *why_not(const struct advice *a, const struct curve *c)
{
	if ((double)c->rounds < advice_limit(a, LIMIT_MIN_ROUNDS))
		return "too few clean rounds";
	if (!c->sizes)
		return "its workers never had more than one core's worth of work to share";
	return NULL;
}

static void fit_curve(const struct advice *a, const struct curve *c, const int *cores,
		      size_t cores_n, struct scaling *s)
{
	struct fits *f = find_fits(c);

	s->contention = loss_band(c, f, false);
	s->coherence = loss_band(c, f, true);
	s->one_loss = c->sizes < 2;
	find_knee(c, f, advice_limit(a, LIMIT_EQUIVALENCE), s);
	find_points(c, f, s);
	for (size_t i = 0; i < cores_n; i++)
		project(a, c, f, cores[i], s);
	free(f);
}

static void add_scaling(const struct advice *a, const struct curve *c, const int *cores,
			size_t cores_n, struct scalings *ret)
{
	struct scaling s = { .model = c->model, .demand = c->demand, .sizes = c->sizes };
	const char *why = why_not(a, c);

	for (size_t i = 0; i < c->n; i++)
		s.little = fmax(s.little, c->entry[i]->speedup.value);
	if (a->shares.known && a->shares.cpu > 0)
		s.formula = cores_of(a->run) * (1 + a->shares.overlappable / a->shares.cpu);
	s.by = bound_of(a, c, s.little, cores_of(a->run));
	if (why)
		s.why_not = xstrdup(why);
	else
		fit_curve(a, c, cores, cores_n, &s);
	vec_push(ret, s);
}

void scaling_find(const struct advice *a, const int *cores, size_t cores_n, struct scalings *ret)
{
	struct curve c;

	for (int m = MODEL_SEQUENTIAL + 1; m < MODEL_COUNT; m++) {
		if (a->contenders[m].out)
			continue;
		find_curve(a, m, &c);
		if (c.n)
			add_scaling(a, &c, cores, cores_n, ret);
	}
}
