#include "profiler/timeline.h"

#include <stdlib.h>

#include "base/cleanup.h"

static int by_start(const void *a, const void *b)
{
	const struct race_task *x = a, *y = b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

/* In order of start, each to the worker that has been free longest. */
static void assign(struct race_timeline *timeline, size_t workers)
{
	CLEANUP(cleanup_free) uint64_t *free_ns = xcalloc(workers, sizeof(*free_ns));

	vec_each (timeline, t) {
		size_t best = 0;

		for (size_t w = 1; w < workers; w++)
			if (free_ns[w] < free_ns[best])
				best = w;
		free_ns[best] = t->end_ns;
		t->worker = (int)best;
	}
}

void timeline_take(const struct trial *t, const size_t *numbers, size_t n, int workers,
		   struct race_timeline *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct task_result *task = &t->tasks[i];

		vec_push(ret, ((struct race_task){ task->start_ns, task->start_ns + task->wall_ns,
						   numbers[i % n], 0 }));
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_start);
	if (ret->n > RACE_TIMELINE)
		ret->n = RACE_TIMELINE;
	assign(ret, workers > 0 ? (size_t)workers : 1);
}

void timeline_keep_best(struct race *race)
{
	vec_each (race, e)
		if (e != race_best(race, e->model))
			vec_clear(&e->timeline);
}
