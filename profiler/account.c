#include "profiler/account.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/alloc.h"
#include "profiler/settle.h"

enum thread_state {
	STATE_ABSENT, /* at its gate: not booked yet */
	STATE_RUN,
	STATE_RUNNABLE,
	STATE_BLOCKED,
	STATE_COUNTED, /* any of these: only its totals are known */
	STATE_UNSURE,  /* found runnable when attaching: RUN or RUNNABLE, the next event tells */
};

struct account_thread {
	UT_hash_handle hh;
	pid_t tid, pid;
	enum thread_state state;
	pid_t parent;      /* process; 0: not known */
	bool task;         /* a program that the root started: a call of the tasks' recorder */
	bool hidden;       /* the skipped root */
	bool broken;       /* records were lost during the open stretch */
	uint64_t birth_ns; /* 0: not yet */
	uint64_t since_ns; /* of the open stretch */
	uint32_t site;     /* of the open BLOCKED stretch */
	uint32_t next_site;
	uint64_t stack_ns;            /* when next_site was taken */
	uint64_t waking_ns, woken_ns; /* last */
	pid_t waker_pid, waker_tid;   /* at waking_ns */
	uint32_t waker_dump;
	uint64_t looks; /* that met the open stretch */
	/* polled: */
	uint32_t short_site; /* where looks met its short waits, the last one */
	uint64_t
		short_looks; /* how many of them all met the same kind; UINT64_MAX: several kinds */
	/* sparse: */
	bool next_sparse, site_sparse; /* this site is one of the evenly taken */
	struct mix mix;
	/* between windows: */
	bool has_base;
	struct schedstat base; /* the last totals, and when they were taken */
	uint64_t base_ns;
	/* else: */
	struct settle settle;
	/* all of them: */
	uint64_t missed_ns, missed; /* waits that no look met, or no stack was taken of */
};

static void forget(struct account_thread *th)
{
	mix_clear(&th->mix);
	settle_clear(&th->settle);
	free(th);
}

static struct account_thread *find(const struct account *a, pid_t tid)
{
	struct account_thread *th;

	HASH_FIND_INT(a->by_tid, &tid, th);
	return th;
}

static void begin(struct account *a, struct account_thread *th, enum thread_state state,
		  uint64_t now_ns)
{
	th->state = state;
	th->birth_ns = th->since_ns = now_ns;
	if (th->hidden || state == STATE_ABSENT)
		return;
	if (!a->sums.start_ns || now_ns < a->sums.start_ns)
		a->sums.start_ns = now_ns;
	a->sums.threads++;
	a->sums.processes += th->tid == th->pid;
}

static struct account_thread *add(struct account *a, pid_t pid, pid_t tid, enum thread_state state,
				  uint64_t now_ns)
{
	struct account_thread *th = xcalloc(1, sizeof(*th));

	th->pid = pid;
	th->tid = tid;
	th->hidden = a->skip_root && pid == a->root;
	HASH_ADD_INT(a->by_tid, tid, th);
	begin(a, th, state, now_ns);
	if (a->counting) { /* born just now: the kernel has counted nothing yet */
		th->state = STATE_COUNTED;
		th->has_base = true;
		th->base_ns = now_ns;
	}
	return th;
}

static void note_looks(const struct account *a, struct account_thread *th)
{
	if (th->short_looks == UINT64_MAX)
		return;
	if (th->short_looks &&
	    sites_kind(a->sites, th->short_site) != sites_kind(a->sites, th->site)) {
		th->short_looks = UINT64_MAX;
		return;
	}
	th->short_site = th->site;
	th->short_looks += th->looks;
}

static void book_wait(struct account *a, struct account_thread *th, uint64_t ns)
{
	bool woken = !a->polled && th->woken_ns == th->since_ns; /* it ended in that moment */
	bool brief = a->polled && ns <= SHORT_WAIT_NS;

	if (th->site) {
		sites_add(a->sites, th->site, ns, 1);
		if (brief)
			note_looks(a, th);
		if (th->site_sparse || (a->window_ns && th->since_ns - ns >= a->window_ns))
			mix_add(&th->mix, th->site, ns, 1);
	} else if (brief || a->sparse || a->window_ns) {
		th->missed_ns += ns;
		th->missed++;
	} else {
		a->sums.unknown_ns += ns;
		a->sums.unnamed_waits++;
	}
	settle_wait(&th->settle, th->site, woken, ns);
}

