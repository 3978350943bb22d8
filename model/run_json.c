#include "model/run_json.h"

#include <string.h>

#include "model/fields.h"

/* facts, analysis */

static const struct field fact_site_fields[] = {
	ROW(fact_site, WORD, "file", file),
	ROW(fact_site, INT, "line", line),
	ROW(fact_site, TEXT, "function", function),
	ROW(fact_site, WORD, "access", access),
};
static const struct shape fact_site_shape = SHAPE(fact_site, fact_site_fields);

static const struct field fact_fields[] = {
	ROW(fact, WORD, "check", check, .required = true),
	ROW(fact, WORD, "file", file, .required = true),
	ROW(fact, INT, "line", line),
	ROW(fact, INT, "column", column),
	ROW(fact, TEXT, "function", function),
	ROW(fact, WORD, "symbol", symbol),
	ROW(fact, WORD, "effect", effect),
	ROW(fact, WORD, "detail", detail),
	ROW(fact, TEXT, "advice", advice),
	ROW(fact, TEXT, "macro", macro),
	ROW_OBJECTS(fact, "sites", sites, fact_site_shape, fact_site),
};
static const struct shape fact_shape = SHAPE(fact, fact_fields);

static const struct field unit_failure_fields[] = {
	ROW(unit_failure, WORD, "file", file),
	ROW(unit_failure, WORD, "why", why),
	ROW(unit_failure, BOOL, "left_out", left_out),
};
static const struct shape unit_failure_shape = SHAPE(unit_failure, unit_failure_fields);

static const struct field analysis_fields[] = {
	ROW(facts, BOOL, "analysed", analysed),
	ROW(facts, TEXT, "why_not", why_not),
	ROW(facts, SIZE, "units", units),
	ROW_OBJECTS(facts, "failures", failures, unit_failure_shape, unit_failure),
	ROW(facts, TEXT, "campaign", campaign),
	ROW(facts, INT, "shard", shard),
	ROW(facts, INT, "shards", shards),
};
static const struct shape analysis_shape = SHAPE(facts, analysis_fields);

/* profile */

static const struct field wait_fields[] = {
#define X(id, key, ...) ROW(wait_profile, COUNT, key, wait_ns[id]),
	WAIT_KINDS(X)
#undef X
};
static const struct shape waits_shape = SHAPE(wait_profile, wait_fields);

static const struct field wait_site_fields[] = {
	ROW(wait_site, WORD, "symbol", symbol),
	ROW_KEY(wait_site, "kind", kind, wait_kind, .required = true),
	ROW(wait_site, COUNT, "ns", ns),
	ROW(wait_site, COUNT, "waits", waits),
};
static const struct shape wait_site_shape = SHAPE(wait_site, wait_site_fields);

static const struct field stack_frame_fields[] = {
	ROW(stack_frame, WORD, "function", function), ROW(stack_frame, TEXT, "object", object),
	ROW(stack_frame, TEXT, "file", file),         ROW(stack_frame, INT, "line", line),
	ROW(stack_frame, BOOL, "inlined", inlined),
};
static const struct shape stack_frame_shape = SHAPE(stack_frame, stack_frame_fields);

static const struct field wait_waker_fields[] = {
	ROW(wait_waker, WORD, "name", name),
	ROW(wait_waker, INT, "pid", pid),
	ROW(wait_waker, INT, "tid", tid),
	ROW_KEY(wait_waker, "kind", kind, wait_kind, .required = true),
	ROW(wait_waker, COUNT, "ns", ns),
	ROW(wait_waker, COUNT, "waits", waits),
	ROW_OBJECTS(wait_waker, "frames", frames, stack_frame_shape, stack_frame),
};
static const struct shape wait_waker_shape = SHAPE(wait_waker, wait_waker_fields);

#define ON_CPU "on-cpu"

static json_t *stack_kind_write(const void *owner)
{
	const struct stack *s = owner;

	return json_string(s->on_cpu ? ON_CPU : wait_kind_key(s->kind));
}

static struct error *stack_kind_read(const json_t *value, void *owner, const struct where *at)
{
	const struct field row = ROW_KEY(stack, "kind", kind, wait_kind, .required = true);
	struct stack *s = owner;

	s->on_cpu = json_is_string(value) && !strcmp(json_string_value(value), ON_CPU);
	return s->on_cpu ? NULL : fields_read(&row, value, s, at);
}

