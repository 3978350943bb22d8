/*
 * decode.h - perf records to events
 *
 * One place knows the layout of the records that perf.c asks for: every event has sample_type
 * IDENTIFIER | TID | TIME | CPU and sample_id_all, so each record but a sample ends in the same 32
 * bytes; samples carry a CALLCHAIN (context switches) or RAW (waking) after those fields. The
 * sparsely taken stacks are told by one more word at their end (TRANSACTION, always 0). Records
 * come from memory the kernel shares with us: nothing in them is believed without a check. Pure; no
 * allocation.
 */
#ifndef PROFILER_DECODE_H
#define PROFILER_DECODE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DECODE_SAMPLE_TYPE                                                                         \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)

enum event_type {
	EVENT_NONE,   /* a record of no interest */
	EVENT_STACK,  /* tid is about to leave the CPU with this kernel stack */
	EVENT_OUT,    /* tid left the CPU; preempted: it could have gone on */
	EVENT_IN,     /* tid is on the CPU */
	EVENT_WAKING, /* tid was woken */
	EVENT_FORK,   /* tid was born, child of parent_tid */
	EVENT_EXEC,   /* tid is a new program */
	EVENT_EXIT,   /* tid is dead */
	EVENT_LOST,   /* `lost` records are missing, of whatever thread */
	EVENT_CALL,   /* tid was seen waiting at `site` (poll.h) */
	EVENT_SEED,   /* tid was found in this state when attaching; site 0: not waiting */
};

struct event {
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	uint64_t sequence; /* order of arrival, for equal times */
	enum event_type type;
	pid_t pid, tid;
	bool sparse; /* EVENT_STACK: one of the few that are taken evenly, see perf_set_dense() */
	union {
		bool preempted;   /* EVENT_OUT */
		pid_t parent_tid; /* EVENT_FORK */
		uint64_t lost;    /* EVENT_LOST */
		uint32_t site;    /* EVENT_STACK, EVENT_CALL, EVENT_SEED: a sites.h id, 0: none */
	};
};

struct decode_ids {               /* which counter a sample is of */
	uint64_t waking_id;       /* 0: there is none */
	size_t waking_pid_offset; /* of the woken thread's id in the RAW data */
};

struct decode_chain { /* borrowed from the record */
	const uint64_t *ips;
	size_t n;
};

/*
 * `record` holds `size` readable bytes, 8-aligned; its header's own size may not be more. False:
 * malformed, nothing may be concluded. For EVENT_STACK *chain is set and event->site is 0.
 */
bool decode_record(const void *record, size_t size, const struct decode_ids *ids,
		   struct event *event, struct decode_chain *chain);

#endif
