#include "advisor/simulate.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/stats.h"
#include "base/strbuf.h"

enum place { /* where a segment is spent */
	     PLACE_CORE,
	     PLACE_LOOP,   /* takes a core as well */
	     PLACE_POOL,   /* takes a core as well */
	     PLACE_STALL,  /* holds the loop, but no core */
	     PLACE_DEVICE, /* the disk */
	     PLACE_SERIAL, /* one after another */
	     PLACE_FREE,
	     PLACE_COUNT,
};

struct step {
	enum place place;
	double ns;
	size_t lock; /* that it needs; 0: none */
};

#define NONE SIZE_MAX

struct strand {      /* the dispatcher, or a worker */
	size_t call; /* position in pick[]; of the dispatcher the one whose gap it is in; NONE */
	size_t next; /* step of the call */
	struct step step;
	size_t lock;           /* that it has */
	struct strand *behind; /* in the queue of a place, or of a lock */
};

struct queue {
	struct strand *first, *last;
};

struct lock {
	bool taken;
	struct queue wanting;
};

struct event {
	double at;
	uint64_t order; /* of equal times: first come, first served */
	struct strand *strand;
};

struct simulation {
	const struct recording *recording;
	const size_t *pick;
	size_t n;
	enum model model;
	const struct simulate_costs *costs;
	double now;
	uint64_t order;
	struct event *heap;
	size_t heap_n;
	int in_use[PLACE_COUNT], room[PLACE_COUNT];
	int cores_used;
	struct queue waiting[PLACE_COUNT];
	struct strand *strands; /* [0] is the dispatcher */
	struct strand *idle;    /* workers, linked by `behind` */
	double device_pace;     /* of a disk that takes 2.5 at once: three, each the longer */
	struct lock *locks;     /* from 1 on */
	size_t often;           /* the lock that is held for `often_share` of CPU time; 0: none */
	double often_share;
	size_t dispatched, taken;
};

/* --- the calendar ----------------------------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void schedule(struct simulation *s, struct strand *strand, double ns)
{
	struct event event = { s->now + ns, s->order++, strand };
	size_t i = s->heap_n++;

	for (; i && before(&event, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = event;
}

static struct event next_event(struct simulation *s)
{
	struct event first = s->heap[0], last = s->heap[--s->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap_n) {
		if (child + 1 < s->heap_n && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

/* --- places ----------------------------------------------------------------------------------- */

static bool takes_core(enum place place)
{
	return place == PLACE_CORE || place == PLACE_LOOP || place == PLACE_POOL;
}

/* A stall stands in the loop's place. */
static enum place held(enum place place)
{
	return place == PLACE_STALL ? PLACE_LOOP : place;
}

static bool has_room(const struct simulation *s, enum place place)
{
	if (takes_core(place) && s->cores_used >= s->costs->cores)
		return false;
	return s->in_use[held(place)] < s->room[held(place)];
}

static double slice_of(const struct step *step)
{
	return takes_core(step->place) && step->ns > QUANTUM_NS ? QUANTUM_NS : step->ns;
}

/* How much longer a slice takes for what the other cores do. */
static double pace(const struct simulation *s)
{
	int cores = s->costs->cores;
	double busy = cores > 1 ? (double)(s->cores_used - 1) / (cores - 1) : 0;

	return 1 + (s->costs->slowdown - 1) * busy;
}

static void occupy(struct simulation *s, struct strand *strand)
{
	enum place place = strand->step.place;

	double ns = slice_of(&strand->step);

	s->in_use[held(place)]++;
	s->cores_used += takes_core(place);
	schedule(s, strand, takes_core(place) ? ns * pace(s) : ns);
}

static void put_in(struct queue *q, struct strand *strand)
{
	strand->behind = NULL;
	if (q->last)
		q->last->behind = strand;
	else
		q->first = strand;
	q->last = strand;
}

/* Whoever waits longest; NULL: nobody. */
static struct strand *take_out(struct queue *q)
{
	struct strand *strand = q->first;

	if (strand)
		q->first = strand->behind;
	q->last = q->first ? q->last : NULL;
	return strand;
}

static void wait_for_place(struct simulation *s, struct strand *strand)
{
	put_in(&s->waiting[held(strand->step.place)], strand);
}

