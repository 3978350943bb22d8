#include "full_run.h"

#include <string.h>

static void fill_origin(struct run *run)
{
	strcpy(run->id, "0190d5a2-7c4e-7b1a-9f00-0123456789ab");
	run->tool_version = xstrdup("0.1.0");
	run->command = xstrdup("advise");
	run->started_ns = 1721320000123456789;
	run->took_ns = 41000000007;
	run->machine = (struct machine){
		.id = xstrdup("00112233445566778899aabbccddeeff"),
		.hostname = xstrdup("bench"),
		.kernel = xstrdup("6.18.0"),
		.arch = xstrdup("x86_64"),
		.cpu = xstrdup("A CPU \"quoted\" \\ with \t controls \x01"),
		.libc = xstrdup("glibc 2.36"),
		.cores = 2,
		.memory_bytes = 8ull << 30,
		.virtualised = true,
	};
	run->target = (struct target){
		.program = xstrdup("/opt/b\xc3\xa4r/bzip2"),
		.digest = xstrdup("ffeeddccbbaa99887766554433221100"),
		.build_dir = xstrdup("/opt/b\xc3\xa4r"),
		.git_commit = xstrdup("92c4629aa0b1c2d3e4f5061728394a5b6c7d8e9f"),
		.git_branch = xstrdup("main"),
		.rebuilt = xstrdup("it is statically linked: built anew from 9 files"),
		.git_dirty = 1,
	};
	run->workload.id = xstrdup("0123456789abcdef0123456789abcdef");
	run->workload.unit = xstrdup("main");
	strings_add(&run->workload.argv, "./bzip2");
	strings_add(&run->workload.argv, "-kc");
	strings_add(&run->workload.argv, "{}");
	strings_add(&run->workload.tasks, "a file.txt");
	strings_add(&run->workload.tasks, "b\nfile.txt");
	run->workload.expected_exit = 3;
	workload_expect(&run->workload, 3);
	workload_expect(&run->workload, 255);
	run->workload.stdin_path = xstrdup("in/{}");
	strings_add(&run->workload.outputs, "{out}/*");
	run->workload.compare = COMPARE_STDERR;
	run->workload.shared = true;
	run->workload.offload = xstrdup("compress");
	run->workload.processes = PROCESS_FORK;
	run->workload.run_as = xstrdup("nobody");
	run->workload.setup = xstrdup("make inputs");
	run->workload.teardown = xstrdup("rm -f inputs");
	run->workload.timeout_ns = 5000000000;
	run->workload.budget_ns = 60000000000;
}

static void fill_facts(struct facts *facts)
{
	struct fact fact = {
		.check = xstrdup("shared-state"),
		.file = xstrdup("bzip2.c"),
		.line = 171,
		.column = 9,
		.function = xstrdup("main"),
		.symbol = xstrdup("inName"),
		.effect = xstrdup("file-scope"),
		.detail = xstrdup("inName is written by 3 functions."),
		.advice = xstrdup("make it part of a struct"),
		.macro = xstrdup("SET_NAME"),
	};
	const struct fact_site site = { xstrdup("bzip2.c"), 1190, xstrdup("compress"),
					xstrdup("write") };
	const struct unit_failure failure = { xstrdup("broken.c"), xstrdup("no such header"),
					      true };

	vec_push(&fact.sites, site);
	vec_push(facts, fact);
	vec_push(&facts->failures, failure);
	facts->analysed = true;
	facts->why_not = xstrdup("one unit failed");
	facts->units = 9;
	facts->campaign = xstrdup("c0ffee");
	facts->shard = 2;
	facts->shards = 5;
}

static void fill_stacks(struct stacks *stacks)
{
	struct stack wait = { .kind = WAIT_LOCK, .ns = 1003, .count = 7, .cut = true };
	struct stack cpu = { .on_cpu = true, .ns = 120, .count = 3, .cut = true };
	const struct stack_frame lock = { xstrdup("lock"), xstrdup("libc.so.6"), xstrdup("lock.c"),
					  81, true };
	const struct stack_frame work = { xstrdup("work"), xstrdup("a"), xstrdup("a.c"), 12, true };

	vec_push(&wait.frames, lock);
	vec_push(&cpu.frames, work);
	vec_push(stacks, wait);
	vec_push(stacks, cpu);
}

