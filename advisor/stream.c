#include "advisor/stream.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/children.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "data/data.h"

#define READ_LEAST   250000  /* bytes: less is no stream to speak of */
#define COMPUTES     0.6     /* share of the time on the CPU from which the question arises */
#define NAMED_LEAST  0.5     /* share of the CPU time under a function of the table */
#define RESULT_SHARE 0.02    /* of what was read: written, it is a result and no stream */
#define SAME_SHARE   0.02    /* more or less than was read */
#define HELD_SHARE   0.8     /* of what was read, in memory at once: */
#define HELD_LEAST   8000000 /* bytes, more than any program needs for itself */
#define OWN_OPENS    0.5     /* files opened for each call: the calls have inputs of their own */
#define START_OPENS  10      /* files that a program opens to start: libraries, locale */
#define BLOCK_BYTES  131072

/* --- by name ---------------------------------------------------------------------------------- */

static bool is_named(const char *pattern, const char *function)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return !strncmp(pattern, function, n - 1);
	return !strcmp(pattern, function);
}

/* CPU time of stacks with this function on them. */
static uint64_t time_under(const struct profile *p, const char *pattern)
{
	uint64_t ns = 0;

	vec_each (&p->stacks, stack) {
		bool found = false;

		vec_each (&stack->frames, frame)
			found = found || is_named(pattern, frame->function);
		ns += stack->on_cpu && found ? stack->ns : 0;
	}
	return ns;
}

static void find_by_name(const struct profile *p, enum stream *ret, char **why)
{
	CLEANUP(cleanup_free) char *text = xstrdup(data_streams_tsv);
	double most = NAMED_LEAST * (double)wait_profile_cpu_ns(&p->waits);
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *function = strsep(&line, "\t");
		bool chain = line && !strcmp(line, "chain");

		if (!*function || *function == '#' || (double)time_under(p, function) <= most)
			continue;
		most = (double)time_under(p, function);
		*ret = chain ? STREAM_CHAIN : STREAM_BLOCKS;
		free(*why);
		*why = chain ? xasprintf("its time is spent under %s, where each piece needs the "
					 "state that the one before left",
					 function)
			     : xasprintf("its time is spent under %s, whose input can be cut into "
					 "blocks that need nothing of one another",
					 function);
	}
}

/* --- by what goes in and out ------------------------------------------------------------------ */

static enum stream by_bytes(const struct profile *p, char **why)
{
	double read = (double)p->read_bytes, written = (double)p->written_bytes;
	double mb = 1e6;

	if (written < RESULT_SHARE * read) {
		*why = xasprintf("it read %.1f MB and wrote next to nothing: one result that all "
				 "of it goes into",
				 read / mb);
		return STREAM_CHAIN;
	}
	if (read >= HELD_LEAST && (double)p->peak_bytes >= HELD_SHARE * read &&
	    written <= (1 + SAME_SHARE) * read) {
		*why = xasprintf("it holds its %.1f MB of input in memory, where parts of it can "
				 "be worked on by themselves",
				 read / mb);
		return STREAM_BLOCKS;
	}
	if (written < (1 - SAME_SHARE) * read) {
		*why = xasprintf("it read %.1f MB and wrote %.1f, as compressors do: blocks of the "
				 "input can be worked on by themselves",
				 read / mb, written / mb);
		return STREAM_BLOCKS;
	}
	*why = xasprintf("it read %.1f MB and wrote %.1f, as decompressors and ciphers do: each "
			 "piece needs what came before it",
			 read / mb, written / mb);
	return STREAM_CHAIN;
}

/* Each call has a file of its own. */
static bool has_own_inputs(const struct run *run)
{
	double opened = (double)run->profile.opened - START_OPENS;

	return run->recording.made && opened >= OWN_OPENS * (double)run->recording.total;
}

enum stream stream_find(const struct run *run, char **why)
{
	const struct profile *p = &run->profile;
	/* Of the run, not of its threads: helpers that wait for the one that computes do not count. */
	double base = (double)p->elapsed_ns - (double)p->waits.runqueue_ns;

	enum stream stream = STREAM_NONE;

	*why = NULL;
	if (run->workload.tasks.n || !p->measured || p->processes > p->tasks ||
	    has_own_inputs(run) || (double)wait_profile_cpu_ns(&p->waits) < COMPUTES * base)
		return STREAM_NONE;
	if (p->read_bytes >= READ_LEAST)
		stream = by_bytes(p, why);
	find_by_name(p, &stream, why);
	return stream;
}

/* --- cut -------------------------------------------------------------------------------------- */

void stream_cut(const struct profile *p, struct recording *ret)
{
	struct wait_profile inside = { .wall_ns = p->waits.user_ns, .user_ns = p->waits.user_ns };

	record_equal_calls(p, "a block of its input", &inside, p->read_bytes / BLOCK_BYTES + 1,
			   ret);
}