static const struct field stack_fields[] = {
	ROW_CUSTOM("kind", stack_kind_write, stack_kind_read),
	ROW(stack, COUNT, "ns", ns),
	ROW(stack, COUNT, "count", count),
	ROW(stack, BOOL, "cut", cut),
	ROW_OBJECTS(stack, "frames", frames, stack_frame_shape, stack_frame),
};
static const struct shape stack_shape = SHAPE(stack, stack_fields);

/* cpu_ns is not stored: it is there for readers of the JSON, and must be what it says. */
static json_t *cpu_write(const void *owner)
{
	const struct profile *p = owner;

	return json_integer((json_int_t)wait_profile_cpu_ns(&p->waits));
}

static struct error *cpu_read(const json_t *value, void *owner, const struct where *at)
{
	const struct profile *p = owner;
	long long cpu_ns = json_integer_value(value);

	if (value && !json_is_integer(value))
		return fields_error(at, "not an integer");
	if (value && (uint64_t)cpu_ns != wait_profile_cpu_ns(&p->waits))
		return fields_error(at, "%lld, but user_ns + system_ns is %llu", cpu_ns,
				    (unsigned long long)wait_profile_cpu_ns(&p->waits));
	return NULL;
}

static struct error *profile_check(const void *owner, const struct where *at)
{
	const struct wait_profile *p = &((const struct profile *)owner)->waits;

	if (wait_profile_adds_up(p))
		return NULL;
	return fields_error(at, "its parts add up to %llu ns, but wall_ns is %llu",
			    (unsigned long long)wait_profile_parts_ns(p),
			    (unsigned long long)p->wall_ns);
}

static const struct field profile_fields[] = {
	ROW(profile, BOOL, "measured", measured),
	ROW_KEY(profile, "tier", tier, tier),
	ROW(profile, TEXT, "why", why),
	ROW(profile, COUNT, "wall_ns", waits.wall_ns),
	ROW(profile, COUNT, "elapsed_ns", elapsed_ns),
	ROW(profile, COUNT, "user_ns", waits.user_ns),
	ROW(profile, COUNT, "system_ns", waits.system_ns),
	ROW_CUSTOM("cpu_ns", cpu_write, cpu_read), /* after its parts */
	ROW(profile, COUNT, "runqueue_ns", waits.runqueue_ns),
	ROW(profile, COUNT, "unknown_ns", waits.unknown_ns),
	ROW_OBJECT(profile, "waits", waits, waits_shape),
	ROW(profile, COUNT, "checked_cpu_ns", checked.cpu_ns),
	ROW(profile, COUNT, "kernel_cpu_ns", checked.kernel_cpu_ns),
	ROW(profile, COUNT, "checked_runqueue_ns", checked.runqueue_ns),
	ROW(profile, COUNT, "kernel_runqueue_ns", checked.kernel_runqueue_ns),
	ROW(profile, SHARE, "lost_share", lost_share),
	ROW(profile, SHARE, "steal_share", steal_share),
	ROW(profile, COUNT, "cycles", cycles),
	ROW(profile, COUNT, "instructions", instructions),
	ROW(profile, COUNT, "cache_misses", cache_misses),
	ROW(profile, COUNT, "read_bytes", read_bytes),
	ROW(profile, COUNT, "written_bytes", written_bytes),
	ROW(profile, COUNT, "peak_bytes", peak_bytes),
	ROW(profile, COUNT, "opened", opened),
	ROW(profile, TEXT, "no_counters", no_counters),
	ROW(profile, COUNT, "tasks", tasks),
	ROW(profile, COUNT, "processes", processes),
	ROW(profile, COUNT, "threads", threads),
	ROW(profile, COUNT, "switches", switches),
	ROW_OBJECTS(profile, "sites", sites, wait_site_shape, wait_site),
	ROW_OBJECTS(profile, "stacks", stacks, stack_shape, stack),
	ROW_OBJECTS(profile, "wakers", wakers, wait_waker_shape, wait_waker),
};
static const struct shape profile_shape = SHAPE(profile, profile_fields, .check = profile_check);

/* recording: of its calls only the timeline, for there may be many */

static const struct field call_profile_fields[] = {
	ROW(wait_profile, COUNT, "wall_ns", wall_ns),
	ROW(wait_profile, COUNT, "user_ns", user_ns),
	ROW(wait_profile, COUNT, "system_ns", system_ns),
	ROW(wait_profile, COUNT, "runqueue_ns", runqueue_ns),
	ROW(wait_profile, COUNT, "unknown_ns", unknown_ns),
	{ .key = "waits", .type = FIELD_OBJECT, .shape = &waits_shape }, /* of the same struct */
};
static const struct shape call_profile_shape = SHAPE(wait_profile, call_profile_fields);

