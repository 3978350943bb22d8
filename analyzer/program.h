/*
 * program.h - all translation units of a project, with their symbols joined
 *
 * Symbols of equal key in several units are one here. Checks walk the units' events through
 * program_next() and look symbols up by their joined number. Paths are absolute inside;
 * program_path() gives what a reader wants to see. Ownership: program_clear() frees all.
 */
#ifndef ANALYZER_PROGRAM_H
#define ANALYZER_PROGRAM_H

#include "analyzer/catalogue.h"
#include "analyzer/tu.h"
#include "base/vec.h"

struct program_symbol { /* strings are borrowed from the units */
	const char *key, *name, *type, *file;
	uint32_t line, column;
	uint32_t function; /* enclosing, or TU_NONE */
	uint16_t flags;    /* of all units together */
	uint8_t kind, position;
};

struct program_unit {
	struct tu tu;
	uint32_t *symbols; /* number in the unit -> number in the program */
};

struct program_key;

struct program {
	struct {
		VEC_FIELDS(struct program_unit);
	} units;
	struct {
		VEC_FIELDS(struct program_symbol);
	} symbols;
	struct program_key *keys;
	/* By symbol, from program_link() on: */
	bool *no_return; /* functions that end the program, as far as can be seen */
	const struct catalogue_entry **catalogued; /* see program_catalogued() */
	const char *directory;                     /* borrowed */
	const struct catalogue *catalogue;         /* borrowed */
	bool in_part;   /* units are left out: what is not there proves nothing */
	unsigned glibc; /* the program's, as catalogue_version(); 0: older than any */
};

void program_clear(struct program *p);
/* Takes tu over. */
void program_add(struct program *p, struct tu *tu);

/* Once, after the last unit: what only all units together tell. */
void program_link(struct program *p);

/* The path as a reader wants it: relative to the project when below it. Borrowed. */
const char *program_path(const struct program *p, const char *path);
/* What the catalogue says of a function that the project itself does not define, or that its
 * .concur.yaml names; or NULL. */
const struct catalogue_entry *program_catalogued(const struct program *p, uint32_t symbol);
/* Does any function that the program names have this effect? */
bool program_has_effect(const struct program *p, enum effect effect);

/* Walks all events: `for (struct program_walk w = { .program = p }; program_next(&w);)` */
struct program_walk {
	const struct program *program;
	size_t unit, next;
	const struct program_unit *in; /* unit of the event */
	const struct event *event;
	uint32_t symbol;   /* event->symbol, joined; or TU_NONE */
	uint32_t function; /* whose body the event is in, joined; or TU_NONE */
	size_t loops;      /* how many are open around the event */
	size_t cold;       /* blocks open around it that an error, or no return, ends */
};

bool program_next(struct program_walk *w);
/* Arguments recorded for the call w stands at; *ret_n of them. */
const struct event *program_arguments(const struct program_walk *w, size_t *ret_n);
const char *program_text(const struct program_walk *w, uint32_t string);
/* Does a condition of this kind hold for the call w stands at? */
bool program_condition(const struct program_walk *w, const struct catalogue_entry *e,
		       enum condition_kind kind);

#endif
