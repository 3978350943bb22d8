/*
 * recording.h - every call of one function of a running program, cut into CPU and waits
 *
 * The unit of a program that works through its items inside one process: what each call of the
 * unit's function did, in order, and what the thread did between the calls. Times are on the switch
 * records' clock, so the parts of a call add up to the call: `calls` holds whole calls, each a run
 * of `segments`; time in the run-queue is of the machine, not of the program, and is left out of the
 * segments (it is in the profiles). At most RECORDING_CALLS calls are kept, evenly chosen among all;
 * counts and profiles are of all of them. The timeline is of the first run alone, as it was, run-queue
 * included: a few of the calls kept, from the first on, whose segments add up to the call.
 *
 * Ownership: strings and arrays owned; recording_clear() frees. {0}: nothing was recorded.
 */
#ifndef MODEL_RECORDING_H
#define MODEL_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "base/vec.h"
#include "model/wait_profile.h"

#define RECORDING_CALLS    10000
#define RECORDING_SEGMENTS 200 /* of one call; a longer one has like segments put together */

#define SEGMENT_CPU     WAIT_KIND_COUNT       /* on a core */
#define SEGMENT_UNKNOWN (WAIT_KIND_COUNT + 1) /* a wait for no one knows what */
#define SEGMENT_QUEUE   (WAIT_KIND_COUNT + 2) /* for a core: in the timeline alone */

#define DISK_DEPTH_MOST   32
#define TIMELINE_CALLS    200
#define TIMELINE_SEGMENTS 4000 /* of all its calls together */

struct segment {
	int kind; /* enum wait_kind, or one of the above */
	uint64_t ns;
	size_t lock; /* that is held, the outermost one: 1 + its index in `locks`; 0: none */
};

struct recorded_lock {
	char *name;       /* a file's path, or that of a mutex by the order of appearance */
	bool file;        /* holds for processes, too */
	uint64_t holds;   /* how often it was taken */
	uint64_t held_ns; /* within calls, without what marking it took */
};

struct segments {
	VEC_FIELDS(struct segment);
};

struct recorded_call {
	uint64_t start_ns; /* since the recording began */
	uint64_t wall_ns;  /* until its return, the run-queue included */
	/* Of the same thread between its previous call, or the beginning, and this one: */
	uint64_t gap_cpu_ns, gap_wait_ns;
	size_t first, n; /* its segments */
	size_t gap_n;    /* those of the gap, right before them; 0: not known which */
	int tid;         /* of the thread that made it */
};

struct recorded_calls {
	VEC_FIELDS(struct recorded_call); /* in order of start */
};

struct timed_call {
	uint64_t start_ns, end_ns; /* since the recording began */
	int tid;
	struct segments segments; /* in order, each from where the one before it ends */
};

struct recording {
	bool made; /* false: `why` says why, unless none was asked for */
	char *why;
	char *unit;   /* the function, or program+0xOFFSET when it has no name */
	char *object; /* the file its code lies in */
	bool found;   /* by concur; false: the user named it */
	uint64_t
		runs; /* that the calls are medians of; 1: of one, as later ones made other calls */
	uint64_t elapsed_ns;
	uint64_t total;      /* calls that returned, the outermost ones of each thread */
	uint64_t nested;     /* calls from within a call: part of the outer one */
	uint64_t abandoned;  /* left by longjmp, not by returning */
	uint64_t unfinished; /* the program or the recording ended within them */
	uint64_t at_once;    /* the most that were under way at the same time */
	uint64_t threads;    /* that made calls */
	struct wait_profile inside, outside; /* thread time in calls, and all other */
	uint64_t before_ns, after_ns;   /* wall time until the first call and after the last one */
	uint64_t p5_ns, p50_ns, p95_ns; /* how long the calls took that were kept */
	struct estimate slowdown;       /* of CPU time when all cores do this; n 0: not measured */
	/* How many times as much the disk does for disk_threads as for one, for calls like the
	 * program's; n 0: not tried. */
	struct estimate disk_depth;
	/* The same for disk_threads calls in flight on one thread's io_uring. */
	struct estimate loop_depth;
	uint64_t disk_threads; /* DISK_DEPTH_MOST; 0 in runs of before, which tried 8 */
	char *disk_tried;      /* with what, or NULL */
	double probe_ns;       /* what marking one call costs, measured here */
	struct recorded_calls calls;
	struct segments segments;
	/*
	 * Before each call lies a wait that could overlap with others, and about as long a one: it
	 * belongs to the item as the call does (a file's opening to its reading).
	 */
	bool gaps_repeat;
	struct {
		VEC_FIELDS(struct timed_call);
	} timeline; /* in order of start */
	struct {
		VEC_FIELDS(struct recorded_lock);
	} locks; /* that were held within calls */
	/*
	 * Locks that are taken very often are watched for a while only. Then no segment has a lock,
	 * and this is the time within calls that held_ns is of; else 0.
	 */
	uint64_t locks_watched_ns;
};

void recording_clear(struct recording *r);

/* What marking took is not in the calls, nor in their gaps, any more; nor in held_ns of locks that
 * were watched for a while. Totals (inside, outside, the timeline) stay as they were seen. */
void recording_take_off_marks(struct recording *r, double lock_mark_ns);

/* That calls, and gaps that belong to them, spent in waits of a kind. */
uint64_t recording_wait_ns(const struct recording *r, enum wait_kind kind);

/* Sets gaps_repeat, from the calls. */
void recording_judge_gaps(struct recording *r);

/* Share of the elapsed time that the marking of calls took, 0..1. */
double recording_cost_share(const struct recording *r);

/*
 * One recording of several of the same program, r[0..n), all of the same calls in the same order: of
 * each call the one whose own time (run-queue left out) is the median, so that what disturbed one
 * run does not count. All else is r[0]'s. False, and nothing done, when they are not of the same
 * calls. *r is changed.
 */
bool recording_take_medians(struct recording *r, size_t n);

#endif