static void fill_profile(struct profile *p)
{
	const struct wait_site site = { xstrdup("tcp_recvmsg"), WAIT_NETWORK, 5001, 17 };

	struct wait_waker waker = { xstrdup("holder"), 42, 43, WAIT_LOCK, 1003, 7, { 0 } };
	const struct stack_frame frame = { xstrdup("put"), xstrdup("a"), xstrdup("a.c"), 31, true };

	p->measured = true;
	p->tier = TIER_1;
	p->why = xstrdup("perf_event_paranoid is 1");
	p->waits = (struct wait_profile){
		.wall_ns = 1000000,
		.user_ns = 100,
		.system_ns = 20,
		.runqueue_ns = 3,
	};
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		p->waits.wait_ns[kind] = 1000 + (uint64_t)kind;
	wait_profile_close(&p->waits);
	p->elapsed_ns = 1000042;
	p->tasks = 40;
	p->processes = 41;
	p->threads = 42;
	p->switches = 43;
	p->checked = (struct profile_check){ 900, 901, 48, 49 };
	p->lost_share = 0.001;
	p->steal_share = 0.1;
	p->cycles = 44;
	p->instructions = 45;
	p->cache_misses = 46;
	p->read_bytes = 47;
	p->written_bytes = 48;
	p->peak_bytes = 49;
	p->opened = 50;
	p->no_counters = xstrdup("no PMU");
	vec_push(&p->sites, site);
	fill_stacks(&p->stacks);
	vec_push(&waker.frames, frame);
	vec_push(&p->wakers, waker);
}

static void fill_loop(struct race_loop *loop)
{
	const struct race_pinned pinned = { .call = xstrdup("openat"),
					    .place = xstrdup("work (fetch.c:40)"),
					    .count = 3,
					    .ns = 7001,
					    .longest_ns = 5001 };

	*loop = (struct race_loop){
		.measured = true,
		.busy_share = 0.4,
		.overhead_share = 0.01,
		.longest_ns = 8001,
		.traps = 17,
		.rewritten = 1700,
		.trap_ns = 901,
		.sites = 427,
	};
	vec_push(&loop->pinned, pinned);
}

static void fill_race(struct race *race)
{
	for (int model = 0; model < MODEL_COUNT; model++) {
		struct race_entry e = {
			.model = (enum model)model,
			.workers = model + 1,
			.outcome = (enum outcome)(model % OUTCOME_COUNT),
			.why = xstrdup("task 3: other output"),
			.isolation = xstrdup("exec"),
			.speedup = { 1.9, 1.0 / 3, 2.1, 9 },
			.simulated = { 1.8, 1.8, 1.8, 7 },
			.cpu_ns_per_task = 1e6 / 7,
			.pss_bytes = 12345678,
			.p50_ns = 1000,
			.p95_ns = 1500,
			.tasks_per_s = 123.5,
			.switches_per_task = 3.25,
			.faults_per_task = 100.5,
			.major_faults_per_task = 0.125,
			.p99_ns = 2000,
		};

		e.profile = (struct wait_profile){ .wall_ns = 36 + 28,
						   .user_ns = 1,
						   .system_ns = 2,
						   .runqueue_ns = 3,
						   .unknown_ns = 13 };
		for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
			e.profile.wait_ns[kind] = (uint64_t)kind + 1;
		fill_loop(&e.loop);
		vec_push(&e.ratios, 1.8999999999999999);
		vec_push(&e.ratios, 0.1);
		vec_push(&e.walls, 123456789.25);
		vec_push(&e.timeline, ((struct race_task){ 10, 20, 3, 1 }));
		e.wall = (struct estimate){ 123456789.25, 1e8, 2e8, 9 };
		vec_push(race, e);
	}
	race->measured = true;
	race->simulated = true;
	race->why = xstrdup("budget spent");
	race->conditions = (struct race_conditions){
		.seed = UINT64_MAX,
		.tasks = 40,
		.rounds = 12,
		.dirty_rounds = 2,
		.noise = { 1.01, 0.98, 1.03, 10 },
		.simulator_error = { 0.04, 0.01, 0.12, 33 },
		.ceiling = 1.93,
		.steal_share = 0.02,
		.load = 0.7,
		.leaked_fds = 20,
		.recycled = 3,
		.kept_bytes = 12 << 20,
		.strays = 4,
		.startup_ns = { 700000, 650000, 800000, 11 },
	};
}

