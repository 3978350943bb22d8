#include "profiler/field.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define TRIAL_NS         400000000.0 /* a sequential trial is at least about this long */
#define SHORT_NS         200000000.0 /* below it, the tasks are repeated within a trial */
#define JOBS_MAX         50000       /* per trial */
#define TRIALS_IN_BUDGET 60          /* sequential ones that the budget must have room for */
#define PART_NS          700000000.0 /* how long a part takes, if its workers gain all they can */
#define TURNS            2           /* of each worker, at least */
#define PART_MIN         12          /* tasks; fewer do not stand for the others */
#define PART_WORTH       0.75        /* of the field: a larger part saves nothing */

void field_clear(struct field *f)
{
	workload_clear(&f->workload);
	free(f->reference.tasks); /* borrowed, but for the array */
	free(f->numbers);
	*f = (struct field){ 0 };
}

/*
 * n of the tasks, evenly spread, with their part of the reference. From the middle of each stretch: the very first
 * task, which finds nothing cached, would count for many.
 */
static struct field spread(const struct workload *w, const struct trial *reference, size_t n)
{
	struct field f = { .numbers = xcalloc(n, sizeof(*f.numbers)), .scale = 1 };

	for (size_t i = 0; i < n; i++)
		f.numbers[i] = (2 * i + 1) * w->tasks.n / (2 * n);
	f.workload = workload_subset(w, f.numbers, n);
	f.reference.n = n;
	f.reference.tasks = xcalloc(n, sizeof(*f.reference.tasks));
	for (size_t i = 0; i < n; i++) {
		f.reference.tasks[i] = reference->tasks[f.numbers[i]];
		f.reference.wall_ns += reference->tasks[f.numbers[i]].wall_ns;
	}
	return f;
}

/* Whole turns of all workers, so that none idles at the end that would not in the full list. */
static size_t whole_turns(double tasks, size_t workers)
{
	size_t n = (size_t)ceil(tasks - 1e-6);

	if (n < TURNS * workers)
		n = TURNS * workers;
	return n + (workers - n % workers) % workers;
}

struct field field_choose(const struct workload *w, const struct trial *reference,
			  uint64_t budget_ns, int widest)
{
	double share = (double)budget_ns / TRIALS_IN_BUDGET / fmax((double)reference->wall_ns, 1);
	size_t n = reference->n;

	if (share < 1)
		n = whole_turns(share * (double)n, (size_t)widest);
	return spread(w, reference, n < reference->n ? n : reference->n);
}

/* Output files have one name for each task: two runs of a task at the same time would write the same file. */
unsigned field_repeat(const struct field *f)
{
	const struct workload *w = &f->workload;
	double wall_ns = fmax((double)f->reference.wall_ns, 1);
	double most = (double)JOBS_MAX / (double)f->reference.n;

	if (wall_ns >= SHORT_NS || w->outputs.n || workload_names(w, "{out}"))
		return 1;
	/* A power of two: two races of the same job then mostly agree, and can be compared. */
	return (unsigned)fmax(1, fmin(exp2(ceil(log2(TRIAL_NS / wall_ns))), floor(most)));
}

/*
 * How long W workers take for all tasks if each takes as long as in the reference run: every task goes to whoever is done
 * first (list scheduling). The last turn counts: 40 equal tasks need two turns of 24 workers.
 */
static double makespan_ns(const struct trial *reference, int workers)
{
	CLEANUP(cleanup_free)
	uint64_t *done_ns = xcalloc((size_t)workers, sizeof(*done_ns));
	uint64_t last_ns = 0;

	for (size_t i = 0; i < reference->n; i++) {
		int first = 0;

		for (int w = 1; w < workers; w++)
			first = done_ns[w] < done_ns[first] ? w : first;
		done_ns[first] += reference->tasks[i].wall_ns;
		last_ns = done_ns[first] > last_ns ? done_ns[first] : last_ns;
	}
	return (double)last_ns;
}

struct field field_part(const struct field *whole, int workers)
{
	double share = PART_NS * workers / fmax((double)whole->reference.wall_ns, 1);
	size_t n = whole_turns(share * (double)whole->reference.n, (size_t)workers);
	struct field part;

	if (n < PART_MIN)
		n = PART_MIN;
	if ((double)n > PART_WORTH * (double)whole->reference.n)
		return (struct field){ 0 };
	part = spread(&whole->workload, &whole->reference, n);
	for (size_t i = 0; i < n; i++)
		part.numbers[i] = whole->numbers[part.numbers[i]];
	part.scale = makespan_ns(&whole->reference, workers) /
		     fmax(makespan_ns(&part.reference, workers), 1);
	return part;
}