static void book_cpu(struct account *a, struct account_thread *th, uint64_t ns)
{
	a->sums.on_cpu_ns += ns;
	settle_cpu(&th->settle, ns);
}

static void book_queue(struct account *a, struct account_thread *th, uint64_t ns)
{
	a->sums.runqueue_ns += ns;
	settle_runqueue(&th->settle, ns);
}

static void book_missed(struct account *a, const struct account_thread *th)
{
	mix_merge(&a->mix, &th->mix);
	if (mix_apply(&th->mix, a->sites, th->missed_ns, th->missed))
		return;
	if (a->sparse || a->window_ns) { /* account_finish() */
		a->unsampled_ns += th->missed_ns;
		a->unsampled_n += th->missed;
		return;
	}
	if (th->short_looks >= PURE_LOOKS && th->short_looks < UINT64_MAX) {
		sites_add(a->sites, th->short_site, th->missed_ns, th->missed);
		return;
	}
	a->sums.unknown_ns += th->missed_ns;
	a->sums.unnamed_waits += th->missed;
}

/* The calls that are being recorded get it too. */
static void record(const struct account *a, const struct account_thread *th, bool whole,
		   uint64_t ns)
{
	enum doing doing = DOING_QUEUE;

	if (!whole || th->broken || th->state == STATE_COUNTED)
		doing = DOING_UNKNOWN;
	else if (th->state == STATE_RUN)
		doing = DOING_CPU;
	else if (th->state == STATE_BLOCKED)
		doing = DOING_WAIT;
	for (size_t i = 0; i < a->recorders_n; i++)
		recorder_stretch(&a->recorders[i], th->tid, doing, th->site, ns);
	if (a->tasks)
		recorder_stretch(a->tasks, th->tid, doing, th->site, ns);
}

static void book_stretch(struct account *a, struct account_thread *th, bool whole, uint64_t ns)
{
	if (!whole || th->broken || th->state == STATE_COUNTED) {
		a->sums.unknown_ns += ns;
		settle_reset(&th->settle);
	} else if (th->state == STATE_RUN) {
		book_cpu(a, th, ns);
	} else if (th->state == STATE_BLOCKED) {
		book_wait(a, th, ns);
	} else {
		book_queue(a, th, ns);
	}
}

/* End the open stretch at now_ns. `whole`: both its ends were seen. */
static void book(struct account *a, struct account_thread *th, bool whole, uint64_t now_ns)
{
	uint64_t ns = now_ns > th->since_ns ? now_ns - th->since_ns : 0;

	th->since_ns += ns;
	if (th->hidden) {
		a->root_cpu_ns += th->state == STATE_RUN ? ns : 0;
	} else if (th->state == STATE_ABSENT) {
		return;
	} else {
		record(a, th, whole, ns);
		book_stretch(a, th, whole, ns);
	}
	th->broken = false;
	th->looks = 0;
}

#define TASK_STACK 8 /* the stack pointer of a call is what tells it: any will do */

static void begin_task(struct account *a, struct account_thread *th, uint64_t now_ns)
{
	if (!a->tasks || th->task || th->hidden || th->parent != a->root)
		return;
	book(a, th, th->state == STATE_RUN, now_ns);
	th->task = true;
	recorder_enter(a->tasks, th->tid, TASK_STACK, now_ns);
}

static void end_task(struct account *a, const struct account_thread *th)
{
	if (!a->tasks)
		return;
	if (th->task)
		recorder_return(a->tasks, th->tid, TASK_STACK + sizeof(void *), th->since_ns);
	recorder_exit(a->tasks, th->tid, th->since_ns);
}

static void end(struct account *a, struct account_thread *th)
{
	end_task(a, th);
	for (size_t i = 0; i < a->recorders_n; i++)
		recorder_exit(&a->recorders[i], th->tid, th->since_ns);
	if (!th->hidden && th->state != STATE_ABSENT) {
		book_missed(a, th);
		a->sums.wall_ns += th->since_ns - th->birth_ns;
		if (th->since_ns > a->sums.end_ns)
			a->sums.end_ns = th->since_ns;
	}
	HASH_DEL(a->by_tid, th);
	forget(th);
}

