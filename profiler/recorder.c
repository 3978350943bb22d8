#include "profiler/recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/stats.h"

#define RETURN_ADDRESS 8 /* bytes that a return takes from the stack */

#define LOCK_NS    600  /* that marking one costs, about */
#define LOCKS_COST 0.02 /* of the time, that marking locks may take, */
#define LOCKS_FEW  4000 /* unless they are so few */
#define LOCKS_MAX  1000 /* of those that come later it is not known that they are held */

struct held_lock {
	uint32_t lock; /* index */
	unsigned depth;
	bool in_call; /* it was taken within the call under way */
	bool over;    /* a call ended within it: not taken for a call */
};

struct recorder_thread {
	UT_hash_handle hh;
	pid_t tid;
	bool called; /* at least once */
	struct {
		VEC_FIELDS(uint64_t);
	} frames; /* stack pointers at entry of the calls under way, outermost first */
	uint64_t start_ns;
	uint64_t gap_cpu_ns, gap_wait_ns;
	struct recorder_segments gap;      /* since the last call */
	struct recorder_segments segments; /* of the call under way */
	struct {
		VEC_FIELDS(struct held_lock);
	} held; /* in the order in which they were taken */
};

static struct recorder_thread *thread_of(struct recorder *r, pid_t tid)
{
	struct recorder_thread *th;

	HASH_FIND_INT(r->by_tid, &tid, th);
	if (th)
		return th;
	th = xcalloc(1, sizeof(*th));
	th->tid = tid;
	HASH_ADD_INT(r->by_tid, tid, th);
	return th;
}

static void thread_free(struct recorder *r, struct recorder_thread *th)
{
	HASH_DEL(r->by_tid, th);
	vec_clear(&th->frames);
	vec_clear(&th->gap);
	vec_clear(&th->segments);
	vec_clear(&th->held);
	free(th);
}

/* --- segments --------------------------------------------------------------------------------- */

static bool alike(const struct recorder_segment *a, const struct recorder_segment *b)
{
	return a->doing == b->doing && a->site == b->site && a->lock == b->lock;
}

/* Put like segments of each window together; the order within a window is that of first appearance. */
static void merge_windows(struct recorder_segments *s, size_t window)
{
	size_t kept = 0;

	for (size_t from = 0; from < s->n; from += window) {
		size_t end = from + window < s->n ? from + window : s->n, first = kept;

		for (size_t i = from; i < end; i++) {
			size_t at = first;

			while (at < kept && !alike(&s->items[at], &s->items[i]))
				at++;
			if (at < kept)
				s->items[at].ns += s->items[i].ns;
			else
				s->items[kept++] = s->items[i];
		}
	}
	s->n = kept;
}

static void add_segment(struct recorder_segments *s, struct recorder_segment segment)
{
	if (s->n && alike(&s->items[s->n - 1], &segment)) {
		s->items[s->n - 1].ns += segment.ns;
		return;
	}
	if (s->n >= RECORDING_SEGMENTS) {
		for (size_t window = 4; s->n > RECORDING_SEGMENTS / 2 && window < 2 * s->n;
		     window *= 2)
			merge_windows(s, window);
	}
	vec_push(s, segment);
}

/* --- locks ------------------------------------------------------------------------------------ */

static bool same_lock(const struct lock_id *a, const struct lock_id *b)
{
	return a->file == b->file && a->device == b->device && a->object == b->object;
}

/* LOCKS_MAX: there are too many. */
static uint32_t index_of(struct recorder *r, const struct lock_id *id)
{
	for (size_t i = 0; i < r->locks.n; i++) {
		const struct lock_id *known = &r->locks.items[i].id;

		if (same_lock(known, id) && known->first == id->first)
			return (uint32_t)i;
	}
	if (r->locks.n == LOCKS_MAX)
		return LOCKS_MAX;
	vec_push(&r->locks, ((struct recorder_lock){ .id = *id }));
	return (uint32_t)r->locks.n - 1;
}