#define RUN_QUEUE "run-queue"
#define UNKNOWN   "unknown"

static json_t *segment_kind_write(const void *owner)
{
	const struct segment *s = owner;

	if (s->kind == SEGMENT_CPU)
		return json_string(ON_CPU);
	if (s->kind == SEGMENT_QUEUE)
		return json_string(RUN_QUEUE);
	return json_string(s->kind == SEGMENT_UNKNOWN ? UNKNOWN
						      : wait_kind_key((enum wait_kind)s->kind));
}

static struct error *segment_kind_read(const json_t *value, void *owner, const struct where *at)
{
	const char *key = json_string_value(value);
	struct segment *s = owner;
	enum wait_kind kind;

	if (!value) {
		s->kind = SEGMENT_UNKNOWN;
		return NULL;
	}
	if (!key)
		return fields_error(at, "not a string");
	if (!strcmp(key, ON_CPU))
		s->kind = SEGMENT_CPU;
	else if (!strcmp(key, RUN_QUEUE))
		s->kind = SEGMENT_QUEUE;
	else if (!strcmp(key, UNKNOWN))
		s->kind = SEGMENT_UNKNOWN;
	else if (wait_kind_from_key(key, &kind))
		s->kind = (int)kind;
	else
		return fields_error(at, "no kind of segment is called \"%s\"", key);
	return NULL;
}

static const struct field segment_fields[] = {
	ROW_CUSTOM("kind", segment_kind_write, segment_kind_read),
	ROW(segment, COUNT, "ns", ns),
	ROW(segment, SIZE, "lock", lock),
};
static const struct shape segment_shape = SHAPE(segment, segment_fields);

static const struct field timed_call_fields[] = {
	ROW(timed_call, COUNT, "start_ns", start_ns),
	ROW(timed_call, COUNT, "end_ns", end_ns),
	ROW(timed_call, INT, "tid", tid),
	ROW_OBJECTS(timed_call, "segments", segments, segment_shape, segment),
};
static const struct shape timed_call_shape = SHAPE(timed_call, timed_call_fields);

static const struct field recorded_lock_fields[] = {
	ROW(recorded_lock, WORD, "name", name),
	ROW(recorded_lock, BOOL, "file", file),
	ROW(recorded_lock, COUNT, "holds", holds),
	ROW(recorded_lock, COUNT, "held_ns", held_ns),
};
static const struct shape recorded_lock_shape = SHAPE(recorded_lock, recorded_lock_fields);

static const struct field recording_fields[] = {
	ROW(recording, BOOL, "made", made),
	ROW(recording, TEXT, "why", why),
	ROW(recording, TEXT, "unit", unit),
	ROW(recording, TEXT, "object", object),
	ROW(recording, BOOL, "found", found),
	ROW(recording, COUNT, "runs", runs),
	ROW(recording, COUNT, "elapsed_ns", elapsed_ns),
	ROW(recording, COUNT, "calls", total),
	ROW(recording, COUNT, "nested", nested),
	ROW(recording, COUNT, "abandoned", abandoned),
	ROW(recording, COUNT, "unfinished", unfinished),
	ROW(recording, COUNT, "at_once", at_once),
	ROW(recording, COUNT, "threads", threads),
	ROW(recording, COUNT, "before_ns", before_ns),
	ROW(recording, COUNT, "after_ns", after_ns),
	ROW(recording, COUNT, "p5_ns", p5_ns),
	ROW(recording, COUNT, "p50_ns", p50_ns),
	ROW(recording, COUNT, "p95_ns", p95_ns),
	ROW(recording, REAL, "probe_ns", probe_ns),
	ROW(recording, ESTIMATE, "slowdown", slowdown),
	ROW(recording, ESTIMATE, "disk_depth", disk_depth),
	ROW(recording, ESTIMATE, "loop_depth", loop_depth),
	ROW(recording, COUNT, "disk_threads", disk_threads),
	ROW(recording, TEXT, "disk_tried", disk_tried),
	ROW_OBJECT(recording, "inside", inside, call_profile_shape),
	ROW_OBJECT(recording, "outside", outside, call_profile_shape),
	ROW(recording, BOOL, "gaps_repeat", gaps_repeat),
	ROW_OBJECTS(recording, "locks", locks, recorded_lock_shape, recorded_lock),
	ROW(recording, COUNT, "locks_watched_ns", locks_watched_ns),
	ROW_OBJECTS(recording, "timeline", timeline, timed_call_shape, timed_call),
};
static const struct shape recording_shape = SHAPE(recording, recording_fields);