static void on_out(struct account *a, struct account_thread *th, const struct event *event)
{
	bool ran = th->state == STATE_RUN || th->state == STATE_UNSURE;
	uint32_t site = th->next_site;

	if (th->state == STATE_UNSURE)
		th->state = STATE_RUN;
	if (th->state == STATE_ABSENT) /* it had not reached its gate when we came */
		return;
	book(a, th, ran, th->stack_ns ? th->stack_ns : event->time_ns);
	th->site_sparse = th->next_sparse;
	th->next_site = 0;
	th->next_sparse = false;
	a->sums.switches += !th->hidden;
	th->state = event->preempted ? STATE_RUNNABLE : STATE_BLOCKED;
	th->site = event->preempted ? 0 : site;
	/* Woken by another CPU while it was still on its way out: it waited for nothing. */
	if (th->stack_ns && th->woken_ns >= th->stack_ns)
		th->state = STATE_RUNNABLE;
	th->stack_ns = 0;
}

static void on_waking(struct account_thread *th, const struct event *event)
{
	/* Wake-ups by the program are reported twice, once with its stack. */
	if (event->waker_tid != th->waker_tid || th->waking_ns < th->since_ns)
		th->waker_dump = 0;
	if (event->waker_dump)
		th->waker_dump = event->waker_dump;
	th->waking_ns = event->time_ns;
	th->waker_pid = event->waker_pid;
	th->waker_tid = event->waker_tid;
}

static void on_woken(struct account *a, struct account_thread *th, uint64_t now_ns)
{
	th->woken_ns = now_ns;
	if (th->state == STATE_UNSURE && a->window_ns) /* what it waited for is not known */
		th->state = STATE_BLOCKED;
	if (th->state != STATE_BLOCKED)
		return;
	if (a->wakers && th->site && !th->hidden && !th->broken && th->waking_ns >= th->since_ns &&
	    now_ns > th->since_ns)
		wakers_add(a->wakers, th->site,
			   (struct waker){ th->waker_pid, th->waker_tid, th->waker_dump },
			   now_ns - th->since_ns);
	book(a, th, true, now_ns);
	th->state = STATE_RUNNABLE;
	th->site = 0;
}

static void on_in(struct account *a, struct account_thread *th, uint64_t now_ns)
{
	if (th->state == STATE_ABSENT) {
		begin(a, th, STATE_RUN, now_ns);
		return;
	}
	if (th->state == STATE_UNSURE)
		th->state = STATE_RUNNABLE;
	if (th->state == STATE_BLOCKED && th->waking_ns > th->since_ns) /* WOKEN is missing */
		on_woken(a, th, th->waking_ns);
	book(a, th, th->state != STATE_RUN, now_ns);
	settle_run(&th->settle);
	th->state = STATE_RUN;
	th->site = 0;
}

/* Whatever the root did before it became the program to be measured was ours, not the program's. */
static void restart(struct account *a, struct account_thread *th, uint64_t now_ns)
{
	a->sums = (struct account_sums){ 0 };
	sites_zero(a->sites);
	if (a->wakers)
		wakers_zero(a->wakers);
	for (size_t i = 0; i < a->recorders_n; i++)
		recorder_restart(&a->recorders[i]);
	th->missed_ns = th->missed = th->short_looks = 0;
	mix_clear(&th->mix);
	a->check = (struct profile_check){ 0 };
	settle_reset(&th->settle);
	th->broken = false;
	begin(a, th, STATE_RUN, now_ns);
}

/*
 * A thread that calls exec goes on under its process's id once the first thread is gone: an event of
 * an id that is not known, but is a known process's, is this thread's. Returns it, renamed, or NULL.
 */
static struct account_thread *inherit_id(struct account *a, pid_t pid)
{
	struct account_thread *heir = NULL;

	for (struct account_thread *it = a->by_tid; it; it = it->hh.next) {
		if (it->pid == pid && (!heir || it->state == STATE_RUN))
			heir = it;
	}
	if (!heir)
		return NULL;
	HASH_DEL(a->by_tid, heir);
	heir->tid = pid;
	HASH_ADD_INT(a->by_tid, tid, heir);
	return heir;
}