void recorder_lock(struct recorder *r, pid_t tid, const struct lock_id *lock)
{
	struct recorder_thread *th = thread_of(r, tid);
	uint32_t index = index_of(r, lock);

	r->lock_events += !lock->file;
	if (index == LOCKS_MAX || r->locks_stopped)
		return;
	vec_each (&th->held, held) {
		if (held->lock == index) { /* a file's is held once, however often it is taken */
			held->depth += !lock->file;
			return;
		}
	}
	r->locks.items[index].holds++;
	vec_push(&th->held,
		 ((struct held_lock){ .lock = index, .depth = 1, .in_call = th->frames.n }));
}

void recorder_unlock(struct recorder *r, pid_t tid, const struct lock_id *lock)
{
	struct recorder_thread *th = thread_of(r, tid);
	size_t kept = 0;

	r->lock_events += !lock->file;
	for (size_t i = 0; i < th->held.n; i++) {
		struct held_lock held = th->held.items[i];
		const struct lock_id *id = &r->locks.items[held.lock].id;

		if (same_lock(id, lock) && id->first >= lock->first && id->first <= lock->last)
			held.depth--;
		if (held.depth)
			th->held.items[kept++] = held;
	}
	th->held.n = kept;
}

bool recorder_locks_cost(const struct recorder *r, uint64_t passed_ns)
{
	return !r->locks_stopped && r->lock_events > LOCKS_FEW &&
	       (double)(r->lock_events * LOCK_NS) > LOCKS_COST * (double)passed_ns;
}

void recorder_stop_locks(struct recorder *r)
{
	r->locks_stopped = true;
	for (struct recorder_thread *th = r->by_tid; th; th = th->hh.next)
		th->held.n = 0;
}

/* The outermost one that is held for a call: 1 + its index, or 0. */
static uint32_t lock_of(const struct recorder_thread *th)
{
	vec_each (&th->held, held) {
		if (!held->over)
			return held->lock + 1;
	}
	return 0;
}

/* A call ends. */
static void leave_locks(struct recorder_thread *th)
{
	vec_each (&th->held, held) {
		held->over = held->over || !held->in_call;
		held->in_call = false;
	}
}

/* --- sums ------------------------------------------------------------------------------------- */

static uint64_t *part_of(struct recorder_sums *sums, enum settle_part part, uint32_t site)
{
	if (part == SETTLE_CPU)
		return &sums->cpu_ns;
	if (part == SETTLE_QUEUE)
		return &sums->queue_ns;
	if (part == SETTLE_UNKNOWN || !site)
		return &sums->unknown_ns;
	while (sums->wait_ns.n <= site)
		vec_push(&sums->wait_ns, 0);
	return &sums->wait_ns.items[site];
}

