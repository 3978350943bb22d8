#include "analyzer/checks.h"

#include <string.h>
#include <uthash.h>

#include "analyzer/analyzer.h"
#include "base/cleanup.h"

static const struct row {
	struct analyzer_check about;
	void (*run)(const struct check_context *c, struct fact_list *list);
} table[] = {
	{ { "blocking-call", "Blocking call",
	    "a call that makes its thread wait: network, disk, pipe, lock, sleep, child, poll",
	    true },
	  check_blocking_call },
	{ { "mt-unsafe-call", "Call that is not thread-safe",
	    "a library function that two threads must not be in at once" },
	  check_mt_unsafe_call },
	{ { "shared-state", "Shared mutable state",
	    "a variable with static storage that is written: all threads of a process share it" },
	  check_shared_state },
	{ { "could-be-const", "State that could be const",
	    "a variable with static storage that nothing writes", true },
	  check_could_be_const },
	{ { "concurrency-present", "Concurrency already there",
	    "the program starts threads or processes, or runs an event loop", true },
	  check_concurrency_present },
	{ { "blocking-function", "Function that may block",
	    "a function of the program that leads to a blocking call outside error paths", true },
	  check_blocking_function },
	{ { "blocking-under-lock", "Wait under a lock",
	    "a call that waits for something slow while a lock is held" },
	  check_blocking_under_lock },
	{ { "io-loop", "Loop that does I/O",
	    "a loop whose every round waits: the waits might overlap", true },
	  check_io_loop },
	{ { "unit-of-work", "Candidate unit of work",
	    "a function that could be one task: called for each item, by a thread, or by a loop",
	    true },
	  check_unit_of_work },
	{ { "present-model", "Model the program has",
	    "how the program runs side by side today, as far as its source shows", true },
	  check_present_model },
	{ { "fork-hazard", "Hazard around fork",
	    "a fork whose child gets threads' locks, a lock that is held, or text not yet "
	    "written" },
	  check_fork_hazard },
	{ { "gil-held", "Wait or work under the GIL",
	    "a wait, or a long loop, in code that CPython calls and that keeps the GIL meanwhile" },
	  check_gil_held },
	{ { "suppression", "Suppression that does not hold",
	    "a comment that suppresses a finding: unused, without a reason, or of no known check" },
	  check_suppression },
};

#define CHECKS (sizeof(table) / sizeof(table[0]))

size_t analyzer_checks(void)
{
	return CHECKS;
}

const struct analyzer_check *analyzer_check(size_t i)
{
	return i < CHECKS ? &table[i].about : NULL;
}

const struct analyzer_check *analyzer_check_find(const char *id)
{
	for (size_t i = 0; i < CHECKS; i++)
		if (!strcmp(table[i].about.id, id))
			return &table[i].about;
	return NULL;
}

struct fact_key {
	char *text;
	UT_hash_handle hh;
};

static bool first_time(struct fact_list *list, char *key)
{
	struct fact_key *k;

	HASH_FIND_STR(list->seen, key, k);
	if (k) {
		free(key);
		return false;
	}
	k = xcalloc(1, sizeof(*k));
	k->text = key;
	HASH_ADD_KEYPTR(hh, list->seen, k->text, strlen(k->text), k);
	return true;
}

struct fact *fact_list_add(struct fact_list *list, const char *file, uint32_t line, uint32_t column,
			   const char *symbol, const char *effect)
{
	struct fact *f;

	if (!first_time(list, xasprintf("%s|%u|%u|%s|%s", file, line, column, symbol, effect)))
		return NULL;
	f = vec_add(list->facts);
	*f = (struct fact){ .line = (int)line, .column = (int)column };
	f->check = xstrdup(list->check);
	f->file = xstrdup(program_path(list->program, file));
	f->symbol = xstrdup(symbol);
	f->effect = xstrdup(effect);
	return f;
}

struct fact *fact_list_add_at(struct fact_list *list, const struct program_walk *w,
			      const char *symbol, const char *effect)
{
	const struct event *e = w->event;
	struct fact *f =
		fact_list_add(list, program_text(w, e->file), e->line, e->column, symbol, effect);

	if (!f)
		return NULL;
	if (w->function != TU_NONE)
		f->function = xstrdup(list->program->symbols.items[w->function].name);
	if (e->macro)
		f->macro = xstrdup(program_text(w, e->macro));
	return f;
}

static void clear_seen(struct fact_list *list)
{
	struct fact_key *k, *next;

	HASH_ITER (hh, list->seen, k, next) {
		HASH_DEL(list->seen, k);
		free(k->text);
		free(k);
	}
}

bool check_next_wait(int *effect)
{
	while (++*effect < EFFECT_COUNT)
		if (effect_wait(*effect) && *effect != EFFECT_LOCK)
			return true;
	return false;
}

void checks_run(const struct program *p, struct facts *ret)
{
	CLEANUP(pointers_clear) struct pointers pointers = { 0 };
	CLEANUP(callgraph_clear) struct callgraph graph = { 0 };
	CLEANUP(locks_clear) struct locks locks = { 0 };
	CLEANUP(variables_clear) struct variables variables = { 0 };
	struct check_context context = { .program = p,
					 .pointers = &pointers,
					 .graph = &graph,
					 .locks = &locks,
					 .variables = &variables };

	pointers_find(p, &pointers);
	callgraph_build(p, &pointers, &graph);
	locks_find(p, &pointers, EFFECT_ACQUIRE, EFFECT_RELEASE, &locks);
	variables_find(p, &locks, &variables);
	for (size_t i = 0; i < CHECKS; i++) {
		struct fact_list list = { .facts = ret, .program = p, .check = table[i].about.id };

		table[i].run(&context, &list);
		clear_seen(&list);
	}
}
