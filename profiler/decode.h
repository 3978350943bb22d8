/*
 * decode.h - perf records to events
 *
 * One place knows the layout of the records that perf.c asks for: every event has sample_type
 * IDENTIFIER | TID | TIME | CPU and sample_id_all, so each record but a sample ends in the same 32
 * bytes; samples carry RAW (wake-ups), RAW, REGS_USER and STACK_USER (wake-ups by the program), the
 * first argument and the stack pointer (probes), RAW (locks on files) or CALLCHAIN, REGS_USER and STACK_USER (all others) after those
 * fields. What took a sample is told by words at its end, all 0, for fields that cost nothing: none
 * (every switch), TRANSACTION (the sparsely taken ones), WEIGHT and TRANSACTION (the CPU's clock).
 * Records come from memory the kernel shares with us: nothing in them is believed without a check.
 * Pure; no allocation.
 */
#ifndef PROFILER_DECODE_H
#define PROFILER_DECODE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profiler/registers.h"
#include "profiler/schedstat.h"

#define DECODE_SAMPLE_TYPE                                                                         \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)

/* A lock by what it is: a mutex's address, or a range of a file. */
struct lock_id {
	bool file;
	uint32_t device;      /* of a mutex: the process */
	uint64_t object;      /* inode, or address */
	uint64_t first, last; /* bytes of a file */
};

enum event_type {
	EVENT_NONE,   /* a record of no interest */
	EVENT_STACK,  /* tid is about to leave the CPU with this kernel stack */
	EVENT_OUT,    /* tid left the CPU; preempted: it could have gone on */
	EVENT_IN,     /* tid is on the CPU */
	EVENT_WAKING, /* somebody wakes tid */
	EVENT_WOKEN,  /* tid is in the run-queue from now on */
	EVENT_FORK,   /* tid was born, child of parent_tid */
	EVENT_EXEC,   /* tid is a new program */
	EVENT_EXIT,   /* tid is dead */
	EVENT_LOST,   /* `lost` records are missing, of whatever thread */
	EVENT_CALL,   /* tid was seen waiting at `site` (poll.h) */
	EVENT_SEED,   /* tid was found in this state when attaching; site 0: not waiting */
	EVENT_SAMPLE, /* tid is on the CPU, as every so many nanoseconds of its CPU time */
	EVENT_MAP,    /* pid has code of a file mapped from now on */
	EVENT_ENTER,  /* tid calls the function that probe `probe` is on */
	EVENT_RETURN, /* ... and returns from it */
	EVENT_LOCK,   /* tid takes a lock */
	EVENT_UNLOCK, /* ... and lets go of it, or of all of a file's in a range */
	EVENT_WINDOW, /* from now on switches are recorded, or not (windows.h) */
	EVENT_TOTALS, /* what the kernel has counted of tid until now */
};

struct event {
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	uint64_t sequence; /* order of arrival, for equal times */
	enum event_type type;
	pid_t pid, tid;
	bool sparse; /* EVENT_STACK: one of the few that are taken evenly, see perf_set_dense() */
	union {
		bool preempted; /* EVENT_OUT */
		struct {
			pid_t waker_tid, waker_pid; /* EVENT_WAKING; 0: an interrupt */
			uint32_t waker_dump;        /* a dumps.h number, 0: none */
		};
		struct {
			pid_t parent_tid, parent_pid; /* EVENT_FORK */
		};
		uint64_t lost; /* EVENT_LOST */
		bool recorded; /* EVENT_WINDOW */
		uint32_t site; /* EVENT_STACK, EVENT_CALL, EVENT_SEED: a sites.h id, 0: none */
		struct {       /* EVENT_ENTER, EVENT_RETURN */
			uint64_t stack_pointer;
			uint32_t probe;
		};
		struct lock_id lock; /* EVENT_LOCK, EVENT_UNLOCK */
		struct {
			struct schedstat counted; /* EVENT_TOTALS: between read_ns and time_ns */
			uint64_t read_ns;
			uint32_t call_site; /* where it waits just now, 0: it does not */
		};
	};
};

struct decode_wake {       /* a counter of wake-ups */
	uint64_t id;       /* 0: there is none */
	size_t pid_offset; /* of the woken thread's id in the RAW data */
};

enum decode_mark { /* what it means that a probe was hit */
		   MARK_ENTER,
		   MARK_RETURN,
		   MARK_LOCK, /* the first argument is the lock */
		   MARK_UNLOCK,
		   MARK_FILE_LOCK, /* in the RAW data, at `lock_at` */
};

struct decode_probe {
	uint64_t id;
	uint32_t probe;
	enum decode_mark mark;
};

enum { LOCK_INODE, LOCK_DEVICE, LOCK_TYPE, LOCK_FIRST, LOCK_LAST, LOCK_RESULT, LOCK_FIELDS };

struct decode_ids { /* which counter a sample is of */
	struct decode_wake waking, woken;
	struct {
		VEC_FIELDS(struct decode_probe);
	} probes;
	size_t lock_at[LOCK_FIELDS]; /* offsets in the RAW data of a file lock */
	struct {
		VEC_FIELDS(uint64_t); /* ascending; as `waking`, but with the waker's user side */
	} wakers;
};

/* What a thread's user side was like: registers in the kernel's order (asm/perf_regs.h, those of
 * DECODE_REGS) and the top of its stack, from the stack pointer on. */
struct decode_user {          /* borrowed from the record */
	const uint64_t *regs; /* NULL: there is no user side */
	const uint64_t *stack;
	size_t stack_n; /* words */
};

struct decode_map { /* borrowed from the record */
	uint64_t start, size, offset;
	const unsigned char *build_id;
	size_t build_id_n; /* 0: unknown */
	const char *path;
};

struct decode_parts {        /* what an event has besides */
	const uint64_t *ips; /* EVENT_STACK: the kernel's side */
	size_t n;
	struct decode_user user; /* EVENT_STACK, EVENT_SAMPLE, EVENT_WAKING: the waker's */
	struct decode_map map;   /* EVENT_MAP */
};

/*
 * `record` holds `size` readable bytes, 8-aligned; its header's own size may not be more. False:
 * malformed, nothing may be concluded. For EVENT_STACK event->site is 0.
 */
bool decode_record(const void *record, size_t size, const struct decode_ids *ids,
		   struct event *event, struct decode_parts *parts);

#endif