/* A new program has one thread; the process's others are gone. */
static void on_exec(struct account *a, const struct event *event)
{
	struct account_thread *th = find(a, event->tid), *it, *next;

	if (event->tid == a->root && !a->restarted) {
		a->restarted = true;
		if (th && !th->hidden && HASH_COUNT(a->by_tid) == 1) {
			restart(a, th, event->time_ns);
			return;
		}
	}
	if (!th)
		th = inherit_id(a, event->tid);
	if (!th)
		th = add(a, event->pid, event->tid, STATE_RUN, event->time_ns);
	settle_reset(&th->settle);
	begin_task(a, th, event->time_ns);
	HASH_ITER (hh, a->by_tid, it, next) {
		if (it->pid != event->pid || it == th)
			continue;
		book(a, it, it->state != STATE_RUN, event->time_ns);
		end(a, it);
	}
}

static void on_lost(struct account *a, uint64_t lost)
{
	a->lost += lost;
	for (struct account_thread *it = a->by_tid; it; it = it->hh.next) {
		it->broken = true;
		it->next_site = 0;
		it->next_sparse = false;
		it->stack_ns = 0;
		settle_reset(&it->settle);
	}
}

static void on_seed(struct account_thread *th, const struct event *event)
{
	if (th->state != STATE_UNSURE || !event->site) /* its own records have told already */
		return;
	th->state = STATE_BLOCKED;
	th->site = event->site;
}

/* --- between windows --- */

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* The thread ran since the last totals: share out the time since then by what was counted. */
static void book_counted(struct account *a, struct account_thread *th, const struct event *event)
{
	const struct schedstat *now = &event->counted;
	uint64_t wall, on_cpu, runqueue;

	if (th->state == STATE_BLOCKED) /* that long at least */
		book(a, th, true, th->base_ns);
	wall = event->time_ns > th->since_ns ? event->time_ns - th->since_ns : 0;
	on_cpu = at_most(now->on_cpu_ns - th->base.on_cpu_ns, wall);
	runqueue = at_most(now->runqueue_ns - th->base.runqueue_ns, wall - on_cpu);
	if (th->hidden) {
		a->root_cpu_ns += on_cpu;
	} else {
		a->sums.on_cpu_ns += on_cpu;
		a->sums.runqueue_ns += runqueue;
		a->sums.switches += now->runs - th->base.runs;
		th->missed_ns += wall - on_cpu - runqueue;
		th->missed += now->runs - th->base.runs;
	}
	th->since_ns += wall;
	th->state = STATE_COUNTED;
	th->site = 0;
}

struct settling {
	struct account *account;
	struct account_thread *thread;
};

static void move_time(enum settle_part from, enum settle_part to, uint32_t site, uint64_t ns,
		      void *arg)
{
	const struct settling *settling = arg;
	struct account_sums *sums = &settling->account->sums;
	struct account_thread *th = settling->thread;
	uint64_t *const parts[] = { &sums->on_cpu_ns, &sums->runqueue_ns, &sums->unknown_ns,
				    &sums->unknown_ns };
	uint64_t missed_ns = from == SETTLE_WAIT && !site ? at_most(ns, th->missed_ns) : 0;

	if (from == SETTLE_WAIT && site)
		sites_take(settling->account->sites, site, ns);
	else
		*parts[from] -= ns - missed_ns;
	th->missed_ns -= missed_ns;
	if (to == SETTLE_WAIT && site)
		sites_add(settling->account->sites, site, ns, 0);
	else
		*parts[to] += ns;
	for (size_t i = 0; i < settling->account->recorders_n; i++)
		recorder_settle(&settling->account->recorders[i], from, to, site, ns);
	if (settling->account->tasks)
		recorder_settle(settling->account->tasks, from, to, site, ns);
}

/* While it waits its counts stand still: if it does so since before they were read, and still does. */
static void settle(struct account *a, struct account_thread *th, const struct event *event)
{
	struct settling settling = { a, th };

	if (th->hidden || th->broken || th->since_ns > event->read_ns ||
	    (th->state != STATE_BLOCKED && th->state != STATE_RUNNABLE))
		return;
	settle_by(&th->settle, &event->counted, th->state == STATE_RUNNABLE, move_time, &settling,
		  &a->check);
}