/* race, race_conditions */

static const struct field race_pinned_fields[] = {
	ROW(race_pinned, WORD, "call", call),
	ROW(race_pinned, TEXT, "place", place),
	ROW(race_pinned, COUNT, "count", count),
	ROW(race_pinned, COUNT, "ns", ns),
	ROW(race_pinned, COUNT, "longest_ns", longest_ns),
};
static const struct shape race_pinned_shape = SHAPE(race_pinned, race_pinned_fields);

static const struct field race_task_fields[] = {
	ROW(race_task, COUNT, "start_ns", start_ns),
	ROW(race_task, COUNT, "end_ns", end_ns),
	ROW(race_task, SIZE, "task", task),
	ROW(race_task, INT, "worker", worker),
};
static const struct shape race_task_shape = SHAPE(race_task, race_task_fields);

static const struct field race_loop_fields[] = {
	ROW(race_loop, BOOL, "measured", measured),
	ROW(race_loop, SHARE, "busy_share", busy_share),
	ROW(race_loop, SHARE, "overhead_share", overhead_share),
	ROW(race_loop, COUNT, "longest_ns", longest_ns),
	ROW(race_loop, COUNT, "traps", traps),
	ROW(race_loop, COUNT, "rewritten", rewritten),
	ROW(race_loop, COUNT, "trap_ns", trap_ns),
	ROW(race_loop, COUNT, "sites", sites),
	ROW_OBJECTS(race_loop, "pinned", pinned, race_pinned_shape, race_pinned),
};
static const struct shape race_loop_shape = SHAPE(race_loop, race_loop_fields);

static const struct field race_entry_fields[] = {
	ROW_KEY(race_entry, "model", model, model, .required = true),
	ROW(race_entry, INT, "workers", workers, .required = true, .low = 1),
	ROW_KEY(race_entry, "outcome", outcome, outcome, .required = true),
	ROW(race_entry, TEXT, "why", why),
	ROW(race_entry, TEXT, "isolation", isolation),
	ROW(race_entry, SPREAD, "speedup", speedup),
	ROW(race_entry, ESTIMATE, "simulated", simulated),
	ROW(race_entry, REAL, "cpu_ns_per_task", cpu_ns_per_task),
	ROW(race_entry, COUNT, "pss_bytes", pss_bytes),
	ROW(race_entry, COUNT, "p50_ns", p50_ns),
	ROW(race_entry, COUNT, "p95_ns", p95_ns),
	ROW(race_entry, COUNT, "p99_ns", p99_ns),
	ROW(race_entry, REAL, "tasks_per_s", tasks_per_s),
	ROW(race_entry, REAL, "switches_per_task", switches_per_task),
	ROW(race_entry, REAL, "faults_per_task", faults_per_task),
	ROW(race_entry, REAL, "major_faults_per_task", major_faults_per_task),
	ROW_OBJECT(race_entry, "profile", profile, call_profile_shape),
	ROW_OBJECT(race_entry, "loop", loop, race_loop_shape),
	ROW_REALS(race_entry, "ratios", ratios),
	ROW_REALS(race_entry, "walls_ns", walls),
	ROW_OBJECTS(race_entry, "timeline", timeline, race_task_shape, race_task),
	ROW(race_entry, ESTIMATE, "wall_ns", wall),
};
static const struct shape race_entry_shape = SHAPE(race_entry, race_entry_fields);

