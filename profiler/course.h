/*
 * course.h - a race while it is going on: its lanes, and one trial of a lane
 *
 * Shared by who takes part (enter.c) and what happens in the rounds (race.c). Invariant: lanes 0 and 1 are the sequential run,
 * twice. Ownership: the course owns its lanes and its field; a lane's pointer is good until the next lane is added.
 */
#ifndef PROFILER_COURSE_H
#define PROFILER_COURSE_H

#include "base/rng.h"
#include "base/vec.h"
#include "profiler/field.h"
#include "profiler/harnesses.h"
#include "profiler/ladder.h"
#include "profiler/race.h"

#define ROUNDS_ENOUGH 6

/*
 * What is timed in a round. The first two are the sequential run, twice: their ratio is the noise.
 * A way that starts its tasks differently has a sequential lane of its own as the base of its
 * ratios, so that a speedup is what concurrency gains and nothing else.
 */
struct lane {
	const struct harness *harness;
	struct field part; /* of the tasks; {0}: all of them */
	size_t base;       /* index of the lane its ratios are formed with */
	bool shown;        /* becomes an entry */
	unsigned runs;     /* trials in a round */
	double round_ns;   /* mean wall time of the round that is going on, for all tasks */
	double round_cpu_ns;
	double cores_used; /* CPU time over wall time, of the warm-up */
	int every;         /* it runs in every so many rounds */
	struct samples round_latencies, latencies, cpu, switches, faults, major_faults;
	struct race_entry entry;
	struct race_timeline round; /* of the round that is going on */
};

struct lanes {
	VEC_FIELDS(struct lane);
};

struct course {
	const struct target *target;
	const struct race_options *opt;
	struct field field;
	struct ladder ladder;
	struct lanes lanes;
	unsigned repeat;
	int cores;
	struct rng rng;
	uint64_t started_ns;
	struct samples noise, startup, ceilings, steals, loads;
	int rounds, dirty_rounds;
	uint64_t leaked_fds, strays, recycled, kept_bytes; /* most of any trial */
};

void course_clear(struct course *c);

bool lane_is_ok(const struct lane *lane);

/* The tasks of a lane's trials. */
const struct field *course_field(const struct course *c, const struct lane *lane);

struct trial_plan course_plan(const struct course *c, const struct lane *lane, unsigned repeat);

/* Runs it and takes the lane out of the race if it did not answer well. */
struct error *course_try(struct course *c, struct lane *lane, unsigned repeat, bool sample,
			 struct trial *ret);

/* Every harness up its ladder, and which lanes take part in every round. */
struct error *course_enter(struct course *c);

#endif