/* Let those in that have room now. Places that need a core take turns. */
static void admit(struct simulation *s)
{
	for (bool any = true; any;) {
		any = false;
		for (int place = 0; place < PLACE_COUNT; place++) {
			struct queue *q = &s->waiting[place];
			struct strand *strand = q->first;

			if (!strand || !has_room(s, strand->step.place))
				continue;
			occupy(s, take_out(q));
			any = true;
		}
	}
}

static void vacate(struct simulation *s, enum place place)
{
	s->in_use[held(place)]--;
	s->cores_used -= takes_core(place);
}

/* --- what a segment is in a model ------------------------------------------------------------- */

static bool has_loop(enum model model)
{
	return model == MODEL_ASYNC || model == MODEL_HYBRID;
}

static enum place place_of_cpu(enum model model, double ns)
{
	if (model == MODEL_ASYNC)
		return PLACE_LOOP;
	if (model == MODEL_HYBRID)
		return ns > LONG_SLICE_NS ? PLACE_POOL : PLACE_LOOP;
	return PLACE_CORE;
}

static enum place place_of_wait(enum model model, int kind)
{
	if (kind < WAIT_KIND_COUNT && wait_kind_overlaps((enum wait_kind)kind) &&
	    kind != WAIT_DISK && kind != WAIT_PAGE_FAULT)
		return PLACE_FREE;
	if (kind == WAIT_PAGE_FAULT || kind >= WAIT_KIND_COUNT ||
	    !wait_kind_overlaps((enum wait_kind)kind)) {
		if (model == MODEL_ASYNC)
			return PLACE_STALL;
	}
	return kind == WAIT_DISK || kind == WAIT_PAGE_FAULT ? PLACE_DEVICE : PLACE_SERIAL;
}

/* Processes have a mutex each. */
static bool in_the_way(const struct simulation *s, size_t lock)
{
	return lock && (s->model != MODEL_PROCESSES || s->recording->locks.items[lock - 1].file);
}

static struct step step_of(const struct simulation *s, const struct segment *segment)
{
	size_t lock = in_the_way(s, segment->lock) ? segment->lock : 0;
	double ns = (double)segment->ns;
	enum place place;

	if (segment->kind == SEGMENT_CPU)
		return (struct step){ place_of_cpu(s->model, ns), ns, lock };
	place = place_of_wait(s->model, segment->kind);
	return (struct step){ place, place == PLACE_DEVICE ? ns * s->device_pace : ns, lock };
}

/* --- strands ---------------------------------------------------------------------------------- */

static void enter(struct simulation *s, struct strand *strand)
{
	if (strand->step.place == PLACE_FREE)
		schedule(s, strand, strand->step.ns);
	else
		wait_for_place(s, strand);
}

static void let_go(struct simulation *s, struct strand *strand)
{
	struct lock *lock = &s->locks[strand->lock];
	struct strand *next;

	if (!strand->lock)
		return;
	next = take_out(&lock->wanting);
	lock->taken = next;
	if (next) {
		next->lock = strand->lock;
		enter(s, next);
	}
	strand->lock = 0;
}

/* On to the next step, once it has the lock for it. */
static void go(struct simulation *s, struct strand *strand)
{
	struct lock *lock = &s->locks[strand->step.lock];

	if (strand->lock != strand->step.lock) {
		let_go(s, strand);
		if (strand->step.lock && lock->taken) {
			put_in(&lock->wanting, strand);
			return;
		}
		strand->lock = strand->step.lock;
		lock->taken = true;
	}
	enter(s, strand);
}

/* The call whose gap counts: what came before the first call of all is done once, not for each. */
static const struct recorded_call *gap_of(const struct recording *r, size_t call)
{
	static const struct recorded_call none;

	return call ? &r->calls.items[call] : &none;
}

/* Segments of a worker's: the call's, and those of the gap before it where that belongs to it. */
struct run_of {
	size_t first, n;
};

static bool gaps_belong(const struct simulation *s)
{
	return s->recording->gaps_repeat && !s->costs->gaps_apart;
}

static struct run_of turn_of(const struct simulation *s, size_t call)
{
	const struct recorded_call *c = &s->recording->calls.items[call];
	size_t gap_n = call && gaps_belong(s) ? c->gap_n : 0;

