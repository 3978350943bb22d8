#include "advisor/outlook.h"

#include <math.h>
#include <string.h>

#include "advisor/meanings.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#define WORKERS_MAX 1024 /* more are not advised from an estimate */
#define NEARLY      0.98 /* of a bound: as many workers as that are named */

static double cores_of(const struct run *run)
{
	return run->machine.cores > 0 ? run->machine.cores : 1;
}

/* cores * (1 + wait / compute), rounded up; 0 when nothing is computed */
static int workers_for(double cores, double cpu, double wait)
{
	double n = cpu > 0 ? ceil(cores * (1 + wait / cpu) - 1e-9) : WORKERS_MAX;

	return (int)fmin(fmax(n, 1), WORKERS_MAX);
}

/* --- bounds --- */

static void lower(struct model_bound *b, double speedup, enum bound by)
{
	if (isnan(b->speedup) || speedup < b->speedup) {
		b->speedup = speedup;
		b->by = by;
	}
}

static void add_bound(const struct advice *a, enum model model, struct model_bounds *ret)
{
	const struct shares *s = &a->shares;
	double tasks = (double)a->run->profile.tasks, cores = cores_of(a->run);
	bool loop = model == MODEL_ASYNC;
	struct model_bound b = { .model = model, .speedup = NAN };

	if (loop && s->cpu + s->serial > 1e-3)
		lower(&b, 1 / (s->cpu + s->serial), BOUND_LOOP);
	if (!loop && s->cpu > 1e-3)
		lower(&b, cores / s->cpu, BOUND_CPU);
	if (!loop && s->serial > 1e-3)
		lower(&b, 1 / s->serial,
		      s->kind[WAIT_LOCK] >= s->kind[WAIT_OTHER] ? BOUND_LOCK : BOUND_UNKNOWN);
	if (tasks > 1)
		lower(&b, tasks, BOUND_TASKS);
	if (!isnan(b.speedup))
		b.workers = (int)fmin(fmax(ceil(NEARLY * b.speedup), 1), WORKERS_MAX);
	vec_push(ret, b);
}

void outlook_bounds(const struct advice *a, struct model_bounds *ret)
{
	static const enum model models[] = { MODEL_ASYNC, MODEL_THREADS, MODEL_PROCESSES,
					     MODEL_HYBRID };

	for (size_t i = 0; a->shares.known && i < sizeof(models) / sizeof(*models); i++)
		add_bound(a, models[i], ret);
}

/* --- what is there already --- */

/* The threads' time, divided by what it was for. */
struct spent {
	double wall, cpu, runqueue, elapsed;
	double task, held, idle, unknown; /* waits */
	double busy;                      /* all but idle and unknown */
	bool loop;                        /* an event loop is waited in */
};

static struct spent spent_by(const struct profile *p, const struct meanings *m)
{
	const struct wait_profile *w = &p->waits;
	struct spent s = {
		.wall = (double)w->wall_ns,
		.cpu = (double)wait_profile_cpu_ns(w),
		.runqueue = (double)w->runqueue_ns,
		.elapsed = (double)p->elapsed_ns,
		.task = (double)m->ns[MEANS_TASK],
		.held = (double)m->ns[MEANS_HELD],
		.idle = (double)(m->ns[MEANS_IDLE] + m->ns[MEANS_JOIN] + m->ns[MEANS_LOOP]),
		.unknown = (double)(m->ns[MEANS_UNKNOWN] + w->unknown_ns),
		.loop = m->ns[MEANS_LOOP] > 0,
	};

	s.busy = s.cpu + s.runqueue + s.task + s.held;
	return s;
}

static const char *stated_model(const struct facts *facts)
{
	vec_each (facts, f) {
		if (f->check && !strcmp(f->check, "present-model") && f->effect)
			return f->effect;
	}
	return NULL;
}

/* Several at a time, or an event loop. A shell that waits for one child after another is neither. */
static const char *present_model(const struct run *run, const struct spent *s, double limiting)
{
	const struct profile *p = &run->profile;
	const char *stated = stated_model(&run->facts);
	bool several = s->cpu > 1.1 * s->elapsed || s->busy > 1.1 * s->elapsed;
	bool loop = s->loop && !several && s->idle >= limiting * s->wall;

	if (!several && !loop && p->threads <= p->processes)
		return NULL;
	if (stated && strcmp(stated, "sequential"))
		return stated;
	return loop ? "event-loop" : p->threads > p->processes ? "threads" : "processes";
}