static void on_totals(struct account *a, struct account_thread *th, const struct event *event)
{
	const struct schedstat *now = &event->counted;
	bool ran = now->on_cpu_ns != th->base.on_cpu_ns ||
		   now->runqueue_ns != th->base.runqueue_ns || now->runs != th->base.runs;

	if (th->state == STATE_ABSENT)
		return;
	if (!a->counting) {
		settle(a, th, event);
		return;
	}
	if (!th->has_base && th->state == STATE_COUNTED) /* a few us since the window closed */
		book(a, th, false, event->time_ns);
	else if (th->has_base && ran)
		book_counted(a, th, event);
	if (th->state == STATE_COUNTED && event->call_site) {
		th->state = STATE_BLOCKED; /* since it was last seen at least */
		th->site = 0;
	}
	if (th->state == STATE_BLOCKED && !th->site)
		th->site = event->call_site;
	th->has_base = true;
	th->base = *now;
	th->base_ns = event->time_ns;
}

/* It ends between two windows: where it waited is known until the last totals. */
static void book_seen(struct account *a, struct account_thread *th)
{
	if (!a->counting || th->state != STATE_BLOCKED || !th->has_base)
		return;
	book(a, th, true, th->base_ns);
	th->state = STATE_COUNTED;
}

static void on_window(struct account *a, const struct event *event)
{
	a->counting = !event->recorded;
	a->window_ns = event->time_ns;
	for (struct account_thread *th = a->by_tid; th; th = th->hh.next) {
		th->broken = false;
		th->stack_ns = 0;
		settle_reset(&th->settle);
		if (th->state == STATE_COUNTED && event->recorded) {
			th->state = STATE_UNSURE;
		} else if (!event->recorded) {
			th->has_base = false;
			if (th->state == STATE_BLOCKED || th->state == STATE_ABSENT)
				continue;
			book(a, th, th->state != STATE_UNSURE, event->time_ns);
			th->state = STATE_COUNTED;
		}
	}
}

void account_each(const struct account *a, account_thread_fn *fn, void *arg)
{
	for (struct account_thread *th = a->by_tid; th; th = th->hh.next)
		fn(th->pid, th->tid, arg);
}

bool account_knows(const struct account *a, pid_t tid)
{
	return find(a, tid);
}

bool account_follows(const struct account *a, const struct event *event)
{
	if (event->type == EVENT_LOST || event->type == EVENT_WINDOW)
		return true;
	if (event->type == EVENT_FORK)
		return find(a, event->parent_tid);
	if (find(a, event->tid))
		return true;
	for (const struct account_thread *th = a->by_tid; th && event->pid > 0; th = th->hh.next) {
		if (th->pid == event->pid)
			return true;
	}
	return false;
}

/* An event of a thread whose birth was not seen. */
static struct account_thread *adopt(struct account *a, const struct event *event)
{
	struct account_thread *heir = NULL;

	switch (event->type) {
	case EVENT_IN:
	case EVENT_STACK:
	case EVENT_OUT:
		if (event->tid == event->pid)
			heir = inherit_id(a, event->pid);
		return heir ? heir : add(a, event->pid, event->tid, STATE_UNSURE, event->time_ns);
	default:
		return NULL;
	}
}

/* Whoever calls or returns is on the CPU; its stretch is cut here. */
static void on_probe(struct account *a, struct account_thread *th, const struct event *event)
{
	struct recorder *r;

	if (event->probe >= a->recorders_n || th->hidden || th->state == STATE_ABSENT)
		return;
	r = &a->recorders[event->probe];
	if (th->state == STATE_UNSURE)
		th->state = STATE_RUN;
	if (th->state != STATE_RUN)
		on_in(a, th, event->time_ns);
	book(a, th, true, event->time_ns);
	if (event->type == EVENT_ENTER)
		recorder_enter(r, th->tid, event->stack_pointer, event->time_ns);
	else
		recorder_return(r, th->tid, event->stack_pointer, event->time_ns);
}

