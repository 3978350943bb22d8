#include "advisor/meanings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "data/data.h"

#define FRAMES_SEEN 8

struct call {
	const char *function;
	enum wait_meaning meaning;
};

struct calls { /* borrow their names from `text` */
	VEC_FIELDS(struct call);
	char *text;
};

static void calls_clear(struct calls *calls)
{
	vec_clear(calls);
	free(calls->text);
}

static bool meaning_from_key(const char *key, enum wait_meaning *ret)
{
	static const char *const keys[MEANS_COUNT] = {
		[MEANS_HELD] = "held",
		[MEANS_IDLE] = "idle",
		[MEANS_JOIN] = "join",
		[MEANS_LOOP] = "loop",
	};

	for (int i = 0; i < MEANS_COUNT; i++) {
		if (keys[i] && key && !strcmp(keys[i], key)) {
			*ret = (enum wait_meaning)i;
			return true;
		}
	}
	return false;
}

static struct error *calls_load(struct calls *ret)
{
	char *rest = ret->text = xstrdup(data_wait_calls_tsv);
	int n = 0;

	for (char *line; (line = strsep(&rest, "\n"));) {
		struct call call = { .function = strsep(&line, "\t") };

		n++;
		if (!*call.function || *call.function == '#')
			continue;
		if (!meaning_from_key(line, &call.meaning))
			return error_new(ERROR_INPUT, "wait_calls.tsv:%d: \"%s\" has no meaning", n,
					 call.function);
		vec_push(ret, call);
	}
	return NULL;
}

/* Only a library's: a program may call its own functions what it likes. */
static bool find_call(const struct calls *calls, const struct stack_frame *f,
		      enum wait_meaning *ret)
{
	const char *function = f->function + strspn(f->function, "_");

	if (!f->object || (strncmp(f->object, "lib", 3) && strncmp(f->object, "python", 6)))
		return false;
	vec_each (calls, c) {
		if (!strcmp(c->function, function)) {
			*ret = c->meaning;
			return true;
		}
	}
	return false;
}

/* A worker that wakes up from a queue takes the queue's mutex again, and an interpreter waits for
 * its lock on a condition: `held` wins, then what is innermost. */
static enum wait_meaning meaning_of(const struct calls *calls, const struct stack *s)
{
	enum wait_meaning meaning =
		s->kind == WAIT_LOCK || s->kind == WAIT_OTHER ? MEANS_UNKNOWN : MEANS_TASK;
	bool found = false;

	for (size_t i = 0; i < s->frames.n && i < FRAMES_SEEN; i++) {
		enum wait_meaning m;

		if (!find_call(calls, &s->frames.items[i], &m))
			continue;
		if (m == MEANS_HELD)
			return m;
		if (!found)
			meaning = m;
		found = true;
	}
	if (!found && s->kind == WAIT_CHILD)
		return MEANS_JOIN;
	return meaning;
}

/* What no stack tells of a kind that may be anything is unknown; a child is joined in any case. */
static void add_rest(const struct profile *p, const uint64_t *seen, struct meanings *m)
{
	bool any = false;

	for (int k = 0; k < WAIT_KIND_COUNT; k++)
		any = any || seen[k];
	for (int k = 0; k < WAIT_KIND_COUNT; k++) {
		uint64_t all = p->waits.wait_ns[k];
		uint64_t rest = all > seen[k] ? all - seen[k] : 0;

		if (k == WAIT_CHILD)
			m->ns[MEANS_JOIN] += rest, m->idle_of_kind[k] += rest;
		else if (k == WAIT_LOCK || k == WAIT_OTHER || !any)
			m->ns[MEANS_UNKNOWN] += rest;
		else
			m->ns[MEANS_TASK] += rest;
	}
}

struct error *meanings_find(const struct profile *profile, struct meanings *ret)
{
	CLEANUP(calls_clear) struct calls calls = { 0 };
	uint64_t seen[WAIT_KIND_COUNT] = { 0 };
	struct meanings m = { 0 };
	struct error *err = calls_load(&calls);

	if (err)
		return err;
	vec_each (&profile->stacks, s) {
		enum wait_meaning meaning;

		if (s->on_cpu || !s->frames.n)
			continue;
		meaning = meaning_of(&calls, s);
		seen[s->kind] += s->ns;
		m.ns[meaning] += s->ns;
		if (meaning == MEANS_IDLE || meaning == MEANS_JOIN || meaning == MEANS_LOOP)
			m.idle_of_kind[s->kind] += s->ns;
		if (meaning == MEANS_HELD && (!m.top_held || s->ns > m.top_held->ns))
			m.top_held = s;
	}
	add_rest(profile, seen, &m);
	*ret = m;
	return NULL;
}
