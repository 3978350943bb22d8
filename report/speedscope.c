#include <jansson.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "report/json.h"
#include "report/phrase.h"
#include "report/report.h"
#include "report/stack_lines.h"

struct frame {
	const char *name;
	int index;
	UT_hash_handle hh;
};

struct frames {
	struct frame *by_name;
	json_t *list;
};

static void frames_clear(struct frames *frames)
{
	struct frame *f, *next;

	HASH_ITER (hh, frames->by_name, f, next) {
		HASH_DEL(frames->by_name, f);
		free(f);
	}
}

/* `name` must outlive the frames. */
static int frame_index(struct frames *frames, const char *name)
{
	struct frame *f;

	HASH_FIND_STR(frames->by_name, name, f);
	if (f)
		return f->index;
	f = xcalloc(1, sizeof(*f));
	*f = (struct frame){ .name = name, .index = (int)json_array_size(frames->list) };
	HASH_ADD_KEYPTR(hh, frames->by_name, f->name, strlen(f->name), f);
	json_array_append_new(frames->list, json_pack("{s:s}", "name", name));
	return f->index;
}

static json_t *profile_of(const struct stack_lines *lines, bool on_cpu, struct frames *frames)
{
	json_t *samples = json_array(), *weights = json_array();
	uint64_t sum = 0;

	vec_each (lines, line) {
		json_t *sample;

		if (line->on_cpu != on_cpu)
			continue;
		sample = json_array();
		vec_each (&line->calls, name)
			json_array_append_new(sample, json_integer(frame_index(frames, *name)));
		json_array_append_new(samples, sample);
		json_array_append_new(weights, json_integer((json_int_t)line->ns));
		sum += line->ns;
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:o, s:o}", "type", "sampled", "name",
			 on_cpu ? "on-CPU" : "off-CPU", "unit", "nanoseconds", "startValue", 0,
			 "endValue", (json_int_t)sum, "samples", samples, "weights", weights);
}

void report_speedscope(const struct run *run, struct strbuf *out)
{
	CLEANUP(stack_lines_clear) struct stack_lines lines = { 0 };
	CLEANUP(frames_clear) struct frames frames = { .list = json_array() };
	CLEANUP(strbuf_clear) struct strbuf name = { 0 };
	json_t *profiles = json_array();

	stack_lines_of(&run->profile, &lines);
	json_array_append_new(profiles, profile_of(&lines, true, &frames));
	json_array_append_new(profiles, profile_of(&lines, false, &frames));
	strbuf_addf(&name, "%s: ", phrase_or(run->target.program, "concur"));
	phrase_verdict(&run->verdict, &name);
	json_put(json_pack("{s:s, s:s, s:o, s:i, s:{s:o}, s:o}", "$schema",
			   "https://www.speedscope.app/file-format-schema.json", "exporter",
			   "concur " CONCUR_VERSION, "name", json_clean(name.s),
			   "activeProfileIndex", 0, "shared", "frames", frames.list, "profiles",
			   profiles),
		 out);
}