/* Whoever takes or lets go of a lock is on the CPU, and its stretch is cut here, too. */
static void on_lock(struct account *a, struct account_thread *th, const struct event *event)
{
	if (th->hidden || th->state == STATE_ABSENT)
		return;
	if (th->state == STATE_UNSURE)
		th->state = STATE_RUN;
	if (th->state != STATE_RUN)
		on_in(a, th, event->time_ns);
	book(a, th, true, event->time_ns);
	for (size_t i = 0; i < a->recorders_n; i++) {
		if (event->type == EVENT_LOCK)
			recorder_lock(&a->recorders[i], th->tid, &event->lock);
		else
			recorder_unlock(&a->recorders[i], th->tid, &event->lock);
	}
}

static void on_thread_event(struct account *a, struct account_thread *th, const struct event *event)
{
	if (a->counting && event->type != EVENT_TOTALS && event->type != EVENT_EXIT)
		return;
	switch (event->type) {
	case EVENT_TOTALS:
		on_totals(a, th, event);
		break;
	case EVENT_STACK:
		th->next_site = event->site;
		th->next_sparse = th->next_sparse || event->sparse;
		th->stack_ns = event->time_ns;
		break;
	case EVENT_OUT:
		on_out(a, th, event);
		break;
	case EVENT_IN:
		on_in(a, th, event->time_ns);
		break;
	case EVENT_WAKING:
		on_waking(th, event);
		break;
	case EVENT_WOKEN:
		on_woken(a, th, event->time_ns);
		break;
	case EVENT_CALL:
		if (th->state == STATE_BLOCKED && event->time_ns >= th->since_ns) {
			th->site = th->site ? th->site : event->site;
			th->looks++;
		}
		break;
	case EVENT_SEED:
		on_seed(th, event);
		break;
	case EVENT_ENTER:
	case EVENT_RETURN:
		on_probe(a, th, event);
		break;
	case EVENT_LOCK:
	case EVENT_UNLOCK:
		on_lock(a, th, event);
		break;
	case EVENT_EXIT:
		book_seen(a, th);
		book(a, th, th->state == STATE_RUN || th->state == STATE_UNSURE, event->time_ns);
		end(a, th);
		break;
	default:
		break;
	}
}

void account_event(struct account *a, const struct event *event)
{
	struct account_thread *th;

	a->seen++;
	if (event->type == EVENT_LOST) {
		on_lost(a, event->lost);
		return;
	}
	if (event->type == EVENT_WINDOW) {
		on_window(a, event);
		return;
	}
	if (event->tid <= 0)
		return;
	if (event->type == EVENT_EXEC) {
		on_exec(a, event);
		return;
	}
	th = find(a, event->tid);
	if (event->type == EVENT_FORK) {
		if (!th) {
			th = add(a, event->pid, event->tid, STATE_RUNNABLE, event->time_ns);
			settle_born(&th->settle);
		}
		th->parent = event->parent_pid;
		return;
	}
	if (!th)
		th = adopt(a, event);
	if (th)
		on_thread_event(a, th, event);
}

void account_start(struct account *a, uint64_t now_ns)
{
	add(a, a->root, a->root, STATE_ABSENT, now_ns);
}

void account_attach(struct account *a, pid_t pid, pid_t tid, uint64_t now_ns)
{
	a->restarted = true;
	if (!find(a, tid))
		add(a, pid, tid, STATE_UNSURE, now_ns);
}

void account_finish(struct account *a, uint64_t now_ns)
{
	struct account_thread *it, *next;

	HASH_ITER (hh, a->by_tid, it, next) {
		book_seen(a, it);
		book(a, it, it->state != STATE_UNSURE, now_ns);
		end(a, it);
	}
	if (!mix_apply(&a->mix, a->sites, a->unsampled_ns, a->unsampled_n)) {
		a->sums.unknown_ns += a->unsampled_ns;
		a->sums.unnamed_waits += a->unsampled_n;
	}
	a->unsampled_ns = a->unsampled_n = 0;
}

void account_clear(struct account *a)
{
	struct account_thread *it, *next;

	HASH_ITER (hh, a->by_tid, it, next) {
		HASH_DEL(a->by_tid, it);
		forget(it);
	}
	mix_clear(&a->mix);
}
