/*
 * Which worker ran which task when. Plain drawings: the same with scripts and without.
 */
#include <math.h>

#include "base/cleanup.h"
#include "report/html_parts.h"
#include "report/phrase.h"
#include "report/words.h"

#define LANES_MOST 32
#define LANE       12 /* height; of 1000 in width */

static const struct run *run_of(const void *subject)
{
	return ((const struct html_page *)subject)->run;
}

static uint64_t end_of(const struct race_timeline *timeline)
{
	uint64_t ret = 0;

	vec_each (timeline, t)
		ret = t->end_ns > ret ? t->end_ns : ret;
	return ret;
}

/* All models on one scale of time: what is shorter was faster. */
static uint64_t longest(const struct race *race)
{
	uint64_t ret = 1;

	vec_each (race, e) {
		uint64_t end_ns = end_of(&e->timeline);

		ret = end_ns > ret ? end_ns : ret;
	}
	return ret;
}

static void put_slice(struct strbuf *out, const char *class, int lane, double from, double to,
		      const char *title)
{
	strbuf_addf(out, "<rect%s%s x=%.2f y=%d width=%.2f height=%d><title>",
		    class ? " class=" : "", phrase_or(class, ""), 1000 * from, lane * LANE,
		    fmax(1000 * (to - from), 0.8), LANE - 2);
	html_text(out, title);
	strbuf_add(out, "</title></rect>");
}

static void begin(struct strbuf *out, const char *model, int lanes, const char *label)
{
	html_put(out, "h3 class=small", "%s", label);
	strbuf_addf(out,
		    "<svg class=\"timeline%s%s\" viewBox=\"0 0 1000 %d\" preserveAspectRatio=none "
		    "height=%d role=img aria-label=\"",
		    model ? " m-" : "", phrase_or(model, ""), lanes * LANE, lanes * LANE);
	html_text(out, label);
	strbuf_add(out, "\">");
}

static int lanes_of(int workers)
{
	return workers < 1 ? 1 : workers > LANES_MOST ? LANES_MOST : workers;
}

static void put_entry(const struct race_entry *e, uint64_t scale_ns, struct strbuf *out)
{
	CLEANUP(cleanup_free)
	char *label = xasprintf("%s, %s: %zu tasks in %s%s", model_title(e->model),
				word_count((uint64_t)e->workers, "worker").s, e->timeline.n,
				word_ns((double)end_of(&e->timeline)).s,
				e->workers > LANES_MOST ? "; the first 32 workers" : "");

	begin(out, model_key(e->model), lanes_of(e->workers), label);
	vec_each (&e->timeline, t) {
		CLEANUP(cleanup_free)
		char *title = xasprintf("task %zu, worker %d: %s", t->task + 1, t->worker + 1,
					word_ns((double)(t->end_ns - t->start_ns)).s);

		if (t->worker < LANES_MOST && t->end_ns >= t->start_ns)
			put_slice(out, NULL, t->worker, (double)t->start_ns / (double)scale_ns,
				  (double)t->end_ns / (double)scale_ns, title);
	}
	strbuf_add(out, "</svg>");
}

/* --- recorded calls: a lane for each thread, by what it did --- */

static int lane_of(const struct recording *r, int tid)
{
	int lane = 0;

	for (size_t i = 0; i < r->timeline.n; i++) {
		int other = r->timeline.items[i].tid;
		bool first = true;

		if (other == tid)
			return lane;
		for (size_t k = 0; k < i && first; k++)
			first = r->timeline.items[k].tid != other;
		lane += first;
	}
	return lane;
}

static const char *kind_key(int kind)
{
	if (kind == SEGMENT_CPU)
		return "cpu";
	if (kind == SEGMENT_QUEUE)
		return "run-queue";
	return kind < WAIT_KIND_COUNT ? wait_kind_key((enum wait_kind)kind) : "unknown";
}

static void put_call(const struct timed_call *call, int lane, uint64_t scale_ns, struct strbuf *out)
{
	uint64_t at = call->start_ns;

	vec_each (&call->segments, s) {
		CLEANUP(cleanup_free)
		char *title = xasprintf("%s: %s", kind_key(s->kind), word_ns((double)s->ns).s);
		CLEANUP(cleanup_free) char *class = xasprintf("f-%s", kind_key(s->kind));

		put_slice(out, class, lane, (double)at / (double)scale_ns,
			  (double)(at + s->ns) / (double)scale_ns, title);
		at += s->ns;
	}
}

static void put_recording(const struct recording *r, struct strbuf *out)
{
	CLEANUP(cleanup_free) char *label = NULL;
	uint64_t scale_ns = 1;
	int lanes = 1;

	vec_each (&r->timeline, call) {
		int lane = lane_of(r, call->tid) + 1;

		scale_ns = call->end_ns > scale_ns ? call->end_ns : scale_ns;
		lanes = lane > lanes ? lane : lanes;
	}
	label = xasprintf("the program as it is: %zu calls of %s in %s, by what they did",
			  r->timeline.n, phrase_or(r->unit, "the unit"),
			  word_ns((double)scale_ns).s);
	begin(out, NULL, lanes_of(lanes), label);
	vec_each (&r->timeline, call)
		if (lane_of(r, call->tid) < LANES_MOST)
			put_call(call, lane_of(r, call->tid), scale_ns, out);
	strbuf_add(out, "</svg>");
}

void html_timeline(const void *subject, struct strbuf *out)
{
	const struct run *run = run_of(subject);
	uint64_t scale_ns = longest(&run->race);

	vec_each (&run->race, e)
		if (e->outcome == OUTCOME_OK && e->timeline.n)
			put_entry(e, scale_ns, out);
	if (run->recording.timeline.n)
		put_recording(&run->recording, out);
}