static const struct field race_conditions_fields[] = {
	ROW(race, BOOL, "measured", measured),
	ROW(race, BOOL, "simulated", simulated),
	ROW(race, TEXT, "why", why),
	ROW(race, SEED, "seed", conditions.seed),
	ROW(race, COUNT, "tasks", conditions.tasks),
	ROW(race, INT, "rounds", conditions.rounds),
	ROW(race, INT, "dirty_rounds", conditions.dirty_rounds),
	ROW(race, ESTIMATE, "noise", conditions.noise),
	ROW(race, ESTIMATE, "simulator_error", conditions.simulator_error),
	ROW(race, REAL, "ceiling", conditions.ceiling),
	ROW(race, SHARE, "steal_share", conditions.steal_share),
	ROW(race, REAL, "load", conditions.load),
	ROW(race, COUNT, "leaked_descriptors", conditions.leaked_fds),
	ROW(race, COUNT, "recycled", conditions.recycled),
	ROW(race, COUNT, "kept_bytes_per_task", conditions.kept_bytes),
	ROW(race, COUNT, "strays", conditions.strays),
	ROW(race, ESTIMATE, "startup_ns", conditions.startup_ns),
};
static const struct shape race_conditions_shape = SHAPE(race, race_conditions_fields);

/* verdict */

static bool names_a_model(const struct verdict *v)
{
	return v->kind != VERDICT_NONE && v->kind != VERDICT_CANNOT_TELL;
}

static json_t *model_write(const void *owner)
{
	const struct verdict *v = owner;

	return names_a_model(v) ? json_string(model_key(v->model)) : json_null();
}

static struct error *model_read(const json_t *value, void *owner, const struct where *at)
{
	struct verdict *v = owner;
	const struct field row = ROW_KEY(verdict, "model", model, model, .required = true);

	return value || names_a_model(v) ? fields_read(&row, value, v, at) : NULL;
}

static json_t *row_write(const void *owner)
{
	const struct verdict *v = owner;

	return v->has_row ? json_string(row_key(v->row)) : json_null();
}

static struct error *row_read(const json_t *value, void *owner, const struct where *at)
{
	struct verdict *v = owner;
	const struct field row = ROW_KEY(verdict, "row", row, row);

	v->has_row = value;
	return fields_read(&row, value, v, at);
}

static struct error *verdict_check(const void *owner, const struct where *at)
{
	const struct verdict *v = owner;
	const struct where workers = { .up = at, .key = "workers" };

	if (names_a_model(v) && v->workers < 1)
		return fields_error(&workers, "%d is less than 1", v->workers);
	return NULL;
}

static const struct field verdict_tie_fields[] = {
	ROW_KEY(verdict_tie, "model", model, model, .required = true),
	ROW(verdict_tie, INT, "workers", workers, .required = true, .low = 1),
	ROW(verdict_tie, SPREAD, "speedup", speedup),
};
static const struct shape verdict_tie_shape = SHAPE(verdict_tie, verdict_tie_fields);

static const struct field hurdle_fields[] = {
	ROW(hurdle, WORD, "check", check),      ROW(hurdle, WORD, "symbol", symbol),
	ROW(hurdle, WORD, "file", file),        ROW(hurdle, INT, "line", line),
	ROW(hurdle, WORD, "text", text),        ROW(hurdle, INT, "sites", sites),
	ROW(hurdle, TEXT, "excerpt", excerpt),  ROW(hurdle, INT, "excerpt_line", excerpt_line),
	ROW(hurdle, SHARE, "affects", affects), ROW(hurdle, REAL, "if_left", if_left),
};
static const struct shape hurdle_shape = SHAPE(hurdle, hurdle_fields);

static const struct field witness_fields[] = {
	ROW(witness, WORD, "name", name),   ROW(witness, WORD, "says", says),
	ROW(witness, WORD, "on", on),       ROW(witness, BOOL, "agrees", agrees),
	ROW(witness, BOOL, "heard", heard), ROW(witness, TEXT, "sure", sure),
};
static const struct shape witness_shape = SHAPE(witness, witness_fields);

static const struct field model_bound_fields[] = {
	ROW_KEY(model_bound, "model", model, model, .required = true),
	ROW(model_bound, REAL, "speedup", speedup),
	ROW(model_bound, INT, "workers", workers),
	ROW_KEY(model_bound, "by", by, bound),
};
static const struct shape model_bound_shape = SHAPE(model_bound, model_bound_fields);

static const struct field present_fields[] = {
	ROW(present, BOOL, "concurrent", concurrent),
	ROW(present, TEXT, "model", model),
	ROW(present, REAL, "busy", busy),
	ROW(present, REAL, "cores_used", cores_used),
	ROW(present, SHARE, "idle_share", idle_share),
	ROW(present, SHARE, "lock_share", lock_share),
	ROW_KEY(present, "needs", needs, present_need),
	ROW(present, INT, "workers", workers),
	ROW(present, BOOL, "process_wide", process_wide),
	ROW(present, TEXT, "lock", lock),
	ROW(present, TEXT, "holder", holder),
};
static const struct shape present_shape = SHAPE(present, present_fields);

