/*
 * simulate.h - what each model would make of recorded calls: a discrete-event simulation
 *
 * The recorded calls are taken to be independent of one another. What the program did before the
 * first call, between calls and after the last one stays in one place and in order, the dispatcher,
 * which hands each call over as soon as it has come to it; W workers take calls in that order. Where
 * a wait that could overlap lies before each call, a rewrite would hand over the whole turn of the
 * loop: then what lies before a call is part of it, and that it is not is the lower end. A
 * segment of CPU time needs a core; a wait needs what it waits for:
 *
 *	network, pipe, sleep, poll, child   overlap freely
 *	disk, page-fault                    as many at once as the device takes, or the kernel for a loop
 *	lock, other, unknown                one after another: nothing says that they overlap
 *
 * What was done with a lock held needs that lock, whoever has it: by identity, so that one that nobody
 * waited for in the sequential program counts as well. A mutex is each process's own, a file's
 * lock is not. Where locks were watched for a while only, the one that was held most takes its share
 * of each segment of CPU time.
 *
 *	threads, processes   a CPU segment takes any core
 *	async                all CPU segments, and waits that an event loop cannot take, on one loop
 *	hybrid               CPU segments above LONG_SLICE_NS, and such waits, on a pool beside it
 *
 * Workers are started one after another, and each takes calls as soon as it is there.
 *
 * Cores are given to those that wait longest, for QUANTUM_NS at a time. What a model costs for each
 * call, and how much cores slow each other down, comes with the costs; what a wait costs is in the
 * recorded CPU time already. Pure and
 * deterministic: the seed is the caller's.
 */
#ifndef ADVISOR_SIMULATE_H
#define ADVISOR_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "model/concurrency.h"
#include "model/race.h"
#include "model/recording.h"

#define SIMULATE_ERROR 0.08 /* of a speedup, either way: docs/method.md tells from what */
#define LONG_SLICE_NS  50000
#define QUANTUM_NS     4000000

struct simulate_costs { /* of the machine */
	int cores;
	bool gaps_apart; /* what lies between calls stays in order even where it repeats with each */
	double disk_depth; /* disk waits of threads that overlap; may be INFINITY, or not whole */
	double loop_depth; /* those of an event loop, async or hybrid: the kernel may take fewer from it */
	double error; /* of a speedup, either way, as seen on this machine; less than SIMULATE_ERROR is not believed */
	double slowdown; /* of a core when all are busy, 1: none; fewer: in proportion */
	double call_ns[MODEL_COUNT];  /* CPU time to hand a call over and take its result */
	double start_ns[MODEL_COUNT]; /* until one more worker is there, and gone at the end */
};

/*
 * How long the calls pick[0..n) (indices into recording->calls, in order of dispatch) take with the
 * dispatcher's part, without what came before the first call of the program and after the last.
 * workers >= 1; MODEL_SEQUENTIAL has none.
 */
double simulate_ns(const struct recording *recording, const size_t *pick, size_t n,
		   enum model model, int workers, const struct simulate_costs *costs);

/* How many times as fast as the sequential program as a whole. The recording has calls. */
double simulate_speedup(const struct recording *recording, enum model model, int workers,
			const struct simulate_costs *costs);

/*
 * Every model at every number of workers, against the sequential program, as entries of a race that
 * was simulated. Intervals are a bootstrap over the calls (Efron 1979) and SIMULATE_ERROR. Not
 * measured, with the reason, when the calls were not one after another.
 */
void simulate_race(const struct recording *recording, const struct simulate_costs *costs,
		   const int *workers, size_t workers_n, struct rng *rng, struct race *ret);

#endif
