/*
 * fill.c - a long history, as a project keeps one: RUNS runs of 500 rows each
 *
 *	bench_db_fill HISTORY FIRST RUNS
 *
 * Three programs take turns. Each run has a race of 12 entries with 8 rounds, a profile of 8 kinds with stacks, and findings in
 * 480 files, of which one changes every ten runs. Every run is stored as concur stores it. From run STEP on all takes 5 % longer,
 * for concur history to find.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/rng.h"
#include "base/vec.h"
#include "db/db.h"

#define FILES    480
#define PROGRAMS 3
#define STACKS   40
#define DEPTH    12
#define ROUNDS   8
#define STEP     9000 /* run from which on all is slower */

static const char *const programs[PROGRAMS] = { "crunch", "fetch", "serve" };

/* Around 1, with the heavy side that times have. */
static double noise(struct rng *rng)
{
	double u = (double)rng_below(rng, 1000000) / 1e6;

	return 1 + 0.01 * u + (rng_below(rng, 20) ? 0 : 0.05 * u);
}

static void add_findings(int i, struct run *run)
{
	for (int file = 0; file < FILES; file++) {
		/* Lines move in the file that the last change was made in. */
		int version = (i / 10 + FILES - file) / FILES;

		vec_push(&run->facts,
			 ((struct fact){
				 .check = xstrdup(file % 3 ? "shared-state" : "blocking-call"),
				 .file = xasprintf("src/part%02d/file%03d.c", file % 20, file),
				 .line = 10 + file + version,
				 .column = 2,
				 .function = xasprintf("work_%d", file),
				 .symbol = xstrdup(file % 3 ? "counter" : "recv"),
				 .effect = xstrdup(file % 3 ? "file-scope" : "network"),
				 .detail = xstrdup("what it is, and why it matters") }));
	}
	run->facts.analysed = true;
	run->facts.units = FILES;
}

static void add_stack(int at, struct profile *p)
{
	struct stack *s = vec_add(&p->stacks);

	*s = (struct stack){ .on_cpu = at % 4 == 0,
			     .kind = (enum wait_kind)(at % WAIT_KIND_COUNT),
			     .ns = 1000000 + (uint64_t)at * 1000,
			     .count = 100 };
	for (int depth = 0; depth < DEPTH; depth++)
		vec_push(&s->frames, ((struct stack_frame){
					     .function = xasprintf("function_%d", at * depth % 97),
					     .object = xstrdup("crunch"),
					     .file = xasprintf("src/file%03d.c", at),
					     .line = depth * 10 }));
}

static void add_profile(struct rng *rng, struct profile *p)
{
	*p = (struct profile){ .measured = true, .tier = TIER_1, .tasks = 20, .elapsed_ns = 1 };
	for (int kind = 0; kind < 5; kind++)
		p->waits.wait_ns[kind] = (uint64_t)(1e8 * noise(rng));
	p->waits.user_ns = (uint64_t)(5e8 * noise(rng));
	p->waits.runqueue_ns = 1000000;
	p->waits.unknown_ns = 1000;
	p->waits.wall_ns = p->waits.user_ns + p->waits.runqueue_ns + p->waits.unknown_ns;
	for (int kind = 0; kind < 5; kind++)
		p->waits.wall_ns += p->waits.wait_ns[kind];
	for (int i = 0; i < STACKS; i++)
		add_stack(i, p);
}

static void add_race(struct rng *rng, double level, struct race *race)
{
	race->measured = true;
	race->conditions.tasks = 20;
	race->conditions.rounds = ROUNDS;
	race->conditions.noise = (struct estimate){ 1, 0.99, 1.01, ROUNDS };
	for (int i = 0; i < 12; i++) {
		struct race_entry *e = vec_add(race);

		*e = (struct race_entry){ .model = i ? (enum model)(1 + (i - 1) % (MODEL_COUNT - 1))
						     : MODEL_SEQUENTIAL,
					  .workers = i ? 2 << (i - 1) / (MODEL_COUNT - 1) : 1,
					  .outcome = OUTCOME_OK,
					  .isolation = xstrdup("exec"),
					  .speedup = { 1 + i * 0.1, 0.9 + i * 0.1, 1.1 + i * 0.1,
						       ROUNDS },
					  .cpu_ns_per_task = 1e7,
					  .pss_bytes = 1 << 20,
					  .p50_ns = 5000000,
					  .p99_ns = 9000000 };
		for (int round = 0; round < ROUNDS; round++) {
			vec_push(&e->walls, 1e9 * level * noise(rng) / (1 + i * 0.1));
			vec_push(&e->ratios, 1 + i * 0.1);
		}
	}
}

static void make_run(int i, struct run *run)
{
	struct rng rng = { (uint64_t)i + 1 };
	const char *name = programs[i % PROGRAMS];

	*run = (struct run){ .tool_version = xstrdup(CONCUR_VERSION),
			     .command = xstrdup("advise"),
			     .started_ns = 1700000000000000000 + i * 600000000000ll,
			     .took_ns = 60000000000 };
	snprintf(run->id, UUID_TEXT, "0190%04x-%04x-7000-8000-%012x", (unsigned)i >> 16,
		 (unsigned)i & 0xffff, (unsigned)i);
	run->machine = (struct machine){
		.id = xstrdup("m1"), .hostname = xstrdup("box"), .cpu = xstrdup("cpu"), .cores = 2
	};
	run->target =
		(struct target){ .program = xasprintf("/home/ann/demo/build/%s", name),
				 .digest = xasprintf("%032x", i / 10),
				 .git_commit = xasprintf("%040x", (unsigned)(i / 10) * 2654435761u),
				 .git_branch = xstrdup("main") };
	run->workload.id = xasprintf("%032x", (unsigned)(i % PROGRAMS + 1) * 0x11111111u);
	run->workload.unit = xstrdup("main");
	strings_add(&run->workload.argv, name);
	for (int task = 0; task < 20; task++)
		strings_add(&run->workload.tasks, "input");
	add_findings(i, run);
	add_profile(&rng, &run->profile);
	add_race(&rng, i < STEP ? 1 : 1.05, &run->race);
	run->verdict = (struct verdict){ .kind = VERDICT_RECOMMEND,
					 .model = MODEL_PROCESSES,
					 .workers = 2,
					 .speedup = { 1.9, 1.8, 2.0, ROUNDS },
					 .has_row = true,
					 .row = ROW_COMPUTE };
}

int main(int argc, char **argv)
{
	CLEANUP(db_clear) struct db *db = NULL;
	CLEANUP(error_clear) struct error *err = NULL;
	int first, runs;

	if (argc != 4)
		return 2;
	first = atoi(argv[2]);
	runs = atoi(argv[3]);
	err = db_open(argv[1], DB_WRITE, &db);
	for (int i = first; !err && i < first + runs; i++) {
		CLEANUP(run_clear) struct run run = { 0 };

		make_run(i, &run);
		err = db_store(db, &run);
	}
	if (err)
		fprintf(stderr, "%s\n", err->message);
	return err ? 1 : 0;
}
