/*
 * checks.h - what concur looks for in source: one table, one file a check
 *
 * A check reads the whole program and adds facts; the last one takes out those that a comment
 * suppresses. It never changes the program, and never says that something is safe. To add one: a row
 * in checks.c, a file check_*.c, a page in docs/rules/, and a fixture in tests/fixtures/analyzer/.
 */
#ifndef ANALYZER_CHECKS_H
#define ANALYZER_CHECKS_H

#include "analyzer/callgraph.h"
#include "analyzer/locks.h"
#include "analyzer/program.h"
#include "analyzer/variables.h"
#include "model/fact.h"

struct fact_key;

/* Facts found so far, each place once: a header is seen by every unit that includes it. */
struct fact_list {
	struct facts *facts;
	const struct program *program;
	const char *check; /* id of the one that runs */
	struct fact_key *seen;
};

/* What checks may ask. */
struct check_context {
	const struct program *program;
	const struct pointers *pointers;
	const struct callgraph *graph;
	const struct locks *locks;
	const struct variables *variables;
};

/* A fact at this place with this symbol and effect, to be filled in before the next call; NULL: it
 * is there already. `file` is absolute. */
struct fact *fact_list_add(struct fact_list *list, const char *file, uint32_t line, uint32_t column,
			   const char *symbol, const char *effect);
/* The same at the event w stands at, with its function and macro. */
struct fact *fact_list_add_at(struct fact_list *list, const struct program_walk *w,
			      const char *symbol, const char *effect);

/* The next effect after *effect (begin with -1) that is a wait other than for a lock. */
bool check_next_wait(int *effect);

/* By symbol, 0: no event loop; 1: waits for many events; more: so many calls above, up to the function
 * that does so again and again. */
void check_find_event_loops(const struct check_context *c, uint8_t *ret_levels);

/* Run every check of the table. */
void checks_run(const struct program *p, struct facts *ret);

void check_blocking_call(const struct check_context *c, struct fact_list *list);
void check_mt_unsafe_call(const struct check_context *c, struct fact_list *list);
void check_shared_state(const struct check_context *c, struct fact_list *list);
void check_could_be_const(const struct check_context *c, struct fact_list *list);
void check_blocking_function(const struct check_context *c, struct fact_list *list);
void check_blocking_under_lock(const struct check_context *c, struct fact_list *list);
void check_io_loop(const struct check_context *c, struct fact_list *list);
void check_unit_of_work(const struct check_context *c, struct fact_list *list);
void check_present_model(const struct check_context *c, struct fact_list *list);
void check_fork_hazard(const struct check_context *c, struct fact_list *list);
void check_gil_held(const struct check_context *c, struct fact_list *list);
/* The last: takes out what the source says is meant. */
void check_suppression(const struct check_context *c, struct fact_list *list);
void check_concurrency_present(const struct check_context *c, struct fact_list *list);

#endif