static void fill_verdict(struct verdict *v)
{
	const struct verdict_tie tie = { MODEL_THREADS, 2, { 1.85, 1.7, 1.95, 9 } };
	const struct hurdle hurdle = { xstrdup("shared-state"),
				       xstrdup("inName"),
				       xstrdup("bzip2.c"),
				       171,
				       xstrdup("Pass it on."),
				       4,
				       xstrdup("int a;\n\tint b;"),
				       170,
				       0.3,
				       3.3 };
	const struct witness witness = {
		xstrdup("clock"), xstrdup("processes, 1.90 times"), xstrdup("9 rounds"), true, true,
		xstrdup("high")
	};

	v->kind = VERDICT_RECOMMEND;
	v->model = MODEL_PROCESSES;
	v->workers = 2;
	v->speedup = (struct estimate){ 1.9, 1.8, 2.0, 9 };
	v->has_row = true;
	v->row = ROW_COMPUTE;
	v->agreement = xstrdup("agree");
	v->confidence = xstrdup("fair");
	v->rests_on = xstrdup("n = 9");
	v->unit = xstrdup("compress");
	vec_push(&v->ties, tie);
	strings_add(&v->rules, "R02");
	vec_push(&v->hurdles, hurdle);
	strings_add(&v->reasons, "98 % of the wall time is CPU time.");
	strings_add(&v->missing, "3 more rounds");
	vec_push(&v->witnesses, witness);
	vec_push(&v->outlook.bounds, ((struct model_bound){ MODEL_ASYNC, 1.02, 2, BOUND_LOOP }));
	v->outlook.present = (struct present){
		.concurrent = true,
		.model = xstrdup("thread-pool"),
		.busy = 3.9,
		.cores_used = 1.1,
		.idle_share = 0.2,
		.lock_share = 0.6,
		.needs = PRESENT_LOCK,
		.workers = 7,
		.process_wide = true,
		.lock = xstrdup("item (pool.c:14)"),
		.holder = xstrdup("pool/505"),
	};
	vec_push(&v->scalings, ((struct scaling){ .model = MODEL_THREADS,
						  .why_not = xstrdup("too few clean rounds"),
						  .demand = 0.9,
						  .little = 1.9,
						  .formula = 2.2,
						  .sizes = 1,
						  .contention = { 0.03, 0.01, 0.05, 9 },
						  .coherence = { 0.02, 0.01, 0.04, 9 },
						  .one_loss = true,
						  .knee = 2,
						  .knee_low = 2,
						  .knee_high = 3,
						  .knee_seen = true,
						  .by = BOUND_CPU }));
	vec_push(&v->scalings.items[0].curve, ((struct scaling_point){ 2, { 1.9, 1.8, 2.0, 9 } }));
	vec_push(&v->scalings.items[0].projections,
		 ((struct projection){ 16, 18, { 11.5, 6.2, 13.9, 9 }, BOUND_MEMORY }));
}

static struct wait_profile full_waits(uint64_t n)
{
	struct wait_profile w = {
		.user_ns = n, .system_ns = n + 1, .runqueue_ns = n + 2, .unknown_ns = n + 3
	};

	for (int k = 0; k < WAIT_KIND_COUNT; k++)
		w.wait_ns[k] = n + 4 + (uint64_t)k;
	w.wall_ns = wait_profile_parts_ns(&w);
	return w;
}

/* Without its calls: they are not stored. */
static void fill_recording(struct recording *r)
{
	*r = (struct recording){
		.made = true,
		.why = xstrdup("as asked"),
		.unit = xstrdup("handle_request"),
		.object = xstrdup("/usr/sbin/served"),
		.found = true,
		.runs = 3,
		.elapsed_ns = 9000000,
		.total = 40,
		.nested = 4,
		.abandoned = 2,
		.unfinished = 1,
		.at_once = 1,
		.threads = 1,
		.before_ns = 1000,
		.after_ns = 2000,
		.p5_ns = 100,
		.p50_ns = 110,
		.p95_ns = 190,
		.probe_ns = 1.25,
		.slowdown = { 1.4, 1.3, 1.5, 3 },
		.disk_depth = { 2.4, 2.3, 2.5, 5 },
		.loop_depth = { 1.4, 1.3, 1.5, 4 },
		.disk_threads = 32,
		.disk_tried = xstrdup("syncing files such as /srv/a"),
		.inside = full_waits(5000),
		.outside = full_waits(70),
	};
	r->gaps_repeat = true;
	r->locks_watched_ns = 4000;
	vec_push(&r->locks, ((struct recorded_lock){ xstrdup("mutex 1"), true, 12, 345 }));
	for (int i = 0; i < 2; i++) {
		struct timed_call call = { .start_ns = 1000, .end_ns = 1110, .tid = 77 };

		for (int kind = 0; kind <= SEGMENT_QUEUE; kind++)
			vec_push(&call.segments, ((struct segment){ kind, 10, 1 }));
		vec_push(&r->timeline, call);
	}
}

struct run full_run(void)
{
	struct run run = { 0 };