static void add_to(struct recorder_sums *sums, enum doing doing, uint32_t site, uint64_t ns)
{
	const enum settle_part parts[] = { [DOING_CPU] = SETTLE_CPU,
					   [DOING_QUEUE] = SETTLE_QUEUE,
					   [DOING_WAIT] = SETTLE_WAIT,
					   [DOING_UNKNOWN] = SETTLE_UNKNOWN };

	*part_of(sums, parts[doing], site) += ns;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

static void move_part(struct recorder_sums *sums, enum settle_part from, enum settle_part to,
		      uint32_t site, uint64_t ns)
{
	*part_of(sums, from, site) -= ns;
	*part_of(sums, to, site) += ns;
}

void recorder_settle(struct recorder *r, enum settle_part from, enum settle_part to, uint32_t site,
		     uint64_t ns)
{
	enum settle_part by = to == SETTLE_WAIT ? to : from;
	uint64_t in_ns = *part_of(&r->inside, by, site), out_ns = *part_of(&r->outside, by, site);
	uint64_t most_in_ns = *part_of(&r->inside, from, site);
	uint64_t most_out_ns = *part_of(&r->outside, from, site);
	double out_share = in_ns ? (double)out_ns / ((double)in_ns + (double)out_ns) : 1;
	uint64_t out = at_most((uint64_t)(out_share * (double)ns), most_out_ns);
	uint64_t in = at_most(ns - at_most(out, ns), most_in_ns);

	move_part(&r->inside, from, to, site, in);
	move_part(&r->outside, from, to, site, at_most(ns - in, most_out_ns));
}

static void add_to_gap(struct recorder_thread *th, struct recorder_segment segment)
{
	if (segment.doing == DOING_QUEUE)
		return;
	*(segment.doing == DOING_CPU ? &th->gap_cpu_ns : &th->gap_wait_ns) += segment.ns;
	segment.site = segment.doing == DOING_WAIT ? segment.site : 0;
	add_segment(&th->gap, segment);
}

void recorder_stretch(struct recorder *r, pid_t tid, enum doing doing, uint32_t site, uint64_t ns)
{
	struct recorder_thread *th = thread_of(r, tid);
	bool in = th->frames.n;
	uint32_t lock = in ? lock_of(th) : 0;

	if (!ns)
		return;
	add_to(in ? &r->inside : &r->outside, doing, site, ns);
	if (!in) {
		add_to_gap(th, (struct recorder_segment){ doing, site, 0, ns });
		return;
	}
	if (doing != DOING_QUEUE) {
		r->locks_watched_ns += r->locks_stopped ? 0 : ns;
		if (lock)
			r->locks.items[lock - 1].held_ns += ns;
	}
	add_segment(&th->segments,
		    (struct recorder_segment){ doing, doing == DOING_WAIT ? site : 0, lock, ns });
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Of the calls kept, only every second one stays. */
static void thin(struct recorder *r)
{
	size_t kept = 0, segments = 0;

	for (size_t i = 0; i < r->calls.n; i += 2) {
		struct recorded_call call = r->calls.items[i];

		memmove(r->segments.items + segments, r->segments.items + call.first - call.gap_n,
			(call.gap_n + call.n) * sizeof(*r->segments.items));
		call.first = segments + call.gap_n;
		segments += call.gap_n + call.n;
		r->calls.items[kept++] = call;
	}
	r->calls.n = kept;
	r->segments.n = segments;
	r->stride *= 2;
}

static void keep(struct recorder *r, const struct recorder_thread *th, uint64_t now_ns)
{
	struct recorded_call call = { .start_ns = th->start_ns,
				      .wall_ns = now_ns - th->start_ns,
				      .gap_cpu_ns = th->gap_cpu_ns,
				      .gap_wait_ns = th->gap_wait_ns,
				      .first = r->segments.n + th->gap.n,
				      .n = th->segments.n,
				      .gap_n = th->gap.n,
				      .tid = th->tid };

	r->stride = r->stride ? r->stride : 1;
	if ((r->total - 1) % r->stride)
		return;
	vec_each (&th->gap, segment)
		vec_push(&r->segments, *segment);
	vec_each (&th->segments, segment)
		vec_push(&r->segments, *segment);
	vec_push(&r->calls, call);
	if (r->calls.n > RECORDING_CALLS)
		thin(r);
}

/* The outermost call is over. */
static void close_call(struct recorder *r, struct recorder_thread *th, uint64_t now_ns)
{
	r->open--;
	r->total++;
	r->inside_ns += now_ns - th->start_ns;
	r->last_ns = now_ns;
	keep(r, th, now_ns);
	leave_locks(th);
	th->gap_cpu_ns = th->gap_wait_ns = 0;
	th->gap.n = 0;
	th->segments.n = 0;
}

/* Calls that lie deeper than the stack reaches now are gone. */
static void drop_abandoned(struct recorder *r, struct recorder_thread *th, uint64_t stack_pointer,
			   uint64_t now_ns)
{
	while (th->frames.n && th->frames.items[th->frames.n - 1] <= stack_pointer) {
		r->abandoned++;
		if (!--th->frames.n)
			close_call(r, th, now_ns);
	}
}

void recorder_enter(struct recorder *r, pid_t tid, uint64_t stack_pointer, uint64_t now_ns)
{
	struct recorder_thread *th = thread_of(r, tid);

	drop_abandoned(r, th, stack_pointer, now_ns);
	if (th->frames.n) {
		r->nested++;
	} else {
		th->start_ns = now_ns;
		r->threads += !th->called;
		th->called = true;
		r->first_ns = r->first_ns ? r->first_ns : now_ns;
		r->open++;
		r->at_once = r->open > r->at_once ? r->open : r->at_once;
	}
	vec_push(&th->frames, stack_pointer);
}

void recorder_return(struct recorder *r, pid_t tid, uint64_t stack_pointer, uint64_t now_ns)
{
	struct recorder_thread *th = thread_of(r, tid);
	uint64_t entered = stack_pointer - RETURN_ADDRESS;

	if (!th->frames.n || th->frames.items[0] < entered) /* of a call from before we came */
		return;
	while (th->frames.n && th->frames.items[th->frames.n - 1] < entered) {
		r->abandoned++;
		th->frames.n--;
	}
	if (th->frames.n && !--th->frames.n)
		close_call(r, th, now_ns);
}

void recorder_exit(struct recorder *r, pid_t tid, uint64_t now_ns)
{
	struct recorder_thread *th;

	HASH_FIND_INT(r->by_tid, &tid, th);
	if (!th)
		return;
	if (th->frames.n) {
		r->unfinished++;
		r->open--;
		r->last_ns = now_ns;
	}
	thread_free(r, th);
}

void recorder_restart(struct recorder *r)
{
	recorder_clear(r);
	*r = (struct recorder){ 0 };
}

/* --- what it comes to ------------------------------------------------------------------------- */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* CPU time is split into user and system as that of the whole program is. */
static struct wait_profile inside_of(const struct recorder *r, const struct sites *sites,
				     const struct wait_profile *all)
{
	uint64_t all_cpu_ns = wait_profile_cpu_ns(all);
	double system_share = all_cpu_ns ? (double)all->system_ns / (double)all_cpu_ns : 0;
	struct wait_profile in = { .runqueue_ns = r->inside.queue_ns,
				   .unknown_ns = r->inside.unknown_ns };

	in.system_ns = (uint64_t)(system_share * (double)r->inside.cpu_ns);
	in.user_ns = r->inside.cpu_ns - in.system_ns;
	for (uint32_t id = 1; id < r->inside.wait_ns.n; id++) {
		struct site_time t = sites_time(sites, id);

		*(t.named ? &in.wait_ns[t.kind] : &in.unknown_ns) += r->inside.wait_ns.items[id];
	}
	in.wall_ns = wait_profile_parts_ns(&in);
	return in;
}

static struct wait_profile outside_of(const struct wait_profile *all, const struct wait_profile *in)
{
	struct wait_profile out = { .user_ns = less(all->user_ns, in->user_ns),
				    .system_ns = less(all->system_ns, in->system_ns),
				    .runqueue_ns = less(all->runqueue_ns, in->runqueue_ns),
				    .unknown_ns = less(all->unknown_ns, in->unknown_ns) };

	for (int k = 0; k < WAIT_KIND_COUNT; k++)
		out.wait_ns[k] = less(all->wait_ns[k], in->wait_ns[k]);
	out.wall_ns = wait_profile_parts_ns(&out);
	return out;
}

static int kind_of(const struct sites *sites, const struct recorder_segment *s)
{
	struct site_time t;

	if (s->doing == DOING_CPU)
		return SEGMENT_CPU;
	if (s->doing == DOING_QUEUE)
		return SEGMENT_QUEUE;
	if (!s->site)
		return SEGMENT_UNKNOWN;
	t = sites_time(sites, s->site);
	return t.named ? (int)t.kind : SEGMENT_UNKNOWN;
}

static void fill_quantiles(struct recording *ret)
{
	double *ns = xcalloc(ret->calls.n + 1, sizeof(*ns));

	for (size_t i = 0; i < ret->calls.n; i++)
		ns[i] = (double)ret->calls.items[i].wall_ns;
	if (ret->calls.n) {
		ret->p5_ns = (uint64_t)stats_quantile(ns, ret->calls.n, 0.05);
		ret->p50_ns = (uint64_t)stats_median(ns, ret->calls.n);
		ret->p95_ns = (uint64_t)stats_quantile(ns, ret->calls.n, 0.95);
	}
	free(ns);
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct recorded_call *)a)->start_ns;
	uint64_t y = ((const struct recorded_call *)b)->start_ns;

	return x < y ? -1 : x > y;
}

