/*
 * clang.h - the only door to libclang
 *
 * Parses one translation unit and writes down what it says. Only for worker processes: libclang may
 * crash, and it keeps threads and memory. Only clang.c, libclang.c, cursor.c and reader*.c know its
 * types.
 */
#ifndef ANALYZER_CLANG_H
#define ANALYZER_CLANG_H

#include "analyzer/compdb.h"
#include "analyzer/tu.h"

/* Before workers are forked, so that they share it; nothing else may be called before. */
struct error *clang_load(void) ERROR_MUST_CHECK;
/* Never fails: what cannot be read is said in ret->problem, and what was read is kept. Needs a
 * stack of clang_stack_bytes() for deeply nested source. */
void clang_read(const struct compdb_entry *entry, struct tu *ret);
size_t clang_stack_bytes(void);
/* "libclang 19.1.7", owned by the caller; loads it. */
char *clang_version(void);
/* Tells one build of it from another, and loads it only if it must. Owned by the caller. */
char *clang_identity(void);

#endif
