/*
 * callgraph.h - who calls whom, and what that leads to
 *
 * Nodes are the program's function symbols. A call through a pointer has an edge to each function
 * that was seen to be put into that pointer (field, variable or parameter), and is marked so: such
 * an edge is a candidate, not a certainty.
 *
 * callgraph_reach() answers, for every function and effect, over how many calls it is reached at
 * the least. Direct paths win over those through pointers, and both over paths that lead through
 * error branches, logging, or functions that do not return: without that difference, everything
 * would "block". Ownership: callgraph_clear() frees all.
 */
#ifndef ANALYZER_CALLGRAPH_H
#define ANALYZER_CALLGRAPH_H

#include "analyzer/pointers.h"
#include "analyzer/program.h"
#include "base/strbuf.h"

#define CALLGRAPH_MANY 64 /* in so many programs, a function counts as one of every program */

enum path_class { PATH_DIRECT, PATH_POINTER, PATH_COLD, PATH_NONE };

struct call_edge {
	uint32_t caller, callee;
	uint8_t path;     /* enum path_class, the best of all calls */
	bool in_loop;     /* a call outside error branches is in a loop of the caller */
	bool vague;       /* all through pointers that may hold very many functions */
	uint64_t effects; /* of the callee, from the catalogue, where no condition lifts them */
	const char *file;
	uint32_t line; /* of the first such call */
};

/* A thread that a function starts, or a handler that it registers: it leads there without a call. */
struct call_start {
	uint32_t caller, entry;
};

struct reach {
	uint8_t path;      /* PATH_NONE: not reached */
	uint16_t distance; /* 0: the function itself calls the library */
	uint32_t edge;     /* the first step */
};

struct call_key;

struct function_list {
	VEC_FIELDS(uint32_t);
};

struct callgraph {
	const struct program *program;
	const struct pointers *pointers; /* borrowed */
	VEC_FIELDS(struct call_edge);
	struct call_key *keys;
	/* Edges by callee: in[first_in[f]] ... in[first_in[f + 1] - 1]; and by caller. */
	uint32_t *first_in, *in, *first_out, *out;
	struct reach *reach; /* by row and effect */
	uint32_t *reach_row; /* by symbol; 0: calls nothing */
	uint8_t *entry;      /* by symbol: enum entry_kind */
	struct {
		VEC_FIELDS(struct call_start);
	} starts;
	bool *sink;          /* by symbol: see callgraph_is_sink() */
	size_t *first_start; /* by caller, as first_out */
	/* By symbol: the main()s that lead to it, in order, CALLGRAPH_MANY standing for all; over vague
	 * and cold edges only where none leads to it without. Empty: no main() is seen to. */
	struct function_list *programs;
	size_t mains;
};

/* How the world outside gets to call a function. */
enum entry_kind {
	ENTRY_NONE,
	ENTRY_THREAD = 1,  /* given to pthread_create() or the like */
	ENTRY_HANDLER = 2, /* given to an event loop */
};

void callgraph_build(const struct program *p, const struct pointers *pointers,
		     struct callgraph *ret);
void callgraph_clear(struct callgraph *g);

const struct reach *callgraph_reach(const struct callgraph *g, uint32_t function,
				    enum effect effect);
/* The first call of the way from *function to the effect; *function becomes what is called, or TU_NONE
 * where that is the library. NULL: there is none. */
const struct call_edge *callgraph_step(const struct callgraph *g, uint32_t *function,
				       enum effect effect);
/* "handle -> read_request -> recv", owned by the caller. */
char *callgraph_path(const struct callgraph *g, uint32_t function, enum effect effect);
/* Marks `from` and every function it leads to over paths of this class or better; the list gets those
 * not marked before. Unmarking them costs what marking did, whatever the size of the program. */
void callgraph_mark(const struct callgraph *g, uint32_t from, enum path_class worst, bool *marked,
		    struct function_list *list);
void callgraph_unmark(struct function_list *list, bool *marked);
/* May both run in one program? A database holds many. What no main() is seen to lead to may be in any
 * of them; is that good enough (`unknown`) where there are several? */
bool callgraph_together(const struct callgraph *g, uint32_t a, uint32_t b, bool unknown);
/* Is it the main() of a program? */
bool callgraph_is_main(const struct callgraph *g, uint32_t symbol);
/* A function of the project that only reports: a path through it tells nothing. */
bool callgraph_is_sink(const struct callgraph *g, uint32_t symbol);

#endif