	return (struct run_of){ c->first - gap_n, c->n + gap_n };
}

/* A lock that is taken very often: one part of the segment with it, the other without. */
static struct step part_of(const struct simulation *s, struct step whole, bool locked)
{
	double share = takes_core(whole.place) ? s->often_share : 0;

	whole.ns *= locked ? share : 1 - share;
	whole.lock = locked ? s->often : 0;
	return whole;
}

/* The next step of a call: what handing it over costs, then its segments. */
static bool next_step(struct simulation *s, struct strand *strand)
{
	size_t parts = s->often ? 2 : 1, i = strand->next++;
	struct run_of turn = turn_of(s, s->pick[strand->call]);
	size_t segment = i ? (i - 1) / parts : 0;

	if (!i) {
		strand->step =
			(struct step){ place_of_cpu(s->model, 0), s->costs->call_ns[s->model], 0 };
		return true;
	}
	if (segment >= turn.n)
		return false;
	strand->step = step_of(s, &s->recording->segments.items[turn.first + segment]);
	if (s->often)
		strand->step = part_of(s, strand->step, i % 2);
	return true;
}

/* The dispatcher works through its gaps; their CPU time comes first. */
static bool next_gap_step(struct simulation *s, struct strand *dispatcher)
{
	const struct recorded_call *call;

	if (dispatcher->call >= s->n)
		return false;
	call = gap_of(s->recording, gaps_belong(s) ? 0 : s->pick[dispatcher->call]);
	if (dispatcher->next++ == 0)
		dispatcher->step = (struct step){ has_loop(s->model) ? PLACE_LOOP : PLACE_CORE,
						  (double)call->gap_cpu_ns, 0 };
	else
		dispatcher->step = (struct step){ PLACE_FREE, (double)call->gap_wait_ns, 0 };
	return true;
}

static void take_call(struct simulation *s, struct strand *worker)
{
	worker->call = s->taken++;
	worker->next = 0;
	next_step(s, worker);
	go(s, worker);
}

static void dispatch(struct simulation *s)
{
	struct strand *worker = s->idle;

	s->dispatched++;
	if (!worker)
		return;
	s->idle = worker->behind;
	take_call(s, worker);
}

static void advance_dispatcher(struct simulation *s, struct strand *d)
{
	if (d->next == 2) {
		dispatch(s);
		d->call++;
		d->next = 0;
	}
	if (next_gap_step(s, d))
		go(s, d);
}

static void advance_worker(struct simulation *s, struct strand *worker)
{
	while (worker->call != NONE && next_step(s, worker)) {
		if (worker->step.ns > 0) {
			go(s, worker);
			return;
		}
	}
	let_go(s, worker);
	if (s->taken < s->dispatched) {
		take_call(s, worker);
		return;
	}
	worker->behind = s->idle;
	s->idle = worker;
}

static void advance(struct simulation *s, struct strand *strand)
{
	if (strand->step.place != PLACE_FREE) {
		vacate(s, strand->step.place);
		strand->step.ns -= slice_of(&strand->step);
		if (strand->step.ns > 0) {
			wait_for_place(s, strand);
			return;
		}
	}
	if (strand == s->strands)
		advance_dispatcher(s, strand);
	else
		advance_worker(s, strand);
}

static double sequential_ns(const struct recording *r, const size_t *pick, size_t n)
{
	double ns = 0;

	for (size_t i = 0; i < n; i++) {
		const struct recorded_call *call = &r->calls.items[pick[i]];
		const struct recorded_call *gap = gap_of(r, pick[i]);

		ns += (double)(gap->gap_cpu_ns + gap->gap_wait_ns);
		for (size_t k = 0; k < call->n; k++)
			ns += (double)r->segments.items[call->first + k].ns;
	}
	return ns;
}

/* The lock that is held most, of those that were watched for a while. */
static void find_often(struct simulation *s)
{
	const struct recording *r = s->recording;

	for (size_t i = 0; i < r->locks.n && r->locks_watched_ns; i++) {
		double share = (double)r->locks.items[i].held_ns / (double)r->locks_watched_ns;

		if (!in_the_way(s, i + 1) || share <= s->often_share)
			continue;
		s->often = i + 1;
		s->often_share = share < 1 ? share : 1;
	}
}

