#include "model/race.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

#define MOST 1000 /* samples for an interval: no race has more, a foreign file may */

void race_loop_clear(struct race_loop *loop)
{
	vec_each (&loop->pinned, p) {
		free(p->call);
		free(p->place);
	}
	vec_clear(&loop->pinned);
	*loop = (struct race_loop){ 0 };
}

void race_loop_keep(struct race_loop *kept, struct race_loop *other)
{
	if (other->measured && (!kept->measured || kept->longest_ns < other->longest_ns)) {
		struct race_loop was = *kept;

		*kept = *other;
		*other = was;
	}
	race_loop_clear(other);
}

void race_entry_clear(struct race_entry *e)
{
	race_loop_clear(&e->loop);
	free(e->why);
	free(e->isolation);
	vec_clear(&e->ratios);
	vec_clear(&e->walls);
	vec_clear(&e->timeline);
	*e = (struct race_entry){ 0 };
}

void race_clear(struct race *race)
{
	vec_each (race, e)
		race_entry_clear(e);
	vec_clear(race);
	free(race->why);
	*race = (struct race){ 0 };
}

struct race_entry race_entry_timed(const struct samples *walls)
{
	struct race_entry e = { .model = MODEL_SEQUENTIAL,
				.workers = 1,
				.outcome = OUTCOME_OK,
				.isolation = xstrdup("exec"),
				.speedup = { NAN, NAN, NAN, 0 },
				.cpu_ns_per_task = NAN };

	vec_each (walls, ns)
		vec_push(&e.walls, *ns);
	return e;
}

struct estimate race_entry_wall(const struct race_entry *e)
{
	struct rng rng = { 1 }; /* equal samples give an equal interval */

	if (!e->walls.n)
		return e->wall;
	return stats_bootstrap_median(e->walls.items, e->walls.n < MOST ? e->walls.n : MOST, 0.95,
				      &rng);
}

const struct race_entry *race_best(const struct race *race, enum model model)
{
	const struct race_entry *best = NULL;

	vec_each (race, e) {
		if (e->model != model || e->outcome != OUTCOME_OK || !e->speedup.n ||
		    !isfinite(e->speedup.value))
			continue;
		if (!best || e->speedup.value > best->speedup.value)
			best = e;
	}
	return best;
}