/*
 * What more speed would need. One thread may be idle all the time: the one that accepts, hands out
 * or joins. What is unknown must be too little to matter, or nothing is said.
 */
static enum present_need need_of(const struct advice *a, const struct spent *s)
{
	double limiting = advice_limit(a, LIMIT_LIMITING);
	double mix = 1 - a->table->rows[ROW_COMPUTE].threshold;
	double idle = fmax(s->idle - s->elapsed, 0);
	double cores = s->cpu / s->elapsed / cores_of(a->run);

	if (s->unknown >= limiting * (s->busy + s->unknown) || s->busy <= 0)
		return PRESENT_UNKNOWN;
	if (s->held >= limiting * s->busy)
		return PRESENT_LOCK;
	if (cores >= 1 - mix)
		return PRESENT_CPU;
	if (s->runqueue >= limiting * s->busy)
		return PRESENT_MACHINE;
	if (s->loop || idle >= limiting * (s->busy + idle))
		return PRESENT_WORK;
	return PRESENT_WORKERS;
}

/* The first call that is the program's own. Owned by the caller; NULL: none is known. */
static char *own_call(const struct stack_frames *frames)
{
	for (size_t i = 0; i < frames->n; i++) {
		const struct stack_frame *f = &frames->items[i];
		const char *slash = f->file ? strrchr(f->file, '/') : NULL;

		if (f->object && !strncmp(f->object, "lib", 3))
			continue;
		return f->file ? xasprintf("%s (%s:%d)", f->function, slash ? slash + 1 : f->file,
					   f->line)
			       : xstrdup(f->function);
	}
	return NULL;
}

/* Whatever a thread did when it ended waits for locks. */
static struct wait_waker ended_by(const struct profile *p, const struct wait_waker *thread)
{
	struct wait_waker sum = { .ns = 0 };

	vec_each (&p->wakers, w) {
		if (w->kind == WAIT_LOCK && w->tid == thread->tid) {
			sum.ns += w->ns;
			sum.waits += w->waits;
		}
	}
	return sum;
}

/* Who ended most of the waits for locks, and where. Owned by the caller; NULL: nobody was seen to. */
static char *lock_holder(const struct profile *p)
{
	CLEANUP(cleanup_free) char *where = NULL;
	const struct wait_waker *top = NULL;
	struct wait_waker sum = { .ns = 0 };
	double all = 0;

	vec_each (&p->wakers, w) {
		struct wait_waker ended = ended_by(p, w);

		if (w->kind != WAIT_LOCK || !w->tid)
			continue;
		all += (double)w->ns;
		if (ended.ns > sum.ns) { /* the thread's heaviest call comes first */
			sum = ended;
			top = w;
		}
	}
	if (!top || all <= 0)
		return NULL;
	where = own_call(&top->frames);
	return xasprintf("%s/%d, which ended %.0f %% of the time waited for locks (%llu waits%s%s)",
			 strcmp(top->name, "?") ? top->name : "thread", top->tid,
			 100 * (double)sum.ns / all, (unsigned long long)sum.waits,
			 where ? ", in " : "", where ? where : "");
}

/* One at a time: threads wait for one lock, and together they do no more than one could. */
static bool is_process_wide(const struct spent *s, double limiting)
{
	return s->held >= limiting * s->busy && (s->cpu + s->task) / s->elapsed < 1 + limiting;
}

void outlook_present(const struct advice *a, const struct meanings *m, struct present *ret)
{
	const struct profile *p = &a->run->profile;
	const struct spent s = spent_by(p, m);
	double limiting = advice_limit(a, LIMIT_LIMITING);
	const char *model = s.elapsed > 0 ? present_model(a->run, &s, limiting) : NULL;

	if (!model)
		return;
	*ret = (struct present){
		.concurrent = true,
		.model = xstrdup(model),
		.busy = s.busy / s.elapsed,
		.cores_used = s.cpu / s.elapsed,
		.idle_share = s.wall > 0 ? s.idle / s.wall : 0,
		.lock_share = s.busy > 0 ? s.held / s.busy : 0,
		.needs = need_of(a, &s),
	};
	if (ret->needs == PRESENT_WORKERS)
		ret->workers = workers_for(cores_of(a->run), s.cpu, s.task);
	if (s.held < limiting * s.busy)
		return;
	ret->process_wide = is_process_wide(&s, limiting);
	ret->lock = m->top_held ? own_call(&m->top_held->frames) : NULL;
	ret->holder = lock_holder(p);
}