	fill_origin(&run);
	fill_facts(&run.facts);
	fill_profile(&run.profile);
	fill_recording(&run.recording);
	fill_race(&run.race);
	fill_verdict(&run.verdict);
	return run;
}

struct comparison full_comparison(void)
{
	struct comparison c = {
		.a = xstrdup("0190d5a2-7c4e-7b1a-9f00-0123456789ab"),
		.b = xstrdup("0190d5a2-7c4e-7b1a-9f00-0123456789ac"),
		.comparable = true,
		.verdict_changed = true,
		.verdict = xstrdup("It was threads, it is processes."),
		.remaining_findings = 7,
	};
	const struct comparison_entry entry = {
		.model = MODEL_ASYNC,
		.workers = 1,
		.change = CHANGE_BETTER,
		.ratio = { 1.25, 1.2, 1.3, 8 },
		.p = 0.001,
		.test = xstrdup("Mann-Whitney"),
		.why = xstrdup("why"),
	};
	const struct comparison_entry unknown = {
		.model = MODEL_THREADS,
		.workers = 4,
		.change = CHANGE_NOT_MEASURED,
		.p = 1,
		.why = xstrdup("only in one of the two"),
	};
	const struct comparison_wait wait = { xstrdup("run-queue"), 0.25, 0.125, 4e6, 2e6 };

	strings_add(&c.why_not, "other machine");
	vec_push(&c.entries, entry);
	vec_push(&c.entries, unknown);
	vec_push(&c.waits, wait);
	vec_push(&c.stacks, ((struct comparison_stack){ xstrdup("main;[disk]"), 2, 3 }));
	strings_add(&c.new_findings, "a.c: shared-state: x in f");
	strings_add(&c.fixed_findings, "b.c: mt-unsafe-call: strtok in g");
	return c;
}

struct history full_history(void)
{
	struct history h = { 0 };
	struct history_row row = {
		.started_ns = 1721320000123456789,
		.program = xstrdup("/opt/bzip2"),
		.command = xstrdup("advise"),
		.git_commit = xstrdup("92c4629"),
		.verdict = xstrdup("recommend"),
		.model = xstrdup("processes"),
		.row = xstrdup("compute"),
		.workers = 2,
		.speedup = { 1.9, 1.8, 2.0, 9 },
	};
	struct history_row bare = { .started_ns = 1, .verdict = xstrdup("none") };

	strcpy(row.id, "0190d5a2-7c4e-7b1a-9f00-0123456789ab");
	strcpy(bare.id, "0190d5a2-7c4e-7b1a-9f00-0123456789ac");
	vec_push(&h, row);
	vec_push(&h, bare);
	return h;
}

struct gate full_gate(void)
{
	struct gate g = { .passed = true,
			  .a = xstrdup("0190d5a2-7c4e-7b1a-9f00-0123456789ab"),
			  .b = xstrdup("0190d5a2-7c4e-7b1a-9f00-0123456789ac"),
			  .max_regression = 0.02,
			  .confidence = 0.99,
			  .min_runs = 10 };

	strings_add(&g.notes, "other machine");
	vec_push(&g.checks, ((struct gate_check){ xstrdup("sequential x 1"),
						  GATE_PASSED,
						  true,
						  { 1.01, 1, 1.02, 40 },
						  0.5,
						  xstrdup("as fast") }));
	vec_push(&g.walls_old, 1e6);
	vec_push(&g.walls_new, 2e6);
	return g;
}

struct trend full_trend(void)
{
	struct trend t = { .workload = xstrdup("00ff"),
			   .program = xstrdup("/opt/bzip2"),
			   .machine = xstrdup("m1"),
			   .hostname = xstrdup("box"),
			   .elsewhere = 2,
			   .older = 3 };
	struct trend_run run = { .started_ns = 1721320000123456789,
				 .git_commit = xstrdup("92c4629"),
				 .tool_version = xstrdup("0.1.0"),
				 .verdict = xstrdup("recommend"),
				 .model = xstrdup("processes"),
				 .workers = 2,
				 .verdict_changed = true };
	struct trend_series s = { .is_wait = true,
				  .name = xstrdup("network"),
				  .workers = 4,
				  .level = { 12, 11, 13, 9 } };

	strcpy(run.id, "0190d5a2-7c4e-7b1a-9f00-0123456789ab");
	vec_push(&t.runs, run);
	vec_push(&s.values, ((struct trend_value){ 1, { 12, 11, 13, 9 } }));
	vec_push(&s.changes, ((struct trend_change){ 1, { 1.1, 1.05, 1.2, 9 }, 12, 9, 0.001 }));
	vec_push(&t.series, s);
	return t;
}