static const struct field scaling_point_fields[] = {
	ROW(scaling_point, INT, "workers", workers),
	ROW(scaling_point, ESTIMATE, "fit", fit),
};
static const struct shape scaling_point_shape = SHAPE(scaling_point, scaling_point_fields);

static const struct field projection_fields[] = {
	ROW(projection, INT, "cores", cores),
	ROW(projection, INT, "workers", workers),
	ROW(projection, ESTIMATE, "speedup", speedup),
	ROW_KEY(projection, "by", by, bound),
};
static const struct shape projection_shape = SHAPE(projection, projection_fields);

static const struct field scaling_fields[] = {
	ROW_KEY(scaling, "model", model, model, .required = true),
	ROW(scaling, TEXT, "why_not", why_not),
	ROW(scaling, REAL, "demand", demand),
	ROW(scaling, REAL, "little", little),
	ROW(scaling, REAL, "formula", formula),
	ROW(scaling, INT, "sizes", sizes),
	ROW(scaling, ESTIMATE, "contention", contention),
	ROW(scaling, ESTIMATE, "coherence", coherence),
	ROW(scaling, BOOL, "one_loss", one_loss),
	ROW(scaling, INT, "knee", knee),
	ROW(scaling, INT, "knee_low", knee_low),
	ROW(scaling, INT, "knee_high", knee_high),
	ROW(scaling, BOOL, "knee_seen", knee_seen),
	ROW_KEY(scaling, "by", by, bound),
	ROW_OBJECTS(scaling, "curve", curve, scaling_point_shape, scaling_point),
	ROW_OBJECTS(scaling, "projections", projections, projection_shape, projection),
};
static const struct shape scaling_shape = SHAPE(scaling, scaling_fields);

static const struct field verdict_fields[] = {
	ROW_KEY(verdict, "kind", kind, verdict_kind),
	ROW_CUSTOM("model", model_write, model_read), /* after kind */
	ROW(verdict, INT, "workers", workers),
	ROW(verdict, SPREAD, "speedup", speedup),
	ROW_CUSTOM("row", row_write, row_read),
	ROW(verdict, TEXT, "agreement", agreement),
	ROW(verdict, TEXT, "confidence", confidence),
	ROW(verdict, TEXT, "rests_on", rests_on),
	ROW(verdict, TEXT, "unit", unit),
	ROW_OBJECTS(verdict, "ties", ties, verdict_tie_shape, verdict_tie),
	ROW_TEXTS(verdict, "rules", rules),
	ROW_OBJECTS(verdict, "hurdles", hurdles, hurdle_shape, hurdle),
	ROW_TEXTS(verdict, "reasons", reasons),
	ROW_TEXTS(verdict, "missing", missing),
	ROW_OBJECTS(verdict, "witnesses", witnesses, witness_shape, witness),
	ROW_OBJECTS(verdict, "bounds", outlook.bounds, model_bound_shape, model_bound),
	ROW_OBJECT(verdict, "present", outlook.present, present_shape),
	ROW_OBJECTS(verdict, "scaling", scalings, scaling_shape, scaling),
};
static const struct shape verdict_shape = SHAPE(verdict, verdict_fields, .check = verdict_check);

/* the rest */

static const struct field machine_fields[] = {
	ROW(machine, TEXT, "id", id),
	ROW(machine, TEXT, "hostname", hostname),
	ROW(machine, TEXT, "kernel", kernel),
	ROW(machine, TEXT, "arch", arch),
	ROW(machine, TEXT, "cpu", cpu),
	ROW(machine, TEXT, "libc", libc),
	ROW(machine, INT, "cores", cores),
	ROW(machine, COUNT, "memory_bytes", memory_bytes),
	ROW(machine, BOOL, "virtualised", virtualised),
};
static const struct shape machine_shape = SHAPE(machine, machine_fields);

/* true, false, or null: not known */
static json_t *dirty_write(const void *owner)
{
	const struct target *t = owner;

	return t->git_dirty < 0 ? json_null() : json_boolean(t->git_dirty);
}

static struct error *dirty_read(const json_t *value, void *owner, const struct where *at)
{
	struct target *t = owner;

	if (value && !json_is_boolean(value))
		return fields_error(at, "not true or false");
	t->git_dirty = value ? json_is_true(value) : -1;
	return NULL;
}

