#include "report/recording.h"

#include "report/grid.h"
#include "report/page.h"
#include "report/report.h"
#include "report/words.h"

#include <inttypes.h>

#include "base/cleanup.h"

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static const char *segment_name(int kind)
{
	if (kind == SEGMENT_CPU)
		return "on-CPU";
	return kind == SEGMENT_UNKNOWN ? "unknown" : wait_kind_key((enum wait_kind)kind);
}

static void put_part(struct grid *g, const char *what, uint64_t inside_ns, uint64_t outside_ns,
		     uint64_t all_ns)
{
	size_t row;

	if (!inside_ns && !outside_ns)
		return;
	row = grid_row(g);
	grid_set(g, row, 0, INK_PLAIN, "%s", what);
	grid_set(g, row, 1, INK_PLAIN, "%s", word_share(share(inside_ns, all_ns)).s);
	grid_set(g, row, 2, INK_PLAIN, "%s", word_ns((double)inside_ns).s);
	grid_set(g, row, 3, INK_PLAIN, "%s", word_share(share(outside_ns, all_ns)).s);
	grid_set(g, row, 4, INK_PLAIN, "%s", word_ns((double)outside_ns).s);
}

static void put_parts(const struct page *p, const struct recording *r)
{
	static const struct grid_column columns[] = { { "", GRID_LEFT },
						      { "IN CALLS", GRID_RIGHT },
						      { "TIME", GRID_RIGHT },
						      { "OUTSIDE", GRID_RIGHT },
						      { "TIME", GRID_RIGHT } };
	CLEANUP(grid_free) struct grid *g = grid_new(p, columns, 5);
	const struct wait_profile *in = &r->inside, *out = &r->outside;
	uint64_t all_ns = in->wall_ns + out->wall_ns;

	put_part(g, segment_name(SEGMENT_CPU), wait_profile_cpu_ns(in), wait_profile_cpu_ns(out),
		 all_ns);
	for (int k = 0; k < WAIT_KIND_COUNT; k++)
		put_part(g, segment_name(k), in->wait_ns[k], out->wait_ns[k], all_ns);
	put_part(g, "run-queue", in->runqueue_ns, out->runqueue_ns, all_ns);
	put_part(g, segment_name(SEGMENT_UNKNOWN), in->unknown_ns, out->unknown_ns, all_ns);
	put_part(g, "all", in->wall_ns, out->wall_ns, all_ns);
	grid_print(g);
}

#define LOCK_MATTERS 0.02 /* of the time in calls */

static void put_locks(const struct page *p, const struct recording *r)
{
	uint64_t all_ns = r->locks_watched_ns ? r->locks_watched_ns
					      : r->inside.wall_ns - r->inside.runqueue_ns;

	vec_each (&r->locks, lock) {
		if (share(lock->held_ns, all_ns) >= LOCK_MATTERS)
			page_item(p, "  ", INK_PLAIN, 2,
				  "%s is held for %s of the time in calls (taken %s%s): one at a "
				  "time",
				  lock->name, word_share(share(lock->held_ns, all_ns)).s,
				  word_count(lock->holds, "time").s,
				  r->locks_watched_ns ? ", while locks were watched" : "");
	}
}

void report_recording(const struct recording *r, const struct report_style *style,
		      struct strbuf *out)
{
	struct page p = page_on(style, out);

	put_recording(&p, r);
}

void put_recording(const struct page *p, const struct recording *r)
{
	if (!r->made)
		return;
	page_heading(p, "Unit of work", r->found ? "found by concur" : NULL);
	page_item(p, "  ", INK_BOLD, 2, "%s, called %s by %s, at most %" PRIu64 " at once", r->unit,
		  word_count(r->total, "time").s, word_count(r->threads, "thread").s, r->at_once);
	page_item(
		p, "  ", INK_PLAIN, 2,
		"one call takes %s (nine in ten %s to %s); %s before the first, %s after the last",
		word_ns((double)r->p50_ns).s, word_ns((double)r->p5_ns).s,
		word_ns((double)r->p95_ns).s, word_ns((double)r->before_ns).s,
		word_ns((double)r->after_ns).s);
	page_item(p, "  ", INK_PLAIN, 2, "%s; marking a call costs %s: %s of the time",
		  r->runs > 1 ? "each call is the median of the same one in several runs"
			      : "calls of one run",
		  word_ns(r->probe_ns).s, word_share(recording_cost_share(r)).s);
	if (r->slowdown.n)
		page_item(p, "  ", INK_PLAIN, 2,
			  "with all cores at it, the same takes %.2f [%.2f, %.2f] times the CPU "
			  "time, n = %zu",
			  r->slowdown.value, r->slowdown.low, r->slowdown.high, r->slowdown.n);
	if (r->disk_depth.n)
		page_item(p, "  ", INK_PLAIN, 2,
			  "%" PRIu64
			  " threads get %.1f [%.1f, %.1f] times as many calls on files done as "
			  "one, n = %zu, %s",
			  r->disk_threads ? r->disk_threads : 8, r->disk_depth.value,
			  r->disk_depth.low, r->disk_depth.high, r->disk_depth.n,
			  r->disk_tried ? r->disk_tried : "");
	if (r->loop_depth.n)
		page_item(p, "  ", INK_PLAIN, 2,
			  "an event loop with as many in flight %.1f [%.1f, %.1f] times, n = %zu",
			  r->loop_depth.value, r->loop_depth.low, r->loop_depth.high,
			  r->loop_depth.n);
	if (r->nested || r->abandoned || r->unfinished)
		page_item(p, "  ", INK_PLAIN, 2,
			  "%" PRIu64 " recursive calls, %" PRIu64
			  " left without returning, %" PRIu64 " not ended",
			  r->nested, r->abandoned, r->unfinished);
	if (r->gaps_repeat)
		page_item(
			p, "  ", INK_PLAIN, 2,
			"before each call lies a wait like those of the others: what lies between "
			"two calls is counted to the item, as a rewrite would hand it over too");
	put_locks(p, r);
	put_parts(p, r);
}
