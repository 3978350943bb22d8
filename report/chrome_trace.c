#include <jansson.h>

#include "base/cleanup.h"
#include "report/json.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/words.h"

#define NS_PER_US     1e3
#define RECORDING_PID 100 /* beyond the models' */

/* A name in the list of processes or threads. */
static json_t *name_of(const char *what, int pid, int tid, const char *name)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "ph", "M", "name", what, "pid", pid,
			 "tid", tid, "args", "name", json_clean(name));
}

static json_t *event_of(const char *category, const char *name, int pid, int tid, uint64_t start_ns,
			uint64_t end_ns)
{
	return json_pack("{s:s, s:s, s:o, s:i, s:i, s:f, s:f}", "ph", "X", "cat", category, "name",
			 json_clean(name), "pid", pid, "tid", tid, "ts",
			 (double)start_ns / NS_PER_US, "dur",
			 (double)(end_ns > start_ns ? end_ns - start_ns : 0) / NS_PER_US);
}

static void put_tasks(const struct run *run, const struct race_entry *e, json_t *events)
{
	const struct strings *tasks = &run->workload.tasks;
	int pid = (int)e->model + 1, named = 0;
	CLEANUP(cleanup_free)
	char *name = xasprintf("%s, %s: %s %s", model_title(e->model),
			       word_count((uint64_t)e->workers, "worker").s,
			       word_speedup(e->speedup).s, word_interval(e->speedup).s);

	json_array_append_new(events, name_of("process_name", pid, 0, name));
	vec_each (&e->timeline, t) {
		CLEANUP(cleanup_free)
		char *task = xasprintf("task %zu%s%s", t->task + 1, t->task < tasks->n ? ": " : "",
				       t->task < tasks->n ? tasks->items[t->task] : "");

		for (; named <= t->worker; named++) {
			CLEANUP(cleanup_free) char *worker = xasprintf("worker %d", named + 1);

			json_array_append_new(events,
					      name_of("thread_name", pid, named + 1, worker));
		}
		json_array_append_new(
			events, event_of("task", task, pid, t->worker + 1, t->start_ns, t->end_ns));
	}
}

static const char *segment_name(int kind)
{
	if (kind == SEGMENT_CPU)
		return "on-CPU";
	if (kind == SEGMENT_QUEUE)
		return "run-queue";
	return kind < WAIT_KIND_COUNT ? wait_kind_key((enum wait_kind)kind) : "unknown";
}

/* Each call with what it did, which lies within it. */
static void put_calls(const struct recording *r, json_t *events)
{
	CLEANUP(cleanup_free)
	char *name = xasprintf("recorded calls of %s", phrase_or(r->unit, "the unit"));

	json_array_append_new(events, name_of("process_name", RECORDING_PID, 0, name));
	vec_each (&r->timeline, call) {
		uint64_t at = call->start_ns;

		json_array_append_new(events,
				      event_of("call", phrase_or(r->unit, "call"), RECORDING_PID,
					       call->tid, call->start_ns, call->end_ns));
		vec_each (&call->segments, s) {
			json_array_append_new(events,
					      event_of("segment", segment_name(s->kind),
						       RECORDING_PID, call->tid, at, at + s->ns));
			at += s->ns;
		}
	}
}

void report_chrome_trace(const struct run *run, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };
	json_t *events = json_array();

	phrase_verdict(&run->verdict, &verdict);
	vec_each (&run->race, e)
		if (e->outcome == OUTCOME_OK && e->timeline.n)
			put_tasks(run, e, events);
	if (run->recording.timeline.n)
		put_calls(&run->recording, events);
	json_put(json_pack("{s:o, s:s, s:{s:s, s:o}}", "traceEvents", events, "displayTimeUnit",
			   "ms", "otherData", "run", run->id, "verdict", json_clean(verdict.s)),
		 out);
}
