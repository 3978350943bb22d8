/*
 * usl.h - the Universal Scalability Law, fitted
 *
 *	S(N) = N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * N. J. Gunther, "Guerrilla Capacity Planning", 2007. sigma is contention: work that takes turns;
 * kappa is coherence: work for each pair of workers. S(1) = 1. With kappa = 0 it is Amdahl's law. Pure.
 */
#ifndef ADVISOR_USL_H
#define ADVISOR_USL_H

#include <stddef.h>

struct usl {
	double sigma, kappa; /* both >= 0 */
};

enum usl_loss { USL_BOTH, USL_CONTENTION, USL_COHERENCE }; /* what the fit may use */

double usl_speedup(struct usl u, double n);
/* The highest speedup of 1..n workers; beyond the peak of the law more workers are not used. */
double usl_most(struct usl u, double n);
/* Least squares of the logarithms over m > 0 points with workers[i] >= 1 and speedup[i] > 0. */
struct usl usl_fit(const double *workers, const double *speedup, size_t m, enum usl_loss loss);

#endif