static void start_workers(struct simulation *s, size_t workers)
{
	for (size_t i = workers; i > 0; i--) {
		s->strands[i].call = NONE;
		s->strands[i].step.place = PLACE_FREE;
		if (s->costs->start_ns[s->model] > 0) {
			schedule(s, &s->strands[i], (double)i * s->costs->start_ns[s->model]);
			continue;
		}
		s->strands[i].behind = s->idle;
		s->idle = &s->strands[i];
	}
}

/* A disk that takes 2.5 at once has room for three. */
static void make_room(struct simulation *s)
{
	double depth = has_loop(s->model) ? s->costs->loop_depth : s->costs->disk_depth;
	bool bounded = depth < INT_MAX;

	s->room[PLACE_CORE] = s->room[PLACE_POOL] = s->costs->cores;
	s->room[PLACE_LOOP] = s->room[PLACE_SERIAL] = 1;
	s->room[PLACE_DEVICE] = bounded ? (int)ceil(depth) : INT_MAX;
	s->device_pace = bounded ? ceil(depth) / depth : 1;
}

double simulate_ns(const struct recording *recording, const size_t *pick, size_t n,
		   enum model model, int workers, const struct simulate_costs *costs)
{
	struct simulation s = {
		.recording = recording, .pick = pick, .n = n, .model = model, .costs = costs
	};
	size_t strands = (size_t)workers + 1;

	if (model == MODEL_SEQUENTIAL || !n)
		return sequential_ns(recording, pick, n);
	make_room(&s);
	s.strands = xcalloc(strands, sizeof(*s.strands));
	s.locks = xcalloc(recording->locks.n + 1, sizeof(*s.locks));
	find_often(&s);
	s.heap = xcalloc(strands + 1, sizeof(*s.heap));
	start_workers(&s, (size_t)workers);
	advance_dispatcher(&s, s.strands);
	for (admit(&s); s.heap_n; admit(&s)) {
		struct event event = next_event(&s);

		s.now = event.at;
		advance(&s, event.strand);
	}
	free(s.strands);
	free(s.locks);
	free(s.heap);
	return s.now;
}

/* --- a race of simulations -------------------------------------------------------------------- */

#define CLIMB         1.03 /* twice the workers that gain less: more are not tried */
#define DISK_MATTERS  0.1  /* of the time in calls */
#define RESAMPLES     100
#define RESAMPLE_MOST 500 /* calls: more make the interval no truer, only dearer */

struct picks {
	size_t *items;
	size_t n;
};

/* How many times as fast as the sequential program, as a whole: what is done once stays as it is,
 * and the calls that were kept stand for all. */
static double speedup(const struct recording *r, const struct picks *picks, enum model model,
		      int workers, const struct simulate_costs *costs)
{
	const struct recorded_call *first = r->calls.items;
	double once_ns = (double)(first->gap_cpu_ns + first->gap_wait_ns + r->after_ns);
	double scale = (double)r->total / (double)picks->n;
	double one_ns = simulate_ns(r, picks->items, picks->n, MODEL_SEQUENTIAL, 1, costs);
	double many_ns = simulate_ns(r, picks->items, picks->n, model, workers, costs);

	return (once_ns + scale * one_ns) / (once_ns + scale * many_ns);
}

static void pick_all(struct picks *picks, size_t calls)
{
	picks->n = calls;
	for (size_t i = 0; i < calls; i++)
		picks->items[i] = i;
}

static void pick_some(struct picks *picks, size_t calls, struct rng *rng)
{
	picks->n = calls < RESAMPLE_MOST ? calls : RESAMPLE_MOST;
	for (size_t i = 0; i < picks->n; i++)
		picks->items[i] = rng_below(rng, calls);
}

/* The bootstrap's spread about its own median, and then the simulator's own error. */
static struct estimate estimate_of(double value, double error, const struct samples *ratios,
				   size_t calls)
{
	double median = stats_median(ratios->items, ratios->n);
	double low = stats_quantile(ratios->items, ratios->n, 0.025);
	double high = stats_quantile(ratios->items, ratios->n, 0.975);

	return (struct estimate){ .value = value,
				  .low = value * low / median * (1 - error),
				  .high = value * high / median * (1 + error),
				  .n = calls };
}

