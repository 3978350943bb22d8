/*
 * Writes the pages that scripts/browser-test opens, from the golden runs:
 *
 *	pages DIR [DATABASE]
 *
 * With DATABASE it also stores a run as large as they come: 10,000 findings, a million samples in
 * 20,000 different stacks, 60 entries in the race. bench/report shows it.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/uuid.h"
#include "db/compare.h"
#include "db/db.h"
#include "model/run_json.h"
#include "report/report.h"

#define FINDINGS 10000
#define STACKS   20000
#define SAMPLES  50 /* of each stack */
#define HOSTILE  "<script>document.title = 'owned'</script>\"'><img src=x onerror=alert(2)>"

static void must(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "pages: %s\n", err->message);
	exit(1);
}

static struct run golden(const char *name)
{
	CLEANUP(cleanup_free) char *path = xasprintf(GOLDEN_DIR "/%s.json", name);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct run run = { 0 };

	must(file_read(path, &text));
	must(run_json_parse(text.s, text.len, &run));
	return run;
}

static void write_page(const char *dir, const char *name, const struct strbuf *html)
{
	CLEANUP(cleanup_free) char *path = xasprintf("%s/%s.html", dir, name);

	must(file_write(path, html->s, html->len));
}

static void poison(char **name)
{
	free(*name);
	*name = xstrdup(HOSTILE);
}

static void poison_run(struct run *run)
{
	vec_each (&run->profile.stacks, s) {
		vec_each (&s->frames, f)
			poison(&f->function);
	}
	vec_each (&run->facts, f) {
		poison(&f->file);
		poison(&f->function);
		poison(&f->detail);
	}
	vec_each (&run->verdict.hurdles, h) {
		poison(&h->file);
		poison(&h->text);
		poison(&h->excerpt);
	}
	vec_each (&run->workload.argv, arg)
		poison(arg);
	poison(&run->target.program);
}

/* Twelve runs, the last five slower. */
static void fill_trend(struct trend *t)
{
	struct trend_series threads = { .name = xstrdup("threads"), .workers = 16 };
	struct trend_change change = { 7, { 1.25, 1.2, 1.3, 5 }, 7, 5, 0.002 };

	for (size_t i = 0; i < 12; i++) {
		struct trend_run r = { .started_ns = (int64_t)(1750000000 + 86400 * i) * 1000000000,
				       .git_commit = xstrdup("92c4629aa0b1c2d3"),
				       .verdict = xstrdup("recommend"),
				       .model = xstrdup("threads"),
				       .workers = 16 };
		double ns = (i < 7 ? 8e6 : 1e7) * (1 + 0.01 * (double)(i % 3));

		snprintf(r.id, sizeof(r.id), "0189%04zx-0000-7000-8000-000000000000", i);
		vec_push(&t->runs, r);
		vec_push(&threads.values,
			 ((struct trend_value){ i, { ns, 0.97 * ns, 1.04 * ns, 9 } }));
	}
	vec_push(&threads.changes, change);
	threads.level = (struct estimate){ 1e7, 9.9e6, 1.02e7, 5 };
	vec_push(&t->series, threads);
}

static void write_pages(const char *dir)
{
	static const char *const runs[] = { "compute", "leave", "cannot-tell", "nothing" };
	CLEANUP(run_clear) struct run page = golden("page");
	CLEANUP(run_clear) struct run after = golden("page");
	CLEANUP(comparison_clear) struct comparison comparison = { 0 };
	CLEANUP(trend_clear) struct trend trend = { 0 };
	CLEANUP(strbuf_clear) struct strbuf html = { 0 };

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		CLEANUP(run_clear) struct run run = golden(runs[i]);

		strbuf_reset(&html);
		report_html_run(&run, NULL, &html);
		write_page(dir, runs[i], &html);
	}
	fill_trend(&trend);
	strbuf_reset(&html);
	report_html_run(&page, &trend, &html);
	write_page(dir, "page", &html);
	strbuf_reset(&html);
	after.profile.stacks.items[0].ns /= 2;
	after.profile.stacks.items[1].ns *= 3;
	compare_runs(&page, &after, &comparison);
	report_html_comparison(&page, &after, &comparison, &html);
	write_page(dir, "comparison", &html);
	strbuf_reset(&html);
	poison_run(&page);
	report_html_run(&page, NULL, &html);
	write_page(dir, "hostile", &html);
}

/* --- the large run --- */

static void add_stack(struct run *run, struct rng *rng)
{
	struct stack s = { .on_cpu = rng_below(rng, 2),
			   .kind = (enum wait_kind)rng_below(rng, WAIT_KIND_COUNT),
			   .ns = SAMPLES * (1000000 + rng_below(rng, 1000000)),
			   .count = SAMPLES };
	size_t depth = 4 + rng_below(rng, 40);

	for (size_t i = 0; i < depth; i++) {
		struct stack_frame f = {
			.function = xasprintf("module_%zu_function_%zu", i,
					      depth - i < 4 ? 0 : rng_below(rng, 6)),
			.object = xstrdup("large"),
			.file = xstrdup("src/large.c"),
			.line = 10 + (int)i,
		};

		vec_push(&s.frames, f);
	}
	run->profile.waits.wall_ns += s.ns;
	*(s.on_cpu ? &run->profile.waits.user_ns : &run->profile.waits.wait_ns[s.kind]) += s.ns;
	vec_push(&run->profile.stacks, s);
}

static void add_fact(struct run *run, size_t i, struct rng *rng)
{
	struct fact f = { .check = xstrdup(i % 3 ? "blocking-call" : "shared-state"),
			  .file = xasprintf("src/part%zu/file%zu.c", i / 500, i / 20),
			  .line = 1 + (int)(i % 20) * 40,
			  .column = 5,
			  .function = xasprintf("function_%zu", i),
			  .symbol = xasprintf("symbol_%zu", rng_below(rng, 500)),
			  .effect = xstrdup(i % 2 ? "network" : "disk"),
			  .detail = xstrdup("waits for the other side, called in a loop") };

	vec_push(&run->facts, f);
	if (i % 3 == 0) {
		struct hurdle h = { .check = xstrdup(f.check),
				    .symbol = xstrdup(f.symbol),
				    .file = xstrdup(f.file),
				    .line = f.line,
				    .text = xstrdup(
					    "is written in 3 places: give each worker its own"),
				    .sites = 3 };

		vec_push(&run->verdict.hurdles, h);
	}
}

static void store_large(const char *path)
{
	CLEANUP(run_clear) struct run run = golden("page");
	CLEANUP(db_clear) struct db *db = NULL;
	struct rng rng = { 11 };

	uuid7(run.id);
	stacks_clear(&run.profile.stacks);
	run.profile.stacks = (struct stacks){ 0 };
	run.profile.waits = (struct wait_profile){ 0 };
	for (size_t i = 0; i < STACKS; i++)
		add_stack(&run, &rng);
	for (size_t i = 0; i < FINDINGS; i++)
		add_fact(&run, i, &rng);
	facts_sort(&run.facts);
	for (int w = 17; w < 72; w++) {
		double x = 14 + 0.01 * w;
		struct race_entry e = { .model = MODEL_ASYNC,
					.workers = w,
					.outcome = OUTCOME_OK,
					.speedup = { x, x * .97, x * 1.03, 9 } };

		vec_push(&run.race, e);
	}
	must(db_open(path, DB_WRITE, &db));
	must(db_store(db, &run));
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: pages DIR [DATABASE]\n");
		return 2;
	}
	write_pages(argv[1]);
	if (argc == 3)
		store_large(argv[2]);
	return 0;
}