static const struct field target_fields[] = {
	ROW(target, TEXT, "program", program),
	ROW(target, TEXT, "digest", digest),
	ROW(target, TEXT, "build_dir", build_dir),
	ROW(target, TEXT, "git_commit", git_commit),
	ROW(target, TEXT, "git_branch", git_branch),
	ROW(target, TEXT, "rebuilt", rebuilt),
	ROW_CUSTOM("git_dirty", dirty_write, dirty_read),
};
static const struct shape target_shape = SHAPE(target, target_fields);

/* All of them, with the first: a reader needs to look at this key only. */
static json_t *exits_write(const void *owner)
{
	json_t *list = json_array();

	for (int code = 0; code < 256; code++) {
		if (workload_expects(owner, code))
			json_array_append_new(list, json_integer(code));
	}
	return list;
}

static struct error *exits_read(const json_t *value, void *owner, const struct where *at)
{
	struct workload *w = owner;

	if (value && !json_is_array(value))
		return fields_error(at, "not an array");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct where item = { .up = at, .index = i };
		const json_t *code = json_array_get(value, i);

		if (json_is_null(code))
			continue;
		if (!json_is_integer(code) || json_integer_value(code) < 0 ||
		    json_integer_value(code) > 255)
			return fields_error(&item, "not an exit code");
		workload_expect(w, (int)json_integer_value(code));
	}
	return NULL;
}

static const struct field workload_fields[] = {
	ROW(workload, TEXT, "id", id),
	ROW(workload, TEXT, "unit", unit),
	ROW_TEXTS(workload, "argv", argv),
	ROW_TEXTS(workload, "tasks", tasks),
	ROW(workload, INT, "expected_exit", expected_exit),
	ROW_CUSTOM("expected_exits", exits_write, exits_read), /* after the first */
	ROW(workload, TEXT, "stdin", stdin_path),
	ROW_TEXTS(workload, "outputs", outputs),
	ROW_KEY(workload, "compare", compare, compare),
	ROW(workload, BOOL, "shared", shared),
	ROW(workload, TEXT, "offload", offload),
	ROW_KEY(workload, "processes", processes, process_way),
	ROW(workload, TEXT, "run_as", run_as),
	ROW(workload, TEXT, "setup", setup),
	ROW(workload, TEXT, "teardown", teardown),
	ROW(workload, COUNT, "timeout_ns", timeout_ns),
	ROW(workload, COUNT, "budget_ns", budget_ns),
};
static const struct shape workload_shape = SHAPE(workload, workload_fields);

static const struct field run_fields[] = {
	ROW(run, UUID, "id", id, .required = true),
	ROW(run, TEXT, "tool_version", tool_version),
	ROW(run, TEXT, "command", command),
	ROW(run, TIME, "started_ns", started_ns),
	ROW(run, COUNT, "took_ns", took_ns),
	ROW_OBJECT(run, "machine", machine, machine_shape),
	ROW_OBJECT(run, "target", target, target_shape),
	ROW_OBJECT(run, "workload", workload, workload_shape),
	ROW_OBJECTS(run, "facts", facts, fact_shape, fact),
	ROW_OBJECT(run, "analysis", facts, analysis_shape),
	ROW_OBJECT(run, "profile", profile, profile_shape),
	ROW_OBJECT(run, "recording", recording, recording_shape),
	ROW_OBJECTS(run, "race", race, race_entry_shape, race_entry),
	ROW_OBJECT(run, "race_conditions", race, race_conditions_shape),
	ROW_OBJECT(run, "verdict", verdict, verdict_shape),
};
static const struct shape run_shape = SHAPE(run, run_fields);

char *run_json_text(const struct run *run)
{
	return fields_text(&run_shape, RUN_JSON_SCHEMA, run);
}

static struct error *keep(struct error *err, struct run *run, struct run *ret)
{
	if (err)
		run_clear(run);
	else
		*ret = *run;
	return err;
}

struct error *run_json_parse(const char *text, size_t n, struct run *ret)
{
	struct run run = { 0 };

	return keep(fields_parse(text, n, &run_shape, RUN_JSON_SCHEMA, &run), &run, ret);
}

struct error *run_json_read(const json_t *top, struct run *ret)
{
	struct run run = { 0 };

	return keep(fields_read_top(top, &run_shape, RUN_JSON_SCHEMA, &run), &run, ret);
}
