#include <jansson.h>
#include <math.h>

#include "base/cleanup.h"
#include "report/json.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/words.h"

#define NS_PER_S 1e9

struct spread {
	double mean, stddev, min, max;
};

/* Of walls in ns, in seconds; n is not 0. stddev is NAN for one. */
static struct spread spread_of(const struct samples *walls)
{
	struct spread s = { .min = INFINITY };
	double squares = 0;

	vec_each (walls, ns) {
		s.mean += *ns / NS_PER_S / (double)walls->n;
		s.min = fmin(s.min, *ns / NS_PER_S);
		s.max = fmax(s.max, *ns / NS_PER_S);
	}
	vec_each (walls, ns)
		squares += pow(*ns / NS_PER_S - s.mean, 2);
	s.stddev = sqrt(squares / (double)(walls->n - 1));
	return s;
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* hyperfine's keys `user` and `system` are left out: their sum was measured, not the two. */
static json_t *result_of(const struct race_entry *e)
{
	struct spread s = spread_of(&e->walls);
	struct estimate median = race_entry_wall(e);
	CLEANUP(cleanup_free)
	char *command = xasprintf("%s, %s", model_title(e->model),
				  word_count((uint64_t)e->workers, "worker").s);
	CLEANUP(cleanup_free) char *workers = xasprintf("%d", e->workers);
	json_t *times = json_array();

	vec_each (&e->walls, ns)
		json_array_append_new(times, json_real(*ns / NS_PER_S));
	return json_pack("{s:s, s:f, s:o, s:f, s:f, s:f, s:o, s:{s:s, s:s}}", "command", command,
			 "mean", s.mean, "stddev", real_or_null(s.stddev), "median",
			 median.value / NS_PER_S, "min", s.min, "max", s.max, "times", times,
			 "parameters", "model", model_key(e->model), "workers", workers);
}

void report_hyperfine(const struct run *run, struct strbuf *out)
{
	CLEANUP(strbuf_clear) struct strbuf verdict = { 0 };
	json_t *results = json_array();

	phrase_verdict(&run->verdict, &verdict);
	vec_each (&run->race, e) {
		if (e->outcome == OUTCOME_OK && e->walls.n && isfinite(spread_of(&e->walls).mean))
			json_array_append_new(results, result_of(e));
	}
	json_put(json_pack("{s:o, s:{s:s, s:o}}", "results", results, "concur", "run", run->id,
			   "verdict", json_clean(verdict.s)),
		 out);
}
