/*
 * reader.h - one translation unit being read: its places, symbols and events
 *
 * clang.c opens the unit; reader_declaration() and reader_statement() walk it; everything ends as
 * events in `b`. Inside a worker only.
 */
#ifndef ANALYZER_READER_H
#define ANALYZER_READER_H

#include <uthash.h>

#include "analyzer/compdb.h"
#include "analyzer/cursor.h"
#include "analyzer/tu_builder.h"

/* What happens to the value of an expression. */
enum mode {
	MODE_READ,    /* used; an array that decays hands out its address */
	MODE_PEEK,    /* used, but an address does not get away: compared, tested */
	MODE_CONST,   /* an address gets away, for reading only */
	MODE_WRITE,   /* assigned to */
	MODE_THROUGH, /* a pointer whose target is assigned to */
	MODE_ADDRESS, /* & is applied */
};

struct source_file {
	CXFile handle;
	uint32_t path;
	bool system;
	UT_hash_handle hh;
};

struct reader {
	struct tu_builder b;
	CXTranslationUnit unit;
	const struct compdb_entry *entry;
	struct source_file *files;
	uint32_t function; /* whose body is being walked, or TU_NONE */
};

struct place {
	uint32_t file, line, column, macro;
	bool system;
};

/* The offset of the string; disposes of s. */
uint32_t reader_intern(struct reader *r, CXString s);
struct source_file *reader_file(struct reader *r, CXFile handle, CXSourceLocation loc);
/* Where it is written; for what a macro's body holds, where the macro is used. */
struct place reader_place(struct reader *r, CXSourceLocation loc);
/* An event at the cursor's place, to be filled in before the next call. */
struct event *reader_event(struct reader *r, enum event_kind kind, CXCursor at);

uint32_t reader_symbol(struct reader *r, CXCursor decl);
/* Note what this declaration of a variable with static storage says of it. */
void reader_declare(struct reader *r, CXCursor decl);
/* The function, variable, field or parameter an expression names, or TU_NONE. */
uint32_t reader_named(struct reader *r, CXCursor expr);
bool reader_is_function(struct reader *r, uint32_t symbol);
/* "cache->lock", from the tree, so that macros do not matter. False: not a simple lvalue. */
bool reader_spell(CXCursor expr, struct strbuf *out);

void reader_expression(struct reader *r, CXCursor c, enum mode mode);
/* `to` is the variable or field of this type that gets the value, or TU_NONE. */
void reader_initializer(struct reader *r, CXCursor init, uint32_t to, CXType type);
void reader_statement(struct reader *r, CXCursor c);
void reader_declaration(struct reader *r, CXCursor decl);

#endif