/* How many disk waits are served at once at least. When nobody has tried, and they are much of the calls:
 * one after another. */
static double fewest_for_disk(const struct recording *r, const struct estimate *tried)
{
	double disk_ns =
		(double)(recording_wait_ns(r, WAIT_DISK) + recording_wait_ns(r, WAIT_PAGE_FAULT));

	if (disk_ns < DISK_MATTERS * (double)r->inside.wall_ns)
		return INFINITY;
	return tried->n ? tried->low : 1;
}

static double most_for_disk(double depth, const struct estimate *tried)
{
	return tried->n ? fmax(depth, tried->high) : INFINITY;
}

/* Every entry sees the same resamples, so that their ratios can be compared one by one. */
static struct race_entry entry_of(const struct recording *r, enum model model, int workers,
				  const struct simulate_costs *costs, struct rng rng,
				  struct picks *picks)
{
	struct race_entry e = { .model = model, .workers = workers, .outcome = OUTCOME_OK };
	double error = fmax(costs->error, SIMULATE_ERROR);
	const struct estimate *loop = r->loop_depth.n ? &r->loop_depth : &r->disk_depth;
	struct simulate_costs few = *costs, many = *costs, apart = *costs;
	double value, low, high, calls = (double)r->total;

	apart.gaps_apart = true;
	few.disk_depth = fewest_for_disk(r, &r->disk_depth);
	few.loop_depth = fewest_for_disk(r, loop);
	many.disk_depth = most_for_disk(costs->disk_depth, &r->disk_depth);
	many.loop_depth = most_for_disk(costs->loop_depth, loop);
	pick_all(picks, r->calls.n);
	value = speedup(r, picks, model, workers, costs);
	low = (1 - error) * fmin(speedup(r, picks, model, workers, &few),
				 speedup(r, picks, model, workers, &apart));
	high = (1 + error) * speedup(r, picks, model, workers, &many);
	for (int i = 0; i < RESAMPLES; i++) {
		pick_some(picks, r->calls.n, &rng);
		vec_push(&e.ratios, speedup(r, picks, model, workers, costs));
	}
	e.speedup = estimate_of(value, error, &e.ratios, r->calls.n);
	e.speedup.low = low < e.speedup.low ? low : e.speedup.low;
	e.speedup.high = high > e.speedup.high ? high : e.speedup.high;
	e.cpu_ns_per_task = (double)wait_profile_cpu_ns(&r->inside) / calls + costs->call_ns[model];
	return e;
}

double simulate_speedup(const struct recording *recording, enum model model, int workers,
			const struct simulate_costs *costs)
{
	struct picks picks = { xcalloc(recording->calls.n, sizeof(size_t)), 0 };
	double ret;

	pick_all(&picks, recording->calls.n);
	ret = speedup(recording, &picks, model, workers, costs);
	free(picks.items);
	return ret;
}

void simulate_race(const struct recording *recording, const struct simulate_costs *costs,
		   const int *workers, size_t workers_n, struct rng *rng, struct race *ret)
{
	struct picks picks = { 0 };
	struct rng seed = { rng_next(rng) };

	ret->simulated = true;
	if (recording->at_once > 1) {
		ret->why = xasprintf("%s is called by up to %llu threads at once already: what it "
				     "would gain against one after another says nothing about "
				     "the program as it is",
				     recording->unit, (unsigned long long)recording->at_once);
		return;
	}
	if (!recording->calls.n) {
		ret->why = xstrdup("no call was recorded");
		return;
	}
	picks.items = xreallocarray(NULL, recording->calls.n + RESAMPLE_MOST, sizeof(size_t));
	for (int m = MODEL_SEQUENTIAL + 1; m < MODEL_COUNT; m++) {
		double before = 0;

		for (size_t i = 0; i < workers_n; i++) {
			struct race_entry e =
				entry_of(recording, (enum model)m, workers[i], costs, seed, &picks);

			vec_push(ret, e);
			if (e.speedup.value < CLIMB * before)
				break;
			before = e.speedup.value;
		}
	}
	free(picks.items);
	ret->conditions.tasks = recording->total;
	ret->measured = true;
}