/* The first calls that were kept, as many as there is room for. */
static void fill_timeline(struct recording *ret)
{
	size_t segments = 0;

	for (size_t i = 0; i < ret->calls.n && i < TIMELINE_CALLS; i++) {
		const struct recorded_call *call = &ret->calls.items[i];
		struct timed_call timed = { .start_ns = call->start_ns,
					    .end_ns = call->start_ns + call->wall_ns,
					    .tid = call->tid };

		segments += call->n;
		if (segments > TIMELINE_SEGMENTS)
			return;
		for (size_t k = 0; k < call->n; k++)
			vec_push(&timed.segments, ret->segments.items[call->first + k]);
		vec_push(&ret->timeline, timed);
	}
}

/* "mutex 2", or what stat shows of a file. Owned by the caller. */
static char *name_of_lock(const struct lock_id *id, size_t mutexes)
{
	if (!id->file)
		return xasprintf("mutex %zu", mutexes);
	return xasprintf("file lock on inode %" PRIu64 " of device %u:%u", id->object,
			 id->device >> 20, id->device & 0xfffff);
}

/* Those that were held within calls, under new numbers; of a segment only when all of them were seen. */
static void fill_locks(const struct recorder *r, struct recording *ret)
{
	size_t number[LOCKS_MAX + 1] = { 0 };
	size_t mutexes = 0;

	for (size_t i = 0; i < r->locks.n; i++) {
		const struct recorder_lock *lock = &r->locks.items[i];

		if (!lock->held_ns)
			continue;
		mutexes += !lock->id.file;
		vec_push(&ret->locks,
			 ((struct recorded_lock){ .name = name_of_lock(&lock->id, mutexes),
						  .file = lock->id.file,
						  .holds = lock->holds,
						  .held_ns = lock->held_ns }));
		number[i + 1] = ret->locks.n;
	}
	ret->locks_watched_ns = r->locks_stopped ? r->locks_watched_ns : 0;
	vec_each (&ret->segments, segment)
		segment->lock = r->locks_stopped ? 0 : number[segment->lock];
}

