#include "advisor/usl.h"

#include <cminpack.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define TOLERANCE 1e-7

double usl_speedup(struct usl u, double n)
{
	return n / (1 + u.sigma * (n - 1) + u.kappa * n * (n - 1));
}

double usl_most(struct usl u, double n)
{
	double peak = u.kappa > 0 ? sqrt(fmax(1 - u.sigma, 0) / u.kappa) : INFINITY;

	return usl_speedup(u, fmax(fmin(n, peak), 1));
}

struct points {
	const double *workers, *speedup;
	enum usl_loss loss;
};

/* Squares keep both at 0 or above without a constrained solver. */
static struct usl law_of(const double *x, enum usl_loss loss)
{
	switch (loss) {
	case USL_CONTENTION:
		return (struct usl){ x[0] * x[0], 0 };
	case USL_COHERENCE:
		return (struct usl){ 0, x[0] * x[0] };
	default:
		return (struct usl){ x[0] * x[0], x[1] * x[1] };
	}
}

static int residuals(void *p, int m, int n, const double *x, double *fvec, int flag)
{
	const struct points *points = p;
	struct usl u = law_of(x, points->loss);

	(void)n;
	(void)flag;
	for (int i = 0; i < m; i++)
		fvec[i] = log(usl_speedup(u, points->workers[i])) - log(points->speedup[i]);
	return 0;
}

struct usl usl_fit(const double *workers, const double *speedup, size_t m, enum usl_loss loss)
{
	struct points points = { workers, speedup, loss };
	int n = loss == USL_BOTH && m > 1 ? 2 : 1, pivots[2];
	int room = (int)m * n + 5 * n + (int)m;
	CLEANUP(cleanup_free) double *fvec = xcalloc(m, sizeof(*fvec));
	CLEANUP(cleanup_free) double *work = xcalloc((size_t)room, sizeof(*work));
	double x[2] = { 0.2, 0.05 };

	if (loss == USL_BOTH && n == 1)
		points.loss = USL_CONTENTION;
	lmdif1(residuals, &points, (int)m, n, x, fvec, TOLERANCE, pivots, work, room);
	return law_of(x, points.loss);
}