/* What is left of a call without its time in the run-queue. */
static void leave_out_queue(struct recording *ret)
{
	struct segments own = { 0 };

	vec_each (&ret->calls, call) {
		size_t first = own.n + call->gap_n;

		for (size_t i = call->first - call->gap_n; i < call->first; i++)
			vec_push(&own, ret->segments.items[i]);
		for (size_t i = call->first; i < call->first + call->n; i++) {
			const struct segment *s = &ret->segments.items[i];

			if (s->kind == SEGMENT_QUEUE)
				continue;
			if (own.n > first && own.items[own.n - 1].kind == s->kind &&
			    own.items[own.n - 1].lock == s->lock)
				own.items[own.n - 1].ns += s->ns;
			else
				vec_push(&own, *s);
		}
		call->first = first;
		call->n = own.n - first;
	}
	vec_clear(&ret->segments);
	ret->segments = own;
}

void recorder_fill(const struct recorder *r, const struct sites *sites,
		   const struct wait_profile *all, uint64_t start_ns, uint64_t end_ns,
		   struct recording *ret)
{
	ret->elapsed_ns = less(end_ns, start_ns);
	ret->total = r->total;
	ret->nested = r->nested;
	ret->abandoned = r->abandoned;
	ret->unfinished = r->unfinished;
	ret->at_once = r->at_once;
	ret->threads = r->threads;
	ret->inside = inside_of(r, sites, all);
	ret->outside = outside_of(all, &ret->inside);
	ret->before_ns = r->first_ns ? less(r->first_ns, start_ns) : ret->elapsed_ns;
	ret->after_ns = r->last_ns ? less(end_ns, r->last_ns) : 0;
	vec_each (&r->segments, segment)
		vec_push(&ret->segments,
			 ((struct segment){ kind_of(sites, segment), segment->ns, segment->lock }));
	vec_each (&r->calls, call) {
		vec_push(&ret->calls, *call);
		ret->calls.items[ret->calls.n - 1].start_ns = less(call->start_ns, start_ns);
	}
	fill_locks(r, ret);
	fill_quantiles(ret);
	if (ret->calls.n)
		qsort(ret->calls.items, ret->calls.n, sizeof(*ret->calls.items), by_start);
	fill_timeline(ret);
	leave_out_queue(ret);
	recording_judge_gaps(ret);
}

void recorder_clear(struct recorder *r)
{
	struct recorder_thread *th, *next;

	HASH_ITER (hh, r->by_tid, th, next)
		thread_free(r, th);
	vec_clear(&r->inside.wait_ns);
	vec_clear(&r->outside.wait_ns);
	vec_clear(&r->calls);
	vec_clear(&r->segments);
	vec_clear(&r->locks);
	*r = (struct recorder){ 0 };
}
